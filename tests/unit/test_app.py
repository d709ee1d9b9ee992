"""
A whole run: buckets, credentials, views, the end.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from s3copy_async.app import Action, Run
from s3copy_async.connect import OpenStore
from s3copy_async.events import Event, Notice, ObjectDone, RunEnded, RunStarted
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import CopyAnswer, CopyRequest, Outcome, SkipReason
from s3copy_async.options import Access, Grant, Keys, Limits, Options, PartOptions, Selection
from s3copy_async.state import RunState
from s3copy_async.stop import Stop
from s3copy_async.uri import S3Uri
from support import Clock, Recorder, Watched, patient, run_in_memory

SOURCE_KEYS = Keys("AKIASOURCESOURCESOUR", "s")
DEST_KEYS = Keys("AKIADESTDESTDESTDEST", "d")
WHOLE = Options(Selection(S3Uri("in"), S3Uri("out")))


def store_of(source: dict[str, bytes], dest: dict[str, bytes] | None = None) -> MemoryStore:
    """
    Two buckets.
    """
    store = MemoryStore()
    store.fill("in", source)
    store.fill("out", dest or {})
    return store


def notices(watched: Watched) -> list[str]:
    """
    What the user was told.
    """
    return [event.text for event in watched.events if isinstance(event, Notice)]


async def test_a_run_begins_and_ends_with_an_event() -> None:
    """
    Warnings follow the beginning; the end has the seconds.
    """
    options = Options(WHOLE.selection, warnings=("careful",))

    watched = await run_in_memory(options, store_of({"a": b""}))

    assert [RunStarted("copy", "s3://in", "s3://out"), Notice("careful")] == watched.events[:2]
    assert isinstance(watched.events[-1], RunEnded)


@pytest.mark.parametrize("missing", ["in", "out"])
async def test_a_missing_bucket_ends_the_run_before_anything_is_copied(missing: str) -> None:
    """
    Both buckets are looked up first, and the one that lacks is named.
    """
    store = store_of({"a": b""})
    del store.buckets[missing]

    watched = await run_in_memory(WHOLE, store)

    assert watched.state.exit_code == 1
    assert f"no bucket s3://{missing}" in watched.state.error
    assert store.count("CopyObject") == 0


async def test_a_bucket_that_is_both_is_looked_up_once() -> None:
    """
    Regions are found once per bucket.
    """
    store = store_of({"a": b""})

    await run_in_memory(Options(Selection(S3Uri("in"), S3Uri("in", "t"))), store)

    assert store.count("HeadBucket") == 1


async def test_expired_credentials_end_the_run_in_order() -> None:
    """
    The reason and the remedy are in the state; what was copied stays counted.
    """
    store = store_of({f"{number:03}": b"" for number in range(100)})
    store.fault = lambda call: (
        Fault("ExpiredToken", 400) if (call.operation, call.number) == ("CopyObject", 50) else None
    )

    state = (await run_in_memory(Options(WHOLE.selection, limits=Limits(permits=1)), store)).state

    assert state.exit_code == 1
    assert "ExpiredToken" in state.error
    assert "get new credentials" in state.error
    assert len(store.buckets["out"]) == state.copied < 100


async def test_one_failure_does_not_stop_the_others() -> None:
    """
    Exit code 3, and everything else is there.
    """
    store = store_of({"a": b"", "b": b"", "c": b""})
    store.fault = lambda call: Fault("AccessDenied", 403) if (call.operation, call.key) == ("CopyObject", "b") else None

    state = (await run_in_memory(WHOLE, store)).state

    assert ({"a", "c"}, 3) == (set(store.buckets["out"]), state.exit_code)


async def test_a_copy_inside_a_bucket_never_copies_its_own_copies() -> None:
    """
    The destination below the source is no source, in the first run and in the second.
    """
    store = store_of({"a": b"x", "b/c": b"y"})
    options = Options(Selection(S3Uri("in"), S3Uri("in", "temp/dest")))

    await run_in_memory(options, store)
    again = await run_in_memory(options, store)

    assert {"a", "b/c", "temp/dest/a", "temp/dest/b/c"} == set(store.buckets["in"])
    assert dict(again.state.skipped) == {SkipReason.SAME: 2, SkipReason.DESTINATION: 2}
    assert store.count("CopyObject") == 2


async def test_a_named_missing_key_is_a_failed_object() -> None:
    """
    The others named with it are copied.
    """
    store = store_of({"x/a": b""})
    options = Options(Selection(S3Uri("in", "x"), S3Uri("out"), files=("a", "none")))

    watched = await run_in_memory(options, store)

    failed = [
        event.result.key
        for event in watched.events
        if isinstance(event, ObjectDone) and event.result.outcome is Outcome.FAILED
    ]
    assert (["x/none"], {"a"}, 3) == (failed, set(store.buckets["out"]), watched.state.exit_code)


async def test_a_dry_run_makes_no_write_request() -> None:
    """
    It only lists and looks.
    """
    store = store_of({"a": b"xx", "b": b"y"}, {"b": b"y"})

    watched = await run_in_memory(WHOLE, store, Action.DRY_RUN)

    assert (watched.state.planned, watched.state.planned_bytes) == (1, 2)
    assert {"HeadBucket", "ListObjectsV2"} == {call.operation for call in store.calls}


async def test_grants_keep_the_owners_full_control() -> None:
    """
    Grants replace the default ACL, so the owner's own is among them.
    """
    store = store_of({"a": b""})
    grants = (Grant("READ", "a@b.example"), Grant("READ", "c@d.example"), Grant("WRITE_ACP", "a@b.example"))

    await run_in_memory(Options(WHOLE.selection, grants=grants), store)

    assert dict(store.buckets["out"]["a"].grants) == {
        "GrantRead": 'emailAddress="a@b.example", emailAddress="c@d.example"',
        "GrantWriteACP": 'emailAddress="a@b.example"',
        "GrantFullControl": 'id="memory"',
    }


async def test_grants_without_the_owners_id_are_said() -> None:
    """
    Who may not ask for the own id is warned.
    """
    store = store_of({"a": b""})
    store.fault = lambda call: Fault("AccessDenied", 403) if call.operation == "ListBuckets" else None

    watched = await run_in_memory(Options(WHOLE.selection, grants=(Grant("READ", "a@b.example"),)), store)

    assert any("ListAllMyBuckets" in text for text in notices(watched))
    assert {"GrantRead"} == set(dict(store.buckets["out"]["a"].grants))


class TwoSets:
    """
    Two views of the same buckets: with the second set of credentials and with the first, which may not list or head
    the destination.
    """

    def __init__(self) -> None:
        self.first, self.second = store_of({"a": b"x", "b": b"y"}, {"a": b"x"}), MemoryStore()
        self.second.buckets = self.first.buckets
        self.first.fault = self._deny

    @staticmethod
    def _deny(call: Call) -> Fault | None:
        reading = call.operation in ("ListObjectsV2", "HeadObject") and call.bucket == "out"
        return Fault("AccessDenied", 403) if reading else None

    @property
    def opener(self) -> OpenStore:
        """
        Opens the store that belongs to a set of credentials.
        """

        async def open_store(access: Access, _stack: AsyncExitStack, _permits: int) -> MemoryStore:
            return self.second if access.keys == DEST_KEYS else self.first

        return open_store

    async def run(self, options: Options) -> Watched:
        """
        A whole run.
        """
        recorder, state = Recorder(), RunState()
        await Run(options, state, [recorder], open_store=self.opener, policy=patient(Clock())).execute(Action.COPY)
        return Watched(state, recorder.events)


async def test_the_second_set_lists_the_destination_and_never_copies() -> None:
    """
    ``-d``: it lists and looks up the destination; the first set signs every copy.
    """
    sets = TwoSets()

    watched = await sets.run(Options(WHOLE.selection, Access(SOURCE_KEYS), Access(DEST_KEYS)))

    assert (watched.state.copied, watched.state.skipped[SkipReason.SAME], watched.state.exit_code) == (1, 1, 0)
    assert (sets.first.count("CopyObject"), sets.second.count("CopyObject")) == (1, 0)
    assert {"out"} == {call.bucket for call in sets.second.calls}


async def test_without_a_set_that_may_list_everything_is_copied() -> None:
    """
    And the user is told once that nothing was looked at.
    """
    sets = TwoSets()

    watched = await sets.run(Options(WHOLE.selection, Access(SOURCE_KEYS)))

    assert (watched.state.copied, watched.state.exit_code) == (2, 0)
    assert sum("without the check" in text for text in notices(watched)) == 1


async def test_the_default_s3cfg_lists_where_the_first_set_may_not() -> None:
    """
    With a special ``-c``, as in the original.
    """
    sets = TwoSets()

    watched = await sets.run(Options(WHOLE.selection, Access(SOURCE_KEYS), dest_fallback=Access(DEST_KEYS)))

    assert (watched.state.copied, watched.state.skipped[SkipReason.SAME], notices(watched)) == (1, 1, [])


class Broken(Recorder):
    """
    A view that fails.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def handle(self, event: Event) -> None:
        """
        Fails at the first object.
        """
        super().handle(event)
        if isinstance(event, ObjectDone):
            raise self._error


