"""
What `check` finds where it looks closely: checksums, records, headers, metadata and tags.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from s3copy_async.app import Action
from s3copy_async.events import Checked
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault, Nature
from s3copy_async.model import CheckResult, Finding
from s3copy_async.options import Compare, Options
from staging import buckets, copying, pieces
from support import Watched, run_in_memory

CRC: Final = "CRC64NVME"
TYPE: Final = ("ContentType", "text/plain")
NO_STORE: Final = ("CacheControl", "no-store")


async def check(store: MemoryStore, options: Options | None = None, *, deep: bool = False) -> Watched:
    """
    A check of ``s3://in`` with ``s3://out``; its requests alone are in the store's log.
    """
    store.calls.clear()
    return await run_in_memory(replace(options or copying(), deep=deep), store, Action.CHECK)


def only(watched: Watched) -> CheckResult:
    """
    The one difference that was found.
    """
    (found,) = [event.result for event in watched.events if isinstance(event, Checked)]
    return found


def equal_pair() -> MemoryStore:
    """
    A store with an object and its copy, both with everything that an object can have.
    """
    store = buckets()
    for bucket in ("in", "out"):
        store.fill(bucket, {"a": b"bytes"})
        found = store.buckets[bucket]["a"]
        found.settings, found.metadata = (TYPE, NO_STORE), (("colour", "red"),)
        found.tags = (("team", "blue"), ("cost", "1"))
    return store


def sent(store: MemoryStore, operation: str) -> int:
    """
    Requests of the last check.
    """
    return sum(call.operation == operation for call in store.calls)


async def test_equal_objects_are_the_same_in_every_respect() -> None:
    """
    A deep check of a good copy finds nothing; the order of headers, metadata and tags is no difference.
    """
    store = equal_pair()
    there = store.buckets["out"]["a"]
    there.settings, there.tags = there.settings[::-1], there.tags[::-1]

    watched = await check(store, deep=True)

    assert (watched.state.findings, watched.state.exit_code) == ({Finding.SAME: 1}, 0)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"settings": (("ContentType", "text/html"), NO_STORE)}, "Content-Type"),
        ({"settings": (TYPE,)}, "Cache-Control"),
        ({"settings": (TYPE, NO_STORE, ("WebsiteRedirectLocation", "/x"))}, "Website-Redirect-Location"),
        ({"metadata": (("colour", "blue"),)}, "metadata 'colour'"),
        ({"metadata": (("colour", "red"), ("size", "1"))}, "metadata 'size'"),
        ({"tags": (("team", "red"), ("cost", "1"))}, "tag 'team'"),
        ({"tags": ()}, "tag 'team', tag 'cost'"),
        ({"metadata": (), "tags": (("team", "blue"),)}, "metadata 'colour', tag 'cost'"),
    ],
)  # fmt: skip
async def test_what_differs_beside_the_bytes_is_named(change: dict[str, object], named: str) -> None:
    """
    By name and not by value; it is a difference, with exit code 4, only in a deep check.
    """
    store = equal_pair()
    for name, value in change.items():
        setattr(store.buckets["out"]["a"], name, value)
    assert (await check(store)).state.exit_code == 0

    watched = await check(store, deep=True)

    assert (only(watched).finding, only(watched).reason) == (Finding.METADATA, named)
    assert watched.state.exit_code == 4


async def test_other_bytes_are_told_before_other_metadata() -> None:
    """
    One finding a key, the graver one.
    """
    store = equal_pair()
    store.fill("out", {"a": b"BYTES"})

    assert only(await check(store, deep=True)).finding is Finding.DIFFERENT


@pytest.mark.parametrize("bucket", ["in", "out"])
async def test_tags_that_may_not_be_read_are_no_equal_tags(bucket: str) -> None:
    """
    Such an object is not comparable, and the permission is named.
    """
    store = equal_pair()

    def denied(call: Call) -> Fault | None:
        is_denied = call.operation == "GetObjectTagging" and call.bucket == bucket
        return Fault("AccessDenied", 403) if is_denied else None

    store.fault = denied

    watched = await check(store, deep=True)

    assert only(watched).finding is Finding.NOT_COMPARABLE
    assert "s3:GetObjectTagging" in only(watched).reason


async def test_a_store_without_tags_has_none_that_differ() -> None:
    """
    What cannot exist cannot be lost.
    """
    store = equal_pair()
    store.fault = lambda call: Fault("NotImplemented", 501) if call.operation == "GetObjectTagging" else None

    assert (await check(store, deep=True)).state.findings == {Finding.SAME: 1}


@pytest.mark.parametrize(("is_aws", "requests"), [(True, range(2, 5)), (False, range(20, 21))])
async def test_amazon_tells_in_a_head_which_objects_have_tags(requests: range, *, is_aws: bool) -> None:
    """
    Where they may be read, as the first request for each side shows, objects without tags cost none. Two look at once.
    """
    store = buckets()
    store.nature = Nature(is_aws=is_aws)
    for bucket in ("in", "out"):
        store.fill(bucket, {f"k{number}": b"bytes" for number in range(10)})

    watched = await check(store, copying(permits=1), deep=True)

    assert watched.state.findings == {Finding.SAME: 10}
    assert sent(store, "HeadObject") == 20
    assert sent(store, "GetObjectTagging") in requests


async def test_checksums_compare_copies_that_other_tools_made() -> None:
    """
    In other parts, and encrypted: neither ETag says anything.
    """
    store = buckets()
    store.nature = Nature(checksums=CRC, encrypts=frozenset({"out"}))
    parts = pieces(1000, 1000, 5)
    store.fill_multipart("in", "equal", parts)
    store.fill_multipart("out", "equal", [b"".join(parts)])
    store.fill_multipart("in", "other", parts)
    store.fill_multipart("out", "other", [b"".join(parts[::-1])])

    watched = await check(store)

    assert (only(watched).key, only(watched).finding) == ("other", Finding.DIFFERENT)
    assert "checksum CRC64NVME:" in only(watched).reason
    assert watched.state.findings[Finding.SAME] == 1


async def test_a_record_of_the_copy_compares_what_nothing_else_can() -> None:
    """
    It noted both ETags when the bytes had been proven; of another destination it says nothing.
    """
    store = buckets()
    store.nature = Nature(encrypts=frozenset({"out"}))
    store.fill_multipart("in", "big", pieces(1000, 5))
    await run_in_memory(copying(), store)
    assert (await check(store)).state.findings == {Finding.SAME: 1}

    store.fill_multipart("out", "big", pieces(1000, 5, seed=3), (("ServerSideEncryption", "aws:kms"),))

    assert only(await check(store)).finding is Finding.NOT_COMPARABLE


@pytest.mark.parametrize(
    ("mode", "there", "findings"),
    [
        (Compare.SIZE, 0.0, {Finding.SAME: 1}),
        (Compare.SIZE_TIME, 2000.0, {Finding.SAME: 1}),
        (Compare.SIZE_TIME, 500.0, {Finding.DIFFERENT: 1}),
        (Compare.ETAG, 2000.0, {Finding.DIFFERENT: 1}),
    ],
)
async def test_a_check_believes_what_it_is_told_to(mode: Compare, there: float, findings: dict[Finding, int]) -> None:
    """
    The modes of a copy; size and time cost no request beyond the listings.
    """
    store = buckets()
    store.fill("in", {"a": b"bytes"})
    store.fill("out", {"a": b"BYTES"})
    store.buckets["in"]["a"].modified, store.buckets["out"]["a"].modified = 1000.0, there

    watched = await check(store, replace(copying(), compare=mode))

    assert watched.state.findings == findings
    assert sent(store, "HeadObject") == (2 if mode is Compare.ETAG else 0)


async def test_equal_etags_are_doubted_where_checksums_are_asked_for() -> None:
    """
    ``--compare checksum`` looks at every pair.
    """
    store = buckets()
    store.nature = Nature(checksums=CRC)
    store.fill("in", {"a": b"bytes", "b": b"equal"})
    store.fill("out", {"a": b"BYTES", "b": b"equal"})
    store.buckets["out"]["a"].etag = store.buckets["in"]["a"].etag

    watched = await check(store, replace(copying(), compare=Compare.CHECKSUM))

    assert (only(watched).key, only(watched).finding) == ("a", Finding.DIFFERENT)
    assert watched.state.findings[Finding.SAME] == 1
