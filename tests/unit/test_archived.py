"""
Archived objects are a class of their own: they fail at once, with what to do, and a dry run marks them.
"""

from __future__ import annotations

import pytest

from s3copy_async.advice import remedy
from s3copy_async.app import Action
from s3copy_async.events import Notice, ObjectDone, Planned, Retrying
from s3copy_async.faults import ARCHIVED
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import Outcome
from s3copy_async.options import Display
from s3copy_async.views.lines import Lines, Streams
from staging import buckets, copying, names, pieces
from support import run_in_memory


class Text:
    """
    What was written.
    """

    def __init__(self) -> None:
        self.all = ""

    def write(self, text: str, /) -> int:
        """
        Keeps `text`.
        """
        self.all += text
        return len(text)

    def flush(self) -> None:
        """
        Nothing is held back.
        """


def archive(code: str, operation: str) -> MemoryStore:
    """
    A store whose object ``old`` cannot be copied, beside one that can.
    """
    store = buckets()
    store.fill("in", {"new": b"new"})
    if operation == "CopyObject":
        store.fill("in", {"old": b"old"})
    else:
        store.fill_multipart("in", "old", pieces(100, 50))

    def fault(call: Call) -> Fault | None:
        is_of_old = "old" in call.key and call.bucket == "out"
        return Fault(code, 403) if call.operation == operation and is_of_old else None

    store.fault = fault
    return store


@pytest.mark.parametrize("operation", ["CopyObject", "UploadPartCopy"])
@pytest.mark.parametrize("code", ARCHIVED)
async def test_an_archived_object_fails_at_once(code: str, operation: str) -> None:
    """
    In a class of its own, with S3's code among the words; the others are copied, and nothing is tried again.
    """
    store = archive(code, operation)

    watched = await run_in_memory(copying(permits=1), store)

    (result,) = [
        event.result for event in watched.events if isinstance(event, ObjectDone) and event.result.key == "old"
    ]
    assert (result.outcome, result.code) == (Outcome.FAILED, "Archived")
    assert code in result.reason
    assert watched.state.failure_codes == {"Archived": 1}
    assert (watched.state.copied, watched.state.exit_code) == (1, 3)
    assert not [event for event in watched.events if isinstance(event, Retrying)]
    refused = [call for call in store.calls if call.operation == operation and "old" in call.key]
    assert refused
    assert len(refused) == len({call.key for call in refused})
    assert store.uploads == {}
    assert not [name for name in names(store) if "probe" in name]
    if operation == "CopyObject":
        assert store.count("HeadObject") == 0


def test_the_remedy_is_a_restore() -> None:
    """
    What the summary says beside the class.
    """
    assert "restore it first" in remedy("Archived")


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
async def test_a_dry_run_marks_archived_objects(storage_class: str) -> None:
    """
    It does not fail them: a restored object keeps its class. Once it also says so of all.
    """
    store = buckets()
    store.fill("in", {"a": b"a", "b": b"b", "warm": b"c", "instant": b"d"})
    for key in ("a", "b"):
        store.buckets["in"][key].settings = (("StorageClass", storage_class),)
    store.buckets["in"]["instant"].settings = (("StorageClass", "GLACIER_IR"),)

    watched = await run_in_memory(copying(), store, Action.DRY_RUN)

    planned = {event.key: event.note for event in watched.events if isinstance(event, Planned)}
    note = "archived: needs a restore, unless one is active"
    assert planned == {"a": note, "b": note, "instant": "", "warm": ""}
    assert watched.state.exit_code == 0
    assert len([event for event in watched.events if isinstance(event, Notice)]) == 1


async def test_the_mark_stands_in_the_line_of_the_object() -> None:
    """
    Behind its size; other lines are as ever.
    """
    store = buckets()
    store.fill("in", {"a": b"a", "b": b"b"})
    store.buckets["in"]["a"].settings = (("StorageClass", "GLACIER"),)
    watched = await run_in_memory(copying(), store, Action.DRY_RUN)
    data = Text()
    lines = Lines(watched.state, Streams(data, Text()), Display(), 10.0)

    for event in watched.events:
        lines.handle(event)

    assert data.all.splitlines() == [
        "s3://in/a -> s3://out/a (1 bytes; archived: needs a restore, unless one is active)",
        "s3://in/b -> s3://out/b (1 bytes)",
    ]
