r"""
Globs to regular expressions: pure functions.

=============  ==========================================================================
``*``          any characters but ``/``
``**``         any characters; ``**/`` at the start of an element: any number of folders, also none
``?``          one character but ``/``
``[a-z]``      one of these characters; ``[!a-z]`` and ``[^a-z]``: one other character, never ``/``
``{a,b}``      as if the pattern was written once with ``a`` and once with ``b``
``\``          the next character itself
=============  ==========================================================================

A pattern without a slash is one for the last element of a name, at any depth. One with a slash begins where names
begin. One that ends with a slash means everything below such a folder.

No expression backtracks more than once over a name: the time is at most quadratic in its length. What lies between two
``**`` is looked for as early as can be, inside an atomic group: an earlier end leaves all choices to what follows. The
same is true of what lies between two ``*``, since no piece can match a varying number of slashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from itertools import groupby, pairwise
from typing import Final, NamedTuple

MAX_ALTERNATIVES: Final = 1000
"""So many patterns one pattern with braces may stand for."""

_NAMED_CLASS: Final = re.compile(r"\[[:.=]").match


class _Kind(Enum):
    CHARACTER = auto()
    CLASS = auto()
    STAR = auto()
    DEEP = auto()
    FOLDERS = auto()
    OPEN = auto()
    COMMA = auto()
    CLOSE = auto()


class _Token(NamedTuple):
    """
    A piece of a pattern. `text` is the character itself, or the expression of a class.
    """

    kind: _Kind
    text: str = ""


_SLASH: Final = _Token(_Kind.CHARACTER, "/")
_STAR: Final = _Token(_Kind.STAR)
_DEEP: Final = _Token(_Kind.DEEP)
_FOLDERS: Final = _Token(_Kind.FOLDERS)
_ONE: Final = _Token(_Kind.CLASS, "[^/]")
_WITHOUT_SLASH: Final = "[^/]*"
_LEADS: Final = {_Kind.DEEP: (".*", ".*?"), _Kind.FOLDERS: ("(?:.*/)?", "(?:.*?/)??")}


class Shape(NamedTuple):
    """
    One pattern without braces.

    Args:
        regex: matches a whole name, from its start; to be compiled with ``DOTALL``.
        prefix: what every name that matches begins with.
        everything: whether every name matches.
    """

    regex: str
    prefix: str
    everything: bool


def shapes(pattern: str) -> tuple[Shape, ...]:
    """
    What `pattern` stands for; a name matches if it matches one of them.

    Raises:
        ValueError: one line, with what is wrong and what to do about it.
    """
    if not pattern:
        raise ValueError("an empty pattern matches nothing: leave it out, or write ** for everything")
    alternatives = dict.fromkeys(_alternatives(tuple(_tokens(pattern)), pattern))
    if () in alternatives or (_SLASH,) in alternatives:
        raise ValueError(f"{pattern!r}: without its braces and slashes nothing is left: write ** for everything")
    return tuple(map(_shape, alternatives))


def _tokens(pattern: str) -> Iterator[_Token]:
    at = depth = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "[":
            at, expression = _class(pattern, at)
            yield _Token(_Kind.CLASS, expression)
        elif char == "\\":
            yield _Token(_Kind.CHARACTER, _escaped(pattern, at))
            at += 1
        elif char == "{":
            depth += 1
            yield _Token(_Kind.OPEN)
        elif depth and char in ",}":
            depth -= char == "}"
            yield _Token(_Kind.COMMA if char == "," else _Kind.CLOSE)
        else:
            yield {"*": _STAR, "?": _ONE}.get(char) or _Token(_Kind.CHARACTER, char)
    if depth:
        raise ValueError(f"{pattern!r}: a {{ is not closed: close it with }}, or write \\{{ for the character itself")


def _escaped(pattern: str, at: int) -> str:
    if at == len(pattern):
        raise ValueError(f"{pattern!r}: it ends with a \\ that nothing follows: write \\\\ for the character itself")
    return pattern[at]


def _class(pattern: str, at: int) -> tuple[int, str]:
    """
    The expression of a class whose ``[`` stands before `at`, and where the pattern goes on.
    """
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    first = at
    singles: list[str] = []
    ranges: list[tuple[str, str]] = []
    while at < len(pattern) and (pattern[at] != "]" or at == first):
        if _NAMED_CLASS(pattern, at):
            raise ValueError(f"{pattern!r}: classes have no names here: write the characters themselves, as in [a-z]")
        at, low = _member(pattern, at)
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in ("]", ""):
            at, high = _member(pattern, at + 1)
            if high < low:
                raise ValueError(f"{pattern!r}: the range {low}-{high} runs backwards: write {high}-{low}")
            ranges.append((low, high))
        else:
            singles.append(low)
    if at >= len(pattern):
        raise ValueError(f"{pattern!r}: a [ is not closed: close it with ], or write \\[ for the character itself")
    if "/" in singles and not negated:
        raise ValueError(f"{pattern!r}: a class never matches a slash: use {{a,b}} for whole alternatives")
    members = "".join(map(re.escape, singles)) + "".join(f"{re.escape(a)}-{re.escape(b)}" for a, b in ranges)
    if negated:
        return at + 1, f"[^/{members}]"
    return at + 1, f"(?!/)[{members}]" if any(a <= "/" <= b for a, b in ranges) else f"[{members}]"


def _member(pattern: str, at: int) -> tuple[int, str]:
    if pattern[at] == "\\":
        return at + 2, _escaped(pattern, at + 1)
    return at + 1, pattern[at]


def _alternatives(tokens: tuple[_Token, ...], pattern: str) -> list[tuple[_Token, ...]]:
    """
    Every way to choose one alternative of each pair of braces.
    """
    found: list[tuple[_Token, ...]] = []
    waiting = [tokens]
    while waiting:
        one = waiting.pop()
        start = next((at for at, token in enumerate(one) if token.kind is _Kind.OPEN), None)
        if start is None:
            found.append(one)
        else:
            bounds = _bounds(one, start)
            waiting += [one[:start] + one[low + 1 : high] + one[bounds[-1] + 1 :] for low, high in pairwise(bounds)]
        if len(found) + len(waiting) > MAX_ALTERNATIVES:
            raise ValueError(f"{pattern!r}: its braces stand for more than {MAX_ALTERNATIVES:,} patterns: use fewer")
    return found


def _bounds(tokens: Sequence[_Token], start: int) -> list[int]:
    """
    Where the brace that opens at `start`, its own commas and its end stand.
    """
    bounds = [start]
    depth = 0
    for at in range(start, len(tokens)):
        kind = tokens[at].kind
        depth += (kind is _Kind.OPEN) - (kind is _Kind.CLOSE)
        if depth == 0 or (depth == 1 and kind is _Kind.COMMA):
            bounds.append(at)
        if depth == 0:
            break
    return bounds


def _shape(tokens: tuple[_Token, ...]) -> Shape:
    tokens = tuple(_joined(_anchored(tokens)))
    return Shape(_regex(tokens), _literal(tokens), tokens in ((_DEEP,), (_FOLDERS, _STAR)))


def _anchored(tokens: tuple[_Token, ...]) -> tuple[_Token, ...]:
    """
    The pattern as one for whole names.
    """
    # Tokens of one asterisk: only after this it is known which of them are neighbours.
    whole = (*tokens, _STAR, _STAR) if tokens[-1] == _SLASH else tokens
    if tokens[0] == _SLASH:
        return whole[1:]
    return whole if _SLASH in tokens[:-1] else (_STAR, _STAR, _SLASH, *whole)


def _joined(tokens: Iterable[_Token]) -> list[_Token]:
    """
    Neighbouring asterisks as one token, and as one with the slash behind them where they stand for whole folders.
    """
    flat: list[_Token] = []
    for token, run in groupby(tokens):
        number = len(list(run))
        flat += [token] * number if token != _STAR else [_STAR if number == 1 else _DEEP]
    found: list[_Token] = []
    at = 0
    while at < len(flat):
        token = flat[at]
        at += 1
        if token == _DEEP and flat[at : at + 1] == [_SLASH] and (not found or found[-1] in (_SLASH, _FOLDERS)):
            token = _FOLDERS
            at += 1
        if found and found[-1] == _FOLDERS and token in (_FOLDERS, _DEEP):
            found.pop()  # the later one says it all
        found.append(token)
    return found


def _literal(tokens: Iterable[_Token]) -> str:
    """
    The characters before the first that may differ. No request can hold a surrogate.
    """
    prefix = ""
    for kind, text in tokens:
        if kind is not _Kind.CHARACTER or "\ud800" <= text <= "\udfff":
            break
        prefix += text
    return prefix


def _regex(tokens: Sequence[_Token]) -> str:
    blocks: list[tuple[_Kind | None, list[_Token]]] = [(None, [])]
    for token in tokens:
        if token.kind in _LEADS:
            blocks.append((token.kind, []))
        else:
            blocks[-1][1].append(token)
    *before, (kind, tail) = blocks
    text = "".join(_atomic(lead, block) for lead, block in before)
    if kind is _Kind.FOLDERS and _SLASH not in tail:
        return f"{text}(?:.*/)?+{_block(tail, is_last=True)}\\Z"  # no other slash than the last can stand before it
    return f"{text}{_LEADS[kind][0] if kind else ''}{_block(tail, is_last=True)}\\Z"


def _atomic(lead: _Kind | None, block: Sequence[_Token]) -> str:
    body = _block(block, is_last=False)
    return f"(?>{_LEADS[lead][1]}{body})" if lead else body


def _block(tokens: Sequence[_Token], *, is_last: bool) -> str:
    """
    What lies between two ``**``: pieces of fixed length between asterisks.
    """
    pieces = [""]
    for kind, text in tokens:
        if kind is _Kind.STAR:
            pieces.append("")
        else:
            pieces[-1] += re.escape(text) if kind is _Kind.CHARACTER else text
    first, *others = pieces
    tail = f"{_WITHOUT_SLASH}{others.pop()}" if others and is_last else ""
    return first + "".join(f"(?>{_WITHOUT_SLASH}?{piece})" for piece in others) + tail
