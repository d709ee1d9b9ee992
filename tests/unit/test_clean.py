"""
Cleaning a work area: what is shown, what is removed, and what is never touched.
"""

from __future__ import annotations

import json
from typing import Final

import pytest

from s3copy_async.app import Action
from s3copy_async.cleaning import Cleaner
from s3copy_async.copying.lanes import LanePool
from s3copy_async.events import Event, LeftoverFound, LeftoverRemoved, ObjectDone, UploadFound
from s3copy_async.keys import WorkArea
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault, StoredUpload
from s3copy_async.options import CleanOptions, Options, PartOptions, Selection
from s3copy_async.parts import MIN_PART
from s3copy_async.uri import S3Uri
from staging import Kill, buckets, copying, has_bytes, is_copy, killed_run, names, nth_of, pieces, recorded, with_parts
from support import Watched, run_in_memory

FOREIGN: Final = (
    "temp",
    "temp/",
    "temp/mine.txt",
    "temp/a/parts/x",
    "temp/a/b/parts/part-00001",
    "temp/a/1234567/parts/part-1",
    "temp/a/1234567/parts/part-000001",
    "temp/a/1234567/parts/part-00001.bak",
    "temp/a/1234567/part-00001",
    "temp/a/123456g/parts/part-00001",
    "temp/a/1234567/parts/x/part-00001",
    "temp/1234567/parts/part-00001",
    "temp/a/1234567/parts/s3copy-upload-1.json",
    "other/a/1234567/parts/part-00001",
    "temporary/a/1234567/parts/part-00001",
)


def cleaning(path: str = "", *, remove: bool = True, older_than: float = 0.0, prefix: str = "temp/") -> Options:
    """
    Options that clean the work area of ``out``.
    """
    place = S3Uri("out", path)
    clean = CleanOptions(older_than, remove=remove)
    return Options(Selection(place, place), clean=clean, parts=PartOptions(work_prefix=prefix))


async def clean(store: MemoryStore, options: Options) -> Watched:
    """
    A whole run of ``s3copy clean``.
    """
    return await run_in_memory(options, store, Action.CLEAN)


def found_in(events: list[Event]) -> dict[str, tuple[int, int]]:
    """
    Objects and bytes of every folder that was shown.
    """
    return {event.prefix: (event.objects, event.nbytes) for event in events if isinstance(event, LeftoverFound)}


async def used() -> MemoryStore:
    """
    A store after a finished copy of two objects, whose parts were kept.
    """
    store = with_parts(100, 50, key="a/one")
    store.fill_multipart("in", "b", pieces(10, 10, 5))
    await run_in_memory(copying(), store)
    return store


async def killed(key: str = "big") -> MemoryStore:
    """
    A store after a run that was killed while it composed: a recorded upload is open.
    """
    store = with_parts(100, 100, 50, key=key)
    await killed_run(store, copying(permits=1), Kill(nth_of("compose", "UploadPartCopy", 2)))
    assert store.uploads
    return store


async def test_shows_what_there_is_by_folder() -> None:
    """
    One line a version of an object, with its objects and their bytes; nothing is removed without being asked.
    """
    store = await used()
    before, deleted = dict(store.buckets["out"]), store.count("DeleteObject")

    watched = await clean(store, cleaning(remove=False))

    etags = {key: found.etag[:7] for key, found in store.buckets["in"].items()}
    expected = {f"temp/a/one/{etags['a/one']}/parts/": (4, 300), f"temp/b/{etags['b']}/parts/": (6, 50)}
    assert expected == found_in(watched.events)
    assert before == store.buckets["out"]
    assert (watched.state.leftovers, watched.state.leftover_bytes, watched.state.removed) == (10, 350, 0)
    assert (deleted, 0) == (store.count("DeleteObject"), store.count("AbortMultipartUpload"))


async def test_removes_what_is_ours_and_nothing_else() -> None:
    """
    The copies stay, and so does everything that only looks like ours.
    """
    store = await used()
    store.fill("out", dict.fromkeys(FOREIGN, b"mine"))
    ours = [key for key in names(store) if key not in FOREIGN]

    watched = await clean(store, cleaning())

    assert {"a/one", "b", *FOREIGN} == set(store.buckets["out"])
    assert sorted(ours) == sorted(event.key for event in watched.events if isinstance(event, LeftoverRemoved))
    assert (watched.state.removed, watched.state.exit_code) == (10, 0)


