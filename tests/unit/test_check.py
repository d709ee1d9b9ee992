"""
What `check` says of two places.
"""

from __future__ import annotations

import pytest

from s3copy_async.app import Action
from s3copy_async.events import Checked, ObjectDone
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Fault
from s3copy_async.model import CheckResult, Finding
from s3copy_async.options import Options, Selection
from s3copy_async.uri import S3Uri
from support import Watched, run_in_memory


async def checked(store: MemoryStore, *, one_way: bool = False, **settings: object) -> Watched:
    """
    A check of ``s3://in/a`` with ``s3://out/t``.
    """
    selection = Selection(S3Uri("in", "a"), S3Uri("out", "t"), **settings)  # type: ignore[arg-type]
    return await run_in_memory(Options(selection, one_way=one_way), store, Action.CHECK)


def store_of(source: dict[str, bytes], dest: dict[str, bytes], page_size: int = 2) -> MemoryStore:
    """
    Two buckets.
    """
    store = MemoryStore(page_size=page_size)
    store.fill("in", source)
    store.fill("out", dest)
    return store


def findings(watched: Watched) -> list[CheckResult]:
    """
    What was found, without the reasons.
    """
    return [event.result._replace(reason="") for event in watched.events if isinstance(event, Checked)]


@pytest.mark.parametrize("page_size", [1, 2, 1000])
async def test_finds_what_is_missing_different_and_extra(page_size: int) -> None:
    """
    One finding a key, whatever the pages; the exit code is 4.
    """
    source = {"a/1": b"same", "a/2": b"one", "a/3": b"size", "a/4": b"gone"}
    dest = {"t/a/0": b"", "t/a/1": b"same", "t/a/2": b"two", "t/a/3": b"other size", "t/a/9": b"", "t/b": b""}

    watched = await checked(store_of(source, dest, page_size))

    assert {
        CheckResult("a/2", "t/a/2", Finding.DIFFERENT),
        CheckResult("a/3", "t/a/3", Finding.DIFFERENT),
        CheckResult("a/4", "t/a/4", Finding.MISSING),
        CheckResult("", "t/a/0", Finding.EXTRA),
        CheckResult("", "t/a/9", Finding.EXTRA),
    } == set(findings(watched))
    assert watched.state.findings[Finding.SAME] == 1
    assert watched.state.exit_code == 4


async def test_equal_places_are_the_same() -> None:
    """
    Nothing to say, exit code 0, and nothing is written.
    """
    store = store_of({"a/1": b"x", "a/2": b""}, {"t/a/1": b"x", "t/a/2": b""})

    watched = await checked(store)

    assert (findings(watched), watched.state.findings[Finding.SAME], watched.state.exit_code) == ([], 2, 0)
    assert store.count("CopyObject") == 0


async def test_one_way_ignores_what_is_extra() -> None:
    """
    With ``--one-way`` only the source counts.
    """
    watched = await checked(store_of({"a/1": b"x"}, {"t/a/0": b"", "t/a/1": b"x", "t/a/2": b""}), one_way=True)

    assert (findings(watched), watched.state.exit_code) == ([], 0)


async def test_encrypted_objects_are_not_comparable() -> None:
    """
    A listing shows another ETag; only a lookup tells that it is no MD5. That is no difference.
    """
    store = store_of({"a/1": b"x"}, {"t/a/1": b"y"})
    store.buckets["out"]["t/a/1"].opaque = True

    watched = await checked(store)

    assert [CheckResult("a/1", "t/a/1", Finding.NOT_COMPARABLE)] == findings(watched)
    assert watched.state.exit_code == 0


async def test_other_part_layouts_are_not_comparable() -> None:
    """
    Equal in size, but one was uploaded in parts: the ETags cannot tell.
    """
    store = store_of({"a/1": b"x"}, {"t/a/1": b"x"})
    store.buckets["in"]["a/1"].etag = "a" * 32 + "-2"

    assert [found.finding for found in findings(await checked(store))] == [Finding.NOT_COMPARABLE]


async def test_the_work_area_is_not_extra() -> None:
    """
    Work in progress in the destination bucket is ours.
    """
    store = MemoryStore()
    store.fill("in", {"a": b"x"})
    store.fill("out", {"a": b"x", "temp/a/1a2b3c4/parts/part-00001": b"", "temp/mine.txt": b""})
    selection = Selection(S3Uri("in"), S3Uri("out"))

    watched = await run_in_memory(Options(selection), store, Action.CHECK)

    assert [CheckResult("", "temp/mine.txt", Finding.EXTRA)] == findings(watched)


