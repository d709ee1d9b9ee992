"""
Whole runs with copies in bulk: no different from those without, and seen by those who follow each object.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulky import BulkStore, by_key, run_with
from s3copy_async.copying.job import CopyJob
from s3copy_async.copying.one import copy_one
from s3copy_async.errors import AccessDenied, Failure, S3Error, TransientError
from s3copy_async.events import CopyStarted, Event, ObjectDone, Retrying
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.library import Job, Listener
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import CopyAnswer, CopyRequest, CopyResult, CopyTask, ObjectInfo, Outcome, Proof
from s3copy_async.options import Access, Display, Limits, Options, Progress, Selection
from s3copy_async.patience import Meter
from s3copy_async.state import RunState
from s3copy_async.stop import Stop
from s3copy_async.uri import S3Uri
from s3copy_async.views.jsonl import JsonLines
from s3copy_async.views.lines import Lines, Streams
from s3copy_async.views.log import Log
from s3copy_async.views.report import failures, report
from support import Clock, Recorder, patient, run_in_memory

Kind = TypeVar("Kind", bound=MemoryStore)
WHOLE = Options(Selection(S3Uri("in"), S3Uri("out")), limits=Limits(permits=4))


def filled(kind: type[Kind], objects: dict[str, bytes], fault: Callable[[Call], Fault | None] = lambda _: None) -> Kind:
    """
    Two buckets, of which the first is full.
    """
    store = kind(fault=fault, page_size=7)
    store.fill("in", objects)
    store.fill("out", {})
    return store


class Counts(Recorder):
    """
    A view that needs no event of each object.
    """

    follows_objects = False


def results(events: list[Event]) -> list[CopyResult]:
    """
    In the order of their keys, without times.
    """
    found = [event.result._replace(seconds=0) for event in events if isinstance(event, ObjectDone)]
    return sorted(found, key=lambda result: result.key)


def totals(state: RunState) -> dict[str, object]:
    """
    All numbers but times.
    """
    names = ("listed", "copied", "copied_bytes", "failed", "failed_bytes", "retries", "skipped", "skipped_bytes")
    more = ("proofs", "kept_proofs", "lost", "requests", "failure_codes", "exit_code", "in_flight", "finished")
    return {name: getattr(state, name) for name in (*names, *more)}


# As without


FAULT = st.sampled_from(
    [
        Fault("InternalError", 500),
        Fault("InternalError", 500, after_effect=True),
        Fault("RequestTimeout", 400),
        Fault("AccessDenied", 403),
        Fault("NoSuchKey", 404),
        Fault("PreconditionFailed", 412),
        Fault("InvalidObjectState", 403),
        Fault("KeyTooLongError", 400),
    ]
)
OBJECTS = st.dictionaries(st.text("abc/é+ %", min_size=1, max_size=4), st.sampled_from([b"", b"x", b"yy"]), max_size=20)


@settings(deadline=None, max_examples=60)
@given(OBJECTS, st.data())
async def test_a_run_in_bulk_is_one_without(objects: dict[str, bytes], data: st.DataObject) -> None:
    """
    Whatever goes wrong with whichever copy: the same objects, results, repetitions and totals.
    """
    faults = {key: data.draw(st.lists(FAULT, max_size=3)) for key in objects}
    there = {key: body + b"!" for key, body in objects.items() if data.draw(st.booleans())}
    stores = [filled(kind, objects, by_key(faults)) for kind in (MemoryStore, BulkStore)]
    for store in stores:
        store.fill("out", there)
    corrupted = {key for key in objects if data.draw(st.integers(0, 9)) == 0}
    for store in stores:
        left = set(corrupted)
        store.corrupt = lambda call, left=left: call.key in left and not left.discard(call.key)  # type: ignore[misc]

    one, other = [await run_in_memory(WHOLE, store) for store in stores]

    assert results(one.events) == results(other.events)
    assert totals(one.state) == totals(other.state)
    assert {key: found.body for key, found in stores[0].buckets["out"].items()} == {
        key: found.body for key, found in stores[1].buckets["out"].items()
    }
    assert Counter(
        (event.operation, event.key, event.attempt, event.code) for event in one.events if isinstance(event, Retrying)
    ) == Counter(
        (event.operation, event.key, event.attempt, event.code) for event in other.events if isinstance(event, Retrying)
    )
    assert Counter((call.operation, call.key) for call in stores[0].calls) == Counter(
        (call.operation, call.key) for call in stores[1].calls
    )
    assert isinstance(stores[1], BulkStore)
    assert stores[1].bulk_copies == len(objects)


async def test_a_throttled_copy_in_bulk_is_done_in_the_end() -> None:
    """
    Also where nothing else is left to do, and with one request at a time.
    """
    for permits in (1, 4):
        slow = {f"{number:02}": [Fault("SlowDown", 503)] for number in (0, 3, 29)}
        store = filled(BulkStore, {f"{number:02}": b"x" for number in range(30)}, by_key(slow))
        watched = await run_in_memory(Options(WHOLE.selection, limits=Limits(permits)), store)

        assert (watched.state.copied, watched.state.failed, watched.state.throttled) == (30, 0, 3)
        assert len(store.buckets["out"]) == 30
        assert watched.state.requests["CopyObject"] == 33 == store.count("CopyObject")
        assert store.bulk_copies == 30


async def test_objects_of_all_kinds_are_copied_side_by_side() -> None:
    """
    Plain ones in bulk, others one by one, in one run.
    """
    store = filled(BulkStore, {f"{number:03}": b"x" for number in range(50)})
    for number in range(5):
        store.fill_multipart("in", f"{number}-parts", [b"ab", b"c"])

    watched = await run_in_memory(WHOLE, store)

    assert (watched.state.copied, watched.state.exit_code, store.bulk_copies) == (55, 0, 50)
    assert Counter(result.proof for result in results(watched.events)) == {Proof.ETAG: 50, Proof.ETAG_LAYOUT: 5}


async def test_expired_credentials_end_a_run_in_bulk() -> None:
    """
    In order, like any other.
    """
    store = filled(BulkStore, {f"{number:03}": b"x" for number in range(100)})
    store.fault = lambda call: (
        Fault("ExpiredToken", 400) if call.operation == "CopyObject" and call.number >= 50 else None
    )

    state = (await run_in_memory(WHOLE, store)).state

    assert state.exit_code == 1
    assert "ExpiredToken" in state.error
    assert state.copied == len(store.buckets["out"]) == 49


async def test_a_stopped_run_in_bulk_counts_what_it_did() -> None:
    """
    The first interrupt finishes what was begun, and begins nothing more.
    """
    stop = Stop()

    class Slow(BulkStore):
        async def copy_object(self, request: CopyRequest) -> CopyAnswer:
            await asyncio.sleep(0.01)
            if self.count("CopyObject") == 20:
                stop.interrupt(2)
            return await super().copy_object(request)

    store = filled(Slow, {f"{number:03}": b"x" for number in range(100)})

    async def open_store(_access: Access, _stack: AsyncExitStack, _permits: int) -> MemoryStore:
        return store

    summary = await Job(WHOLE, stop=stop, open_store=open_store).run()

    assert summary.exit_code == 130
    assert summary.copied == len(store.buckets["out"]) == store.bulk_copies
    assert 20 <= summary.copied < 40


async def test_a_cancelled_run_waits_for_no_copy_in_bulk() -> None:
    """
    The second interrupt ends it at once.
    """
    begun = asyncio.Event()

    class Stuck(BulkStore):
        async def copy_object(self, _request: CopyRequest) -> CopyAnswer:
            begun.set()
            await asyncio.sleep(1000)
            raise AssertionError

    store = filled(Stuck, {"a": b"x"})
    state = RunState()
    run = asyncio.create_task(run_with(WHOLE, store, [], state))
    await begun.wait()
    run.cancel()
    async with asyncio.timeout(2):
        await asyncio.wait([run])

    assert run.cancelled()


# One that goes on


class Bench:
    """
    A guarded store for one object whose first copy was made by others.
    """

    def __init__(self, fault: Callable[[Call], Fault | None] = lambda _: None) -> None:
        self.events: list[Event] = []
        self.clock = Clock()
        self.meter = Meter()
        self.memory = filled(MemoryStore, {"a": b"hello"}, fault)
        self.guarded = Guarded(self.memory, Flow(4), patient(self.clock), self.meter, self.events.append)
        self.source = ObjectInfo("a", 5, self.memory.buckets["in"]["a"].etag)

    async def goes_on(self, outcome: CopyAnswer | S3Error) -> CopyResult:
        """
        The end of the object.
        """
        store = self.guarded.resuming(outcome)
        return await copy_one(CopyTask("a", "b", self.source), CopyJob(store, store, "in", "out", Limits()))


async def test_a_failure_that_may_pass_is_announced_waited_for_and_repeated() -> None:
    """
    As if its own first attempt had failed so.
    """
    bench = Bench()

    result = await bench.goes_on(TransientError(Failure("CopyObject", "InternalError", 500, maybe_done=False)))

    assert result.outcome is Outcome.COPIED
    (event,) = bench.events
    assert isinstance(event, Retrying)
    assert (event.operation, event.key, event.attempt, event.code) == ("CopyObject", "a", 1, "InternalError")
    assert bench.clock.naps == [event.wait]
    assert bench.meter.counts == {"CopyObject": 1}


async def test_a_copy_that_may_have_been_made_is_looked_at() -> None:
    """
    If it was, it is not made again.
    """
    bench = Bench()
    bench.memory.fill("out", {"b": b"hello"})

    result = await bench.goes_on(TransientError(Failure("CopyObject", "InternalError", 500, maybe_done=True)))

    assert (result.outcome, result.proof) == (Outcome.COPIED, Proof.ETAG)
    assert bench.meter.counts == {"HeadObject": 1}


async def test_a_copy_that_was_not_made_after_all_is_made() -> None:
    """
    After a look.
    """
    bench = Bench()

    result = await bench.goes_on(TransientError(Failure("CopyObject", "InternalError", 500, maybe_done=True)))

    assert result.outcome is Outcome.COPIED
    assert bench.meter.counts == {"HeadObject": 1, "CopyObject": 1}


async def test_an_answer_with_another_etag_is_taken_for_its_own() -> None:
    """
    An encrypted copy is as proven as it would be otherwise, with no request more.
    """
    bench = Bench()

    result = await bench.goes_on(CopyAnswer("secret", opaque=True))

    assert (result.outcome, result.proof, result.etag) == (Outcome.COPIED, Proof.SERVER, "secret")
    assert bench.memory.count("CopyObject") == 0


async def test_wrong_bytes_are_copied_again() -> None:
    """
    After a look at the source, as often as it is allowed.
    """
    bench = Bench()

    result = await bench.goes_on(CopyAnswer("wrong"))

    assert (result.outcome, result.etag) == (Outcome.COPIED, bench.source.etag)
    assert bench.meter.counts == {"HeadObject": 1, "CopyObject": 1}


async def test_a_refusal_is_final() -> None:
    """
    With S3's own code; only the copy without tags is tried.
    """
    bench = Bench(lambda _: Fault("AccessDenied", 403))

    result = await bench.goes_on(AccessDenied(Failure("CopyObject", "AccessDenied", 403)))

    assert (result.outcome, result.code) == (Outcome.FAILED, "AccessDenied")
    assert bench.meter.counts == {"CopyObject": 1}


# Who sees what


def started(events: list[Event]) -> list[str]:
    """
    The keys that were announced.
    """
    return sorted(event.key for event in events if isinstance(event, CopyStarted))


MANY = {f"{number:03}": b"x" * (number % 5) for number in range(200)}
BAD = {"007": [Fault("KeyTooLongError", 400)], "008": [Fault("InternalError", 500)]}


async def test_who_follows_each_object_sees_each() -> None:
    """
    Its start and its end, once.
    """
    store = filled(BulkStore, MANY, by_key(BAD))
    watched = await run_in_memory(WHOLE, store)

    assert started(watched.events) == sorted(MANY)
    assert [result.key for result in results(watched.events)] == sorted(MANY)
    assert store.bulk_copies == len(MANY)
    assert watched.state.rows == {}


async def test_who_only_counts_has_the_same_totals() -> None:
    """
    And hears of nothing that ended plainly.
    """
    view = Counts()
    store = filled(BulkStore, MANY, by_key(BAD))
    state = await run_with(WHOLE, store, [view], RunState())

    assert [result.key for result in results(view.events)] == ["007", "008"]
    assert started(view.events) == ["007", "008"]
    followed = (await run_in_memory(WHOLE, filled(BulkStore, MANY, by_key(BAD)))).state
    assert totals(state) == totals(followed)
    assert state.failures == followed.failures
    assert state.rows == {}


async def test_one_who_follows_is_enough() -> None:
    """
    Then all are told.
    """
    views = [Counts(), Recorder()]
    await run_with(WHOLE, filled(BulkStore, MANY), views, RunState())

    assert len(results(views[0].events)) == len(results(views[1].events)) == len(MANY)


async def test_a_view_that_is_switched_off_leaves_no_rows() -> None:
    """
    Though nobody follows any more.
    """

    class Breaks(Recorder):
        def handle(self, event: Event) -> None:
            super().handle(event)
            if len(self.events) > 50:
                raise OSError("no space left")

    state = await run_with(WHOLE, filled(BulkStore, MANY), [Breaks()], RunState())

    assert (state.copied, state.rows) == (len(MANY), {})


def lines_of(path: Path) -> list[dict[str, object]]:
    """
    JSON lines.
    """
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


async def test_the_report_has_every_object(tmp_path: Path) -> None:
    """
    And the file of failures only what failed.
    """
    state = RunState()
    views = [report(str(tmp_path / "report")), failures(str(tmp_path / "failures"), "")]
    await run_with(WHOLE, filled(BulkStore, MANY, by_key(BAD)), views, state)

    assert sorted(str(line["key"]) for line in lines_of(tmp_path / "report") if "key" in line) == sorted(MANY)
    assert (tmp_path / "failures").read_text("utf-8").split() == ["007"]


async def test_json_lines_have_every_object() -> None:
    """
    Start and end.
    """
    state, out = RunState(), io.StringIO()
    await run_with(WHOLE, filled(BulkStore, MANY), [JsonLines(state, out)], state)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]

    for kind in ("copy-started", "object-done"):
        found = [line for line in lines if line["type"] == kind]
        assert len(found) == len(MANY)


@pytest.mark.parametrize(("verbosity", "shown"), [(0, 0), (1, len(MANY))])
async def test_plain_lines_have_every_object_where_they_are_asked_for(verbosity: int, shown: int) -> None:
    """
    With ``-v``.
    """
    state, out, err = RunState(), io.StringIO(), io.StringIO()
    display = Display(Progress.PLAIN, verbosity)
    view = Lines(state, Streams(out, err), display, 1000)
    await run_with(WHOLE, filled(BulkStore, MANY), [view], state)

    assert sum(line.startswith("copied: ") for line in err.getvalue().splitlines()) == shown
    assert view.follows_objects is bool(shown)
    assert f"{len(MANY)}" in err.getvalue()


@pytest.mark.parametrize(("level", "follows"), [(10, True), (20, True), (30, False), (40, False)])
async def test_the_log_has_every_object_where_its_level_says_so(level: int, follows: bool) -> None:
    """
    From INFO down.
    """
    assert Log(level, None, io.StringIO()).follows_objects is follows


async def test_programs_hear_of_every_object() -> None:
    """
    Through ``on_event`` and through the stream of events.
    """
    store = filled(BulkStore, MANY)

    async def open_store(_access: Access, _stack: AsyncExitStack, _permits: int) -> MemoryStore:
        return store

    heard: list[Event] = []
    job = Job(WHOLE, on_event=heard.append, open_store=open_store)
    async with job.events() as events:
        read = [event async for event in events]

    for found in (heard, read):
        assert started(found) == [result.key for result in results(found)] == sorted(MANY)
    assert Listener(heard.append, Stop()).answers is False


async def test_a_slow_reader_slows_copies_in_bulk_down() -> None:
    """
    Unread events stay bounded.
    """
    store = filled(BulkStore, {f"{number:05}": b"" for number in range(20_000)})
    store.page_size = 1000

    async def open_store(_access: Access, _stack: AsyncExitStack, _permits: int) -> MemoryStore:
        return store

    job = Job(Options(WHOLE.selection), open_store=open_store)
    async with job.events() as events:
        await anext(events)
        before = -1
        while before != store.bulk_copies or not before:
            before = store.bulk_copies
            await asyncio.sleep(0.2)
        assert 3000 < before < 12_000
        async for _ in events:
            pass

    assert job.summary.copied == 20_000


# State


RESULT = st.builds(
    CopyResult,
    st.text("ab", min_size=1, max_size=3),
    st.text("ab", min_size=1, max_size=3),
    st.integers(0, 2**40),
    st.just(Outcome.COPIED),
    proof=st.just(Proof.ETAG),
    etag=st.just("e"),
    source_etag=st.just("e"),
    method=st.just("whole"),
    requests=st.just(1),
    lost=st.just(()),
)


@given(st.lists(RESULT, max_size=30), st.lists(st.integers(0, 30), max_size=4))
def test_many_results_count_like_each_of_them(found: list[CopyResult], cuts: list[int]) -> None:
    """
    However they are cut into pieces.
    """
    one, other = RunState(), RunState()
    bounds = sorted({0, len(found), *(cut for cut in cuts if cut <= len(found))})
    for start, end in pairwise(bounds):
        one.apply_copied(end - start, sum(result.size for result in found[start:end]))
    for result in found:
        other.apply(ObjectDone(result))

    assert one == other


def tasks(*names: str) -> list[CopyTask]:
    """
    Objects in flight.
    """
    return [CopyTask(name, name, ObjectInfo(name, 3, "e")) for name in names]


def test_a_glimpse_takes_the_place_of_the_last() -> None:
    """
    Rows of others stay.
    """
    state = RunState()
    state.apply(CopyStarted("own", "own", 1))
    state.glimpse(tasks("a", "b"))
    state.glimpse(tasks("b", "c"))

    assert set(state.rows) == {"own", "b", "c"}
    state.glimpse([])
    assert set(state.rows) == {"own"}


def test_what_was_glimpsed_and_then_announced_stays() -> None:
    """
    Others copy it now, who say when it ends.
    """
    state = RunState()
    state.glimpse(tasks("a", "b"))
    state.apply(CopyStarted("a", "a", 3))
    state.glimpse([])

    assert set(state.rows) == {"a"}