async def test_the_copies_are_left_as_they_are() -> None:
    """
    After cleaning, the same copy command has nothing to copy.
    """
    store = await used()
    await clean(store, cleaning())

    again = await run_in_memory(copying(), store)

    assert (again.state.copied, again.state.exit_code) == (0, 0)


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("", []),
        ("a", ["b"]),
        ("a/", ["b"]),
        ("a/one", ["b"]),
        ("b", ["a/one"]),
        ("a/on", ["a/one", "b"]),
        ("temp", ["a/one", "b"]),
    ],
)
async def test_a_path_narrows_to_objects_below_it(path: str, left: list[str]) -> None:
    """
    A path names a source object or a folder of them, never the beginning of a name.
    """
    store = await used()

    await clean(store, cleaning(path))

    assert left == sorted({key.removeprefix("temp/").rsplit("/", 3)[0] for key in names(store)})


async def test_another_work_prefix_is_cleaned_by_name() -> None:
    """
    ``--work-prefix`` says where to look; the default place is left alone then.
    """
    store = await used()
    await run_in_memory(copying(parts=PartOptions(work_prefix="w/o/")), store)
    store.fill("out", {"w/o/k/0123abc/parts/temp-00001": b"x"})

    await clean(store, cleaning(prefix="w/o/"))

    assert names(store, work="w/o/") == []
    assert len(names(store)) == 10


async def test_a_recorded_upload_is_shown_and_aborted_and_only_it() -> None:
    """
    The final upload is known by its record; foreign uploads of the same key stay open.
    """
    store = await killed()
    (ours,) = recorded(store)
    store.uploads |= {key: StoredUpload("out", key, (), ()) for key in ("big", "temp/mine.txt", "temp/a/parts/x")}

    shown = await clean(store, cleaning(remove=False))
    assert ours in store.uploads
    watched = await clean(store, cleaning())

    assert [ours] == [event.upload_id for event in watched.events if isinstance(event, UploadFound)]
    assert (shown.state.open_uploads, watched.state.open_uploads, watched.state.exit_code) == (1, 1, 0)
    assert {"big", "temp/mine.txt", "temp/a/parts/x"} == set(store.uploads)
    assert names(store) == []


async def test_open_uploads_of_temp_objects_are_ours_by_name() -> None:
    """
    A killed run left one; it is aborted with the rest, and one beside it with another name is not.
    """
    store = with_parts(100, 100, 50)
    await killed_run(store, copying(permits=1), Kill(nth_of("temp", "CompleteMultipartUpload", 2)))
    folder = f"temp/big/{store.buckets['in']['big'].etag[:7]}/parts/"
    assert f"{folder}temp-00002" in {upload.key for upload in store.uploads.values()}
    store.uploads |= {f"{folder}temp-2": StoredUpload("out", f"{folder}temp-2", (), ())}

    watched = await clean(store, cleaning())

    assert [f"{folder}temp-2"] == list(store.uploads)
    assert watched.state.exit_code == 0


@pytest.mark.parametrize("older_than", [0.0, 60.0, 100.0, 101.0])
async def test_younger_folders_and_uploads_are_left_alone(older_than: float) -> None:
    """
    The newest object of a folder counts, because another run may be at work there.
    """
    store = buckets()
    folder = "temp/k/0123abc/parts/"
    store.fill("out", {f"{folder}temp-00001": b"x", f"{folder}part-00001": b"x"})
    store.buckets["out"][f"{folder}temp-00001"].modified = 500.0
    store.buckets["out"][f"{folder}part-00001"].modified = 900.0
    store.uploads["u"] = StoredUpload("out", f"{folder}temp-00002", (), (), initiated=900.0)
    events: list[Event] = []
    options = CleanOptions(older_than, remove=True)
    cleaner = Cleaner(store, "out", WorkArea("temp/"), options, LanePool(2), events.append, clock=lambda: 1000.0)

    await cleaner.clean("", lambda: False)

    left = older_than > 100
    assert (2 if left else 0, left) == (len(names(store)), "u" in store.uploads)
    shown = [event for event in events if isinstance(event, LeftoverFound)]
    assert ([] if left else [LeftoverFound(folder, 2, 2, 100.0)]) == shown


async def test_a_delete_that_fails_is_a_failure() -> None:
    """
    What could not be removed is named, the rest is removed, and the exit code says so.
    """
    store = await used()
    stuck = names(store)[3]
    store.fault = lambda call: (
        Fault("AccessDenied", 403) if (call.operation, call.key) == ("DeleteObject", stuck) else None
    )

    watched = await clean(store, cleaning())

    assert [stuck] == names(store)
    assert [(stuck, "AccessDenied")] == [
        (event.result.key, event.result.code) for event in watched.events if isinstance(event, ObjectDone)
    ]
    assert (watched.state.removed, watched.state.failed, watched.state.exit_code) == (9, 1, 3)


