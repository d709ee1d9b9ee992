"""
Guesses keys in the middle of what has not been listed yet, from those that have: pure functions.

Keys are taken for numbers whose digits are the characters that other keys of the listing have. So a guess is no better
than that, but it is always a text that S3 can start a listing after, and what it finds is used whatever it is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import takewhile
from operator import eq
from typing import Final

from s3copy_async.keys import MAX_KEY_BYTES

_DIGITS: Final = 8
_ROUGH: Final = 2
_SAMPLES: Final = 8
_SURROGATES: Final = range(0xD800, 0xE000)
_HIGHEST: Final = 0x10FFFF


def common(one: str, other: str) -> int:
    """
    How many leading characters two texts share.
    """
    if other.startswith(one):
        return len(one)
    return sum(1 for _ in takewhile(bool, map(eq, one, other)))


class Alphabet:
    """
    Which characters stand where in keys, as far as seen: at each place those of the kinds that were seen there.
    """

    def __init__(self) -> None:
        self._chars: dict[str, set[str]] = {}
        self._kinds: list[set[str]] = []
        self._seen: list[list[str]] = []
        self._lists: dict[int, list[str]] = {}
        self._last = ""

    def learn(self, keys: tuple[str, ...]) -> None:
        """
        Takes the characters of some of these keys in, which ascend.
        """
        if not keys:
            return
        shared = common(keys[0], keys[-1])
        step = max(1, len(keys) // _SAMPLES)
        self._take(keys[0], common(keys[0], self._last))
        for key in keys[::step]:
            self._take(key, shared)
        self._take(keys[-1], shared)
        self._last = keys[-1]

    def _take(self, key: str, start: int) -> None:
        kinds = self._kinds
        while len(kinds) < len(key):
            kinds.append(set())
            self._seen.append([])
        for place in range(start, len(key)):
            char = key[place]
            seen = self._seen[place]
            at = bisect_left(seen, char)
            if at < len(seen) and seen[at] == char:
                continue
            seen.insert(at, char)
            kind = _kind(char)
            if char not in self._chars.setdefault(kind, set()):
                if ord(char) in _SURROGATES:
                    continue  # bytes that are no UTF-8 cannot be asked for
                self._chars[kind].add(char)
                self._lists.clear()
            if kind not in kinds[place]:
                kinds[place].add(kind)
                self._lists.pop(place, None)

    def at(self, place: int) -> list[str]:
        """
        The characters that may stand there, in their order.
        """
        found = self._lists.get(place)
        if found is None:
            kinds = self._kinds[place] if place < len(self._kinds) else ()
            found = self._lists[place] = sorted(set().union(*(self._chars[kind] for kind in kinds)))
        return found

    def following(self, char: str, place: int) -> str | None:
        """
        The next character that may stand there, else the next there is; None after the last.
        """
        chars = self.at(place)
        at = bisect_right(chars, char)
        if at < len(chars):
            return chars[at]
        code = ord(char) + 1
        if code in _SURROGATES:
            code = _SURROGATES.stop
        return chr(code) if code <= _HIGHEST else None

    def number(self, key: str | None, start: int) -> int:
        """
        What follows the first `start` characters of a key, as a number: the first characters are its digits, of which
        none is the least. None stands for what is greater than every key.
        """
        value = 0
        for place in range(start, start + _DIGITS):
            chars = self.at(place)
            # None, each that may stand there, and whatever lies behind the last.
            value *= len(chars) + 2
            if key is None:
                value += len(chars) + 1
            elif place < len(key):
                value += bisect_left(chars, key[place]) + 1
        return value

    def measure(self, key: str | None, start: int) -> int:
        """
        How many keys come before this one, if after its first `start` characters there are all that can be written with
        the characters seen at each place, and no others; None stands for what is greater than every key.
        """
        value = 0
        for place in range(start, start + _DIGITS):
            chars = self._seen[place] if place < len(self._seen) else ()
            value *= max(1, len(chars))
            if key is None:
                value += len(chars)
                key = ""
            elif place < len(key):
                value += bisect_left(chars, key[place])
        return value

    def text(self, number: int, start: int) -> str:
        """
        The text of a number.
        """
        digits: list[int] = []
        for place in range(start + _DIGITS - 1, start - 1, -1):
            number, digit = divmod(number, len(self.at(place)) + 2)
            digits.append(digit)
        found = ""
        is_most = False
        for place, digit in enumerate(reversed(digits), start):
            chars = self.at(place)
            if not chars or (digit == 0 and not is_most):
                break
            # Behind the last character that may stand here, all the others are as great as they can be.
            is_most = is_most or digit > len(chars)
            found += chars[-1 if is_most else digit - 1]
        return found


def _kind(char: str) -> str:
    if char.isascii():
        return "0" if char.isdigit() else "a" if char.islower() else "A" if char.isupper() else char
    return ""


def middle(low: str, high: str | None, below: str, alphabet: Alphabet) -> str | None:
    """
    A key about halfway between two keys below the prefix `below`; `high` None is the end of the prefix. None where
    there seems to be no key between them.
    """
    same = common(low, high) if high is not None else len(below)
    found = alphabet.text((alphabet.number(low, same) + alphabet.number(high, same)) // 2, same)
    for length in range(1, len(found) + 1):
        key = low[:same] + found[:length]
        if low < key:
            # Numbered keys lie on pages that end at round numbers. A range that ends at one too would have to ask for
            # one page more to see its end.
            rough = low[:same] + found[: length + _ROUGH]
            return next((guess for guess in (rough, key) if is_between(low, guess, high)), None)
    return None


def beyond(key: str, depth: int, high: str | None, alphabet: Alphabet) -> str | None:
    """
    What follows every key that shares its first `depth` + 1 characters with `key`; None where that is not below `high`.
    """
    char = alphabet.following(key[depth], depth)
    if not char:
        return None
    guess = key[:depth] + char
    # Rough, as in `middle`.
    rough = guess + "".join(
        chars[len(chars) // 2] for place in range(1, 1 + _ROUGH) if (chars := alphabet.at(depth + place))
    )
    return next((one for one in (rough, guess) if is_between(key, one, high)), None)


def is_between(low: str, key: str, high: str | None) -> bool:
    """
    Whether a listing may start after `key`, and that lies between the two.
    """
    if not low < key or (high is not None and not key < high):
        return False
    try:
        return len(key.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:
        return False
