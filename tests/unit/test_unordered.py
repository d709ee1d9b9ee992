"""
Directory buckets, which list in no order: what comes out is what buckets in order would give.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3copy_async import unordered
from s3copy_async.app import Action
from s3copy_async.compare import Scope, extras
from s3copy_async.comparing import compared, is_unordered
from s3copy_async.errors import FatalError, ListingError, ObjectRefused
from s3copy_async.events import Checked, Event, Listed, Notice
from s3copy_async.keys import Rule, RuleIndex, WorkArea, path_rule
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import Finding, ObjectInfo, Page
from s3copy_async.options import MAX_COPY, Deletion, Filter, Options, Selection, exclude, include
from s3copy_async.store import ListsObjects
from s3copy_async.stretch import Place, Plan, Stretch
from s3copy_async.there import UNSEEN, DestinationSide
from s3copy_async.uri import S3Uri
from support import run_in_memory

LOOSE_IN, LOOSE_OUT = "in--use1-az4--x-s3", "out--use1-az4--x-s3"
BUCKETS: Final = [(LOOSE_IN, "out"), ("in", LOOSE_OUT), (LOOSE_IN, LOOSE_OUT)]
PATHS: Final = ["", "a", "a/", "a/b*", "a/*", "x*", "a/b/c*"]
by_buckets: Final = pytest.mark.parametrize("buckets", BUCKETS)
NAMES: Final = st.text(st.sampled_from("ab/\u00e9\U0001f600"), min_size=1, max_size=6)


async def none(_place: Place) -> Stretch | None:
    """
    There is no object of the path's own name.
    """
    return None


class Run:
    """
    Two buckets, what was said about them, and what is only in the second.
    """

    def __init__(self, store: MemoryStore, buckets: tuple[str, str], path: str = "", base: str = "") -> None:
        self.store = store
        self.rule: Rule = path_rule(path)
        self.scope = Scope(*buckets, base, RuleIndex((self.rule,)), WorkArea("temp/"))
        self.events: list[Event] = []
        self.only_there: list[str] = []

    def stretches(
        self, source: ListsObjects | None = None, readers: Sequence[ListsObjects] | None = None, *rules: Rule
    ) -> AsyncGenerator[Stretch, None]:
        """
        All that is handed out.
        """
        side = DestinationSide([self.store] if readers is None else readers, self.scope.dest_bucket, self.events.append)
        plan: Plan[Stretch] = Plan(
            self.scope,
            self.events.append,
            lambda found: found,
            none,
            lambda _, error: FatalError(str(error)),
            every=True,
        )
        return compared(source or self.store, side, plan, rules or (self.rule,))

    async def pairs(
        self, source: ListsObjects | None = None, readers: Sequence[ListsObjects] | None = None
    ) -> dict[str, ObjectInfo | None]:
        """
        The keys of the source, and what stands at the destination of each.
        """
        found: dict[str, ObjectInfo | None] = {}
        async with aclosing(self.stretches(source, readers)) as stretches:
            async for stretch in stretches:
                keys = stretch.mapped.objects.keys
                assert list(keys) == sorted(keys)
                assert not found.keys() & keys
                there = {one.key: one for one in stretch.there}
                found |= {key: there.get(name) for key, name in zip(keys, stretch.mapped.dest_keys, strict=True)}
                known = self.rule.dest_keys(self.scope.base, stretch.listed.keys)
                self.only_there += extras(stretch.there, known).keys
        return found

    @property
    def unseen(self) -> int:
        """
        How often it was said that the destination is unknown.
        """
        return sum(isinstance(event, Notice) and UNSEEN in event.text for event in self.events)

    @property
    def listed(self) -> int:
        """
        How many objects of the source were said to be listed.
        """
        return sum(event.objects for event in self.events if isinstance(event, Listed))


@settings(deadline=None, max_examples=150)
@given(
    source=st.sets(NAMES, max_size=25),
    dest=st.sets(NAMES, max_size=25),
    page_size=st.integers(1, 8),
    buckets=st.sampled_from(BUCKETS),
    path=st.sampled_from(PATHS),
    base=st.sampled_from(["", "z/"]),
)
async def test_the_answer_is_that_of_dictionaries(
    source: set[str], dest: set[str], page_size: int, buckets: tuple[str, str], path: str, base: str
) -> None:
    """
    Whichever bucket has no order, and wherever pages end.
    """
    store = MemoryStore(page_size=page_size)
    store.fill(buckets[0], dict.fromkeys(source, b"x"))
    store.fill(buckets[1], {base + key: b"yy" for key in dest})
    run = Run(store, buckets, path, base)
    rule = run.rule

    found = await run.pairs()

    mine = {key: rule.dest_key(base, key) for key in source if key.startswith(rule.prefix)}
    theirs = {base + key for key in dest}
    expected = {key: dest_key if dest_key in theirs else None for key, dest_key in mine.items() if dest_key}
    assert expected == {key: there and there.key for key, there in found.items()}
    assert all(there.size == 2 for there in found.values() if there)
    extra = sorted(key for key in theirs if key.startswith(rule.image(base)) and key not in mine.values())
    assert extra == run.only_there
    assert len(mine) == run.listed


@by_buckets
async def test_no_directory_bucket_is_asked_for_what_it_cannot_do(buckets: tuple[str, str]) -> None:
    """
    It knows neither ``start-after`` nor a prefix without a slash at its end, and says so; the store in memory too.
    """
    store = MemoryStore(page_size=2)
    for bucket in buckets:
        store.fill(bucket, {"a/b1": b"", "a/b2": b"", "a/c": b"", "a": b""})

    assert list(await Run(store, buckets, "a/b*").pairs()) == ["a/b1", "a/b2"]
    for wrong in ({"prefix": "a"}, {"prefix": "a/", "start_after": "a/b"}):
        with pytest.raises(ObjectRefused):
            await store.list_page(LOOSE_IN if LOOSE_IN in buckets else LOOSE_OUT, **wrong)


def test_a_directory_bucket_is_known_by_its_name() -> None:
    """
    On either side.
    """
    scopes = [Run(MemoryStore(), buckets).scope for buckets in (*BUCKETS, ("in", "out"), ("a--x-s3x", "x-s3"))]

    assert [is_unordered(scope) for scope in scopes] == [True, True, True, False, False]


async def test_it_is_said_once_that_the_destination_comes_first() -> None:
    """
    Nothing is copied meanwhile.
    """
    store = MemoryStore()
    store.fill(LOOSE_IN, {"a": b"", "b": b""})
    store.fill("out", {})
    run = Run(store, (LOOSE_IN, "out"))
    async with aclosing(run.stretches(None, None, path_rule("a*"), path_rule("b*"))) as stretches:
        assert [stretch.listed.keys async for stretch in stretches] == [("a",), ("b",)]

    assert [event.text for event in run.events if isinstance(event, Notice)] == [
        "a directory bucket has no order, so the destination is listed whole before any object is looked at"
    ]


async def test_extras_come_in_pieces() -> None:
    """
    However many there are.
    """
    store = MemoryStore()
    store.fill("in", {"0000": b""})
    store.fill(LOOSE_OUT, {f"{number:04}": b"" for number in range(2501)})
    run = Run(store, ("in", LOOSE_OUT))
    async with aclosing(run.stretches()) as stretches:
        sizes = [len(stretch.there) async for stretch in stretches]

    assert sizes == [1, 1000, 1000, 500]


def denied(bucket: str, number: int = 1) -> Callable[[Call], Fault | None]:
    """
    Refuses one page of a bucket: the first, or a later one.
    """
    seen = 0

    def fault(call: Call) -> Fault | None:
        nonlocal seen
        seen += call.bucket == bucket
        return Fault("AccessDenied", 403) if call.bucket == bucket and seen == number else None

    return fault


@by_buckets
async def test_a_source_that_may_not_be_listed_is_told_apart(buckets: tuple[str, str]) -> None:
    """
    As where there is an order.
    """
    store = MemoryStore(fault=denied(buckets[0]))
    for bucket in buckets:
        store.fill(bucket, {"a": b""})

    with pytest.raises(FatalError):
        await Run(store, buckets).pairs()


@by_buckets
async def test_a_destination_that_may_not_be_listed_is_unknown(buckets: tuple[str, str]) -> None:
    """
    Others are asked first; where nobody may, all is copied, and nothing called extra.
    """
    refusing = MemoryStore(fault=lambda call: Fault("AccessDenied", 403) if call.bucket == buckets[1] else None)
    store = MemoryStore()
    for one in (store, refusing):
        one.fill(buckets[0], {"a": b""})
        one.fill(buckets[1], {"a": b"", "b": b""})
    other, nobody = Run(store, buckets), Run(store, buckets)

    found = await other.pairs(readers=[refusing, store])
    unknown = await nobody.pairs(readers=[refusing, refusing])

    assert (found["a"] is not None, other.only_there, other.unseen) == (True, ["b"], 0)
    assert (unknown, nobody.only_there, nobody.unseen) == ({"a": None}, [], 1)


@by_buckets
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("code", ["AccessDenied", "InvalidRequest"])
async def test_a_listing_that_breaks_off_ends_the_run(buckets: tuple[str, str], side: int, code: str) -> None:
    """
    Half a listing never looks whole.
    """
    refuse = denied(buckets[side], 2)
    store = MemoryStore(page_size=1, fault=lambda call: Fault(code, 403) if refuse(call) else None)
    for bucket in buckets:
        store.fill(bucket, {"a": b"", "b": b"", "c": b""})

    with pytest.raises(ListingError, match="broke off"):
        await Run(store, buckets).pairs()


class Told:
    """
    A store that gives these pages, whatever is asked for.
    """

    def __init__(self, pages: AsyncIterator[Page]) -> None:
        self._pages = pages

    async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        The next page.
        """
        return await anext(self._pages)


