"""
Cleaning a work area: what is shown, what is removed, and what is never touched.
"""

from __future__ import annotations

from typing import Final

import pytest

from s3copy_async.app import Action
from s3copy_async.clean import Cleaner
from s3copy_async.copy.lanes import LanePool
from s3copy_async.events import Event, LeftoverFound, LeftoverRemoved, ObjectDone, UploadFound
from s3copy_async.keys import WorkArea
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault, StoredUpload
from s3copy_async.options import CleanOptions, Options, PartOptions, Selection
from s3copy_async.uri import S3Uri
from staging import Kill, buckets, copying, killed_run, names, nth_of, pieces, recorded, with_parts
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
