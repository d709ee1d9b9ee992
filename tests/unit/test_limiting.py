"""
Runs that end after so many objects.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import pytest

from s3copy_async.app import Action
from s3copy_async.events import Event, ListingDone, Notice
from s3copy_async.limiting import limited
from s3copy_async.memory import MemoryStore
from s3copy_async.model import Batch, CopyTask, SkipReason
from s3copy_async.options import Filter, Limits, Options, Selection
from s3copy_async.uri import S3Uri
from support import Watched, run_in_memory

OPTIONS = Options(Selection(S3Uri("in"), S3Uri("out")), limits=Limits(permits=2))


class Source:
    """
    Batches of so many tasks; knows how many were taken, and whether they were closed.
    """

    def __init__(self, *sizes: int) -> None:
        self.sizes = sizes
        self.taken = 0
        self.closed = False

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """
        Every batch.
        """
        try:
            for size in self.sizes:
                self.taken += 1
                yield tuple(CopyTask(f"{self.taken}/{number}", "x") for number in range(size))
        finally:
            self.closed = True


@pytest.mark.parametrize(
    ("sizes", "limit", "expected", "taken", "is_said"),
    [
        ((3, 3), 10, [3, 3], 2, False),
        ((3, 3), 6, [3, 3], 2, False),
        ((3, 3, 0), 6, [3, 3, 0], 3, False),
        ((3, 3), 5, [3, 2], 2, True),
        ((3, 3, 3), 3, [3], 2, True),
        ((3, 0, 3, 3), 3, [3, 0], 3, True),
        ((3,), 1, [1], 1, True),
        ((), 1, [], 0, False),
    ],
)
async def test_the_last_batch_is_cut(
    sizes: tuple[int, ...], limit: int, expected: list[int], taken: int, is_said: bool
) -> None:
    """
    No more is listed than is needed to know whether anything is left, and only then it is said.
    """
    source = Source(*sizes)
    events: list[Event] = []

    found = [len(batch) async for batch in limited(source.batches(), limit, events.append)]

    assert (expected, taken, True) == (found, source.taken, source.closed)
    assert [event.warning for event in events if isinstance(event, Notice)] == [False] * is_said


async def test_who_leaves_early_closes_the_source() -> None:
    """
    As an interrupt does.
    """
    source = Source(3, 3)

    async with aclosing(limited(source.batches(), 5, lambda _: None)) as batches:
        await anext(batches)

    assert source.closed


def buckets(number: int, there: int = 0) -> MemoryStore:
    """
    A source with so many objects, of which the first are at the destination already.
    """
    store = MemoryStore(page_size=4)
    keys = [f"{at:03}" for at in range(number)]
    store.fill("in", dict.fromkeys(keys, b"x"))
    store.fill("out", dict.fromkeys(keys[:there], b"x"))
    return store


def notices(watched: Watched) -> list[str]:
    """
    What was said.
    """
    return [event.text for event in watched.events if isinstance(event, Notice)]


async def test_so_many_objects_are_copied_and_the_next_run_goes_on() -> None:
    """
    Those that are there already do not count, and the last run has nothing left to say.
    """
    store = buckets(10)
    options = replace(OPTIONS, filter=Filter(limit=4))

    runs = [await run_in_memory(options, store) for _ in range(3)]

    assert [run.state.copied for run in runs] == [4, 4, 2]
    assert [run.state.skipped[SkipReason.SAME] for run in runs] == [0, 4, 8]
    assert [notices(run) for run in runs] == [["the limit of 4 objects is reached, and more are left"]] * 2 + [[]]
    assert [ListingDone() in run.events for run in runs] == [False, False, True]
    assert [run.state.exit_code for run in runs] == [0, 0, 0]


async def test_a_dry_run_shows_so_many() -> None:
    """
    What the copy would do.
    """
    watched = await run_in_memory(replace(OPTIONS, filter=Filter(limit=5)), buckets(10, there=2), Action.DRY_RUN)

    assert (watched.state.planned, len(notices(watched))) == (5, 1)


async def test_named_keys_are_limited_too() -> None:
    """
    The first of them are taken.
    """
    selection = replace(OPTIONS.selection, files=("003", "001", "002"))
    store = buckets(5)

    watched = await run_in_memory(replace(OPTIONS, selection=selection, filter=Filter(limit=2)), store)

    assert (watched.state.copied, sorted(store.buckets["out"])) == (2, ["001", "003"])
