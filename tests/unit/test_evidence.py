"""
What is copied again, and what need not be: nothing for ever because its ETag cannot be equal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from s3copy_async.app import Action
from s3copy_async.errors import Failure
from s3copy_async.events import ObjectDone, Planned
from s3copy_async.faults import error_for
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Nature
from s3copy_async.model import CopyResult, Head, Outcome, Page, Proof, SkipReason
from s3copy_async.options import Compare, Options, Selection, Verify
from s3copy_async.uri import S3Uri
from staging import buckets, copying, has_bytes, pieces
from support import Watched, run_in_memory

CRC: Final = "CRC64NVME"
MODES: Final = pytest.mark.parametrize("mode", Compare)


def encrypting(checksums: str = "", source: bytes = b"some bytes") -> MemoryStore:
    """
    A store whose destination encrypts with a key of KMS, so that no ETag there is an MD5; one object to copy.
    """
    store = buckets()
    store.nature = Nature(checksums=checksums, encrypts=frozenset({"out"}))
    store.fill("in", {"a": source})
    return store


def copied_long_ago(store: MemoryStore) -> None:
    """
    The destination was written an hour after the source.
    """
    store.buckets["in"]["a"].modified = 1000.0
    store.buckets["out"]["a"].modified = 4600.0


async def run(store: MemoryStore, options: Options | None = None, action: Action = Action.COPY) -> Watched:
    """
    One run, whose requests alone are in the store's log.
    """
    store.calls.clear()
    return await run_in_memory(options or copying(), store, action)


def result_of(watched: Watched) -> CopyResult:
    """
    What was said of the one object.
    """
    (found,) = [event.result for event in watched.events if isinstance(event, ObjectDone)]
    return found


def sent(store: MemoryStore, operation: str) -> int:
    """
    Requests of the last run.
    """
    return sum(call.operation == operation for call in store.calls)


async def test_checksums_show_what_encryption_hides() -> None:
    """
    Two HEADs instead of a copy, and the report says so.
    """
    store = encrypting(CRC)
    await run(store)

    watched = await run(store)

    result = result_of(watched)
    assert (result.outcome, result.reason, result.proof) == (Outcome.SKIPPED, SkipReason.SAME, Proof.CHECKSUM)
    assert (sent(store, "CopyObject"), sent(store, "HeadObject")) == (0, 2)
    assert watched.state.kept_proofs == {Proof.CHECKSUM: 1}
    assert result.source_etag != result.etag == store.buckets["out"]["a"].etag


async def test_checksums_outweigh_the_time() -> None:
    """
    An object with other bytes is copied, also where its destination looks younger.
    """
    store = encrypting(CRC)
    await run(store)
    store.fill("in", {"a": b"SOME BYTES"})
    copied_long_ago(store)

    await run(store)

    assert has_bytes(store, "a")


async def test_without_checksums_the_time_tells() -> None:
    """
    Where nothing better is to be had, nor would be after another copy.
    """
    store = encrypting()
    await run(store)
    copied_long_ago(store)

    watched = await run(store)

    result = result_of(watched)
    assert (result.outcome, result.reason, result.proof) == (Outcome.SKIPPED, SkipReason.SAME_TIME, Proof.TIME)
    assert sent(store, "CopyObject") == 0


@pytest.mark.parametrize("moment", [4600.0, 5000.0], ids=["the same second", "later"])
async def test_what_was_written_after_its_copy_is_copied_at_once(moment: float) -> None:
    """
    In the same second too, for S3 knows no parts of it. No HEAD is spent on what has nearly always changed.
    """
    store = encrypting()
    await run(store)
    copied_long_ago(store)
    store.fill("in", {"a": b"SOME BYTES"})
    store.buckets["in"]["a"].modified = moment

    await run(store)

    assert has_bytes(store, "a")
    assert (sent(store, "CopyObject"), sent(store, "HeadObject")) == (1, 0)


async def test_the_time_is_nothing_where_etags_can_be_compared() -> None:
    """
    Equal sizes, both plain: other ETags are other bytes.
    """
    store = buckets()
    store.fill("in", {"a": b"some bytes"})
    store.fill("out", {"a": b"SOME BYTES"})
    copied_long_ago(store)

    await run(store)

    assert has_bytes(store, "a")


async def test_the_time_is_no_proof() -> None:
    """
    With ``--verify required`` such an object is no success.
    """
    store = encrypting()
    await run(store)
    copied_long_ago(store)

    watched = await run(store, replace(copying(), verify=Verify.REQUIRED))

    assert (result_of(watched).outcome, result_of(watched).code) == (Outcome.FAILED, "Unproven")


async def test_a_record_shows_what_encryption_hides_of_objects_in_parts() -> None:
    """
    One GET, and neither HEADs nor copies.
    """
    store = encrypting()
    del store.buckets["in"]["a"]
    store.fill_multipart("in", "big", pieces(1000, 5))
    await run(store)

    watched = await run(store)

    assert (result_of(watched).reason, result_of(watched).proof) == (SkipReason.SAME, Proof.RECORD)
    assert {call.operation for call in store.calls} == {"HeadBucket", "ListObjectsV2", "GetObject"}


async def test_the_time_of_an_upload_in_parts_is_no_evidence() -> None:
    """
    It is when the upload was begun: a source may be younger than it looks. Without a record it is copied, once.
    """
    store = encrypting()
    del store.buckets["in"]["a"]
    store.fill_multipart("in", "big", pieces(1000, 5, seed=1))
    store.fill_multipart("out", "big", pieces(1000, 5, seed=2), (("ServerSideEncryption", "aws:kms"),))
    store.buckets["in"]["big"].modified = 1000.0

    await run(store)
    assert has_bytes(store)

    await run(store)
    assert sent(store, "UploadPartCopy") == 0


async def test_another_layout_is_copied_once() -> None:
    """
    A copy that another tool made in other parts gets the source's, whatever the times say; then ETags tell.
    """
    store = buckets()
    parts = pieces(1000, 1000, 5)
    store.fill_multipart("in", "big", parts)
    store.fill_multipart("out", "big", [b"".join(parts)])
    store.buckets["in"]["big"].modified = 1000.0

    await run(store)
    assert store.buckets["out"]["big"].etag == store.buckets["in"]["big"].etag

    await run(store)
    assert {call.operation for call in store.calls} == {"HeadBucket", "ListObjectsV2"}


async def test_another_layout_is_not_copied_where_checksums_are_equal() -> None:
    """
    They do not depend on parts.
    """
    store = buckets()
    store.nature = Nature(checksums=CRC)
    parts = pieces(1000, 1000, 5)
    store.fill_multipart("in", "big", parts)
    store.fill_multipart("out", "big", [b"".join(parts)])

    watched = await run(store)

    assert (result_of(watched).reason, result_of(watched).proof) == (SkipReason.SAME, Proof.CHECKSUM)


class Undecrypted(MemoryStore):
    """
    A store whose caller may not decrypt: no HEAD shows it a checksum.
    """

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        See `store.HeadsDetails`.
        """
        raise error_for(Failure("HeadObject", "403", 403))


