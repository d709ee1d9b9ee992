"""
One object, from its task to its result.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from s3copy_async.copying.job import CopyJob
from s3copy_async.copying.one import MAX_LOOKS, copy_one
from s3copy_async.errors import FatalError
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import (
    CopyAnswer,
    CopyRequest,
    CopyResult,
    CopyTask,
    ObjectInfo,
    Outcome,
    Page,
    Proof,
    SkipReason,
)
from s3copy_async.options import Limits
from s3copy_async.patience import Meter
from support import Clock, patient


class Bench:
    """
    A store with one object ``a`` to copy to ``b``.
    """

    def __init__(self, memory: MemoryStore | None = None, body: bytes = b"hello") -> None:
        self.memory = memory or MemoryStore()
        self.memory.fill("in", {"a": body})
        self.memory.fill("out", {})

    @property
    def source(self) -> ObjectInfo:
        """
        The source as a listing shows it now.
        """
        stored = self.memory.buckets["in"]["a"]
        return ObjectInfo("a", stored.size, stored.etag)

    async def copy(self, source: ObjectInfo | None = None, *, named: bool = False, retries: int = 3) -> CopyResult:
        """
        Copies the object; `named` as with ``-f``, when only its key is known.
        """
        store = Guarded(self.memory, Flow(4), patient(Clock()), Meter(), lambda _: None)
        job = CopyJob(store, store, "in", "out", Limits(retries=retries))
        return await copy_one(CopyTask("a", "b", None if named else source or self.source), job)

    @property
    def copies(self) -> int:
        """
        CopyObject requests so far.
        """
        return self.memory.count("CopyObject")


def on(operation: str, number: int, fault: Fault) -> Callable[[Call], Fault | None]:
    """
    One request of an operation goes wrong.
    """
    return lambda call: fault if (call.operation, call.number) == (operation, number) else None


async def test_a_copy_is_proven_by_its_etag() -> None:
    """
    One request, and the ETag that comes back is the proof.
    """
    bench = Bench()

    result = await bench.copy()

    etag = bench.source.etag
    wanted = CopyResult("a", "b", 5, Outcome.COPIED, proof=Proof.ETAG, etag=etag, source_etag=etag, method="whole")
    assert wanted == result
    assert [call.operation for call in bench.memory.calls] == ["CopyObject"]


async def test_an_empty_object_is_copied() -> None:
    """
    No bytes are equal to no bytes.
    """
    result = await Bench(body=b"").copy()

    assert (result.outcome, result.proof) == (Outcome.COPIED, Proof.ETAG)


async def test_wrong_bytes_are_copied_again() -> None:
    """
    A copy with another ETag than its source is repeated until it is right.
    """
    bench = Bench(MemoryStore(corrupt=lambda call: call.number <= 2))

    result = await bench.copy()

    assert (result.outcome, bench.copies) == (Outcome.COPIED, 3)
    assert bench.memory.buckets["out"]["b"].body == b"hello"


@pytest.mark.parametrize("retries", [0, 1, 3])
async def test_bytes_that_stay_wrong_fail(retries: int) -> None:
    """
    After ``--retries`` repetitions the object has failed, and says which ETag came back.
    """
    bench = Bench(MemoryStore(corrupt=lambda _: True))

    result = await bench.copy(retries=retries)

    assert (Outcome.FAILED, "WrongETag", retries + 1) == (result.outcome, result.code, bench.copies)
    assert bench.source.etag in result.reason


async def test_an_encrypted_object_is_proven_by_the_server() -> None:
    """
    An ETag that is no MD5 is not comparable, which is not wrong: S3's own answer is the proof.
    """
    bench = Bench()
    bench.memory.buckets["in"]["a"].opaque = True

    result = await bench.copy()

    assert (result.outcome, result.proof, bench.copies) == (Outcome.COPIED, Proof.SERVER, 1)


async def test_a_source_that_changed_is_looked_at_anew() -> None:
    """
    The listed ETag no longer holds: the new version is copied, and proven as that.
    """
    bench = Bench()

    result = await bench.copy(ObjectInfo("a", 3, "0" * 32))

    assert (result.outcome, result.proof, result.size) == (Outcome.COPIED, Proof.ETAG, 5)
    assert bench.source.etag == result.etag


class Restless(MemoryStore):
    """
    A store whose source changes before each of the first copies.
    """

    changes = 0

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        if self.changes:
            self.changes -= 1
            self.fill("in", {"a": b"version %d" % self.changes})
        return await super().copy_object(request)


@pytest.mark.parametrize("changes", [1, MAX_LOOKS])
async def test_a_source_that_keeps_changing_is_followed_for_a_while(changes: int) -> None:
    """
    Up to three new looks, then it holds still and is copied.
    """
    memory = Restless()
    memory.changes = changes

    result = await Bench(memory).copy()

    assert Outcome.COPIED is result.outcome
    assert memory.buckets["out"]["b"].body == b"version 0"


async def test_a_source_that_never_holds_still_fails() -> None:
    """
    After three new looks the object has failed, and nothing was copied unproven.
    """
    memory = Restless()
    memory.changes = 100

    result = await Bench(memory).copy()

    assert (
        result.outcome,
        result.code,
        memory.count("CopyObject"),
    ) == (Outcome.FAILED, "SourceChanging", MAX_LOOKS + 1)
    assert "b" not in memory.buckets["out"]


class Unpinned(MemoryStore):
    """
    A store that ignores the pinned ETag, as Ceph and moto do.
    """

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        now = self.buckets[request.source_bucket][request.source_key]
        return await super().copy_object(request._replace(source_etag=now.etag))


async def test_a_newer_version_from_a_store_without_pins_is_proven_by_a_look() -> None:
    """
    The copy's ETag is that of the source as it is now: whole, proven, and not copied again.
    """
    bench = Bench(Unpinned())

    result = await bench.copy(ObjectInfo("a", 3, "0" * 32))

    assert (result.outcome, result.proof, result.size, bench.copies) == (Outcome.COPIED, Proof.ETAG, 5, 1)


async def test_a_source_that_was_deleted_meanwhile_is_skipped() -> None:
    """
    A deletion during the run is no failure.
    """
    bench = Bench()
    listed = bench.source
    del bench.memory.buckets["in"]["a"]

    result = await bench.copy(listed)

    assert (result.outcome, result.reason) == (Outcome.SKIPPED, SkipReason.VANISHED)


async def test_a_source_that_was_deleted_from_a_directory_bucket_is_skipped() -> None:
    """
    Which is not listed to find out: it knows no prefix without a slash at its end.
    """
    bucket = "in--use1-az4--x-s3"
    memory = MemoryStore()
    memory.fill(bucket, {})
    memory.fill("out", {})
    store = Guarded(memory, Flow(4), patient(Clock()), Meter(), lambda _: None)

    job = CopyJob(store, store, bucket, "out", Limits())
    result = await copy_one(CopyTask("a", "b", ObjectInfo("a", 1, "0" * 32)), job)

    assert (result.outcome, result.reason) == (Outcome.SKIPPED, SkipReason.VANISHED)


async def test_a_source_that_only_the_copy_cannot_find_fails() -> None:
    """
    A lookup finds it, so it was not deleted: it must never be counted as gone.
    """
    bench = Bench(MemoryStore(fault=lambda call: Fault("NoSuchKey", 404) if call.operation == "CopyObject" else None))

    result = await bench.copy()

    assert (result.outcome, result.code) == (Outcome.FAILED, "NoSuchKey")


async def test_a_refused_object_fails_alone() -> None:
    """
    A refusal is a value, with S3's code and words.
    """
    bench = Bench(MemoryStore(fault=on("CopyObject", 1, Fault("InvalidRequest", 400))))

    result = await bench.copy()

    assert (result.outcome, result.code, result.size) == (Outcome.FAILED, "InvalidRequest", 5)


async def test_what_no_object_can_survive_is_raised() -> None:
    """
    Expired credentials end the run.
    """
    bench = Bench(MemoryStore(fault=on("CopyObject", 1, Fault("ExpiredToken", 400))))

    with pytest.raises(FatalError):
        await bench.copy()


async def test_a_named_key_costs_one_lookup_a_side_and_the_copy() -> None:
    """
    ``-f`` needs no permission to list.
    """
    bench = Bench()

    result = await bench.copy(named=True)

    assert Outcome.COPIED is result.outcome
    assert [call.operation for call in bench.memory.calls] == ["HeadObject", "HeadObject", "CopyObject"]


async def test_a_named_key_that_is_there_already_is_skipped() -> None:
    """
    Equal size and ETag at the destination: nothing to do.
    """
    bench = Bench()
    bench.memory.fill("out", {"b": b"hello"})

    result = await bench.copy(named=True)

    assert (result.outcome, result.reason, result.size, bench.copies) == (Outcome.SKIPPED, SkipReason.SAME, 5, 0)


async def test_a_named_key_that_does_not_exist_fails() -> None:
    """
    Whoever names a key expects it to be there.
    """
    bench = Bench()
    del bench.memory.buckets["in"]["a"]

    result = await bench.copy(named=True)

    assert (result.outcome, result.code) == (Outcome.FAILED, "NoSuchKey")


async def test_a_named_key_is_copied_where_the_destination_may_not_be_looked_at() -> None:
    """
    Without the lookup there is no "already there", and the copy goes on.
    """
    bench = Bench(MemoryStore(fault=on("HeadObject", 2, Fault("403", 403))))

    assert Outcome.COPIED is (await bench.copy(named=True)).outcome


async def test_a_named_key_that_may_not_be_looked_at_fails_with_a_hint() -> None:
    """
    Without the right to list, S3 denies what is missing: the words say so.
    """
    bench = Bench(MemoryStore(fault=on("HeadObject", 1, Fault("403", 403))))

    result = await bench.copy(named=True)

    assert Outcome.FAILED is result.outcome
    assert "missing keys too" in result.reason


@pytest.mark.parametrize("named", [True, False])
async def test_a_key_that_only_a_listing_shows_is_not_gone(*, named: bool) -> None:
    """
    Neither a lookup nor the copy finds it, and it is there all the same: it is misread on the way, so it fails.
    """
    hidden = MemoryStore(
        fault=lambda call: Fault("NoSuchKey", 404) if call.operation in {"CopyObject", "HeadObject"} else None
    )
    bench = Bench(hidden)

    result = await bench.copy(named=named)

    assert (result.outcome, result.code) == (Outcome.FAILED, "NoSuchKey")


async def test_a_listing_that_is_denied_leaves_a_deleted_source_deleted() -> None:
    """
    Neither lookup nor copy finds it, and nobody may list: what two answers say is believed.
    """
    bench = Bench(
        MemoryStore(fault=lambda call: Fault("AccessDenied", 403) if call.operation == "ListObjectsV2" else None)
    )
    listed = bench.source
    del bench.memory.buckets["in"]["a"]

    result = await bench.copy(listed)

    assert (result.outcome, result.reason) == (Outcome.SKIPPED, SkipReason.VANISHED)


@pytest.mark.parametrize("plus", [False, True])
async def test_a_key_with_a_space_is_found_behind_many_others(*, plus: bool) -> None:
    """
    Also where more keys than a page holds begin like it, and where its name is one with a plus sign.
    """

    class Misread(MemoryStore):
        async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
            page = await super().list_page(bucket, prefix, start_after=start_after, token=token)
            return page._replace(objects=tuple(item._replace(key=item.key.replace("+", " ")) for item in page.objects))

    store = Misread(page_size=1, fault=lambda call: Fault("NoSuchKey", 404) if call.operation == "CopyObject" else None)
    store.fill("in", {"a": b"", "a 0": b"", "a+b" if plus else "a b": b"x"})
    store.fill("out", {})
    guarded = Guarded(store, Flow(4), patient(Clock()), Meter(), lambda _: None)
    source = ObjectInfo("a b", 1, "0" * 32)
    if not plus:
        store.fault = lambda call: Fault("NoSuchKey", 404) if call.operation in {"CopyObject", "HeadObject"} else None

    result = await copy_one(CopyTask("a b", "b", source), CopyJob(guarded, guarded, "in", "out", Limits()))

    assert (result.outcome, result.reason) != (Outcome.SKIPPED, SkipReason.VANISHED)
    assert result.outcome is Outcome.FAILED