async def test_a_view_that_breaks_is_switched_off_and_copying_goes_on() -> None:
    """
    Said once, to the views that are left.
    """
    sets = TwoSets()
    broken, recorder, state = Broken(RuntimeError("oops")), Recorder(), RunState()

    await Run(WHOLE, state, [broken, recorder], open_store=sets.opener, policy=patient(Clock())).execute(Action.COPY)

    assert (state.copied, state.exit_code) == (2, 0)
    assert sum(isinstance(event, ObjectDone) for event in broken.events) == 1
    assert sum(isinstance(event, Notice) and "Broken is switched off" in event.text for event in recorder.events) == 1


async def test_a_copy_outlives_its_reader() -> None:
    """
    ``s3copy ... | head``: nobody reads any more, and the copy is finished all the same.
    """
    sets, state = TwoSets(), RunState()

    await Run(WHOLE, state, [Broken(BrokenPipeError())], open_store=sets.opener, policy=patient(Clock())).execute(
        Action.COPY
    )

    assert (state.copied, state.exit_code) == (2, 0)


async def test_an_interrupt_finishes_what_is_in_flight() -> None:
    """
    What was begun is finished and counted, the rest is not begun, and the exit code names the signal.
    """
    stop = Stop()

    class Interrupted(MemoryStore):
        async def copy_object(self, request: CopyRequest) -> CopyAnswer:
            stop.interrupt(2)
            for _ in range(10):
                await asyncio.sleep(0)
            return await super().copy_object(request)

    store = Interrupted()
    store.fill("in", {f"{number:03}": b"" for number in range(500)})
    store.fill("out", {})

    async def open_store(_access: Access, _stack: AsyncExitStack, _permits: int) -> MemoryStore:
        return store

    state = RunState()
    options = Options(WHOLE.selection, limits=Limits(permits=4))
    await Run(options, state, [], stop, open_store, patient(Clock())).execute(Action.COPY)

    assert state.exit_code == 130
    assert 1 <= len(store.buckets["out"]) == state.copied < 20


