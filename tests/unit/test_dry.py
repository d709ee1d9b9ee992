"""
A dry run says what a run would do, and says it or fails.
"""

from __future__ import annotations

import io
from contextlib import AsyncExitStack

import pytest

from s3copy_async.app import Action, Run
from s3copy_async.events import Event, ObjectDone, Planned, RunStarted
from s3copy_async.memory import MemoryStore
from s3copy_async.model import CopyResult, SkipReason
from s3copy_async.options import Access, Display, Options, PartOptions, Progress, Selection
from s3copy_async.parts import MAX_OBJECT, MIN_PART
from s3copy_async.state import RunState
from s3copy_async.uri import S3Uri
from s3copy_async.views.lines import Lines, Streams
from staging import buckets, copying, with_parts
from support import Clock, Recorder, Watched, patient, run_in_memory

WHOLE = Options(Selection(S3Uri("in"), S3Uri("out")))


def results(watched: Watched) -> list[CopyResult]:
    """
    What was said of single objects.
    """
    return [event.result for event in watched.events if isinstance(event, ObjectDone)]


async def test_what_a_done_record_knows_is_not_planned() -> None:
    """
    A copy whose ETag cannot be equal is skipped by the run, and so by its dry run.
    """
    store = with_parts(100, 50)
    options = copying(parts=PartOptions(size=MIN_PART, keep=False))
    await run_in_memory(options, store)
    assert store.buckets["out"]["big"].etag != store.buckets["in"]["big"].etag

    watched = await run_in_memory(options, store, Action.DRY_RUN)

    assert (watched.state.planned, watched.state.skipped[SkipReason.SAME]) == (0, 1)
    assert not [event for event in watched.events if isinstance(event, Planned)]


async def test_what_cannot_fit_is_said_by_the_dry_run() -> None:
    """
    An object that S3 cannot hold in parts fails before anybody waits for it.
    """
    store = buckets()
    store.fill("in", {"giant": b"x", "small": b"x"})
    store.buckets["in"]["giant"].size = MAX_OBJECT + 1

    watched = await run_in_memory(copying(), store, Action.DRY_RUN)

    assert [(result.key, result.code) for result in results(watched)] == [("giant", "CannotFit")]
    assert (watched.state.planned, watched.state.exit_code) == (1, 3)


class Full(Recorder):
    """
    A view on a full disk.

    Args:
        at: the stage at which writing fails: an event's name, or ``close``.
    """

    def __init__(self, at: str, *, answers: bool = True) -> None:
        super().__init__()
        self.answers = answers
        self._at = at

    def handle(self, event: Event) -> None:
        """
        Fails at its event.
        """
        super().handle(event)
        if type(event).__name__ == self._at:
            raise OSError(28, "No space left on device")

    async def close(self) -> None:
        """
        Fails at the end.
        """
        if self._at == "close":
            raise OSError(28, "No space left on device")


async def run_with(view: Full, action: Action) -> RunState:
    """
    A run of one object, shown to `view`.
    """
    store = MemoryStore()
    store.fill("in", {"a": b"x"})
    store.fill("out", {})

    async def open_store(_access: Access, _stack: AsyncExitStack, _permits: int) -> MemoryStore:
        return store

    state = RunState()
    return await Run(WHOLE, state, [view], open_store=open_store, policy=patient(Clock())).execute(action)


@pytest.mark.parametrize("at", ["RunStarted", "last", "RunEnded", "close"])
@pytest.mark.parametrize("action", [Action.DRY_RUN, Action.CHECK])
async def test_answers_that_cannot_be_written_are_an_error(action: Action, at: str) -> None:
    """
    Nothing but the answers was asked for; whenever writing them fails, also at the very end, the exit code says so.
    """
    last = "Planned" if action is Action.DRY_RUN else "Checked"

    state = await run_with(Full(last if at == "last" else at), action)

    assert "the answers cannot be written" in state.error
    assert state.exit_code == 1


@pytest.mark.parametrize("at", ["Planned", "close"])
async def test_another_view_that_fails_leaves_the_answers_alone(at: str) -> None:
    """
    A log on a full disk is no reason to doubt what stands on standard output.
    """
    state = await run_with(Full(at, answers=False), Action.DRY_RUN)

    assert (state.error, state.planned, state.exit_code) == ("", 1, 0)


@pytest.mark.parametrize("at", [RunStarted.__name__, ObjectDone.__name__, "close"])
async def test_a_copy_goes_on_without_its_view(at: str) -> None:
    """
    The copy itself was asked for.
    """
    state = await run_with(Full(at), Action.COPY)

    assert (state.error, state.copied, state.exit_code) == ("", 1, 0)


@pytest.mark.parametrize("page_size", [2, 1000])
async def test_what_is_counted_by_the_page_is_what_is_shown_one_by_one(page_size: int) -> None:
    """
    Where nobody follows single objects, pages of plain ones are only counted: with the same numbers.
    """
    store = with_parts(100, 50)
    store.page_size = page_size
    store.fill("in", {f"{number}": b"x" * number for number in range(9)})
    store.buckets["in"]["3"].settings = (("StorageClass", "GLACIER"),)
    store.fill("out", {"4": b"other", "5": b"x" * 5})

    async def open_store(_access: Access, _stack: AsyncExitStack, _permits: int) -> MemoryStore:
        return store

    shown = await run_in_memory(WHOLE, store, Action.DRY_RUN)
    counted = RunState()
    await Run(WHOLE, counted, open_store=open_store, policy=patient(Clock())).execute(Action.DRY_RUN)

    planned = [event for event in shown.events if isinstance(event, Planned)]
    assert sorted(event.key for event in planned) == ["0", "1", "2", "3", "4", "6", "7", "8", "big"]
    assert [event.key for event in planned if event.note] == ["3"]
    numbers = (shown.state.planned, shown.state.planned_bytes, shown.state.planned_requests, shown.state.skipped)
    assert numbers == (counted.planned, counted.planned_bytes, counted.planned_requests, counted.skipped)
    assert shown.state.planned_requests > len(planned)


@pytest.mark.parametrize(("verbosity", "shown"), [(0, 9), (-1, 0)])
async def test_plain_lines_name_each_object_unless_they_are_quiet(verbosity: int, shown: int) -> None:
    """
    The number of objects is told in any case.
    """
    store = MemoryStore(page_size=2)
    store.fill("in", {f"{number}": b"x" for number in range(9)})
    store.fill("out", {})

    async def open_store(_access: Access, _stack: AsyncExitStack, _permits: int) -> MemoryStore:
        return store

    state, out, err = RunState(), io.StringIO(), io.StringIO()
    view = Lines(state, Streams(out, err), Display(Progress.PLAIN, verbosity), 1000)
    await Run(WHOLE, state, [view], open_store=open_store, policy=patient(Clock())).execute(Action.DRY_RUN)

    assert len(out.getvalue().splitlines()) == shown
    assert state.planned == 9


async def test_a_slow_reader_slows_a_dry_run_down() -> None:
    """
    Before each page: no more events wait than it has objects.
    """
    store = MemoryStore(page_size=10)
    store.fill("in", {f"{number:03}": b"x" for number in range(100)})
    store.fill("out", {})
    waits = 0

    async def pace() -> None:
        nonlocal waits
        waits += 1

    async def open_store(_access: Access, _stack: AsyncExitStack, _permits: int) -> MemoryStore:
        return store

    state = RunState()
    run = Run(WHOLE, state, [Recorder()], open_store=open_store, policy=patient(Clock()), pace=pace)
    await run.execute(Action.DRY_RUN)

    assert state.planned == 100
    assert waits >= 10