@pytest.mark.parametrize("operation", ["AbortMultipartUpload", "ListParts"])
async def test_an_upload_that_cannot_be_aborted_stays_on_record(operation: str) -> None:
    """
    Its record is the only way to find it again, so it is not removed before the upload is.
    """
    store = await killed()
    ours = recorded(store)
    store.fault = lambda call: Fault("AccessDenied", 403) if call.operation == operation else None

    watched = await clean(store, cleaning())

    assert watched.state.exit_code == 3
    assert ours == recorded(store) == set(store.uploads)
    store.fault = lambda _: None
    await clean(store, cleaning())
    assert not store.uploads
    assert names(store) == []


async def test_a_record_of_an_upload_that_is_gone_is_removed() -> None:
    """
    Somebody ended the upload: only its record is left to be removed, and that is no failure.
    """
    store = await killed()
    store.uploads.clear()

    watched = await clean(store, cleaning())

    assert names(store) == []
    assert (watched.state.open_uploads, watched.state.exit_code) == (0, 0)


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"upload_id": "x", "target": "y"}', b"\xff"])
async def test_a_record_that_cannot_be_read_aborts_nothing(body: bytes) -> None:
    """
    An upload is only ever aborted where a record names it.
    """
    store = await killed()
    (record,) = [key for key in names(store) if "s3copy-upload" in key]
    store.fill("out", {record: body})

    watched = await clean(store, cleaning())

    assert len(store.uploads) == 1
    assert names(store) == []
    assert watched.state.exit_code == 0


async def test_a_work_area_that_may_not_be_listed_ends_the_run() -> None:
    """
    Exit code 1, and nothing was touched.
    """
    store = await used()
    before = names(store)
    store.fault = lambda call: Fault("AccessDenied", 403) if call.operation == "ListObjectsV2" else None

    watched = await clean(store, cleaning())

    assert before == names(store)
    assert watched.state.exit_code == 1
    assert "be listed" in watched.state.error


async def test_refused_credentials_end_the_run() -> None:
    """
    When no request can succeed any more, the first refusal ends the run.
    """
    store = await used()

    def expire(call: Call) -> Fault | None:
        return Fault("ExpiredToken", 400) if call.operation == "DeleteObject" and call.number > 2 else None

    store.fault = expire

    watched = await clean(store, cleaning())

    assert watched.state.exit_code == 1
    assert "ExpiredToken" in watched.state.error
    assert store.count("DeleteObject") < 10


async def test_an_empty_work_area_is_clean() -> None:
    """
    Nothing to show is no failure.
    """
    store = buckets()

    watched = await clean(store, cleaning())

    assert (watched.state.leftovers, watched.state.open_uploads, watched.state.exit_code) == (0, 0, 0)


async def test_folders_go_on_over_pages() -> None:
    """
    A folder that a page of the listing cuts in two is shown once.
    """
    store = await used()
    store.page_size = 3

    watched = await clean(store, cleaning())

    assert [event.objects for event in watched.events if isinstance(event, LeftoverFound)] == [4, 6]
    assert names(store) == []


async def test_a_store_that_lists_no_uploads_ends_the_run_with_a_word() -> None:
    """
    Not with a traceback: what cannot be listed cannot be called clean.
    """
    store = await used()
    store.fault = lambda call: Fault("NotImplemented", 501) if call.operation == "ListMultipartUploads" else None

    watched = await clean(store, cleaning())

    assert watched.state.exit_code == 1
    assert "cannot be listed" in watched.state.error
    assert "NotImplemented" in watched.state.error
    assert "ask for" in watched.state.error


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidObjectState"])
async def test_a_record_that_may_not_be_read_is_kept_and_said(code: str) -> None:
    """
    It may name an open upload, which nobody would find without it.
    """
    store = await killed()
    ours = recorded(store)
    (record,) = [key for key in names(store) if "s3copy-upload" in key]
    store.fault = lambda call: Fault(code, 403) if call.operation == "GetObject" else None

    watched = await clean(store, cleaning())

    assert names(store) == [record]
    assert ours == set(store.uploads)
    results = [event.result for event in watched.events if isinstance(event, ObjectDone)]
    assert [(result.key, result.code) for result in results] == [(record, code)]
    assert watched.state.exit_code == 3


@pytest.mark.parametrize("again", ["other layout", "finished"])
async def test_an_upload_that_a_copy_could_not_end_is_found_later(again: str) -> None:
    """
    The next copy has another layout and may not abort the old upload: its id goes into the new record, and stays there
    when that copy is killed too, or finished.
    """
    store = await killed()
    (old,) = recorded(store)
    store.fault = lambda call: Fault("AccessDenied", 403) if call.operation == "AbortMultipartUpload" else None
    options = copying(permits=1, parts=PartOptions(size=MIN_PART))
    if again == "finished":
        await run_in_memory(options, store)
        assert has_bytes(store)
    else:
        await killed_run(store, options, Kill(lambda request: request.stage == "complete" and request.key == "big"))
    assert old in store.uploads
    (record,) = [key for key in names(store) if "s3copy-upload" in key]
    assert old in json.loads(store.buckets["out"][record].body)["older"]
    store.fault = lambda _: None

    watched = await clean(store, cleaning())

    assert not store.uploads
    assert (names(store), watched.state.exit_code) == ([], 0)


