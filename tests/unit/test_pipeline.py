"""
Lister, bounded queue, workers and their end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from s3copy_async import pipeline
from s3copy_async.errors import FatalError
from s3copy_async.model import Batch, CopyTask
from s3copy_async.pipeline import QUEUED_BATCHES
from s3copy_async.stop import Stop


def batch(number: int, size: int = 3) -> Batch:
    """
    A batch of tasks with names of their own.
    """
    return tuple(CopyTask(f"{number}/{item}", "") for item in range(size))


async def batches(number: int, size: int = 3) -> AsyncGenerator[Batch, None]:
    """
    So many batches.
    """
    for at in range(number):
        yield batch(at, size)


class Crew:
    """
    Work that takes some turns of the loop and notes what was done.
    """

    def __init__(self, turns: int = 1) -> None:
        self.turns = turns
        self.done: list[str] = []
        self.running = self.peak = 0

    async def work(self, task: CopyTask) -> None:
        """
        Does one task.
        """
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            for _ in range(self.turns):
                await asyncio.sleep(0)
        finally:
            self.running -= 1
        self.done.append(task.key)


def left_over() -> set[asyncio.Task[object]]:
    """
    Tasks of this loop other than the test itself.
    """
    return asyncio.all_tasks() - {asyncio.current_task()}


@pytest.mark.parametrize(("number", "size"), [(0, 0), (1, 0), (1, 1), (5, 3), (3, 1000)])
@pytest.mark.parametrize("workers", [1, 4, 50])
async def test_every_task_is_done_once(number: int, size: int, workers: int) -> None:
    """
    Whatever the number of batches and workers, and no more at once than workers.
    """
    crew = Crew()

    await pipeline.run(batches(number, size), crew.work, workers, Stop(), 1)

    assert sorted(task.key for at in range(number) for task in batch(at, size)) == sorted(crew.done)
    assert crew.peak <= workers
    assert set() == left_over()


async def test_the_lister_waits_for_the_workers() -> None:
    """
    Back-pressure: no more batches are made than wait in the queue, are being worked on, or stand before the queue.
    """
    made = 0
    gate = asyncio.Event()
    peak = 0

    async def endless() -> AsyncGenerator[Batch, None]:
        nonlocal made
        while made < 20:
            made += 1
            yield batch(made)

    async def work(_: CopyTask) -> None:
        nonlocal peak
        for _turn in range(50):
            await asyncio.sleep(0)
        peak = max(peak, made)
        await gate.wait()

    run = asyncio.create_task(pipeline.run(endless(), work, 3, Stop(), 1))
    for _ in range(200):
        await asyncio.sleep(0)
    assert 1 <= peak <= QUEUED_BATCHES + 2
    gate.set()
    await run

    assert made == 20


async def test_copying_starts_with_the_first_batch() -> None:
    """
    Nobody waits for the end of the listing.
    """
    begun = asyncio.Event()

    async def lister() -> AsyncGenerator[Batch, None]:
        yield batch(0)
        await begun.wait()

    async def work(_: CopyTask) -> None:
        begun.set()

    async with asyncio.timeout(5):
        await pipeline.run(lister(), work, 1, Stop(), 1)


async def test_a_fatal_error_of_a_worker_ends_the_run_in_order() -> None:
    """
    No new task is begun, those under way are finished, and the first error is raised itself.
    """
    crew = Crew(turns=20)

    async def work(task: CopyTask) -> None:
        if task.key == "0/2":
            raise FatalError("no bucket")
        await crew.work(task)

    with pytest.raises(FatalError, match="no bucket"):
        await pipeline.run(batches(100), work, 3, Stop(), 60)

    assert sorted(crew.done) == ["0/0", "0/1"]
    assert set() == left_over()


async def test_a_fatal_error_of_the_lister_ends_the_run_in_order() -> None:
    """
    What is in flight is finished before the error is raised.
    """
    crew = Crew(turns=20)

    async def lister() -> AsyncGenerator[Batch, None]:
        yield batch(0)
        for _ in range(5):
            await asyncio.sleep(0)
        raise FatalError("listing broke off")

    with pytest.raises(FatalError, match="listing broke off"):
        await pipeline.run(lister(), crew.work, 3, Stop(), 60)

    assert sorted(crew.done) == ["0/0", "0/1", "0/2"]
    assert set() == left_over()


async def test_a_stop_begins_nothing_new_and_finishes_what_is_in_flight() -> None:
    """
    The first interrupt: the lister is closed, the queue dropped, no task left behind.
    """
    stop = Stop()
    closed: list[bool] = []
    crew = Crew(turns=20)

    async def lister() -> AsyncGenerator[Batch, None]:
        try:
            for at in range(100):
                yield batch(at)
        finally:
            closed.append(True)

    async def work(task: CopyTask) -> None:
        stop.interrupt(2)
        await crew.work(task)

    await pipeline.run(lister(), work, 2, stop, 60)

    assert 1 <= len(crew.done) <= 2
    assert closed == [True]
    assert set() == left_over()


async def test_what_takes_longer_than_the_grace_is_cancelled() -> None:
    """
    A request that never ends does not keep the run alive.
    """
    stop = Stop()
    cancelled: list[str] = []

    async def work(task: CopyTask) -> None:
        stop.interrupt(2)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(task.key)
            raise

    async with asyncio.timeout(10):
        await pipeline.run(batches(3), work, 2, stop, 0)

    assert cancelled == sorted(cancelled)
    assert 1 <= len(cancelled) <= 2
    assert set() == left_over()


async def test_cancellation_is_raised_again() -> None:
    """
    The second interrupt cancels the run: at once, and with nothing left behind.
    """
    begun = asyncio.Event()

    async def work(_: CopyTask) -> None:
        begun.set()
        await asyncio.Event().wait()

    run = asyncio.create_task(pipeline.run(batches(3), work, 2, Stop(), 60))
    await begun.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    assert set() == left_over()


async def test_a_bug_is_not_swallowed() -> None:
    """
    An error that nobody expects ends the run as what it is.
    """

    async def work(_: CopyTask) -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        await pipeline.run(batches(3), work, 2, Stop(), 60)

    assert caught.group_contains(ZeroDivisionError)
    assert set() == left_over()


def test_the_first_cause_of_a_stop_stays() -> None:
    """
    A second signal or error does not replace the first.
    """
    stop = Stop()
    assert not stop.wanted
    stop.fail(FatalError("first"))
    stop.fail(FatalError("second"))
    stop.interrupt(2)
    stop.interrupt(15)

    assert (stop.wanted, stop.signal, str(stop.error)) == (True, 2, "first")
