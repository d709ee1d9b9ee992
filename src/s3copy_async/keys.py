"""
Which keys belong to a run, and what each is called at the destination: pure functions.

The rules are those of the specification's table ("cp -r" paths):

=================  ==============  ==========================================
source path        listed prefix   kept below the destination
=================  ==============  ==========================================
empty, or ``*``    everything      the whole key
``a/b``, ``a/b/``  ``a/b/``        from ``b/`` on
``a/b/*``          ``a/b/``        what follows ``a/b/``
``a/b*``           ``a/b``         what follows ``a/``
=================  ==============  ==========================================
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

MAX_KEY_BYTES: Final = 1024
"""S3 user guide, "Naming Amazon S3 objects"."""


class Rule(NamedTuple):
    """
    One prefix to list, and how its keys are mapped.

    Args:
        prefix: every key that starts with it belongs.
        cut: so many leading characters of a key are left off at the destination.
        exact: a key that belongs too although it lacks the prefix's last slash (``a/b`` beside ``a/b/``).
    """

    prefix: str
    cut: int
    exact: str | None = None

    def dest_key(self, base: str, key: str) -> str:
        """
        The name of `key` below the destination folder `base`. Keeps the order of keys.
        """
        return base + key[self.cut :]

    def dest_keys(self, base: str, keys: Sequence[str]) -> Sequence[str]:
        """
        The name of each of `keys`.
        """
        cut = self.cut
        return [base + key[cut:] for key in keys] if base or cut else keys

    def source_keys(self, base: str, dest_keys: Sequence[str]) -> Sequence[str]:
        """
        Whose names at the destination these would be: they begin with the image of the prefix.
        """
        at, stem = len(base), self.prefix[: self.cut]
        return [stem + key[at:] for key in dest_keys] if at or stem else dest_keys

    def image(self, base: str) -> str:
        """
        The prefix of everything this rule writes.
        """
        return base + self.prefix[self.cut :]


def path_rule(path: str) -> Rule:
    """
    The rule for a source path.

    Raises:
        ValueError: one line, when ``*`` stands anywhere but at the end.
    """
    stem, star = (path[:-1], True) if path.endswith("*") else (path, False)
    if "*" in stem:
        raise ValueError(f"{path!r}: only a single * at the end is supported; name a key that contains * with -f")
    if star or not stem:
        return Rule(stem, stem.rfind("/") + 1)
    name = stem.removesuffix("/")
    return Rule(name + "/", name.rfind("/") + 1, exact=None if stem.endswith("/") else stem)


def folder(path: str) -> str:
    """
    A path as the folder that `-f`, `-p` and destinations are relative to: empty, or with a slash at its end.

    Raises:
        ValueError: one line, when the path is a pattern that names no folder.
    """
    stem = path.removesuffix("*")
    if stem != path and stem and not stem.endswith("/"):
        raise ValueError(f"{path!r} names no folder: end it with / or /* to use it with -f, -p, -F or -P")
    if "*" in stem:
        raise ValueError(f"{path!r}: only a single * at the end is supported")
    return stem if not stem or stem.endswith("/") else stem + "/"


@dataclass(frozen=True, slots=True)
class Merged:
    """
    The rules that remain, in the order of their prefixes, and those that lie inside another.
    """

    kept: tuple[Rule, ...]
    inside: tuple[tuple[Rule, Rule], ...]


def merge(rules: Iterable[Rule], base: str) -> Merged:
    """
    Leaves out every rule whose prefix lies inside another's, so that no object is listed twice.

    Raises:
        ValueError: one line, when two rules would write to the same place: two sources could get one name.
    """
    kept: list[Rule] = []
    inside: list[tuple[Rule, Rule]] = []
    # A path without its slash comes first among equals: it covers the exact key as well. There may be a million rules:
    # two sorts of simple keys cost less than one of pairs.
    ordered = sorted(set(rules), key=lambda rule: (rule.exact is None, rule.cut))
    ordered.sort(key=_prefix)
    for rule in ordered:
        if not kept or not rule.prefix.startswith(kept[-1].prefix):
            kept.append(rule)
            continue
        if rule.cut != kept[-1].cut and _overlap(rule.image(base), kept[-1].image(base)):
            raise ValueError(_clash(rule, kept[-1], base))
        inside.append((rule, kept[-1]))
    images = [rule.image(base) for rule in kept]
    order = sorted(range(len(images)), key=images.__getitem__)
    for at, following in pairwise(order):
        if images[following].startswith(images[at]):
            raise ValueError(_clash(kept[at], kept[following], base))
    return Merged(tuple(kept), tuple(inside))


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _clash(one: Rule, other: Rule, base: str) -> str:
    return (
        f"prefixes {one.prefix!r} and {other.prefix!r} would both write below {one.image(base)!r}: "
        "copy them in two runs, to two destinations"
    )


class RuleIndex:
    """
    Finds rules by what they cover among many of which none lies inside another, nor writes inside another's image (as
    `merge` leaves them).
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = sorted(rules, key=_prefix)
        self._prefixes = [rule.prefix for rule in self._rules]
        self._images: _Images | None = None

    def find(self, key: str) -> Rule | None:
        """
        The rule whose prefix or exact key covers `key`.
        """
        # An exact key is its rule's prefix without the slash.
        for name in (key, key + "/"):
            at = bisect_right(self._prefixes, name) - 1
            if at >= 0 and _covers(self._rules[at], key):
                return self._rules[at]
        return None

    def clash(self, base: str, key: str, dest_key: str) -> Rule | None:
        """
        The rule that would write another object than `key` to `dest_key`, if any.

        Args:
            base: the destination folder, which should be the same each time: for each, all images are sorted.
        """
        if not self._rules:
            return None
        for rule in self._by_image(base).covering(dest_key):
            if not (key.startswith(rule.prefix) and rule.dest_key(base, key) == dest_key):
                return rule
        return None

    def source_key(self, base: str, dest_key: str) -> str | None:
        """
        The key whose name at the destination `dest_key` would be, None where no rule writes there.
        """
        for rule in self._by_image(base).covering(dest_key):
            return rule.source_keys(base, (dest_key,))[0]
        return None

    def _by_image(self, base: str) -> _Images:
        if self._images is None or self._images.base != base:
            self._images = _Images(base, self._rules)
        return self._images


