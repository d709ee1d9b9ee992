"""
Which of the listed objects are wanted: pure functions and one value that is compiled once for a run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import and_
from typing import Final, NamedTuple

from s3copy_async.columns import Columns
from s3copy_async.globs import Shape, shapes
from s3copy_async.keys import MAX_KEY_BYTES
from s3copy_async.options import Filter, GlobKind

STANDARD: Final = "STANDARD"
"""The class of an object for which a store names none."""

_Test = Callable[[Columns], list[bool]]


class _Group(NamedTuple):
    """
    Neighbouring globs of one kind as one expression.
    """

    includes: bool
    match: Callable[[str], re.Match[str] | None]


class Sieve:
    """
    A `Filter`, ready for pages of objects. It is never changed.

    Args:
        wanted: a filter without problems; its limit is no business of the sieve.

    Raises:
        ValueError: a glob is none; `filter_rules` says so earlier, and better.
    """

    def __init__(self, wanted: Filter) -> None:
        found = [(glob.kind is GlobKind.INCLUDE, shapes(glob.pattern)) for glob in wanted.globs]
        # What matches everything overrules all that stands before it.
        last = max((at for at, (_, some) in enumerate(found) if any(one.everything for one in some)), default=None)
        self._default: Final = not found or (not found[0][0] if last is None else found[last][0])
        rest = found if last is None else found[last + 1 :]
        self._groups: Final = _groups(rest, self._default)
        self._prefixes: Final = (
            ("",) if self._default else _outermost(one.prefix for yes, some in rest if yes for one in some)
        )
        self._tests: Final = tuple(_tests(wanted))
        self.by_name: Final = bool(self._groups) or not self._default
        """Whether names matter at all; else `mask` may be called without them."""
        self.is_on: Final = self.by_name or bool(self._tests)
        """Whether anything can be left out."""

    def mask(self, names: Sequence[str], objects: Columns) -> list[bool]:
        """
        For each object of a page whether it is wanted. `names` are those of `selection.names_below`, in the order of
        `objects`; empty where they do not matter (`by_name`).
        """
        masks = [test(objects) for test in self._tests]
        if self.by_name:
            masks.append(self.mask_names(names))
        if not masks:
            return [True] * len(objects)
        first, *others = masks
        for other in others:
            first = list(map(and_, first, other))
        return first

    def mask_names(self, names: Sequence[str]) -> list[bool]:
        """
        What the globs alone say of each name.
        """
        wanted = [self._default] * len(names)
        for includes, match in self._groups:
            # Only where it can change anything is a name looked at.
            if includes:
                wanted = [yes or match(name) is not None for yes, name in zip(wanted, names, strict=True)]
            else:
                wanted = [yes and match(name) is None for yes, name in zip(wanted, names, strict=True)]
        return wanted

    def prefixes(self) -> tuple[str, ...]:
        """
        Every name that is wanted begins with one of these, of which none begins with another; sorted. ``("",)`` where
        nothing can be said, and empty where no name at all is wanted.
        """
        return self._prefixes


def narrowed(prefix: str, root: str, prefixes: Sequence[str]) -> tuple[str, ...]:
    """
    What has to be listed in the place of `prefix`, when only names below `root` that begin with one of `prefixes` are
    wanted. Sorted, none inside another; empty where no key can be wanted.

    Args:
        prefix: of keys, such as ``Rule.prefix``; it begins with `root`.
        prefixes: of names, as `Sieve.prefixes` gives them.
    """
    found: list[str] = []
    for whole in (root + one for one in prefixes):
        if prefix.startswith(whole):
            return (prefix,)
        # No key is longer, and a store may refuse to look for one.
        if whole.startswith(prefix) and len(whole.encode("utf-8", "surrogatepass")) <= MAX_KEY_BYTES:
            found.append(whole)
    return tuple(found)


def _groups(globs: Iterable[tuple[bool, tuple[Shape, ...]]], default: bool) -> tuple[_Group, ...]:
    found: list[_Group] = []
    for includes, run in groupby(globs, key=lambda glob: glob[0]):
        # Without a group before it, one that only confirms what is so anyway says nothing.
        if found or includes is not default:
            texts = [shape.regex for _, some in run for shape in some]
            text = texts[0] if len(texts) == 1 else f"(?:{'|'.join(texts)})"
            found.append(_Group(includes, re.compile(text, re.DOTALL).match))
    return tuple(found)


def _outermost(prefixes: Iterable[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return tuple(kept)


def _tests(wanted: Filter) -> Iterator[_Test]:
    """
    Only the tests that are asked for: each costs time for every object.
    """
    if wanted.min_size or wanted.max_size is not None:
        low, high = wanted.min_size, math.inf if wanted.max_size is None else wanted.max_size
        yield lambda objects: [low <= size <= high for size in objects.sizes]
    if wanted.newer_than is not None or wanted.older_than is not None:
        since = 0.0 if wanted.newer_than is None else max(0.0, wanted.newer_than)
        until = math.inf if wanted.older_than is None else wanted.older_than
        # 0 stands for an unknown time, which is on neither side.
        yield lambda objects: [since < time < until for time in objects.times]
    if wanted.storage_classes:
        classes = frozenset(wanted.storage_classes)
        yield lambda objects: [(name or STANDARD) in classes for name in objects.classes]