async def test_who_may_not_decrypt_sees_the_time() -> None:
    """
    A HEAD without the checksum still tells that the ETag is none.
    """
    store = encrypting()
    await run(store)
    copied_long_ago(store)
    blind = Undecrypted(nature=store.nature, buckets=store.buckets)

    watched = await run(blind)

    assert result_of(watched).reason == SkipReason.SAME_TIME


class Late(MemoryStore):
    """
    A store whose listing of the destination is an old one.
    """

    page = Page((), None)

    async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        See `store.ListsObjects`.
        """
        return self.page if bucket == "out" else await super().list_page(bucket, prefix)


async def test_a_destination_that_changed_since_it_was_listed_is_copied_over() -> None:
    """
    What was compared must be what was listed.
    """
    store = encrypting(CRC)
    await run(store)
    copied_long_ago(store)
    late = Late(nature=store.nature, buckets=store.buckets)
    late.page = await store.list_page("out", "")
    there = store.buckets["out"]["a"]
    there.etag, there.checksum = "f" * 32, f"{CRC}:AAAAAAAAAAA="

    watched = await run(late)

    assert result_of(watched).outcome is Outcome.COPIED


@pytest.mark.parametrize(
    ("mode", "reason", "proof"),
    [(Compare.SIZE, SkipReason.SAME_SIZE, Proof.SIZE), (Compare.SIZE_TIME, SkipReason.SAME_TIME, Proof.TIME)],
)
@pytest.mark.parametrize("named", [False, True], ids=["listed", "named"])
async def test_listings_are_believed_where_they_are_to_be(
    mode: Compare, reason: SkipReason, proof: Proof, *, named: bool
) -> None:
    """
    Other bytes of the same size stay, no request is spent on them, and they are counted apart.
    """
    store = buckets()
    store.fill("in", {"a": b"some bytes"})
    store.fill("out", {"a": b"SOME BYTES"})
    copied_long_ago(store)
    selection = Selection(S3Uri("in"), S3Uri("out"), files=("a",)) if named else copying().selection

    watched = await run(store, replace(copying(), compare=mode, selection=selection))

    assert (watched.state.skipped, watched.state.kept_proofs) == ({reason: 1}, {proof: 1})
    assert sent(store, "HeadObject") == (2 if named else 0)


async def test_size_and_time_copy_what_is_younger() -> None:
    """
    A source that was written after its destination has changed.
    """
    store = buckets()
    store.fill("in", {"a": b"some bytes"})
    store.fill("out", {"a": b"SOME BYTES"})
    store.buckets["out"]["a"].modified = 10.0

    await run(store, replace(copying(), compare=Compare.SIZE_TIME))

    assert has_bytes(store, "a")


async def test_checksums_are_looked_at_also_where_etags_are_equal() -> None:
    """
    ``--compare checksum`` finds what an ETag cannot show.
    """
    store = buckets()
    store.nature = Nature(checksums=CRC)
    store.fill("in", {"a": b"some bytes"})
    store.fill("out", {"a": b"SOME BYTES"})
    store.buckets["out"]["a"].etag = store.buckets["in"]["a"].etag
    assert (await run(store)).state.skipped == {SkipReason.SAME: 1}

    await run(store, replace(copying(), compare=Compare.CHECKSUM))

    assert has_bytes(store, "a")


async def test_equal_etags_alone() -> None:
    """
    ``--compare etag`` believes nothing else, and asks for nothing else.
    """
    store = encrypting(CRC)
    await run(store)
    copied_long_ago(store)

    await run(store, replace(copying(), compare=Compare.ETAG))

    assert (sent(store, "CopyObject"), sent(store, "HeadObject")) == (1, 0)


@MODES
@pytest.mark.parametrize("checksums", ["", CRC], ids=["no checksums", "checksums"])
@pytest.mark.parametrize("younger", [False, True], ids=["older source", "younger source"])
async def test_a_dry_run_decides_as_the_run_does(mode: Compare, checksums: str, *, younger: bool) -> None:
    """
    By the same evidence; it writes nothing.
    """
    store = encrypting(checksums)
    store.fill("in", {"b": b"equal", "c": b"other", "d": b"new"})
    store.fill("out", {"b": b"equal", "c": b"OTHER", "a": b"some bytes"})
    store.buckets["out"]["a"].etag, store.buckets["out"]["a"].opaque = "e" * 32, True
    for found in store.buckets["in"].values():
        found.modified = 5000.0 if younger else 1000.0
    for found in store.buckets["out"].values():
        found.modified = 4600.0
    options = replace(copying(), compare=mode)

    planned = await run(store, options, Action.DRY_RUN)
    keys = {event.key for event in planned.events if isinstance(event, Planned)}
    writes = {call.operation for call in store.calls} - {"HeadBucket", "ListObjectsV2", "HeadObject", "GetObject"}
    copied = await run(store, options)

    done = [event.result for event in copied.events if isinstance(event, ObjectDone)]
    assert keys == {result.key for result in done if result.outcome is Outcome.COPIED}
    assert planned.state.skipped == copied.state.skipped
    assert writes == set()
