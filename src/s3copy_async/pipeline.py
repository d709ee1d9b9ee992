"""
Lister, bounded queue, workers, shutdown: one TaskGroup.

What waits in the queue are batches of up to 1,000 tasks. The workers share one iterator over the current batch, so
that a batch costs one queue operation and not a thousand.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing
from typing import Any, Final

from s3copy_async.errors import FatalError
from s3copy_async.model import Batch, CopyTask
from s3copy_async.stop import Stop

QUEUED_BATCHES: Final = 2
"""Back-pressure: the lister waits when so many batches wait for the workers."""

Work = Callable[[CopyTask], Awaitable[None]]
Pace = Callable[[], Awaitable[object]]
"""Awaited before more is begun: those who watch may be slower than the run."""


class Feed:
    """
    Hands single tasks to many workers out of a bounded queue of batches.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Batch | None] = asyncio.Queue(QUEUED_BATCHES)
        self._current: Iterator[CopyTask] = iter(())
        self._refill = asyncio.Lock()

    async def fill(self, batches: AsyncGenerator[Batch, None]) -> None:
        """
        Moves every batch into the queue, then marks its end.
        """
        async with aclosing(batches):
            async for batch in batches:
                if batch:
                    await self._queue.put(batch)
        await self._queue.put(None)

    def close(self) -> None:
        """
        Drops what waits. Workers that ask from now on get None.
        """
        self._current = iter(())
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def next(self) -> CopyTask | None:
        """
        The next task, or None after the last.
        """
        while (task := next(self._current, None)) is None:
            async with self._refill:
                # Somebody else may have refilled while this worker waited for the lock.
                if (task := next(self._current, None)) is not None:
                    return task
                batch = await self._queue.get()
                if batch is None:
                    self._queue.put_nowait(None)
                    return None
                self._current = iter(batch)
        return task


async def run(batches: AsyncGenerator[Batch, None], work: Work, workers: int, stop: Stop, grace: float) -> None:
    """
    Feeds every task of `batches` to `work`, in `workers` coroutines at once.

    When `stop` is set, no further task is begun, and those under way get `grace` seconds before they are cancelled.

    Raises:
        FatalError: the first that the lister or a worker met.
    """
    feed = Feed()
    async with asyncio.TaskGroup() as group:
        lister = group.create_task(_guard(feed.fill(batches), stop))
        crew = [group.create_task(_guard(_serve(feed, work, stop), stop)) for _ in range(workers)]
        watcher = group.create_task(_watch(stop, feed, lister, crew, grace))
        await asyncio.wait([lister, *crew])
        watcher.cancel()
    if stop.error:
        raise stop.error


async def alone(job: Coroutine[Any, Any, None], stop: Stop, grace: float) -> None:
    """
    Awaits `job`, which begins nothing new once `stop` is set, and then has `grace` seconds before it is cancelled.

    Raises:
        FatalError: what `job` raises, or why the run was stopped.
    """
    task, wanted = asyncio.create_task(job), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((task, wanted), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((task,), timeout=grace)
    finally:
        wanted.cancel()
        task.cancel()
        await asyncio.wait((task,))
    if not task.cancelled():
        task.result()
    if stop.error:
        raise stop.error


async def paced(batches: AsyncGenerator[Batch, None], pace: Pace) -> AsyncGenerator[Batch, None]:
    """
    `batches`, with `pace` awaited before each.
    """
    async with aclosing(batches):
        async for batch in batches:
            await pace()
            yield batch


def paced_work(work: Work, pace: Pace) -> Work:
    """
    `work`, with `pace` awaited before each task.
    """

    async def paced_one(task: CopyTask) -> None:
        await pace()
        await work(task)

    return paced_one


async def _serve(feed: Feed, work: Work, stop: Stop) -> None:
    while not stop.wanted and (task := await feed.next()) is not None:
        await work(task)


async def _guard(job: Awaitable[None], stop: Stop) -> None:
    """
    A fatal error ends the run in order, not by cancelling what is in flight.
    """
    try:
        await job
    except FatalError as error:
        stop.fail(error)


async def _watch(
    stop: Stop, feed: Feed, lister: asyncio.Task[None], crew: Sequence[asyncio.Task[None]], grace: float
) -> None:
    await stop.wait()
    lister.cancel()
    await asyncio.wait([lister])
    feed.close()
    _, late = await asyncio.wait(crew, timeout=grace)
    for task in late:
        task.cancel()
