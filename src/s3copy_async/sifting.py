"""
Leaves out of listed pages what no filter selects, on either side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Final

from s3copy_async.columns import Columns
from s3copy_async.events import Emit, Listed, Skipped
from s3copy_async.filters import Sieve, narrowed
from s3copy_async.keys import Rule
from s3copy_async.model import SkipReason
from s3copy_async.options import Filter
from s3copy_async.selection import names_below

_ALL: Final = Sieve(Filter())


@dataclass(frozen=True, slots=True)
class Sifter:
    """
    What a run selects of the objects below its source.

    Args:
        sieve: which of them.
        root: the folder below which they are named (`selection.root_of`).
        whole: prefixes are listed whole even where the sieve selects nothing elsewhere.
    """

    sieve: Sieve = _ALL
    root: str = ""
    whole: bool = False

    def prefixes(self, rule: Rule) -> tuple[str, ...]:
        """
        What has to be listed for a rule.
        """
        return (rule.prefix,) if self.whole else narrowed(rule.prefix, self.root, self.sieve.prefixes())

    def names(self, names: Sequence[str], emit: Emit) -> Sequence[str]:
        """
        Of keys that are named, and not listed, those that the globs select; the others are counted.
        """
        if not self.sieve.by_name:
            return names
        wanted = list(compress(names, self.sieve.mask_names(names)))
        if left_out := len(names) - len(wanted):
            emit(Skipped(SkipReason.FILTERED, left_out, 0))
        return wanted

    def source(self, objects: Columns, emit: Emit) -> Columns:
        """
        Those of a listed page that are selected; all of them are counted.
        """
        nbytes = sum(objects.sizes)
        emit(Listed(len(objects), nbytes))
        wanted = self.picked(objects)
        if left_out := len(objects) - len(wanted):
            emit(Skipped(SkipReason.FILTERED, left_out, nbytes - sum(wanted.sizes)))
        return wanted

    def picked(self, objects: Columns) -> Columns:
        """
        Those of the source's objects that are selected.
        """
        return self._picked(objects, objects.keys)

    def dest(self, objects: Columns, rule: Rule, base: str) -> Columns:
        """
        Those of the destination's objects that would be selected if they were the source's.
        """
        return self._picked(objects, rule.source_keys(base, objects.keys))

    def _picked(self, objects: Columns, keys: Sequence[str]) -> Columns:
        sieve = self.sieve
        if not sieve.is_on or not keys:
            return objects
        mask = sieve.mask(names_below(self.root, keys) if sieve.by_name else (), objects)
        return objects if all(mask) else objects.pick(list(compress(range(len(mask)), mask)))


EVERYTHING: Final = Sifter()
"""All objects."""