def told(*said: Page) -> Told:
    """
    A store with these pages.
    """

    async def pages() -> AsyncIterator[Page]:
        for page in said:
            yield page

    return Told(pages())


def page(*keys: str, token: str | None = None) -> Page:
    """
    A page of these keys.
    """
    return Page(tuple(ObjectInfo(key, 1, "e") for key in keys), token)


async def keys_of(source: ListsObjects, path: str = "") -> list[str]:
    """
    What is found in a directory bucket of these pages.
    """
    store = MemoryStore()
    store.fill("out", {})
    return list(await Run(store, (LOOSE_IN, "out"), path).pairs(source))


async def test_a_key_that_comes_again_counts_once() -> None:
    """
    It may have been written anew meanwhile. Also within one page.
    """
    assert await keys_of(told(page("b", "a", "b", token="1"), page("a", "c", token="2"), page("c"))) == ["a", "b", "c"]


async def test_a_repeated_token_ends_the_run() -> None:
    """
    The store would be listed for ever.
    """
    with pytest.raises(ListingError, match="repeats a page"):
        await keys_of(told(page("a", token="1"), page("b", token="1"), page("c")))


async def test_a_foreign_key_ends_the_run() -> None:
    """
    A store that ignores the prefix would have other objects copied.
    """
    with pytest.raises(ListingError, match="answered with"):
        await keys_of(told(page("a/b", "b/a")), "a/")


