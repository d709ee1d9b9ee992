"""
Stores that copy in bulk, without a network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from s3copy_async.app import Action, Run
from s3copy_async.errors import S3Error
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import CopyAnswer, CopyRequest, CopyTask
from s3copy_async.options import Access, Options
from s3copy_async.state import RunState
from s3copy_async.store import BulkDone, BulkStart
from s3copy_async.views import View
from support import Clock, patient


class BulkStore(MemoryStore):
    """
    A store in memory that copies in bulk as well, by the same requests.
    """

    bulk_copies = 0

    async def bulk(self, sample: CopyRequest, done: BulkDone, /) -> BulkStart | None:
        """
        See `store.CopiesInBulk`.
        """
        running: set[asyncio.Task[None]] = set()

        async def copy(task: CopyTask, started: float) -> None:
            source = task.source
            assert source is not None
            request = sample._replace(
                source_key=task.key, source_etag=source.etag, size=source.size, dest_key=task.dest_key
            )
            outcome: CopyAnswer | S3Error | None
            try:
                outcome = await self.copy_object(request)
            except S3Error as error:
                outcome = error
            plain = isinstance(outcome, CopyAnswer) and outcome.etag == source.etag
            done(task, started, None if plain else outcome)

        def start(task: CopyTask, started: float) -> None:
            self.bulk_copies += 1
            running.add(made := asyncio.get_running_loop().create_task(copy(task, started)))
            made.add_done_callback(running.discard)

        return start


class Scripted:
    """
    Copies in bulk whose outcomes a test gives: at once by `outcome`, or later by `end`.
    """

    def __init__(self, outcome: Callable[[CopyTask], CopyAnswer | S3Error | None] | None = None) -> None:
        self._outcome = outcome
        self.done: BulkDone | None = None
        self.samples: list[CopyRequest] = []
        self.begun: list[CopyTask] = []
        self.open: dict[str, tuple[CopyTask, float]] = {}
        self.can = True

    async def bulk(self, sample: CopyRequest, done: BulkDone, /) -> BulkStart | None:
        """
        See `store.CopiesInBulk`.
        """
        self.samples.append(sample)
        self.done = done
        return self._start if self.can else None

    def _start(self, task: CopyTask, started: float) -> None:
        self.begun.append(task)
        self.open[task.key] = (task, started)
        if self._outcome:
            self.end(task.key, self._outcome(task))

    def end(self, key: str, outcome: CopyAnswer | S3Error | None = None) -> None:
        """
        The copy of one object ends.
        """
        task, started = self.open.pop(key)
        assert self.done is not None
        self.done(task, started, outcome)


def by_key(faults: dict[str, list[Fault]], operation: str = "CopyObject") -> Callable[[Call], Fault | None]:
    """
    The first requests of an operation for each key go wrong like this.
    """
    left = {key: list(found) for key, found in faults.items()}

    def fault(call: Call) -> Fault | None:
        return left[call.key].pop(0) if call.operation == operation and left.get(call.key) else None

    return fault


async def run_with(options: Options, store: MemoryStore, views: Sequence[View], state: RunState) -> RunState:
    """
    A whole run that these views watch.
    """

    async def open_store(_access: Access, _stack: AsyncExitStack, _permits: int) -> MemoryStore:
        return store

    await Run(options, state, views, open_store=open_store, policy=patient(Clock())).execute(Action.COPY)
    return state
