"""
Copies small objects in bulk: what is plain goes out with as little work as can be, and comes back as a number of
results. Whatever does not end in plain success goes on in `one`, from where it stands.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from itertools import islice
from typing import Final

from s3copy_async.compare import Pairs
from s3copy_async.copying.carry import whole_wishes
from s3copy_async.copying.job import CopyJob
from s3copy_async.errors import S3Error, Throttled
from s3copy_async.flow import Flow, Kind
from s3copy_async.model import Batch, CopyAnswer, CopyRequest, CopyResult, CopyTask, ObjectInfo, Outcome, Proof, maker
from s3copy_async.options import IfExists
from s3copy_async.patience import Meter
from s3copy_async.store import BulkStart, CopiesInBulk

PAGES: Final = 2
"""So many pages wait at most to be copied; then the lister waits."""
_PLAIN_ETAG: Final = re.compile(r"[0-9A-Za-z]+", re.ASCII).fullmatch
_USUAL: Final = ("", "STANDARD")
_FORGOTTEN: Final = ("ServerSideEncryption", "ObjectLockMode", "ObjectLockLegalHoldStatus")
"""Stores other than Amazon's may take such wishes and forget them: each copy is looked at."""
_MAKE: Final = maker(CopyResult)


class Bulk:
    """
    Takes the plain objects out of the batches of a run, and copies them.

    Args:
        store: begins the copies.
        stopping: whether the run is to end: then no further copy is begun.
        done: told what was copied, many objects at a time.
        started: told of each object; None where nobody wants to know.
        counted: told how many objects were copied, and their bytes; then `done` is not.
    """

    def __init__(
        self,
        job: CopyJob,
        store: CopiesInBulk,
        flow: Flow,
        meter: Meter,
        done: Callable[[Sequence[CopyResult]], None],
        started: Callable[[CopyTask], None] | None = None,
        counted: Callable[[int, int], None] | None = None,
    ) -> None:
        self._job = job
        self._store = store
        self._flow = flow
        self._meter = meter
        self._tell = done
        self._started = started
        self._counted = counted
        self._number = self._nbytes = 0
        self._start: BulkStart | None = None
        self._is_off = job.if_exists is not IfExists.OVERWRITE
        self._pages: deque[Batch] = deque()
        self._current: Iterator[CopyTask] = iter(())
        self._next: CopyTask | None = None
        self._flying: dict[str, CopyTask] = {}
        self._results: list[CopyResult] = []
        self._again: list[CopyTask] = []
        self._outcomes: dict[str, CopyAnswer | S3Error] = {}
        self._news = asyncio.Event()
        self._sent = 0
        self._any_class = job.carry.storage_class is not None

    async def through(self, batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
        """
        What is left of the batches for others to copy: what is not plain, and what did not end plainly. Ends when
        everything has been begun and every copy in bulk has ended.
        """
        self._flow.feed(self._pump)
        try:
            async with aclosing(batches):
                async for batch in batches:
                    mine, others = await self._sorted(batch)
                    if others:
                        yield others
                    while mine and len(self._pages) >= PAGES:
                        await self._wait()
                        if again := self._taken():
                            yield again
                    if mine:
                        self._pages.append(mine)
                        self._flow.wake()
            while self._flying or self._again or self._is_left():
                if again := self._taken():
                    yield again
                else:
                    self._news.clear()
                    self._flow.wake()
                    await self._news.wait()
        finally:
            self._pages.clear()
            self._current, self._next = iter(()), None

    async def finish(self, grace: float) -> None:
        """
        Gives what is in flight `grace` seconds to arrive.
        """
        self._flow.feed(None)
        try:
            async with asyncio.timeout(grace):
                while self._flying:
                    await self._wait()
        except TimeoutError:
            pass
        finally:
            self.flush()

    def outcome_of(self, task: CopyTask) -> CopyAnswer | S3Error | None:
        """
        How a copy in bulk of this object ended, if there was one: to be asked once.
        """
        return self._outcomes.pop(task.dest_key, None) if self._outcomes else None

    def flush(self) -> None:
        """
        Tells what has been copied since the last time.
        """
        if self._sent:
            self._meter.counts["CopyObject"] += self._sent
            self._sent = 0
        if self._counted and self._number:
            self._meter.last_success = self._meter.clock()
            self._counted(self._number, self._nbytes)
            self._number = self._nbytes = 0
        if self._results:
            results, self._results = self._results, []
            self._meter.last_success = self._meter.clock()
            self._tell(results)

    def glimpse(self, number: int) -> list[CopyTask]:
        """
        Some of the objects in flight, those that have been longest.
        """
        return list(islice(self._flying.values(), number))

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _is_left(self) -> bool:
        """
        Whether there is an object that has not been begun.
        """
        self._next = self._next or next(self._current, None)
        return self._next is not None or bool(self._pages)

    def _taken(self) -> Batch:
        again, self._again = tuple(self._again), []
        return again

    async def _sorted(self, batch: Batch) -> tuple[Batch, Batch]:
        """
        The plain objects of a batch, and the others.
        """
        if self._is_off:
            return (), batch
        if isinstance(batch, Pairs) and self._are_plain(batch):
            is_open = self._start is not None or await self._opened(batch[0])
            return (batch, ()) if is_open else ((), batch)
        mine = tuple(filter(self._is_plain, batch))
        if not mine or (self._start is None and not await self._opened(mine[0])):
            return (), batch
        return mine, tuple(task for task in batch if not self._is_plain(task)) if len(mine) < len(batch) else ()

    def _are_plain(self, batch: Pairs) -> bool:
        """
        Whether `_is_plain` holds for all of a page, as its columns show it.
        """
        objects = batch.mapped.objects
        return (
            batch.there is None
            and max(objects.sizes, default=0) <= self._job.limits.large_file
            and (self._any_class or set(_USUAL).issuperset(objects.classes))
            and "" not in objects.etags
            and _PLAIN_ETAG("".join(objects.etags)) is not None
        )

    def _is_plain(self, task: CopyTask) -> bool:
        source = task.source
        return (
            source is not None
            and (task.there is None or task.there.size != source.size)
            and source.size <= self._job.limits.large_file
            and (self._any_class or source.storage_class in _USUAL)
            and not task.version
            and _PLAIN_ETAG(source.etag) is not None
        )

    async def _opened(self, task: CopyTask) -> bool:
        """
        Whether objects like this one can be copied in bulk at all.
        """
        job, source = self._job, task.source
        assert isinstance(source, ObjectInfo)
        try:
            wishes = job.known.wishes or await whole_wishes(source, job)
        except S3Error:
            return False  # it is another's to say so
        forgets = not job.is_aws and any(name in _FORGOTTEN for name, _ in wishes.settings)
        if job.known.wishes is None or wishes.metadata is not None or wishes.tags is not None or wishes.lost or forgets:
            self._is_off = True
            return False
        sample = CopyRequest(
            job.source_bucket, source.key, source.etag, source.size, job.dest_bucket, task.dest_key, job.grants,
            wishes.metadata, wishes.settings, wishes.tags,
        )  # fmt: skip
        self._start = await self._store.bulk(sample, self._done)
        self._is_off = self._start is None
        return not self._is_off

    def _pump(self, number: int) -> int:
        """
        Begins up to `number` copies, as long as there is room in flight; returns how many.
        """
        start, begin, stopping = self._start, self._flow.begin, self._job.stopping
        if start is None or stopping():
            return 0
        begun = 0
        while begun < number:
            task = self._next or next(self._current, None)
            if task is None:
                if not self._pages:
                    break
                self._current = iter(self._pages.popleft())
                self._news.set()
                continue
            if not begin(Kind.COPY):
                self._next = task
                break
            self._next = None
            begun += 1
            self._flying[task.dest_key] = task
            if self._started:
                self._started(task)
            self._sent += 1
            self._meter.in_flight += 1
            start(task, 0.0 if self._counted else time.monotonic())
        return begun

    def _done(self, task: CopyTask, started: float, outcome: CopyAnswer | S3Error | None) -> None:
        self._meter.in_flight -= 1
        self._flying.pop(task.dest_key, None)
        if outcome is None and self._counted:
            self._number += 1
            self._nbytes += task.source.size if task.source else 0
            self._flow.done(Kind.COPY)
        elif outcome is None:
            key, dest_key, source, _, _ = task
            assert source is not None  # as `_is_plain` saw to
            etag, seconds = source.etag, round(time.monotonic() - started, 3)
            # In the order of CopyResult's fields; its own constructor costs three times as much.
            self._results.append(
                _MAKE((
                    key, dest_key, source.size, Outcome.COPIED, "", "", Proof.ETAG, etag, "", (), etag, "whole", 1,
                    seconds, "",
                ))
            )  # fmt: skip
            if self._started:
                # Whoever follows each object hears of its end before the next one begins.
                self.flush()
            self._flow.done(Kind.COPY)
        else:
            self._outcomes[task.dest_key] = outcome
            self._again.append(task)
            if isinstance(outcome, Throttled):
                self._flow.refused(Kind.COPY)
            else:
                self._flow.leave()
            self._news.set()
        if not self._flying:
            self._news.set()