@pytest.mark.parametrize("keys", [(), ("b", "a"), ("x/y",)])
async def test_pages_that_show_nothing_new_come_to_an_end(
    keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Whatever their tokens: without keys, in a circle, or beside the prefix that is asked for.
    """
    monkeypatch.setattr(unordered, "BARREN_PAGES", 5)
    asked = 0

    async def forever() -> AsyncIterator[Page]:
        nonlocal asked
        while True:
            asked += 1
            yield page(*keys, token=str(asked))

    with pytest.raises(ListingError, match="5 pages in a row showed no new key"):
        await keys_of(Told(forever()), "a*")
    assert asked <= 8


async def test_a_few_empty_pages_are_no_end() -> None:
    """
    S3 may answer with a page without keys and a token.
    """
    said = (page(token="1"), page("b", token="2"), page(token="3"), page(token="4"), page("a"))

    assert await keys_of(told(*said)) == ["b", "a"]


async def test_a_run_that_is_closed_leaves_no_request_behind() -> None:
    """
    The page that was asked for ahead is cancelled.
    """
    store = MemoryStore(page_size=1)
    store.fill(LOOSE_IN, {"a": b"", "b": b"", "c": b""})
    store.fill("out", {})
    run = Run(store, (LOOSE_IN, "out"))
    async with aclosing(run.stretches()) as stretches:
        await anext(stretches)
    asked = store.count("ListObjectsV2")
    for _ in range(9):
        await asyncio.sleep(0)

    assert store.count("ListObjectsV2") == asked
    assert asyncio.all_tasks() == {asyncio.current_task()}


@by_buckets
async def test_runs_with_a_directory_bucket_copy_delete_and_check(buckets: tuple[str, str]) -> None:
    """
    With filters, too: as runs with buckets in order do.
    """
    store = MemoryStore(page_size=2)
    store.fill(buckets[0], {"a/1": b"1", "a/2": b"2", "a/3.tmp": b"3", "b": b"4"})
    store.fill(buckets[1], {"a/2": b"old", "a/4": b"", "a/5.tmp": b"", "c": b""})
    places = Selection(S3Uri(buckets[0], "a/*"), S3Uri(buckets[1], "a"))
    options = Options(places, filter=Filter((exclude("*.tmp"),)), deletion=Deletion(wanted=True))

    ran = await run_in_memory(options, store)
    checked = await run_in_memory(Options(places), store, Action.CHECK)

    assert set(store.buckets[buckets[1]]) == {"a/1", "a/2", "a/5.tmp", "c"}
    assert (ran.state.exit_code, ran.state.copied, ran.state.deleted) == (0, 2, 1)
    found = {event.result.finding: event.result for event in checked.events if isinstance(event, Checked)}
    assert (found[Finding.MISSING].dest_key, found[Finding.EXTRA].dest_key) == ("a/3.tmp", "a/5.tmp")
    assert checked.state.listed == 3


async def test_objects_in_parts_are_copied_whole_to_a_directory_bucket() -> None:
    """
    What is left of a run could not be found there; and what is too large for that fails, in dry runs too.
    """
    store = MemoryStore()
    store.fill_multipart("in", "parts", [b"x" * 7, b"y"])
    store.fill("in", {"huge": b"x"})
    store.fill(LOOSE_OUT, {})
    store.buckets["in"]["huge"].size = MAX_COPY + 1
    options = Options(Selection(S3Uri("in"), S3Uri(LOOSE_OUT)))

    dry = await run_in_memory(options, store, Action.DRY_RUN)
    ran = await run_in_memory(options, store)

    assert (dry.state.planned, dry.state.planned_requests, dry.state.failed) == (1, 1, 1)
    assert (ran.state.copied, dict(ran.state.failure_codes)) == (1, {"CannotFit": 1})
    assert set(store.buckets[LOOSE_OUT]) == {"parts"}
    assert store.count("CreateMultipartUpload") == 0


async def test_filters_do_not_multiply_listings() -> None:
    """
    A folder is listed once, whatever prefixes would do.
    """
    store = MemoryStore()
    store.fill(LOOSE_IN, {"a1": b"", "b1": b"", "c1": b""})
    store.fill("out", {})
    options = Options(Selection(S3Uri(LOOSE_IN), S3Uri("out")), filter=Filter((include("/a*"), include("/b*"))))

    ran = await run_in_memory(options, store)

    assert (ran.state.copied, store.count("ListObjectsV2")) == (2, 2)
