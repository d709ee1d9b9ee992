"""
Merge-joins a page of the source with what the destination holds of the same range: pure functions over whole pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final, NamedTuple, overload

from s3copy_async.columns import EMPTY, Columns
from s3copy_async.etag import same
from s3copy_async.events import Emit, ObjectDone, Skipped
from s3copy_async.keys import Rule, RuleIndex, WorkArea, key_problem, may_have_problem
from s3copy_async.model import Batch, CopyResult, CopyTask, ObjectInfo, Outcome, SkipReason, made_task
from s3copy_async.options import Compare


@dataclass(frozen=True, slots=True)
class Scope:
    """
    The two places of a run and what must be left alone.

    Args:
        base: destination folder, empty or with a slash at its end.
        rules: every rule of the run; in the same bucket nothing may be written where they read.
        hidden: places below the source that this run writes to, whose objects are no sources.
    """

    source_bucket: str
    dest_bucket: str
    base: str
    rules: RuleIndex
    work: WorkArea
    hidden: tuple[str, ...] = ()

    @property
    def same_bucket(self) -> bool:
        """
        Whether source and destination share one key space.
        """
        return self.source_bucket == self.dest_bucket

    def leave_out(self, key: str, dest_key: str) -> SkipReason | None:
        """
        Why `key` is no source of this run, or None when it is one.
        """
        if key in self.work:
            return SkipReason.WORK_AREA
        if key.startswith(self.hidden):
            return SkipReason.DESTINATION
        if self.same_bucket and key == dest_key:
            return SkipReason.ITSELF
        return None

    def takes_all(self, keys: Sequence[str], dest_keys: Sequence[str]) -> bool:
        """
        Whether, at a glance, all of these ascending keys are sources that nothing is wrong with. False may be wrong.
        """
        return (
            not self.same_bucket
            and not self.work.may_have(keys)
            and not self.work.may_have(dest_keys)
            and not may_have_problem(dest_keys)
        )

    def problem(self, dest_key: str) -> str | None:
        """
        Why nothing can be copied to `dest_key`, or None.
        """
        if problem := key_problem(dest_key):
            return problem
        if dest_key in self.work:
            return "its destination is a name of the work area: choose another folder, or another --work-prefix"
        if self.same_bucket and not dest_key.startswith(self.hidden) and self.rules.find(dest_key):
            return "its destination lies in the source itself: copy to another folder"
        return None


@dataclass(frozen=True, slots=True)
class Mapped:
    """
    Objects of one page that are sources of the run, and what each is called at the destination: both in key order.
    """

    objects: Columns
    dest_keys: Sequence[str]

    def pick(self, places: Sequence[int]) -> Mapped:
        """
        Those at these places.
        """
        return Mapped(self.objects.pick(places), [self.dest_keys[at] for at in places])

    @property
    def tasks(self) -> Pairs:
        """
        A task for each, of which nothing is at the destination as far as is known.
        """
        return Pairs(self)


@dataclass(frozen=True, slots=True)
class Triage:
    """
    One page of the source, sorted out: sources in key order, skips as (objects, bytes) by reason, failures.
    """

    mapped: Mapped
    skips: tuple[tuple[SkipReason, int, int], ...] = ()
    failures: tuple[CopyResult, ...] = ()


def triage(objects: Sequence[ObjectInfo], rule: Rule, scope: Scope) -> Triage:
    """
    Maps one page and leaves out what is no source or cannot be named at the destination. No request is made.
    """
    columns = Columns.of(objects)
    dest_keys = rule.dest_keys(scope.base, columns.keys)
    if scope.takes_all(columns.keys, dest_keys):
        return Triage(Mapped(columns, dest_keys))
    chosen: list[int] = []
    counts: Counter[SkipReason] = Counter()
    nbytes: Counter[SkipReason] = Counter()
    failures: list[CopyResult] = []
    for at, (key, dest_key, size) in enumerate(zip(columns.keys, dest_keys, columns.sizes, strict=True)):
        if reason := scope.leave_out(key, dest_key):
            counts[reason] += 1
            nbytes[reason] += size
        elif problem := scope.problem(dest_key):
            failures.append(CopyResult(key, dest_key, size, Outcome.FAILED, problem, "InvalidKey"))
        else:
            chosen.append(at)
    skips = tuple((reason, number, nbytes[reason]) for reason, number in counts.items())
    return Triage(Mapped(columns.pick(chosen), [dest_keys[at] for at in chosen]), skips, tuple(failures))


def sort_out(objects: Sequence[ObjectInfo], rule: Rule, scope: Scope, emit: Emit) -> Mapped:
    """
    The sources among listed objects; what `triage` left out is said with events.
    """
    found = triage(objects, rule, scope)
    for reason, number, nbytes in found.skips:
        emit(Skipped(reason, number, nbytes))
    for failure in found.failures:
        emit(ObjectDone(failure))
    return found.mapped


def enough(source: ObjectInfo, there: ObjectInfo, mode: Compare) -> SkipReason | None:
    """
    Why size, ETag and time, as listings show them, are enough to leave `there` as it is; None where they are not.
    """
    if source.size != there.size:
        return None
    if same(source, there) and (mode is not Compare.CHECKSUM or source.size == 0):
        return SkipReason.SAME
    if mode is Compare.SIZE:
        return SkipReason.SAME_SIZE
    if mode is Compare.SIZE_TIME and 0 < source.modified <= there.modified:
        return SkipReason.SAME_TIME
    return None


class Pairs(Sequence[CopyTask]):
    """
    Tasks that are made as they are asked for.

    Args:
        there: what the destination holds, for each; None where it holds nothing for any.
    """

    def __init__(self, mapped: Mapped, there: Columns | None = None) -> None:
        self.mapped: Final = mapped
        self.there: Final = there

    def __len__(self) -> int:
        return len(self.mapped.dest_keys)

    @overload
    def __getitem__(self, at: int) -> CopyTask: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[CopyTask]: ...
    def __getitem__(self, at: int | slice) -> CopyTask | Sequence[CopyTask]:
        return tuple(self)[at]

    def __iter__(self) -> Iterator[CopyTask]:
        objects, there = self.mapped.objects, repeat(None) if self.there is None else self.there
        return map(made_task, zip(objects.keys, self.mapped.dest_keys, objects, there, repeat("")))


class Same(NamedTuple):
    """
    Objects of one page that are at the destination already, for one reason.
    """

    reason: SkipReason
    nbytes: int
    tasks: Sequence[CopyTask]


class Joined(NamedTuple):
    """
    What listings show of one page: what has to be copied, and what has not, each in key order.
    """

    todo: Batch
    same: tuple[Same, ...] = ()


def join(mapped: Mapped, there: Columns, mode: Compare) -> Joined:
    """
    Compares sources with what the destination holds of the same range.
    """
    if not there.keys:
        return Joined(mapped.tasks)
    objects = mapped.objects
    if tuple(mapped.dest_keys) == there.keys:
        if mode is not Compare.CHECKSUM and (objects.etags, objects.sizes) == (there.etags, there.sizes):
            return Joined((), (Same(SkipReason.SAME, sum(objects.sizes), Pairs(mapped, there)),))
        places: Sequence[int | None] = range(len(there))
    else:
        place = {key: at for at, key in enumerate(there.keys)}
        places = [place.get(key) for key in mapped.dest_keys]
    reasons = _reasons(objects, there, places, mode)
    same = tuple(_same(mapped, there, places, reasons, reason) for reason in dict.fromkeys(filter(None, reasons)))
    left = [at for at, reason in enumerate(reasons) if reason is None]
    todo = tuple(
        made_task((objects.keys[at], mapped.dest_keys[at], objects[at], None if to is None else there[to], ""))
        for at, to in ((at, places[at]) for at in left)
    )
    return Joined(todo, same)


def _reasons(objects: Columns, there: Columns, places: Sequence[int | None], mode: Compare) -> list[SkipReason | None]:
    """
    Why each is to be left as it is, or None.
    """
    if mode in (Compare.AUTO, Compare.ETAG):
        # As `enough` says it, without making the objects.
        sizes, etags = there.sizes, there.etags
        return [
            SkipReason.SAME if to is not None and size == sizes[to] and (etag == etags[to] or not size) else None
            for to, size, etag in zip(places, objects.sizes, objects.etags, strict=True)
        ]
    return [None if to is None else enough(one, there[to], mode) for one, to in zip(objects, places, strict=True)]


def _same(
    mapped: Mapped,
    there: Columns,
    places: Sequence[int | None],
    reasons: Sequence[SkipReason | None],
    reason: SkipReason,
) -> Same:
    chosen = [at for at, found in enumerate(reasons) if found is reason]
    pairs = Pairs(mapped.pick(chosen), there.pick([to for at in chosen if (to := places[at]) is not None]))
    return Same(reason, sum(mapped.objects.sizes[at] for at in chosen), pairs)


def extras(there: Columns, dest_keys: Sequence[str]) -> Columns:
    """
    What the destination holds under none of `dest_keys`.
    """
    if tuple(dest_keys) == there.keys:
        return EMPTY
    known = set(dest_keys)
    return there.pick([at for at, key in enumerate(there.keys) if key not in known])
