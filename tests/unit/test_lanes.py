"""
Lanes: how the parts of one object are worked through, how they are shared, and how they end.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

import pytest

from s3copy_async.copying.job import CopyJob
from s3copy_async.copying.lanes import LanePool, even, in_lanes
from s3copy_async.copying.one import copy_one
from s3copy_async.errors import Failure, FatalError, Interrupted, NotFound
from s3copy_async.events import ignore
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.memory import MemoryStore
from s3copy_async.model import CopyTask, ObjectInfo
from s3copy_async.options import Limits, PartOptions
from s3copy_async.patience import Meter
from s3copy_async.stop import Stop
from s3copy_async.store import Store
from staging import (
    MIB,
    Request,
    Wire,
    contents,
    copying,
    has_bytes,
    is_copy,
    pieces,
    recorded,
    run_over,
    with_parts,
)
from support import Clock, patient

PERMITS: Final = 4


class Gauge:
    """
    Work that takes a few turns and counts how many do it at once.
    """

    def __init__(self) -> None:
        self.running = 0
        self.peak = 0
        self.begun: list[int] = []
        self.done: list[int] = []

    async def __call__(self, item: int) -> None:
        """
        Works.
        """
        self.running += 1
        self.peak = max(self.peak, self.running)
        self.begun.append(item)
        try:
            for _ in range(5):
                await asyncio.sleep(0)
            self.done.append(item)
        finally:
            self.running -= 1


def free(pool: LanePool) -> int:
    """
    How many lanes may still be opened.
    """
    number = 0
    while pool.take():
        number += 1
    for _ in range(number):
        pool.give()
    return number


def never() -> bool:
    """
    The run goes on.
    """
    return False


@pytest.mark.parametrize("lanes", [0, 1, 3, 8])
async def test_every_item_is_worked_through_once(lanes: int) -> None:
    """
    In one lane of its own and as many of the pool as there are, never more; afterwards the pool is full again.
    """
    pool, gauge = LanePool(lanes), Gauge()

    await in_lanes(iter(range(40)), gauge, pool, never)

    assert list(range(40)) == sorted(gauge.done)
    assert lanes + 1 == gauge.peak
    assert lanes == free(pool)


async def test_lanes_are_shared_by_all_objects() -> None:
    """
    Many objects at once have their own lane each, and one pool of others among them.
    """
    pool, gauge = LanePool(3), Gauge()

    await asyncio.gather(*(in_lanes(iter(range(20)), gauge, pool, never) for _ in range(5)))

    assert len(gauge.done) == 100
    assert 5 + 3 >= gauge.peak > 5
    assert free(pool) == 3


async def test_nothing_to_do_is_done_at_once() -> None:
    """
    No items, no lanes.
    """
    pool, gauge = LanePool(3), Gauge()

    await in_lanes(iter(()), gauge, pool, never)

    assert (gauge.peak, free(pool)) == (0, 3)


async def test_never_more_lanes_than_most() -> None:
    """
    However many the pool has left.
    """
    pool, gauge = LanePool(9), Gauge()

    await in_lanes(iter(range(40)), gauge, pool, never, 3)

    assert (gauge.peak, free(pool), sorted(gauge.done)) == (3, 9, list(range(40)))


@pytest.mark.parametrize(
    ("items", "permits", "lanes"),
    [(1600, 256, 267), (512, 256, 256), (300, 256, 300), (10, 256, 10), (1, 40, 1), (10_000, 1, 1), (10_000, 40, 40)],
)
def test_lanes_come_to_their_end_together(items: int, permits: int, lanes: int) -> None:
    """
    No lane has more than one item more than another, and every permit has a lane as long as there are items for it.
    """
    assert even(items, permits) == lanes
    assert lanes >= min(items, permits)
    assert -(-items // lanes) - items // lanes <= 1


async def test_a_failure_ends_all_lanes() -> None:
    """
    The first failure comes out as itself, the others are cancelled, and the pool is full again.
    """
    pool, gauge = LanePool(3), Gauge()

    async def work(item: int) -> None:
        if item == 5:
            raise NotFound(Failure("HeadObject", "NoSuchKey", 404))
        await gauge(item)

    with pytest.raises(NotFound):
        await in_lanes(iter(range(40)), work, pool, never)

    assert (gauge.running, free(pool)) == (0, 3)
    assert len(gauge.begun) < 40


async def test_a_fatal_error_wins_over_others() -> None:
    """
    When several lanes fail at once, the error that ends the run is the one that comes out.
    """
    pool = LanePool(3)
    begun = asyncio.Event()

    async def work(item: int) -> None:
        if item < 3:
            await begun.wait()
            raise NotFound(Failure("HeadObject", "NoSuchKey", 404))
        begun.set()
        try:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        finally:
            raise FatalError("stop")

    with pytest.raises(FatalError, match="stop"):
        await in_lanes(iter(range(4)), work, pool, never)

    assert free(pool) == 3


async def test_stopping_begins_nothing_and_lets_finish_what_was_begun() -> None:
    """
    When the run is to end, no further item is begun, those begun are finished, and Interrupted says that some are left.
    """
    pool, gauge = LanePool(3), Gauge()

    with pytest.raises(Interrupted):
        await in_lanes(iter(range(40)), gauge, pool, lambda: len(gauge.done) >= 6)

    assert sorted(gauge.begun) == sorted(gauge.done)
    assert 6 <= len(gauge.done) < 40
    assert free(pool) == 3


async def test_stopping_after_the_last_item_changes_nothing() -> None:
    """
    When everything was begun already, it is finished and nothing is interrupted.
    """
    pool, gauge = LanePool(3), Gauge()

    await in_lanes(iter(range(4)), gauge, pool, lambda: len(gauge.begun) >= 4)

    assert sorted(gauge.done) == [0, 1, 2, 3]


async def test_cancelling_ends_all_lanes() -> None:
    """
    Cancellation is passed on and comes out again.
    """
    pool, gauge = LanePool(3), Gauge()
    task = asyncio.create_task(in_lanes(iter(range(1000)), gauge, pool, never))
    for _ in range(12):
        await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (gauge.running, free(pool)) == (0, 3)


# A whole object


def job_over(wire: Wire, permits: Flow, pool: LanePool, *, keep: bool = True) -> CopyJob:
    """
    Copies between ``in`` and ``out`` over `wire`.
    """
    guarded = Guarded(cast("Store", wire), permits, patient(Clock()), Meter(), ignore)
    parts = PartOptions(keep=keep)
    return CopyJob(guarded, guarded, "in", "out", Limits(large_file=MIB), lanes=pool, parts=parts)


def task_for(store: MemoryStore) -> CopyTask:
    """
    The task of copying ``big``.
    """
    found = store.buckets["in"]["big"]
    return CopyTask("big", "big", ObjectInfo("big", found.size, found.etag))


@pytest.mark.parametrize("sizes", [(100, 100, 50), (100, 120, 80, 100)], ids=["even", "uneven"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_cancelled_at_any_request_an_object_leaves_no_open_upload(sizes: tuple[int, ...], *, after: bool) -> None:
    """
    Before or after the effect of every single request: only recorded uploads stay open, and every permit is back.
    """
    quiet = Wire(with_parts(*sizes))
    await copy_one(task_for(quiet.store), job_over(quiet, Flow(PERMITS), LanePool(PERMITS)))
    assert is_copy(quiet.store)
    open_at_the_end = 0

    for number in range(1, len(quiet.requests) + 1):
        store, permits, pool = with_parts(*sizes), Flow(PERMITS), LanePool(PERMITS)
        tasks: list[asyncio.Task[object]] = []

        def cancel(request: Request, number: int = number, tasks: list[asyncio.Task[object]] = tasks) -> None:
            if request.number == number:
                tasks[0].cancel()

        wire = Wire(store, after=cancel) if after else Wire(store, before=cancel)
        tasks.append(asyncio.create_task(copy_one(task_for(store), job_over(wire, permits, pool))))
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]

        assert set(store.uploads) <= recorded(store), number
        assert (permits.in_flight, free(pool), wire.running) == (0, PERMITS, 0), (number, wire.requests[-3:])
        assert contents(store) == {} or is_copy(store)
        open_at_the_end += len(store.uploads)
        rerun = Wire(store)
        await copy_one(task_for(store), job_over(rerun, permits, pool))
        assert is_copy(store)
        assert not store.uploads
    assert open_at_the_end


async def test_an_interrupt_leaves_only_the_recorded_upload() -> None:
    """
    A signal in the middle of an object: what was begun is finished, the upload stays on record, and the same command
    continues it without moving a part again.
    """
    store = with_parts(*[100] * 12)
    stop = Stop()

    def signal(request: Request) -> None:
        if request.key.endswith("part-00003"):
            stop.interrupt(2)

    wire = Wire(store, after=signal)
    watched = await run_over(wire, copying(permits=2), stop)

    assert watched.state.exit_code == 130
    assert contents(store) == {}
    assert len(store.uploads) == 1
    assert set(store.uploads) == recorded(store)
    begun = {start for _, start, _ in wire.moved()}
    assert 3 <= len(begun) < 12
    assert len(begun) == len(wire.stages("part"))
    rerun = Wire(store)
    await run_over(rerun, copying(permits=2))
    assert is_copy(store)
    assert 12 - len(begun) == len(rerun.moved())
    assert not store.uploads


async def test_a_giant_does_not_starve_small_objects() -> None:
    """
    With a giant under way, every small object is copied before the giant is complete, wherever its key stands.
    """
    store = with_parts(*[10] * 60, key="m")
    store.fill("in", {f"{letter}{number:02}": b"x" for letter in "az" for number in range(30)})
    wire = Wire(store)

    watched = await run_over(wire, copying(permits=PERMITS))

    assert watched.state.copied == 61
    keys = [sent.key for sent in wire.requests if sent.operation in {"CopyObject", "CompleteMultipartUpload"}]
    small = [at for at, key in enumerate(keys) if len(key) == 3]
    assert len(small) == 60
    assert max(small) < keys.index("m")
    assert wire.peak <= PERMITS


async def test_a_giant_uses_every_permit_while_it_is_alone() -> None:
    """
    Its parts are copied as many at a time as there are permits.
    """
    store = with_parts(*[10] * 60)
    busy: list[int] = []
    wire = Wire(store, turns=30)
    wire.before = lambda request: busy.append(wire.running) if request.stage in {"temp", "part", "compose"} else None

    await run_over(wire, copying(permits=PERMITS))

    assert is_copy(store)
    assert wire.peak == PERMITS
    assert busy.count(PERMITS) > 0.8 * len(busy)


async def test_many_giants_finish_together() -> None:
    """
    More giants than permits: each ends right, and never are more requests under way than permits.
    """
    store = with_parts(10, 10)
    for number in range(12):
        store.fill_multipart("in", f"giant-{number}", pieces(*[10] * 15, seed=number))
    wire = Wire(store)

    watched = await run_over(wire, copying(permits=PERMITS))

    assert watched.state.copied == 13
    assert all(is_copy(store, key) for key in store.buckets["in"])
    assert wire.peak == PERMITS


async def test_no_keep_parts_survives_cancellation() -> None:
    """
    Cancelled while the parts are removed: the object is complete, and the next run has nothing to copy.
    """
    store, permits, pool = with_parts(100, 50), Flow(PERMITS), LanePool(PERMITS)
    tasks: list[asyncio.Task[object]] = []

    def cancel(request: Request) -> None:
        if request.operation == "DeleteObject" and request.stage == "other":
            tasks[0].cancel()

    wire = Wire(store, after=cancel)
    tasks.append(asyncio.create_task(copy_one(task_for(store), job_over(wire, permits, pool, keep=False))))
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]

    assert has_bytes(store)
    assert free(pool) == PERMITS
    rerun = Wire(store)
    await run_over(rerun, copying())
    assert rerun.copies() == []
