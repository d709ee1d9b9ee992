"""
The destination's side of a comparison.
"""

from __future__ import annotations

import pytest

from s3copy_async.errors import AccessDenied, ListingError
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Fault
from s3copy_async.model import Page
from s3copy_async.there import DestinationSide, Image, There, before


@pytest.mark.parametrize(
    ("key", "smaller"),
    [
        ("b", ["a", "a\U0010ffff"]),
        ("a", []),
        ("a\x00", ["a"]),
        ("\ue000", ["\ud7ff"]),
        ("k" * 1024, ["k" * 1023, "k" * 1023 + "j"]),
        ("\U00010000", ["\uffff"]),
    ],
)
def test_before_a_key_lies_what_sorts_before_it(key: str, smaller: list[str]) -> None:
    """
    A listing that starts behind it finds the key, and as good as nothing before the key.
    """
    start = before(key)

    assert start < key
    assert all(other <= start for other in smaller)
    assert len(start.encode()) <= 1024


async def found(store: MemoryStore, keys: list[str], prefix: str = "") -> list[str | None]:
    """
    The keys that a lookup finds, None for those it does not.
    """
    there, _ = await cursor(store, prefix).upto(keys, keys[-1], None)
    return [key if key in there.keys else None for key in keys]


def cursor(store: MemoryStore, prefix: str = "") -> There:
    """
    The whole destination.
    """
    return There(DestinationSide((store,), "out", lambda _: None, must=True), Image(prefix), "", every=False)


@pytest.mark.parametrize("page_size", [1, 2, 5, 1000])
async def test_finds_what_is_there(page_size: int) -> None:
    """
    Keys are found whatever lies between them, and missing ones are not.
    """
    store = MemoryStore(page_size=page_size)
    store.fill("out", {f"{number:02}": b"" for number in range(0, 40, 2)})

    assert await found(store, ["00", "01", "02", "03", "38", "39"]) == ["00", None, "02", None, "38", None]


async def test_the_cursor_goes_on_where_it_stopped() -> None:
    """
    Keys ascend from one call to the next, and a page that still serves is not asked for again.
    """
    store = MemoryStore()
    store.fill("out", {"a": b"", "b": b"", "c": b""})
    there = cursor(store)

    (first, _), (second, _) = await there.upto(["a"], "a", None), await there.upto(["b", "c", "d"], "d", None)

    assert (*first.keys, *second.keys) == ("a", "b", "c")
    assert store.count("ListObjectsV2") == 1


@pytest.mark.parametrize("page_size", [1, 3, 10])
async def test_a_sparse_source_costs_at_most_two_list_requests_a_key(page_size: int) -> None:
    """
    What lies between the keys that matter is skipped, not read.
    """
    store = MemoryStore(page_size=page_size)
    store.fill("out", {f"{number:05}": b"" for number in range(5000)})
    keys = [f"{number:05}" for number in range(0, 5000, 250)] + ["1x", "2", "3\U0001f600", "99999"]

    await found(store, sorted(keys))

    assert store.count("ListObjectsV2") <= 2 * len(keys)


async def test_an_empty_destination_costs_one_list_request() -> None:
    """
    A listing that has ended needs no second question.
    """
    store = MemoryStore()
    store.fill("out", {})

    assert await found(store, ["a", "b", "c"]) == [None] * 3
    assert store.count("ListObjectsV2") == 1


async def test_only_the_destinations_prefix_is_listed() -> None:
    """
    What lies beside the destination folder is not read.
    """
    store = MemoryStore()
    store.fill("out", {"a": b"", "x/b": b"", "z": b""})

    assert await found(store, ["x/b", "x/c"], "x/") == ["x/b", None]
    assert {"x/"} == {call.key for call in store.calls}


async def test_a_destination_that_may_not_be_listed_is_told_apart() -> None:
    """
    The caller may go on without it.
    """
    store = MemoryStore(fault=lambda _: Fault("AccessDenied", 403))

    with pytest.raises(AccessDenied):
        await found(store, ["a"])


async def test_a_destination_that_cannot_be_trusted_ends_the_lookup() -> None:
    """
    A failing page is never taken for "not there".
    """
    store = MemoryStore(fault=lambda call: Fault("InvalidArgument", 400) if call.number == 2 else None, page_size=1)
    store.fill("out", {"a": b"", "b": b"", "c": b""})

    with pytest.raises(ListingError):
        await found(store, ["a", "c"])


class Deaf(MemoryStore):
    """
    Passes over where a listing is to begin, as some stores do.
    """

    async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        See `store.ListsObjects`.
        """
        return await super().list_page(bucket, prefix, token=token)


async def test_a_store_that_always_begins_at_the_start_is_read_to_its_end() -> None:
    """
    Once it has shown that it cannot begin elsewhere, it is not asked to any more.
    """
    store = Deaf(page_size=2)
    store.fill("out", {f"{number:02}": b"" for number in range(40)})
    there = cursor(store)

    keys: list[str] = []
    for key in ("00", "10", "20", "39"):
        keys += [found for found in (await there.upto([key], key, None))[0].keys if found == key]

    assert keys == ["00", "10", "20", "39"]
    assert store.count("ListObjectsV2") <= 22
