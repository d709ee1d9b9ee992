"""
A prefix as checked pages.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from s3copy_async.errors import AccessDenied, ListingError
from s3copy_async.listing import check_page, first_page, pages
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import ObjectInfo, Page
from s3copy_async.store import ListsObjects


def page(*keys: str, token: str | None = None) -> Page:
    """
    A page of these keys.
    """
    return Page(tuple(ObjectInfo(key, 1, "e") for key in keys), token)


class Told:
    """
    A store that gives these pages, whatever is asked for.
    """

    def __init__(self, *said: Page) -> None:
        self.said = list(said)

    async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        The next page.
        """
        return self.said.pop(0)


async def listed(store: ListsObjects, prefix: str = "") -> list[str]:
    """
    Every key of a listing.
    """
    async with aclosing(pages(store, "in", prefix)) as listing:
        return [item.key async for one in listing for item in one.objects]


@pytest.mark.parametrize("page_size", [1, 3, 7, 1000])
async def test_lists_every_key_once_in_order(page_size: int) -> None:
    """
    Whatever the page size, all keys below the prefix come once.
    """
    store = MemoryStore(page_size=page_size)
    store.fill("in", {f"a/{number}": b"" for number in range(7)} | {"a": b"", "b": b""})

    assert [f"a/{number}" for number in range(7)] == await listed(store, "a/")
    assert -(-7 // page_size) == store.count("ListObjectsV2")


@pytest.mark.parametrize(
    "said",
    [
        [page("b", "a")],
        [page("a", "a")],
        [page("a", "b", token="1"), page("b")],
        [page("a", "b", token="1"), page("a", "c")],
        [page("\uffff", "\ue000")],
    ],
)
async def test_keys_out_of_order_end_the_listing(said: list[Page]) -> None:
    """
    A listing that is not sorted cannot be proven complete.
    """
    with pytest.raises(ListingError, match="came after"):
        await listed(Told(*said))


async def test_keys_in_byte_order_are_in_order() -> None:
    """
    Keys that are no UTF-8 sort by their bytes, which is not how Python sorts their escapes.
    """
    keys = ["a\udcff", "b", "\u00e9"]
    keys.sort(key=lambda key: key.encode("utf-8", "surrogateescape"))

    assert keys == await listed(Told(page(*keys)))
    assert await listed(Told(page("\U0001f600", "\udcff"))) == ["\U0001f600", "\udcff"]


async def test_a_repeated_token_ends_the_listing() -> None:
    """
    A store that gives the same token again would be listed for ever.
    """
    with pytest.raises(ListingError, match="repeats a page"):
        await listed(Told(page("a", token="1"), page("b", token="1"), page("c")))


async def test_a_foreign_key_ends_the_listing() -> None:
    """
    A store that ignores the prefix would have other objects copied.
    """
    with pytest.raises(ListingError, match="answered with"):
        await listed(Told(page("a/1", "b/1")), "a/")


async def test_an_empty_page_in_between_is_no_end() -> None:
    """
    S3 may answer with a page without keys and a token; order is checked beyond it.
    """
    assert await listed(Told(page("a", token="1"), page(token="2"), page("b"))) == ["a", "b"]


@pytest.mark.parametrize("after", ["a", "b"])
def test_a_page_stands_behind_what_it_was_asked_for(after: str) -> None:
    """
    The first key of a page lies after ``start-after``.
    """
    with pytest.raises(ListingError, match="came after"):
        check_page(page("a"), "in", "", after)


def fault_at(number: int, code: str) -> MemoryStore:
    """
    A store of three pages of which one is refused.
    """

    def fault(call: Call) -> Fault | None:
        return Fault(code, 403) if call.number == number else None

    store = MemoryStore(fault=fault, page_size=1)
    store.fill("in", {"a": b"", "b": b"", "c": b""})
    return store


async def test_a_first_page_that_is_denied_is_told_apart() -> None:
    """
    Nothing was listed yet: the caller may have another way.
    """
    with pytest.raises(AccessDenied):
        await listed(fault_at(1, "AccessDenied"))


@pytest.mark.parametrize("number", [2, 3])
async def test_a_later_page_that_is_denied_breaks_the_listing(number: int) -> None:
    """
    Half a listing is an error, whatever the reason.
    """
    with pytest.raises(ListingError, match="broke off"):
        await listed(fault_at(number, "AccessDenied"))


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_page_that_fails_breaks_the_listing(number: int) -> None:
    """
    A listing that lacks a page never looks complete.
    """
    with pytest.raises(ListingError):
        await listed(fault_at(number, "InvalidArgument"))


async def test_the_next_page_is_asked_for_while_the_last_is_used() -> None:
    """
    One page ahead, and no more.
    """
    store = MemoryStore(page_size=1)
    store.fill("in", {"a": b"", "b": b"", "c": b"", "d": b""})

    async with aclosing(pages(store, "in", "")) as listing:
        await anext(listing)
        for _ in range(10):
            await asyncio.sleep(0)

        assert store.count("ListObjectsV2") == 2


async def test_a_listing_that_is_closed_leaves_no_request_behind() -> None:
    """
    The page that was asked for ahead is cancelled with the listing.
    """
    began = asyncio.Event()
    ended: list[str] = []

    class Slow(MemoryStore):
        async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
            if token is not None:
                began.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    ended.append(token)
            return await super().list_page(bucket, prefix, start_after=start_after, token=token)

    store = Slow(page_size=1)
    store.fill("in", {"a": b"", "b": b""})
    async with aclosing(pages(store, "in", "")) as listing:
        await anext(listing)
        await began.wait()

    assert ended == ["a"]


async def test_one_page_can_start_in_the_middle() -> None:
    """
    ``start-after`` is passed on.
    """
    store = MemoryStore()
    store.fill("in", {"a": b"", "b": b""})

    assert [item.key for item in (await first_page(store, "in", "", "a")).objects] == ["b"]