async def test_an_exact_key_is_checked_too() -> None:
    """
    The object of the path's very name belongs to the source.
    """
    store = store_of({"a": b"x", "a/1": b"y"}, {"t/a/1": b"y"})

    assert [CheckResult("a", "t/a", Finding.MISSING)] == findings(await checked(store))


async def test_named_keys_are_looked_up() -> None:
    """
    ``-f`` with a check: same, missing, and a key that the source lacks is a failure.
    """
    store = store_of({"a/1": b"x", "a/2": b"y"}, {"t/1": b"x"})

    watched = await checked(store, files=("1", "2", "3"))

    assert [CheckResult("a/2", "t/2", Finding.MISSING)] == findings(watched)
    assert [event.result.key for event in watched.events if isinstance(event, ObjectDone)] == ["a/3"]
    assert watched.state.exit_code == 3


async def test_a_side_that_may_not_be_listed_ends_the_check() -> None:
    """
    Half a comparison is none.
    """
    store = store_of({"a/1": b"x"}, {"t/a/1": b"x"})
    store.fault = lambda call: (
        Fault("AccessDenied", 403) if (call.operation, call.bucket) == ("ListObjectsV2", "out") else None
    )

    watched = await checked(store)

    assert watched.state.exit_code == 1
    assert "s3:ListBucket" in watched.state.error


@pytest.mark.parametrize("side", ["in", "out"])
@pytest.mark.parametrize("named", [True, False])
async def test_an_object_that_may_not_be_looked_at_is_a_failure(side: str, *, named: bool) -> None:
    """
    Nobody compared it, so it counts neither as equal nor as not comparable: exit code 3.
    """
    store = store_of({"a/1": b"x"}, {"t/1": b"y", "t/a/1": b"y"})
    store.fault = lambda call: (
        Fault("AccessDenied", 403) if (call.operation, call.bucket) == ("HeadObject", side) else None
    )

    watched = await checked(store, **({"files": ("1",)} if named else {}), one_way=True)

    results = [event.result for event in watched.events if isinstance(event, ObjectDone)]
    if named:
        assert [(result.key, result.code) for result in results] == [("a/1", "AccessDenied")]
    assert ("a/1", "AccessDenied") in [(result.key, result.code) for result in results]
    assert (findings(watched), watched.state.exit_code) == ([], 3)


@pytest.mark.parametrize("code", ["AccessDenied", "400"])
async def test_an_exact_key_that_is_refused_is_not_taken_for_missing(code: str) -> None:
    """
    Without the right to see it nobody knows whether there is one; any other refusal is a failure.
    """
    store = store_of({"a/1": b"x"}, {"t/a/1": b"x"})
    store.fault = lambda call: (
        Fault(code, 403 if code == "AccessDenied" else 400)
        if (call.operation, call.key) == ("HeadObject", "a")
        else None
    )

    watched = await checked(store)

    assert watched.state.exit_code == (0 if code == "AccessDenied" else 3)
    assert watched.state.findings[Finding.SAME] == 1


@pytest.mark.parametrize(
    ("source", "dest", "finding", "code"),
    [
        ([b"x" * 7, b"y" * 3], [b"x" * 7, b"z" * 3], Finding.DIFFERENT, 4),
        ([b"x" * 7, b"y" * 3], [b"x" * 4, b"x" * 3 + b"y" * 3], Finding.NOT_COMPARABLE, 0),
        ([b"x" * 7, b"y" * 3], [b"x" * 4, b"x" * 3, b"y" * 3], Finding.NOT_COMPARABLE, 0),
    ],
    ids=["same boundaries", "other boundaries", "other count"],
)
async def test_equal_boundaries_tell_other_bytes_from_other_parts(
    source: list[bytes], dest: list[bytes], finding: Finding, code: int
) -> None:
    """
    As many parts, the first of one size: other ETags are other bytes. Cut elsewhere, the same bytes have other ETags.
    """
    store = store_of({}, {})
    store.fill_multipart("in", "a/1", source)
    store.fill_multipart("out", "t/a/1", dest)

    watched = await checked(store)

    assert [CheckResult("a/1", "t/a/1", finding)] == findings(watched)
    assert watched.state.exit_code == code


async def test_unknown_boundaries_are_not_comparable() -> None:
    """
    A store that refuses part numbers leaves open whether the bytes differ.
    """
    store = store_of({}, {})
    store.fill_multipart("in", "a/1", [b"x", b"y"])
    store.fill_multipart("out", "t/a/1", [b"x", b"z"])
    store.fault = lambda call: Fault("400", 400) if (call.operation, call.number) == ("HeadObject", 4) else None

    watched = await checked(store)

    assert [CheckResult("a/1", "t/a/1", Finding.NOT_COMPARABLE)] == findings(watched)
    assert watched.state.exit_code == 0
