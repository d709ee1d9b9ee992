"""
Ranges of keys listed side by side.
"""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import aclosing
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3copy_async.columns import Columns
from s3copy_async.compare import Scope, extras
from s3copy_async.errors import AccessDenied, FatalError, ListingError
from s3copy_async.keys import RuleIndex, WorkArea, in_bytes, path_rule
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Fault
from s3copy_async.model import ObjectInfo, Page
from s3copy_async.scan import LANES, Scan
from s3copy_async.stretch import Place, Plan, Stretch
from s3copy_async.there import DestinationSide

# Few characters, so that keys nest and meet; some that sort far apart, and a byte that is no UTF-8.
KEY: Final = st.text(st.sampled_from("a/09\x01\n\ud7ff\ue000\U0010ffff\udcff"), min_size=1, max_size=6)
N: Final = 120_000


class Shelf:
    """
    Lists keys as S3 does, in the order of their bytes; other tasks go on meanwhile.
    """

    def __init__(self, keys: list[str], page_size: int = 1000) -> None:
        self.keys = sorted(keys, key=in_bytes)
        self._order = [in_bytes(key) for key in self.keys]
        self._page_size = page_size
        self._in_flight = 0
        self.pages = self.peak = 0

    async def list_page(self, _bucket: str, _prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        See `store.ListsObjects`.
        """
        self.pages += 1
        self._in_flight += 1
        self.peak = max(self.peak, self._in_flight)
        for _ in range(3):
            await asyncio.sleep(0)
        self._in_flight -= 1
        at = bisect_right(self._order, in_bytes(start_after if token is None else token))
        keys = tuple(self.keys[at : at + self._page_size])
        more = at + self._page_size < len(self.keys)
        number = len(keys)
        columns = Columns(keys, (1,) * number, ("e",) * number, ("",) * number, (0.0,) * number)
        return Page(columns, keys[-1] if more else None)


async def none(_place: Place) -> Stretch | None:
    """
    There is no object of the path's own name.
    """
    return None


def denied(_place: Place, error: AccessDenied) -> FatalError:
    """
    What a run would say.
    """
    return FatalError(f"denied: {error}")


def slow() -> Iterator[float]:
    """
    A clock by which every request takes long, so that many at once are worth while.
    """
    now = 0.0
    while True:
        now += 100.0
        yield now


async def listed(source: Shelf | MemoryStore, dest: Shelf, *, every: bool = False) -> list[Stretch]:
    """
    All that a scan hands out, of whole buckets.
    """
    rule = path_rule("")
    scope = Scope("in", "out", "", RuleIndex([rule]), WorkArea("temp/"))
    plan: Plan[Stretch] = Plan(scope, lambda _: None, lambda stretch: stretch, none, denied, every=every)
    side = DestinationSide((dest,), "out", lambda _: None)
    scan = Scan(source, side, plan, clock=slow().__next__)
    async with aclosing(scan.results((rule,))) as found:
        return [stretch async for stretch in found]


def keys_of(stretches: list[Stretch]) -> list[str]:
    """
    The keys of the source, as often as they were listed.
    """
    return sorted((key for stretch in stretches for key in stretch.listed.keys), key=in_bytes)


@settings(deadline=None, max_examples=300)
@given(st.sets(KEY, max_size=60), st.sets(KEY, max_size=60), st.sampled_from([1, 2, 3, 7]), st.booleans())
async def test_ranges_yield_every_key_once_and_the_join_is_that_of_two_dictionaries(
    source: set[str], dest: set[str], page_size: int, every: bool
) -> None:
    """
    For any keys, pages and cuts; extra objects are those of the destination that the source lacks, each once.
    """
    stretches = await listed(Shelf(list(source), page_size), Shelf(list(dest), page_size), every=every)

    assert sorted(source, key=in_bytes) == keys_of(stretches)
    if every:
        extra = [key for stretch in stretches for key in extras(stretch.there, stretch.listed.keys).keys]
        assert sorted(dest - source) == sorted(extra)
    valid = {key for key in source & dest if "\udcff" not in key}
    found = {key for stretch in stretches for key in set(stretch.listed.keys) & set(stretch.there.keys)}
    assert valid <= found


def shapes() -> dict[str, list[str]]:
    """
    Kinds of keys that buckets have.
    """
    choice = random.Random(1)  # noqa: S311
    letters = "äßéèłšαβγабв漢字日本😀"
    return {
        "flat": [f"{number:010}" for number in range(N)],
        "tree": [f"{number % 100:03}/{number // 100 % 100:03}/{number:06}.bin" for number in range(N)],
        "dates": [
            f"logs/{choice.randrange(2015, 2025)}/{choice.randrange(1, 13):02}/{choice.randrange(1, 29):02}/{number:07}"
            for number in range(N)
        ],
        "uuid": [f"{choice.getrandbits(128):032x}" for _ in range(N)],
        "one hot prefix": ["a/1", "z/1", *(f"hot/{number:07}" for number in range(N))],
        "unicode": list({"".join(choice.choices(letters, k=8)) for _ in range(N)}),
        "a long shared prefix": [f"{'x' * 900}/{number:07}" for number in range(N)],
    }


SHAPES: Final = shapes()


@pytest.mark.parametrize("shape", SHAPES)
async def test_few_pages_more_than_a_serial_listing_and_many_at_once(shape: str) -> None:
    """
    At most 15 % more above 100,000 keys; and every key once.
    """
    shelf, empty = Shelf(SHAPES[shape]), Shelf([])
    serial = -(-len(shelf.keys) // 1000)

    stretches = await listed(shelf, empty)

    assert shelf.keys == keys_of(stretches)
    assert (shelf.pages + empty.pages) / (serial + 1) <= 1.15
    assert shelf.peak >= 8


@pytest.mark.parametrize("number", [0, 1, 999, 1000, 1001, 1999, 2000])
async def test_a_handful_of_keys_costs_no_page_more(number: int) -> None:
    """
    On neither side.
    """
    shelf, dest = Shelf(SHAPES["flat"][:number]), Shelf(SHAPES["flat"][:number])

    await listed(shelf, dest)

    assert (shelf.pages, dest.pages) == (max(1, -(-number // 1000)),) * 2


async def test_an_error_of_any_range_ends_the_listing() -> None:
    """
    It is never taken for the end of the keys.
    """
    store = MemoryStore(page_size=1, fault=lambda call: Fault("InvalidArgument", 400) if call.number > 5 else None)
    store.fill("in", {f"{number:03}": b"" for number in range(100)})

    with pytest.raises(ListingError):
        await listed(store, Shelf([]))


async def test_a_source_that_may_not_be_listed_is_said_in_the_runs_own_words() -> None:
    """
    Who scans knows what to advise.
    """
    store = MemoryStore(fault=lambda _: Fault("AccessDenied", 403))

    with pytest.raises(FatalError, match=r"^denied: "):
        await listed(store, Shelf([]))


def test_columns_are_the_objects_they_are_made_of() -> None:
    """
    Whole, by place, by slice and picked; times are read from S3's own words when they are asked for.
    """
    objects = tuple(ObjectInfo(f"k{number}", number, "e", float(number), "STANDARD") for number in range(5))
    columns = Columns.of(objects)
    said = Columns(("k",), (1,), ("e",), ("",), ("1970-01-01T00:01:00.000Z",))

    assert (objects, objects[3], objects[1:3]) == (tuple(columns), columns[3], tuple(columns[1:3]))
    assert (objects[4], objects[0]) == tuple(columns.pick([4, 0]))
    assert (said.times, said[0].modified) == ((60.0,), 60.0)


class Late(Shelf):
    """
    As soon as a page is empty, a key comes into being behind it.
    """

    async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        See `store.ListsObjects`.
        """
        page = await super().list_page(bucket, prefix, start_after=start_after, token=token)
        if not page.objects and "zz" not in self.keys:
            self.keys.append("zz")
        return page


async def test_what_is_written_behind_a_probe_is_listed_all_the_same() -> None:
    """
    That there was nothing when a probe looked is no reason to leave out what a page shows.
    """
    source = Late([f"a{number:05}" for number in range(5000)], 100)

    stretches = await listed(source, Shelf(["zz"]), every=True)

    assert keys_of(stretches) == source.keys
    assert "zz" in source.keys
    assert not [key for stretch in stretches for key in extras(stretch.there, stretch.listed.keys).keys]


@pytest.mark.parametrize("source", [[], ["m"], ["a", "m", "z"], [f"k{number:03}5" for number in range(0, 999, 100)]])
async def test_much_that_only_the_destination_has_comes_in_pieces(source: list[str]) -> None:
    """
    Memory holds a few pages, whatever the source has.
    """
    dest = [f"k{number:04}" for number in range(9990)]

    stretches = await listed(Shelf(source, 100), Shelf(dest, 100), every=True)

    assert keys_of(stretches) == sorted(source)
    extra = sorted(key for stretch in stretches for key in extras(stretch.there, stretch.listed.keys).keys)
    assert extra == sorted({*dest} - {*source})
    assert max(len(stretch.there) for stretch in stretches) <= 500


async def test_few_of_many_objects_of_the_destination_are_kept() -> None:
    """
    Where only those are wanted that the source has.
    """
    dest = [f"k{number:04}" for number in range(9990)]

    stretches = await listed(Shelf(dest[::100], 1000), Shelf(dest, 1000))

    kept = [key for stretch in stretches for key in stretch.there.keys]
    assert {*dest[::100]} <= {*kept}
    assert len(kept) <= 1100


async def test_prefixes_that_are_done_are_forgotten() -> None:
    """
    There may be a million of them.
    """
    rules = [path_rule(f"{number:03}/") for number in range(300)]
    store = MemoryStore()
    store.fill("in", {f"{number:03}/{key}": b"" for number in range(300) for key in "ab"})
    store.fill("out", {})
    scope = Scope("in", "out", "", RuleIndex(rules), WorkArea("temp/"))
    plan: Plan[Stretch] = Plan(scope, lambda _: None, lambda stretch: stretch, none, denied)
    scan = Scan(store, DestinationSide((store,), "out", lambda _: None), plan)
    most = 0
    async with aclosing(scan.results(rules)) as found:
        async for _ in found:
            most = max(most, len(scan._images))

    assert most <= LANES
    assert not scan._images


async def test_a_lane_that_is_cancelled_from_elsewhere_ends_the_scan() -> None:
    """
    Whoever waits for it is told.
    """

    class Cancelled(Shelf):
        """
        Its second page never comes.
        """

        async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
            """
            See `store.ListsObjects`.
            """
            if token is not None:
                raise asyncio.CancelledError
            return await super().list_page(bucket, prefix, start_after=start_after, token=token)

    with pytest.raises(ListingError, match="cancelled"):
        await listed(Cancelled(["a", "b", "c"], 1), Shelf([]))