def failures(watched: Watched) -> list[tuple[str, str]]:
    """
    Key and code of every failed object.
    """
    results = [event.result for event in watched.events if isinstance(event, ObjectDone)]
    return [(result.key, result.code) for result in results if result.outcome is Outcome.FAILED]


@pytest.mark.parametrize("named", [True, False])
async def test_nothing_is_copied_under_a_name_of_the_work_area(*, named: bool) -> None:
    """
    There it would be taken for a part, and cleaned away: that object fails, listed or named, and the others do not.
    """
    name = "x/1234567/parts/part-00001"
    store = store_of({name: b"1", "y": b"2"})
    files = (name, "y") if named else ()

    watched = await run_in_memory(Options(Selection(S3Uri("in"), S3Uri("out", "temp"), files=files)), store)

    assert failures(watched) == [(name, "InvalidKey")]
    assert list(store.buckets["out"]) == ["temp/y"]
    assert watched.state.exit_code == 3


async def test_a_named_object_never_replaces_a_source_of_the_same_run() -> None:
    """
    ``-f q -p p`` into ``s3://bkt/p``: what ``-p`` reads is there, so the named object fails and the sources stay.
    """
    store = MemoryStore()
    store.fill("in", {"q": b"new", "p/q": b"source", "p/r": b"other"})
    selection = Selection(S3Uri("in"), S3Uri("in", "p"), files=("q",), prefixes=("p",))

    watched = await run_in_memory(Options(selection), store)

    assert failures(watched) == [("q", "InvalidKey")]
    assert {key: found.body for key, found in store.buckets["in"].items()} == {
        "q": b"new", "p/q": b"source", "p/r": b"other", "p/p/q": b"source", "p/p/r": b"other",
    }  # fmt: skip


