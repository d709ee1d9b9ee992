"""
The store in memory: what tests rely on besides the contract.
"""

from __future__ import annotations

import pytest

from s3copy_async.errors import ObjectRefused, Throttled, TransientError
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import BucketInfo, CopyRequest


async def test_every_request_is_logged_with_its_number() -> None:
    """
    A test can count requests, failed ones included.
    """
    store = MemoryStore(fault=lambda call: Fault("SlowDown", 503) if call.number == 1 else None)
    store.fill("in", {"a": b""})
    with pytest.raises(Throttled):
        await store.head_object("in", "a")
    await store.head_object("in", "a")

    assert [Call("HeadObject", "in", "a", 1), Call("HeadObject", "in", "a", 2)] == store.calls
    assert (store.count("HeadObject"), store.count("CopyObject")) == (2, 0)


@pytest.mark.parametrize("after_effect", [True, False])
async def test_a_fault_strikes_before_or_after_the_effect(*, after_effect: bool) -> None:
    """
    A lost answer leaves the object behind, and the error says that it may.
    """
    store = MemoryStore(fault=lambda _: Fault("InternalError", after_effect=after_effect))
    store.fill("in", {})

    with pytest.raises(TransientError) as caught:
        await store.put_object("in", "a", b"x")

    assert after_effect == ("a" in store.buckets["in"]) == caught.value.failure.maybe_done


async def test_corruption_stores_other_bytes() -> None:
    """
    The answer and the stored object agree: a copy that went wrong looks like one.
    """
    store = MemoryStore(corrupt=lambda _: True)
    store.fill("in", {"a": b"x"})
    store.fill("out", {})
    etag = store.buckets["in"]["a"].etag

    answer = await store.copy_object(CopyRequest("in", "a", etag, 1, "out", "a", (("GrantRead", "x"),)))

    stored = store.buckets["out"]["a"]
    assert etag != answer.etag == stored.etag
    assert stored.grants == (("GrantRead", "x"),)


async def test_keys_are_as_long_as_s3_allows() -> None:
    """
    1,024 bytes, and not one more.
    """
    store = MemoryStore()
    store.fill("in", {})
    await store.put_object("in", "\u20ac" * 341 + "k", b"")

    with pytest.raises(ObjectRefused):
        await store.put_object("in", "\u20ac" * 341 + "kk", b"")


async def test_buckets_may_have_regions() -> None:
    """
    Only those that were given one.
    """
    store = MemoryStore(regions={"in": "eu-west-3"})
    store.fill("in", {})
    store.fill("out", {})

    assert [BucketInfo("eu-west-3"), BucketInfo(None)] == [await store.head_bucket(name) for name in ("in", "out")]