async def test_an_older_upload_is_ended_by_the_copy_that_may() -> None:
    """
    As soon as aborting is allowed again the same command tidies up: no upload and no upload record is left.
    """
    store = await killed()
    store.fault = lambda call: Fault("AccessDenied", 403) if call.operation == "AbortMultipartUpload" else None
    options = copying(permits=1, parts=PartOptions(size=MIN_PART))
    await killed_run(store, options, Kill(lambda request: request.stage == "complete" and request.key == "big"))
    assert len(store.uploads) == 2
    store.fault = lambda _: None

    watched = await run_in_memory(options, store)

    assert has_bytes(store)
    assert watched.state.exit_code == 0
    assert not store.uploads
    assert not [key for key in names(store) if "s3copy-upload" in key]


@pytest.mark.parametrize("remove", [True, False])
async def test_a_clean_that_is_to_stop_looks_at_no_further_folder(*, remove: bool) -> None:
    """
    An interrupt is not kept waiting for a work area of a million folders, whether anything is removed or not.
    """
    store = await used()
    before = names(store)
    events: list[Event] = []
    options = CleanOptions(remove=remove)
    cleaner = Cleaner(store, "out", WorkArea("temp/"), options, LanePool(4), events.append)

    await cleaner.clean("", lambda: bool(events))

    assert len([event for event in events if isinstance(event, LeftoverFound)]) == 1
    assert len(before) > len(found_in(events))
    assert before == names(store)
    assert store.count("AbortMultipartUpload") == 0


def hostile(**changes: object) -> bytes:
    """
    A record that somebody else wrote under our name.
    """
    record = {"upload_id": "upload-x", "target": {"bucket": "out", "key": "big"}} | changes
    return json.dumps(record).encode()


@pytest.mark.parametrize(
    "body",
    [
        hostile(target={"bucket": "../x", "key": "big"}),
        hostile(target={"bucket": "out/x?y", "key": "big"}),
        hostile(target={"bucket": 7, "key": "big"}),
        hostile(target={"bucket": "out", "key": ""}),
        hostile(target={"bucket": "out", "key": "k" * 1025}),
        hostile(target={"bucket": "out", "key": "\udc80"}),
        hostile(target={}),
        b"[" * 100_000,
    ],
    ids=["dots", "slash", "number", "empty", "long", "surrogate", "nothing", "deep"],
)
async def test_a_hostile_record_stops_nothing_and_sends_nothing(body: bytes) -> None:
    """
    A bucket or a key that no request can name would be the end of the run: such a record is only removed.
    """
    store = await killed()
    (record,) = [key for key in names(store) if "s3copy-upload" in key]
    store.fill("out", {record: body})

    watched = await clean(store, cleaning())

    assert store.count("ListParts") == 0
    assert len(store.uploads) == 1
    assert (names(store), watched.state.exit_code) == ([], 0)


@pytest.mark.parametrize("older", [5, "upload-9", {"a": 1}, [7, None, ["x"]], None])
async def test_hostile_lists_of_older_uploads_are_ignored(older: object) -> None:
    """
    Neither a clean nor the next copy stumbles over them.
    """
    for act in ("clean", "copy"):
        store = await killed()
        (record,) = [key for key in names(store) if "s3copy-upload" in key]
        store.fill("out", {record: hostile(older=older)})

        watched = await (clean(store, cleaning()) if act == "clean" else run_in_memory(copying(), store))

        assert (watched.state.failed, watched.state.exit_code) == (0, 0)
        assert is_copy(store) == (act == "copy")


async def test_an_upload_that_was_given_up_in_the_same_run_stays_on_record() -> None:
    """
    The layout was taken for even, and the upload in that layout cannot be aborted: the record of the next one names it.
    """
    store = with_parts(100, 120, 80, 100)
    store.fault = lambda call: Fault("AccessDenied", 403) if call.operation == "AbortMultipartUpload" else None

    watched = await run_in_memory(copying(permits=1), store)

    assert is_copy(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    (left,) = store.uploads
    (record,) = [key for key in names(store) if "s3copy-upload" in key]
    assert left in json.loads(store.buckets["out"][record].body)["older"]
    store.fault = lambda _: None
    watched = await clean(store, cleaning())
    assert not store.uploads
    assert (names(store), watched.state.exit_code) == ([], 0)