class Buggy(MemoryStore):
    """
    A store whose copies of one key meet a bug.
    """

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        if request.source_key == "b":
            raise KeyError("oops")
        return await super().copy_object(request)


async def test_a_bug_with_one_object_fails_that_object_alone() -> None:
    """
    Whatever goes wrong inside, the others are copied; the failure says that it is a bug.
    """
    store = Buggy()
    store.fill("in", {"a": b"1", "b": b"2", "c": b"3"})
    store.fill("out", {})

    watched = await run_in_memory(WHOLE, store)

    assert failures(watched) == [("b", "InternalError")]
    assert sorted(store.buckets["out"]) == ["a", "c"]
    assert (watched.state.copied, watched.state.exit_code) == (2, 3)
    assert "a bug" in watched.state.failures[0].reason


async def test_an_exact_key_that_s3_refuses_to_look_up_is_a_failed_object() -> None:
    """
    A HEAD with 400 (SSE-C) says neither that there is none nor that the run cannot go on.
    """
    store = store_of({"a": b"1", "a/1": b"2"})
    store.fault = lambda call: Fault("400", 400) if (call.operation, call.key) == ("HeadObject", "a") else None

    watched = await run_in_memory(Options(Selection(S3Uri("in", "a"), S3Uri("out"))), store)

    assert failures(watched) == [("a", "400")]
    assert list(store.buckets["out"]) == ["a/1"]
    assert watched.state.exit_code == 3


@pytest.mark.parametrize("fault", [Fault("AccessDenied", 403), Fault("NotImplemented", 501)])
async def test_grants_work_where_nobody_tells_the_owners_id(fault: Fault) -> None:
    """
    Denied or unknown to the store: the copies are made, and a word says whose grant is missing.
    """
    store = store_of({"a": b"1"})
    store.fault = lambda call: fault if call.operation == "ListBuckets" else None

    watched = await run_in_memory(Options(WHOLE.selection, grants=(Grant("READ", "a@b.example"),)), store)

    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    assert store.buckets["out"]["a"].grants == (("GrantRead", 'emailAddress="a@b.example"'),)
    assert len([text for text in notices(watched) if "owner's id" in text]) == 1


async def test_a_missing_work_bucket_ends_the_run_before_anything_is_copied() -> None:
    """
    Not only with the first object in parts, hours later.
    """
    store = store_of({"a": b"1"})

    watched = await run_in_memory(Options(WHOLE.selection, parts=PartOptions(work_bucket="nowhere")), store)

    assert "s3://nowhere" in watched.state.error
    assert (watched.state.exit_code, store.buckets["out"]) == (1, {})


async def test_a_work_bucket_that_is_there_is_looked_up_once() -> None:
    """
    Its region is needed like those of the other two.
    """
    store = store_of({"a": b"1"})
    store.fill("work", {})

    watched = await run_in_memory(Options(WHOLE.selection, parts=PartOptions(work_bucket="work")), store)

    assert [call.bucket for call in store.calls if call.operation == "HeadBucket"] == ["in", "out", "work"]
    assert watched.state.exit_code == 0


async def test_of_many_prefixes_inside_others_a_few_are_named() -> None:
    """
    There may be a million of them.
    """
    store = MemoryStore()
    store.fill("in", {"a/1/x": b""})
    store.fill("out", {})
    prefixes = ("a", *(f"a/{number}" for number in range(12)))

    watched = await run_in_memory(Options(Selection(S3Uri("in"), S3Uri("out"), prefixes=prefixes)), store)

    said = [event.text for event in watched.events if isinstance(event, Notice)]
    assert (len(said), said[-1], watched.state.exit_code) == (11, "2 more prefixes lie inside others", 0)