class _Images:
    """
    Rules by where they write.
    """

    def __init__(self, base: str, rules: Sequence[Rule]) -> None:
        self.base = base
        pairs = sorted(((rule.image(base), rule) for rule in rules), key=lambda pair: pair[0])
        self._images = [image for image, _ in pairs]
        self._rules = [rule for _, rule in pairs]

    def covering(self, dest_key: str) -> Iterator[Rule]:
        """
        The rules that write to `dest_key`, or may.
        """
        at = bisect_right(self._images, dest_key) - 1
        if at >= 0 and dest_key.startswith(self._images[at]):
            yield self._rules[at]
        # That of an exact key is the image without its slash.
        at = bisect_right(self._images, dest_key + "/") - 1
        if at >= 0 and self._images[at] == dest_key + "/" and self._rules[at].exact is not None:
            yield self._rules[at]


def _prefix(rule: Rule) -> str:
    return rule.prefix


def _covers(rule: Rule, key: str) -> bool:
    return key.startswith(rule.prefix) or key == rule.exact


def hidden_prefixes(rules: Iterable[Rule], base: str) -> tuple[str, ...]:
    """
    Where a run inside one bucket writes below what it lists: what stands there is no source.

    That is the destination folder where it lies below a listed prefix, else the image of a rule that does.
    """
    found: dict[str, None] = {}
    for rule in rules:
        for place in (base, rule.image(base)):
            if place != rule.prefix and place.startswith(rule.prefix):
                found[place] = None
                break
    return tuple(found)


def key_problem(key: str) -> str | None:
    """
    Why S3 cannot hold an object of this name, or None.
    """
    if not key:
        return "its name at the destination would be empty: copy it to a folder"
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        return "its key is not valid UTF-8, so the S3 API cannot name it"
    if length > MAX_KEY_BYTES:
        return f"its name at the destination would be {length:,} bytes long; S3 allows {MAX_KEY_BYTES:,}"
    return None


def place_of(keys: Sequence[str], key: str) -> int:
    """
    How many of `keys`, which ascend as S3 lists them, come before `key` or are it.
    """
    try:
        key.encode()
        "".join(keys).encode()
    except UnicodeEncodeError:
        # Strings sort like their UTF-8 bytes, but for the escapes that stand for invalid UTF-8.
        return bisect_right(keys, in_bytes(key), key=in_bytes)
    return bisect_right(keys, key)


def in_bytes(key: str) -> bytes:
    """
    A key as S3 stores it.
    """
    return key.encode("utf-8", "surrogateescape")


def may_have_problem(keys: Sequence[str]) -> bool:
    """
    Whether `key_problem` should look at each of `keys`, which ascend.
    """
    if not keys:
        return False
    try:
        # No character has more than four bytes.
        is_short = 4 * max(map(len, keys)) <= MAX_KEY_BYTES or max(len(key.encode()) for key in keys) <= MAX_KEY_BYTES
        "".join(keys).encode()
    except UnicodeEncodeError:
        return True
    return not (is_short and keys[0])


# What XML 1.0 cannot hold, and what some reader of XML might take for something else: line ends, blanks at either end.
_TURNED_BY_XML: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\A\s|\s\Z").search


def travels_in_xml(key: str) -> bool:
    """
    Whether every store reads `key` out of a request's XML as it was meant. Another key must never be deleted for it.
    """
    return _TURNED_BY_XML(key) is None


_RECORDS: Final = r"s3copy-(?:upload|done)-[0-9a-f]{8}\.json|s3copy-source"


class WorkArea:
    """
    Recognises the objects this program makes while it works, and nothing else below the work prefix.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix: Final = prefix
        form = rf"{re.escape(prefix)}.+/[0-9a-f]{{7}}/parts/(?:(?:temp|part)-[0-9]{{5}}|{_RECORDS})"
        self._match: Final = re.compile(form, re.DOTALL).fullmatch

    def may_have(self, keys: Sequence[str]) -> bool:
        """
        Whether any of `keys`, which ascend, stands below the work prefix.
        """
        at = bisect_left(keys, self.prefix)
        return at < len(keys) and keys[at].startswith(self.prefix)

    def __contains__(self, key: str) -> bool:
        return key.startswith(self.prefix) and self._match(key) is not None
