"""
What is deleted, when, and when not.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

import pytest

from s3copy_async import app
from s3copy_async.app import Action, Run
from s3copy_async.candidates import Candidates
from s3copy_async.deleting import BATCHES, HOPELESS
from s3copy_async.errors import BadAnswer, Failure
from s3copy_async.events import (
    Deleted,
    DeleteFailed,
    DeletePlanned,
    DeletionStarted,
    Event,
    ListingDone,
    Notice,
    ObjectDone,
)
from s3copy_async.lister import Lister
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.options import Access, Deletion, Filter, Limits, Options, Selection, exclude
from s3copy_async.pipeline import alone
from s3copy_async.state import RunState
from s3copy_async.stop import Stop
from s3copy_async.store import Undeleted
from s3copy_async.uri import S3Uri
from support import Clock, Recorder, patient

WRITES: Final = {"CopyObject", "PutObject", "DeleteObject", "DeleteObjects", "CreateMultipartUpload"}


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """
    Where temporary files go: empty before and after.
    """
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[Candidates]:
    """
    All `Candidates` that runs make, with their files open or closed.
    """
    made: list[Candidates] = []

    class Kept(Candidates):
        """
        Is kept.
        """

        def __enter__(self) -> Self:
            made.append(self)
            return self

    monkeypatch.setattr(app, "Candidates", Kept)
    return made


def options(source: str = "s3://in/a/b", dest: str = "s3://out/foo", *, limit: int | None = None) -> Options:
    """
    A copy that deletes.
    """
    selection = Selection(S3Uri.parse(source), S3Uri.parse(dest))
    return Options(selection, deletion=Deletion(wanted=True, at_most=limit), limits=Limits(permits=4))


def store_of(source: list[str], dest: list[str], body: bytes = b"xyz") -> MemoryStore:
    """
    Two buckets.
    """
    store = MemoryStore()
    store.fill("in", dict.fromkeys(source, body))
    store.fill("out", dict.fromkeys(dest, body))
    return store


def names_in(folder: Path) -> list[str]:
    """
    What is in a folder.
    """
    return [path.name for path in folder.iterdir()]


@dataclass(slots=True)
class Ran:
    """
    A run and what it did.
    """

    store: MemoryStore
    state: RunState = field(default_factory=RunState)
    recorder: Recorder = field(default_factory=Recorder)
    stop: Stop = field(default_factory=Stop)

    def make(self, settings: Options, pace: Callable[[], asyncio.Future[None]] | None = None) -> Run:
        """
        The run, ready to be executed.
        """

        async def open_store(_access: Access, _stack: AsyncExitStack, _permits: int) -> MemoryStore:
            return self.store

        policy = patient(Clock(), 60.0)
        return Run(settings, self.state, [self.recorder], self.stop, open_store, policy, pace)

    async def run(self, settings: Options, action: Action = Action.COPY) -> Ran:
        """
        To its end.
        """
        await self.make(settings).execute(action)
        return self

    @property
    def events(self) -> list[Event]:
        """
        What happened.
        """
        return self.recorder.events

    @property
    def notices(self) -> list[str]:
        """
        What the user was told.
        """
        return [event.text for event in self.events if isinstance(event, Notice)]

    @property
    def deleted(self) -> list[str]:
        """
        The keys that were said to be deleted.
        """
        return sorted(event.key for event in self.events if isinstance(event, Deleted))

    @property
    def planned(self) -> list[str]:
        """
        Those that would be.
        """
        return [event.key for event in self.events if isinstance(event, DeletePlanned)]

    @property
    def failures(self) -> dict[str, str]:
        """
        Those that could not be, and why.
        """
        return {event.key: event.code for event in self.events if isinstance(event, DeleteFailed)}

    @property
    def writes(self) -> set[str]:
        """
        The kinds of writes that were asked for.
        """
        return {call.operation for call in self.store.calls} & WRITES


async def run(store: MemoryStore, settings: Options, action: Action = Action.COPY) -> Ran:
    """
    A whole run.
    """
    return await Ran(store).run(settings, action)


async def test_only_what_lies_in_the_image_of_the_source_is_deleted() -> None:
    """
    For ``s3://in/a/b s3://out/foo`` that is what lies in ``foo/b/``.
    """
    kept = ["foo/b", "foo/bb", "foo/c/1", "b/1", "foo", "x"]
    store = store_of(["a/b/1", "a/c/9"], ["foo/b/1", "foo/b/2", "foo/b/3/4", "foo/b/", *kept])

    ran = await run(store, options())

    assert set(store.buckets["out"]) == {"foo/b/1", *kept}
    assert ran.deleted == ["foo/b/", "foo/b/2", "foo/b/3/4"]
    assert (ran.state.deleted, ran.state.deleted_bytes, ran.state.to_delete, ran.state.exit_code) == (3, 9, 3, 0)


async def test_nothing_is_deleted_unless_it_is_asked_for() -> None:
    """
    Nor is a file made for it.
    """
    store = store_of(["a/b/1"], ["foo/b/2"])

    ran = await run(store, Options(options().selection))

    assert set(store.buckets["out"]) == {"foo/b/1", "foo/b/2"}
    assert (ran.deleted, store.count("DeleteObjects")) == ([], 0)


async def test_the_work_area_is_never_touched() -> None:
    """
    What else lies below the work prefix is not its own.
    """
    ours = "temp/k/1234567/parts/part-00001"
    store = store_of(["a"], ["a", "b", ours, "temp/mine"])

    await run(store, options("s3://in", "s3://out"))

    assert set(store.buckets["out"]) == {"a", ours}


async def test_nothing_is_deleted_before_all_is_listed_and_copied() -> None:
    """
    The last copy ends before the first deletion begins.
    """
    store = store_of([f"a/b/{number}" for number in range(50)], ["foo/b/x"])

    ran = await run(store, options())

    operations = [call.operation for call in store.calls if call.operation in WRITES]
    assert operations == ["CopyObject"] * 50 + ["DeleteObjects"]
    kinds = [type(event) for event in ran.events]
    ended = [index for index, event in enumerate(ran.events) if isinstance(event, (ObjectDone, ListingDone))]
    assert max(ended) < kinds.index(DeletionStarted) < kinds.index(Deleted)


async def test_a_second_run_has_nothing_to_delete() -> None:
    """
    And makes no write at all.
    """
    store = store_of(["a/b/1"], ["foo/b/2"])
    await run(store, options())
    store.calls.clear()

    again = await run(store, options())

    assert (again.writes, again.state.exit_code) == (set(), 0)


async def test_after_a_failed_object_nothing_is_deleted() -> None:
    """
    Of what was renamed, the old name may be the only good copy. The next run in which all succeeds deletes.
    """
    store = store_of(["a/b/new", "a/b/1"], ["foo/b/old"])
    store.fault = lambda call: (
        Fault("AccessDenied", 403) if call.operation == "CopyObject" and "new" in call.key else None
    )

    ran = await run(store, options())

    assert set(store.buckets["out"]) == {"foo/b/1", "foo/b/old"}
    assert (ran.state.exit_code, ran.state.to_delete, ran.deleted) == (3, 0, [])
    assert [text for text in ran.notices if "deleted" in text] == [
        "nothing was deleted, because 1 object failed; without failures it would be 1 object"
    ]
    store.fault = lambda _: None
    assert (await run(store, options())).deleted == ["foo/b/old"]


async def test_a_failed_listing_deletes_nothing() -> None:
    """
    Of the source or of the destination.
    """
    for bucket, prefix in (("in", "a/b/"), ("out", "foo/b/")):
        store = store_of([f"a/b/{number}" for number in range(9)], ["foo/b/x"])
        store.page_size = 3
        store.fault = lambda call, bucket=bucket: (  # type: ignore[misc]
            Fault("ListingFailed", 400)
            if (call.operation, call.bucket) == ("ListObjectsV2", bucket) and (bucket == "out" or call.number > 2)
            else None
        )

        ran = await run(store, options())

        assert (ran.state.exit_code, ran.deleted, "foo/b/x" in store.buckets["out"]) == (1, [], True), prefix


async def test_a_destination_that_may_not_be_listed_deletes_nothing_and_says_so() -> None:
    """
    That what was asked for was not done is an error.
    """
    store = store_of(["a/b/1"], ["foo/b/x"])
    store.fault = lambda call: (
        Fault("AccessDenied", 403) if (call.operation, call.bucket) == ("ListObjectsV2", "out") else None
    )

    ran = await run(store, options())

    assert (set(store.buckets["out"]), ran.state.exit_code) == ({"foo/b/1", "foo/b/x"}, 1)
    assert ran.state.error == "nothing was deleted: s3://out may not be listed with these credentials"


@pytest.mark.parametrize("action", [Action.COPY, Action.DRY_RUN])
async def test_an_empty_source_deletes_nothing(action: Action) -> None:
    """
    That is said, and it is no error.
    """
    store = store_of(["elsewhere"], ["foo/b/1", "foo/b/2"])

    ran = await run(store, options(), action)

    assert (set(store.buckets["out"]), ran.state.exit_code) == ({"foo/b/1", "foo/b/2"}, 0)
    assert (
        "the source s3://in/a/b/ is empty: nothing is deleted from s3://out/foo/b/, which holds 2 objects"
        in ran.notices
    )
    assert (ran.planned, ran.state.to_delete) == ([], 0)


async def test_of_several_prefixes_the_empty_ones_delete_nothing() -> None:
    """
    The first few are named.
    """
    names = [f"p{number}" for number in range(9)]
    store = store_of(["p0/1"], [f"foo/{name}/x" for name in names])
    selection = Selection(S3Uri("in"), S3Uri("out", "foo"), prefixes=tuple(names))

    ran = await run(store, replace(options(), selection=selection))

    assert ran.deleted == ["foo/p0/x"]
    said = [text for text in ran.notices if "empty" in text]
    assert len(said) == 6
    assert said[-1] == "3 more sources of the run are empty: nothing is deleted for them"


async def test_above_the_limit_nothing_at_all_is_deleted() -> None:
    """
    The run says how many it would be, and ends with exit code 1; what was to be copied is.
    """
    store = store_of(["a/b/1"], [f"foo/b/x{number}" for number in range(1001)])

    ran = await run(store, options())

    assert len(store.buckets["out"]) == 1002
    assert ran.state.exit_code == 1
    assert ran.state.error == (
        "nothing was deleted: it would be 1,001 objects, and --max-delete is 1,000; see which with -n, or allow it "
        "with --max-delete 1001 (0 is no limit)"
    )
    assert (ran.deleted, store.count("DeleteObjects"), store.count("DeleteObject")) == ([], 0, 0)


@pytest.mark.parametrize(("limit", "deleted"), [(0, 1001), (1001, 1001), (1000, 0), (None, 0), (1, 0)])
async def test_the_limit_is_chosen(limit: int | None, deleted: int) -> None:
    """
    0 is none, and as many as the limit may go.
    """
    store = store_of(["a/b/1"], [f"foo/b/x{number}" for number in range(1001)])

    ran = await run(store, options(limit=limit))

    assert (ran.state.deleted, ran.state.exit_code) == (deleted, 0 if deleted else 1)


async def test_a_dry_run_shows_each_and_writes_nothing() -> None:
    """
    With their number and bytes.
    """
    store = store_of(["a/b/1", "a/b/2"], ["foo/b/2", "foo/b/3", "foo/b/4"])

    ran = await run(store, options(), Action.DRY_RUN)

    assert (ran.planned, ran.state.to_delete, ran.state.to_delete_bytes) == (["foo/b/3", "foo/b/4"], 2, 6)
    assert (ran.writes, ran.state.exit_code, ran.state.deleted) == (set(), 0, 0)


async def test_a_dry_run_above_the_limit_shows_all_and_ends_with_an_error() -> None:
    """
    As the run itself would.
    """
    store = store_of(["a/b/1"], [f"foo/b/x{number}" for number in range(5)])

    ran = await run(store, options(limit=3), Action.DRY_RUN)

    assert (len(ran.planned), ran.state.to_delete, ran.state.exit_code, ran.writes) == (5, 5, 1, set())
    assert ran.state.error == (
        "nothing would be deleted: it would be 5 objects, and --max-delete is 3; allow it with --max-delete 5 "
        "(0 is no limit)"
    )


async def test_a_dry_run_with_failures_says_that_the_run_would_delete_nothing() -> None:
    """
    What it would delete otherwise is shown.
    """
    store = store_of(["a/b/" + "k" * 1020], ["foo/b/x"])
    store.fill("in", {"a/b/1": b""})

    ran = await run(store, options(dest="s3://out/foo-foo-foo-foo"), Action.DRY_RUN)
    store.fill("out", {"foo-foo-foo-foo/b/x": b""})
    again = await run(store, options(dest="s3://out/foo-foo-foo-foo"), Action.DRY_RUN)

    assert (ran.state.exit_code, again.state.exit_code) == (3, 3)
    assert not [text for text in ran.notices if "deleted" in text]
    assert again.planned == ["foo-foo-foo-foo/b/x"]
    assert "nothing would be deleted, because 1 object failed; without failures it would be 1 object" in again.notices


async def test_batches_are_full_and_few_at_a_time() -> None:
    """
    1,000 keys with one request, and four requests at once.
    """
    store = store_of(["a/b/1"], [f"foo/b/x{number}" for number in range(7500)])
    flying, most = 0, 0

    class Slow(MemoryStore):
        """
        Answers a little later.
        """

        async def delete_objects(self, bucket: str, keys: Sequence[str]) -> Undeleted:
            """
            Counts those in flight.
            """
            nonlocal flying, most
            flying += 1
            most = max(most, flying)
            for _ in range(5):
                await asyncio.sleep(0)
            flying -= 1
            return await super().delete_objects(bucket, keys)

    slow = Slow(buckets=store.buckets)
    settings = replace(options(limit=0), limits=Limits(permits=40))

    ran = await run(slow, settings)

    assert (slow.count("DeleteObjects"), ran.state.deleted, most) == (8, 7500, BATCHES)


async def test_keys_that_xml_cannot_carry_go_one_by_one() -> None:
    """
    With the others of their batch at once.
    """
    odd = ["foo/b/a\x01", "foo/b/\ufffe", "foo/b/x ", "foo/b/\n", "foo/b/\r\n"]
    store = store_of(["a/b/1"], ["foo/b/x", "foo/b/y", *odd])

    ran = await run(store, options())

    assert set(store.buckets["out"]) == {"foo/b/1"}
    assert sorted(call.key for call in store.calls if call.operation == "DeleteObject") == sorted(odd)
    assert (store.count("DeleteObjects"), ran.state.deleted, ran.state.exit_code) == (1, 7, 0)


async def test_a_key_that_is_no_text_cannot_be_deleted() -> None:
    """
    It is a failure, and no request is made for it.
    """
    store = store_of(["a/b/1"], ["foo/b/\udcff", "foo/b/x"])

    ran = await run(store, options())

    assert (ran.failures, ran.deleted, ran.state.exit_code) == ({"foo/b/\udcff": "InvalidKey"}, ["foo/b/x"], 3)


async def test_keys_that_cannot_be_deleted_are_failures() -> None:
    """
    With S3's code, by key, and exit code 3; those that pass were tried again.
    """
    store = store_of(["a/b/1"], [f"foo/b/x{number}" for number in range(6)])
    codes = {"foo/b/x1": "AccessDenied", "foo/b/x3": "InternalError", "foo/b/x4": "SlowDown"}
    store.nature.key_fault = lambda call: (
        Fault(codes[call.key]) if call.key in codes and (call.key == "foo/b/x1" or call.number < 3) else None
    )

    ran = await run(store, options())

    assert (ran.failures, ran.state.delete_failed, ran.state.exit_code) == ({"foo/b/x1": "AccessDenied"}, 1, 3)
    assert set(store.buckets["out"]) == {"foo/b/1", "foo/b/x1"}
    assert (ran.state.deleted, dict(ran.state.delete_failure_codes), ran.state.failed) == (5, {"AccessDenied": 1}, 0)


async def test_what_fails_for_good_has_its_code() -> None:
    """
    After the time that each request has.
    """
    store = store_of(["a/b/1"], ["foo/b/x", "foo/b/y"])
    store.nature.key_fault = lambda call: Fault("InternalError") if call.key == "foo/b/x" else None

    ran = await run(store, options())

    assert (ran.failures, ran.deleted, ran.state.error) == ({"foo/b/x": "InternalError"}, ["foo/b/y"], "")


@pytest.mark.parametrize("code", ["NotImplemented", "MissingContentMD5", "MethodNotAllowed", "InvalidRequest"])
async def test_a_store_that_does_not_delete_many_at_once_is_asked_one_by_one(code: str) -> None:
    """
    That is said once, in the log; the request is not tried again for each batch.
    """
    store = store_of(["a/b/1"], [f"foo/b/x{number}" for number in range(5000)])
    store.fault = lambda call: Fault(code, 400) if call.operation == "DeleteObjects" else None

    ran = await run(store, options(limit=0))

    assert (set(store.buckets["out"]), ran.state.deleted, ran.state.exit_code) == ({"foo/b/1"}, 5000, 0)
    assert 1 <= store.count("DeleteObjects") <= BATCHES
    said = [event for event in ran.events if isinstance(event, Notice) and "one by one" in event.text]
    assert [(False, code in event.text) for event in said] == [(False, True)]


async def test_a_batch_that_is_refused_later_goes_one_by_one_by_itself() -> None:
    """
    It may be due to one of its keys.
    """
    store = store_of(["a/b/1"], [f"foo/b/x{number:04}" for number in range(9500)])
    store.fault = lambda call: (
        Fault("MalformedXML", 400) if (call.operation, call.number) == ("DeleteObjects", 6) else None
    )

    ran = await run(store, options(limit=0))

    assert (store.count("DeleteObjects"), store.count("DeleteObject")) == (10, 1000)
    assert (ran.state.deleted, [text for text in ran.notices if "one by one" in text]) == (9500, [])


@pytest.mark.parametrize("told", [False, True])
async def test_keys_that_an_answer_leaves_out_are_deleted_one_by_one(*, told: bool) -> None:
    """
    Where it leaves out all of them, later batches are not sent as one.
    """

    class Silent(MemoryStore):
        """
        Names one key in ten, or none.
        """

        async def delete_objects(self, bucket: str, keys: Sequence[str]) -> Undeleted:
            """
            Deletes what it names.
            """
            named = [key for key in keys if told and key.endswith("7")]
            await super().delete_objects(bucket, named or ["none"])
            unsaid = BadAnswer(Failure("DeleteObjects", "BadAnswer", 200))
            return tuple((key, unsaid) for key in keys if key not in named)

    store = Silent(buckets=store_of(["a/b/1"], [f"foo/b/x{number:04}" for number in range(9000)]).buckets)

    ran = await run(store, options(limit=0))

    assert (set(store.buckets["out"]), ran.state.deleted, ran.failures) == ({"foo/b/1"}, 9000, {})
    assert store.count("DeleteObject") == (8100 if told else 9000)
    assert store.count("DeleteObjects") == 9 if told else store.count("DeleteObjects") <= BATCHES


async def test_denied_to_all_is_hopeless() -> None:
    """
    The rest would only cost requests.
    """
    store = store_of(["a/b/1"], [f"foo/b/x{number}" for number in range(20_000)])
    store.fault = lambda call: Fault("AccessDenied", 403) if call.operation.startswith("Delete") else None

    ran = await run(store, options(limit=0))

    assert ran.state.exit_code == 1
    assert "all of the first 1,000 deletions were denied" in ran.state.error
    assert "s3:DeleteObject" in ran.state.error
    assert store.count("DeleteObject") < HOPELESS + 100


async def test_denied_to_some_is_not_hopeless() -> None:
    """
    The others go.
    """
    store = store_of(["a/b/1"], [f"foo/b/x{number:04}" for number in range(3000)])
    store.nature.key_fault = lambda call: Fault("AccessDenied", 403) if call.key < "foo/b/x2" else None

    ran = await run(store, options(limit=0))

    assert (ran.state.deleted, ran.state.delete_failed, ran.state.exit_code) == (1000, 2000, 3)


async def test_expired_credentials_end_the_deletion_in_order() -> None:
    """
    What is under way comes to its end and is counted.
    """
    store = store_of(["a/b/1"], [f"foo/b/x{number}" for number in range(9000)])
    store.fault = lambda call: (
        Fault("ExpiredToken", 400) if (call.operation, call.number) == ("DeleteObjects", 3) else None
    )

    ran = await run(store, options(limit=0))

    assert ran.state.exit_code == 1
    assert "ExpiredToken" in ran.state.error
    assert len(store.buckets["out"]) + ran.state.deleted == 9001
    assert 2000 <= ran.state.deleted < 8000


async def test_an_interrupted_run_deletes_nothing() -> None:
    """
    Its listings did not come to their end, or its copies did not.
    """
    store = store_of([f"a/b/{number}" for number in range(300)], ["foo/b/x"])
    ran = Ran(store)
    store.fault = lambda call: ran.stop.interrupt(2) if (call.operation, call.number) == ("CopyObject", 100) else None

    await ran.run(options())

    assert (ran.state.exit_code, ran.deleted, "foo/b/x" in store.buckets["out"]) == (130, [], True)
    assert "nothing was deleted, because the run was interrupted" in ran.notices


async def test_a_dry_run_that_was_interrupted_shows_nothing_to_delete() -> None:
    """
    It does not know.
    """
    store = store_of([f"a/b/{number}" for number in range(300)], ["foo/b/x"])
    ran = Ran(store)
    store.fault = lambda call: ran.stop.interrupt(2) if call.operation == "ListObjectsV2" else None

    await ran.run(options(), Action.DRY_RUN)

    assert (ran.state.exit_code, ran.planned) == (130, [])


async def test_an_interrupt_while_deleting_lets_the_batches_under_way_end() -> None:
    """
    No further one is begun; what was deleted is counted.
    """
    store = store_of(["a/b/1"], [f"foo/b/x{number}" for number in range(9000)])
    ran = Ran(store)
    store.fault = lambda call: ran.stop.interrupt(15) if (call.operation, call.number) == ("DeleteObjects", 3) else None

    await ran.run(options(limit=0))

    assert ran.state.exit_code == 143
    assert 3000 <= ran.state.deleted <= 4000 + 3000
    assert len(store.buckets["out"]) + ran.state.deleted == 9001


async def test_an_interrupt_while_one_by_one_begins_no_other() -> None:
    """
    And the summary knows what is left.
    """
    store = store_of(["a/b/1"], [f"foo/b/x{number}\n" for number in range(2000)])
    ran = Ran(store)
    store.fault = lambda call: ran.stop.interrupt(2) if (call.operation, call.number) == ("DeleteObject", 50) else None

    await ran.run(options(limit=0))

    assert (ran.state.exit_code, ran.state.to_delete) == (130, 2000)
    assert 50 <= ran.state.deleted < 100


async def test_what_does_not_end_within_the_grace_is_left() -> None:
    """
    A job that hangs is cancelled, one that ends is not.
    """
    stop = Stop()
    ended: list[str] = []

    async def job(seconds: float, name: str) -> None:
        stop.interrupt(2)
        await asyncio.sleep(seconds)
        ended.append(name)

    await alone(job(60, "late"), stop, 0.01)
    await alone(job(0.01, "early"), stop, 60)

    assert ended == ["early"]


async def test_a_job_that_is_cancelled_from_outside_is_cancelled() -> None:
    """
    And is over when that is raised.
    """
    over = asyncio.Event()

    async def job() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            over.set()

    task = asyncio.create_task(alone(job(), Stop(), 30))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert over.is_set()


@pytest.mark.parametrize("end", ["success", "error", "failure", "interrupt"])
async def test_the_file_is_gone_however_the_run_ends(end: str, files: list[Candidates], place: Path) -> None:
    """
    Closed, and the folder for temporary files is as it was.
    """
    store = store_of(["a/b/1", "a/b/2"], ["foo/b/x"])
    ran = Ran(store)
    seen: list[object] = []

    def fault(call: Call) -> Fault | None:
        if call.operation == "DeleteObjects":
            seen.append(files[0]._file)
            if end == "error":
                return Fault("ExpiredToken", 400)
            if end == "interrupt":
                ran.stop.interrupt(2)
        return Fault("AccessDenied", 403) if end == "failure" and call.operation == "CopyObject" else None

    store.fault = fault
    await ran.run(options())

    assert ran.state.exit_code == {"success": 0, "error": 1, "failure": 3, "interrupt": 130}[end]
    (found,) = files
    assert found._file is None
    assert end == "failure" or (seen and getattr(seen[0], "closed"))  # noqa: B009
    assert names_in(place) == []


async def test_the_file_is_gone_when_the_run_is_cancelled(files: list[Candidates], place: Path) -> None:
    """
    In the middle of a deletion.
    """
    store = store_of(["a/b/1"], ["foo/b/x"])
    begun = asyncio.Event()

    class Hanging(MemoryStore):
        """
        Never answers a deletion.
        """

        async def delete_objects(self, bucket: str, keys: Sequence[str]) -> Undeleted:
            """
            Begins, and hangs.
            """
            begun.set()
            await asyncio.sleep(60)
            return ()

    task = asyncio.create_task(Ran(Hanging(buckets=store.buckets)).run(options()))
    await begun.wait()
    file = files[0]._file
    assert file is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (file.closed, files[0]._file, names_in(place)) == (True, None, [])


async def test_a_full_disk_deletes_nothing_and_copies_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """
    The run says so, with exit code 1.
    """
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    store = store_of(["a/b/1"], ["foo/b/x"])

    ran = await run(store, options())

    assert (set(store.buckets["out"]), ran.state.exit_code) == ({"foo/b/1", "foo/b/x"}, 1)
    assert "nothing was deleted: what is to be deleted cannot be kept in" in ran.state.error


async def test_inside_one_bucket_the_copy_below_its_source_is_kept_in_step() -> None:
    """
    The destination is hidden from the source; nothing outside of it is touched.
    """
    store = MemoryStore()
    store.fill("in", dict.fromkeys(["a", "b/c", "backup/a", "backup/old", "backup/b/old"], b"xyz"))

    ran = await run(store, options("s3://in", "s3://in/backup"))

    assert set(store.buckets["in"]) == {"a", "b/c", "backup/a", "backup/b/c"}
    assert ran.deleted == ["backup/b/old", "backup/old"]


async def test_listings_without_an_end_delete_nothing() -> None:
    """
    Whatever else is known.
    """
    store = store_of(["a/b/1"], ["foo/b/x"])
    ran = Ran(store)

    class Hasty(Lister):
        """
        Forgets to say that it is done.
        """

        def __init__(self, *args: object) -> None:
            super().__init__(*args)  # type: ignore[arg-type]
            emit = self._emit
            self._emit = lambda event: None if isinstance(event, ListingDone) else emit(event)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "Lister", Hasty)
        await ran.run(options())

    assert (ran.state.exit_code, ran.deleted) == (1, [])
    assert "the listings did not come to their end" in ran.state.error


async def test_a_slow_reader_slows_the_deletion_down() -> None:
    """
    Also a dry run's, a batch at a time.
    """
    for action in (Action.COPY, Action.DRY_RUN):
        store = store_of(["a/b/1"], ["foo/b/1", *(f"foo/b/x{number}" for number in range(2500))])
        paced: list[int] = []
        ran = Ran(store)

        async def pace(ran: Ran = ran, paced: list[int] = paced) -> None:
            paced.append(ran.state.deleted + ran.state.to_delete)
            await asyncio.sleep(0)

        await ran.make(options(limit=0), pace).execute(action)  # type: ignore[arg-type]

        assert len(paced) >= 3, action
        assert ran.state.deleted + len(ran.planned) == 2500


async def test_what_the_source_has_again_by_then_stays() -> None:
    """
    It was listed before everything else was copied, and written meanwhile, to both.
    """
    store = store_of(["a/b/1"], ["foo/b/x", "foo/b/y"])

    def write(call: Call) -> None:
        if call.operation == "CopyObject":
            store.fill("in", {"a/b/x": b"new"})

    store.fault = write

    ran = await run(store, options())

    assert (ran.deleted, set(store.buckets["out"])) == (["foo/b/y"], {"foo/b/1", "foo/b/x"})
    assert "1 object stayed: the source has them by now" in ran.notices
    assert ran.state.exit_code == 0


@pytest.mark.parametrize("excluded", [True, False])
async def test_what_filters_leave_out_goes_only_where_that_is_asked_for(excluded: bool) -> None:
    """
    Though the source has it.
    """
    store = store_of(["a/b/1", "a/b/x.tmp"], ["foo/b/x.tmp", "foo/b/y"])
    wanted = replace(options(), filter=Filter((exclude("*.tmp"),)), deletion=Deletion(wanted=True, excluded=excluded))

    ran = await run(store, wanted)

    assert sorted(ran.deleted) == (["foo/b/x.tmp", "foo/b/y"] if excluded else ["foo/b/y"])


async def test_where_a_head_is_denied_the_listing_tells() -> None:
    """
    A right to list that goes for certain prefixes only makes S3 deny what is missing.
    """
    store = store_of(["a/b/1"], ["foo/b/x", "foo/b/y"])

    def deny(call: Call) -> Fault | None:
        if call.operation == "CopyObject":
            store.fill("in", {"a/b/x": b"new"})
        return Fault("AccessDenied", 403) if (call.operation, call.bucket) == ("HeadObject", "in") else None

    store.fault = deny

    ran = await run(store, options())

    assert ran.deleted == ["foo/b/y"]


async def test_what_cannot_be_told_is_not_deleted() -> None:
    """
    It is a failure of that object, and of no other.
    """
    store = store_of(["a/b/1"], ["foo/b/x", "foo/b/y"])
    store.fault = lambda call: Fault("BadDay", 400) if call.key == "a/b/x" else None

    ran = await run(store, options())

    assert (ran.deleted, ran.state.delete_failed, ran.state.exit_code) == (["foo/b/y"], 1, 3)
    assert "whether the source still lacks it cannot be told" in ran.state.delete_failures[0].reason
