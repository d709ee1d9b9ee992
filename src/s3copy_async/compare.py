"""
Merge-joins one page of the source with the destination into copy tasks and skips.

The destination is read in key order with ``start-after`` at the next key that matters, so a sparse side costs at most
one list request per source key (two where a store holds keys that no guess can exclude), and memory stays at one page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final

from s3copy_async.columns import Columns
from s3copy_async.etag import same
from s3copy_async.events import Emit, Listed, ObjectDone, Skipped
from s3copy_async.keys import MAX_KEY_BYTES, Rule, RuleIndex, WorkArea, key_problem, may_have_problem
from s3copy_async.listing import first_page, next_page
from s3copy_async.model import Batch, CopyResult, CopyTask, ObjectInfo, Outcome, Page, SkipReason, made_task
from s3copy_async.options import Compare
from s3copy_async.store import ListsObjects

_HIGHEST: Final = "\U0010ffff"


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

    @property
    def tasks(self) -> Batch:
        """
        A task for each.
        """
        objects = self.objects
        return tuple(map(made_task, zip(objects.keys, self.dest_keys, objects, repeat(None), repeat(""))))


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
    The sources on one listed page; what `triage` left out is said with events.
    """
    found = triage(objects, rule, scope)
    emit(Listed(len(objects), sum(Columns.of(objects).sizes)))
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


def not_there(
    tasks: Sequence[CopyTask], existing: Sequence[ObjectInfo | None], mode: Compare = Compare.AUTO
) -> tuple[Batch, dict[SkipReason, Batch]]:
    """
    The tasks whose destination listings do not show to be the same, and those whose destination they do, by reason.
    """
    todo: list[CopyTask] = []
    done: dict[SkipReason, list[CopyTask]] = {}
    for task, there in zip(tasks, existing, strict=True):
        if there is None:
            todo.append(task)
            continue
        seen = task._replace(there=there)
        if task.source is not None and (reason := enough(task.source, there, mode)):
            done.setdefault(reason, []).append(seen)
        else:
            todo.append(seen)
    return tuple(todo), {reason: tuple(found) for reason, found in done.items()}


def before(key: str) -> str:
    """
    A string that sorts before `key` with next to no possible key between the two: where ``start-after`` finds `key`.
    """
    stem, last = key[:-1], ord(key[-1])
    if last == 0:
        return stem
    # The predecessor of U+E000 is U+D7FF: between them lie the surrogates, which UTF-8 cannot hold.
    lower = stem + chr(0xD7FF if last == 0xE000 else last - 1)
    padded = lower + _HIGHEST
    return padded if len(padded.encode("utf-8", "surrogateescape")) <= MAX_KEY_BYTES else lower


class Destination:
    """
    Looks keys up in a listing of the destination, in ascending order and in the memory of one page.
    """

    def __init__(self, store: ListsObjects, bucket: str, prefix: str) -> None:
        self._store = store
        self._bucket = bucket
        self._prefix = prefix
        self._page: Page | None = None
        self._at = 0

    async def find(self, keys: Sequence[str]) -> list[ObjectInfo | None]:
        """
        What stands under each of `keys`, which ascend, also from one call to the next.

        Raises:
            AccessDenied: the destination may not be listed.
            ListingError: a page failed or cannot be trusted.
        """
        return [await self._find(key) for key in keys]

    async def _find(self, key: str) -> ObjectInfo | None:
        jumped = self._page is None
        if jumped:
            await self._jump(key)
        while True:
            page = self._page
            assert page is not None
            objects = page.objects
            while self._at < len(objects) and objects[self._at].key < key:
                self._at += 1
            if self._at < len(objects):
                found = objects[self._at]
                return found if found.key == key else None
            if page.next_token is None:
                return None
            if jumped:
                self._use(await next_page(self._store, self._bucket, self._prefix, page))
            else:
                await self._jump(key)
                jumped = True

    async def _jump(self, key: str) -> None:
        # Below the prefix there is nothing to skip, and a listing may begin at its start.
        after = before(key) if key > self._prefix else ""
        after = after if after > self._prefix else ""
        self._use(await first_page(self._store, self._bucket, self._prefix, after, strict=False))

    def _use(self, page: Page) -> None:
        self._page = page
        self._at = 0
