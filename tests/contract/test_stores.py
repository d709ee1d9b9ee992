"""
One contract for every store: in memory, guarded, and S3 servers through aiobotocore.

Servers from ``S3COPY_TEST_ENDPOINT_<NAME>`` are tested too. Where a server is known to do otherwise, the table
DEVIATIONS says so, and the deviation itself is asserted: a server that is repaired shows up here.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import unicodedata
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, Final
from urllib.parse import unquote, unquote_plus
from uuid import uuid4

import pytest
import pytest_asyncio
from botocore.exceptions import ClientError

from s3copy_async.connect import open_s3
from s3copy_async.errors import NotFound, PreconditionFailed, RunRefused, S3Error
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.keys import travels_in_xml
from s3copy_async.memory import MemoryStore
from s3copy_async.model import CopyAnswer, CopyRequest, ObjectInfo
from s3copy_async.options import ListVersion, Transport
from s3copy_async.patience import Meter
from s3copy_async.s3.boto import BotoStore
from s3copy_async.store import Store
from support import Clock, Endpoint, endpoints_from_environment, patient

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDPOINTS: Final = {endpoint.name: endpoint for endpoint in endpoints_from_environment()}
MANY: Final = 1001
AT_ONCE: Final = 32


class Quirk(Enum):
    """
    What a server is known to do otherwise than S3.
    """

    IGNORES_PIN = auto()
    REFUSES_LINE_BREAK = auto()
    REFUSES_SLASH = auto()
    SORTS_START_AFTER_ENCODED = auto()
    COMPARES_MARKER_WITH_ENCODED = auto()


DEVIATIONS: Final[dict[str, frozenset[Quirk]]] = {
    "moto": frozenset({Quirk.IGNORES_PIN, Quirk.REFUSES_LINE_BREAK}),
    "ceph": frozenset({Quirk.IGNORES_PIN}),
    "localstack": frozenset({Quirk.REFUSES_SLASH, Quirk.SORTS_START_AFTER_ENCODED}),
    "localstack by 1": frozenset({Quirk.REFUSES_SLASH, Quirk.COMPARES_MARKER_WITH_ENCODED}),
}
REFUSED: Final = {"line-break": Quirk.REFUSES_LINE_BREAK, "slash": Quirk.REFUSES_SLASH}

HOSTILE: Final = {
    "space": "a b",
    "spaces-around": " a ",
    "plus": "a+b",
    "percent": "a%b",
    "percent-20": "a%20b",
    "percent-2F": "a%2Fb",
    "double-slash": "a//b",
    "leading-slash": "/a",
    "leading-slashes": "//a",
    "trailing-slash": "a/",
    "slash": "/",
    "dot": ".",
    "dot-dot": "..",
    "parent": "a/../b",
    "dot-folder": "./a",
    "line-break": "a\nb",
    "carriage-return": "a\rb",
    "tab": "a\tb",
    "control": "a\x01b",
    "escape": "a\x1b[31mb",
    "delete": "a\x7fb",
    "markup": "[red]a",
    "markup-end": "a[/]",
    "emoji": "a\U0001f600b",
    "bidi": "a\u202eb",
    "composed": "\u00e9",
    "decomposed": "e\u0301",
    "version": "a?versionId=x",
    "query": "a?b#c&d=e;f",
    "quotes": "a\"b'c<d>e\\f",
    "bytes-1024": "k" * 1024,
    "bytes-1024-wide": "\u20ac" * 341 + "k",
}
LONGEST: Final = ("bytes-1024", "bytes-1024-wide")


def alikes(key: str) -> Iterator[str]:
    """
    What somebody might take `key` for who decodes once too often, normalises, folds or trims.
    """
    yield key.strip()
    yield unquote(key)
    yield unquote_plus(key)
    yield html.escape(key)
    yield html.unescape(key)
    yield unicodedata.normalize("NFC", key)
    yield unicodedata.normalize("NFD", key)
    yield key.upper()
    yield key.partition("?")[0]
    yield key.replace("//", "/")


@dataclass(slots=True)
class Bench:
    """
    A store to test, with two buckets of its own.
    """

    name: str
    store: Store
    source: str = field(default_factory=lambda: f"s3copy-contract-{uuid4().hex[:12]}-a")
    dest: str = field(default_factory=lambda: f"s3copy-contract-{uuid4().hex[:12]}-b")
    has_many: bool = False
    way: str = ""

    def has(self, quirk: Quirk) -> bool:
        """
        Whether this server is known for `quirk`.
        """
        known: frozenset[Quirk] = DEVIATIONS.get(self.name, frozenset())
        return quirk in DEVIATIONS.get(self.name + self.way, known)

    async def put(self, key: str, body: bytes = b"body") -> str:
        """
        Stores `body` in the source bucket and returns its ETag.
        """
        return await self.store.put_object(self.source, key, body)

    async def copy(self, key: str, etag: str, dest_key: str | None = None) -> CopyAnswer:
        """
        Copies from the source bucket to the destination bucket.
        """
        return await self.store.copy_object(
            CopyRequest(self.source, key, etag, 4, self.dest, key if dest_key is None else dest_key)
        )

    async def keys(self, prefix: str, bucket: str | None = None) -> list[str]:
        """
        Every key below `prefix`, page by page.
        """
        page = await self.store.list_page(bucket or self.source, prefix)
        found = [item.key for item in page.objects]
        while page.next_token is not None:
            page = await self.store.list_page(bucket or self.source, prefix, token=page.next_token)
            found += [item.key for item in page.objects]
        return found


@dataclass(slots=True)
class Benches:
    """
    Opened once per module, because making a client is slow.
    """

    stack: AsyncExitStack
    opened: dict[str, Bench] = field(default_factory=dict)

    async def get(self, label: str, name: str, endpoint: Endpoint | None, changes: dict[str, Any]) -> Bench:
        """
        The bench of this label; `changes` are made to the access.
        """
        if label not in self.opened:
            store: Store = MemoryStore()
            if name == "guarded":
                store = Guarded(store, Flow(AT_ONCE), patient(Clock()), Meter(), lambda _: None)
            elif endpoint is not None:
                store = await open_s3(replace(endpoint.access, **changes), self.stack, AT_ONCE)
            way = " by 1" if changes.get("list_version") is ListVersion.FIRST else ""
            bench = self.opened[label] = Bench(name, store, way=way)
            for bucket in (bench.source, bench.dest):
                await store.create_bucket(bucket)
                if name in ENDPOINTS and isinstance(store, BotoStore):
                    self.stack.push_async_callback(emptied, store, bucket)
        return self.opened[label]


async def in_parallel(store: Store, bucket: str, keys: Iterable[str], body: bytes | None) -> None:
    """
    Puts `body` under each of `keys`, or deletes them where it is None.
    """
    rest = iter(keys)

    async def lane() -> None:
        for key in rest:
            if body is None:
                await store.delete_object(bucket, key)
            else:
                await store.put_object(bucket, key, body)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(lane())


async def emptied(store: BotoStore, bucket: str) -> None:
    """
    Removes a bucket and what is in it, so that shared servers stay clean.
    """
    page = await store.list_page(bucket, "")
    while page.objects:
        await in_parallel(store, bucket, [item.key for item in page.objects], None)
        page = await store.list_page(bucket, "")
    client = await store._client(bucket)
    with suppress(ClientError):  # sim_s3 has no such request
        await client.delete_bucket(Bucket=bucket)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def benches() -> AsyncIterator[Benches]:
    """
    All stores, closed at the end.
    """
    async with AsyncExitStack() as stack:
        yield Benches(stack)


STORES: Final = [
    "memory",
    "guarded",
    *(f"{name}-over-{transport}" for name in ("moto", *ENDPOINTS) for transport in ("wire", "aiobotocore")),
    *(f"{name}-over-{transport}-by-1" for name in ("moto", *ENDPOINTS) for transport in ("wire", "aiobotocore")),
]


@pytest_asyncio.fixture(loop_scope="module", params=STORES)
async def bench(request: pytest.FixtureRequest, benches: Benches, moto_endpoint: Endpoint) -> Bench:
    """
    Each store in turn, a server over each transport and by each version of the listing.
    """
    name, _, way = request.param.partition("-over-")
    transport, _, version = way.partition("-by-")
    endpoint = moto_endpoint if name == "moto" else ENDPOINTS.get(name)
    changes = {"transport": Transport(transport or "auto"), "list_version": ListVersion(version or "2")}
    return await benches.get(request.param, name, endpoint, changes)


@pytest_asyncio.fixture(loop_scope="module")
async def many(bench: Bench) -> Bench:
    """
    A store with 1,001 keys ``many/0000`` to ``many/1000`` and one on either side.
    """
    keys = [f"many/{number:04}" for number in range(MANY)]
    if not bench.has_many:
        bench.has_many = True
        await in_parallel(bench.store, bench.source, [*keys, "many", "many0"], b"x")
    return bench


async def test_a_page_holds_1000_objects_in_order_and_a_token(many: Bench) -> None:
    """
    The first page of 1,001 keys is full, sorted and continued by its token with the last key only.
    """
    first = await many.store.list_page(many.source, "many/")
    assert first.next_token is not None
    second = await many.store.list_page(many.source, "many/", token=first.next_token)

    assert [f"many/{number:04}" for number in range(1000)] == [item.key for item in first.objects]
    assert [item.key for item in second.objects] == ["many/1000"]
    assert second.next_token is None


async def test_a_listing_that_ends_with_a_full_page_ends(many: Bench) -> None:
    """
    1,000 keys are listed once each, however many pages the store makes of them.
    """
    assert [f"many/0{number:03}" for number in range(1000)] == await many.keys("many/0")


async def test_start_after_excludes_its_key(many: Bench) -> None:
    """
    A listing starts with the first key after ``start-after``, whether that is a key or not.
    """
    after_key = await many.store.list_page(many.source, "many/", start_after="many/0998")
    between = await many.store.list_page(many.source, "many/", start_after="many/0998x")
    behind = await many.store.list_page(many.source, "many/", start_after="many/1000")

    assert [item.key for item in after_key.objects] == ["many/0999", "many/1000"]
    assert after_key.objects == between.objects
    assert (behind.objects, behind.next_token) == ((), None)


async def test_start_after_at_the_highest_character_finds_the_next_key(many: Bench) -> None:
    """
    The store compares ``start-after`` with keys by UTF-8 bytes: U+10FFFF lies above all that begins alike.
    """
    page = await many.store.list_page(many.source, "many/", start_after="many/099\U0010ffff")

    tail = [f"many/099{digit}" for digit in range(10)] if many.has(Quirk.SORTS_START_AFTER_ENCODED) else []
    assert [*tail, "many/1000"] == [item.key for item in page.objects]


async def test_start_after_below_the_prefix_lists_all_of_it(many: Bench) -> None:
    """
    Only what the prefix covers is listed, wherever the listing starts.
    """
    page = await many.store.list_page(many.source, "many/10", start_after="a")

    assert [item.key for item in page.objects] == ["many/1000"]


async def test_a_prefix_is_a_plain_string(many: Bench) -> None:
    """
    A prefix needs no slash, and knows no folders.
    """
    assert [key for key in await many.keys("many") if not key.startswith("many/0")] == ["many", "many/1000", "many0"]


async def test_an_empty_listing_is_a_page_without_objects(bench: Bench) -> None:
    """
    A prefix that nothing begins with is no error.
    """
    page = await bench.store.list_page(bench.source, "nothing/begins/like/this")

    assert (page.objects, page.next_token) == ((), None)


async def test_keys_are_listed_in_utf8_order(bench: Bench) -> None:
    """
    Keys sort by their UTF-8 bytes, where U+FFFD stands before an emoji, and not by UTF-16.
    """
    keys = ["order/B", "order/_", "order/a", "order/a!", "order/a/b", "order/\ufffd", "order/\U0001f600"]
    for key in reversed(keys):
        await bench.put(key)

    assert keys == await bench.keys("order/")


async def test_a_listing_tells_size_and_etag(bench: Bench) -> None:
    """
    A listed object has its size in bytes, the MD5 as its ETag without quotes, and a time.
    """
    await bench.put("facts/one", b"12345")

    (found,) = (await bench.store.list_page(bench.source, "facts/")).objects

    assert ("facts/one", 5, hashlib.md5(b"12345").hexdigest()) == (found.key, found.size, found.etag)
    assert found.modified > 0


async def test_head_agrees_with_the_listing(bench: Bench) -> None:
    """
    A lookup of an object says what a listing says, and that its ETag can be compared.
    """
    etag = await bench.put("head/one", b"12345")

    found = await bench.store.head_object(bench.source, "head/one")

    assert ("head/one", 5, etag, False) == (found.key, found.size, found.etag, found.opaque)


async def test_head_of_a_missing_key_is_not_found(bench: Bench) -> None:
    """
    A missing key is NotFound, also where another begins with it.
    """
    await bench.put("head/missing/not")

    with pytest.raises(NotFound):
        await bench.store.head_object(bench.source, "head/missing")


async def test_head_in_a_missing_bucket_is_not_found(bench: Bench) -> None:
    """
    A HEAD has no body: S3 cannot say that it is the bucket that is missing.
    """
    with pytest.raises(NotFound):
        await bench.store.head_object("s3copy-there-is-no-such-bucket", "a")


async def test_put_returns_the_etag(bench: Bench) -> None:
    """
    The ETag of what was put is its MD5, without quotes.
    """
    assert hashlib.md5(b"one").hexdigest() == await bench.put("put/one", b"one")


async def test_put_replaces(bench: Bench) -> None:
    """
    The last put wins.
    """
    await bench.put("put/two", b"one")
    etag = await bench.put("put/two", b"other")

    found = await bench.store.head_object(bench.source, "put/two")

    assert (5, etag) == (found.size, found.etag)


async def test_delete_removes_one_key(bench: Bench) -> None:
    """
    A deleted object is gone, its neighbours are not, and deleting it again is no error.
    """
    await bench.put("delete/a")
    await bench.put("delete/a/b")

    await bench.store.delete_object(bench.source, "delete/a")
    await bench.store.delete_object(bench.source, "delete/a")

    assert await bench.keys("delete/") == ["delete/a/b"]


async def test_many_objects_are_deleted_with_one_request(bench: Bench) -> None:
    """
    Those that were named are gone, missing ones are no error, and what only begins like one of them stays.
    """
    gone = [f"delete-many/{number}" for number in range(20)]
    kept = ["delete-many", "delete-many/", "delete-many/1/a", "delete-many/20", "delete-many0"]
    await in_parallel(bench.store, bench.source, [*gone, *kept], b"x")

    undeleted = await bench.store.delete_objects(bench.source, [*gone, "delete-many/missing"])
    again = await bench.store.delete_objects(bench.source, gone)

    assert (undeleted, again) == ((), ())
    assert await bench.keys("delete-many") == kept


async def test_hostile_keys_are_deleted_as_they_are(bench: Bench) -> None:
    """
    All that can travel in XML go at once, and nothing goes in their stead: beside each there is its like.
    """
    names = [name for name in HOSTILE if name not in {*REFUSED, *LONGEST} and travels_in_xml(HOSTILE[name])]
    gone = {name: f"gone/{number}/{HOSTILE[name]}" for number, name in enumerate(names)}
    alike = {f"gone/{number}/{like}" for number, name in enumerate(names) for like in alikes(HOSTILE[name])}
    kept = sorted(alike - set(gone.values()))
    await in_parallel(bench.store, bench.source, [*gone.values(), *kept], b"x")

    undeleted = await bench.store.delete_objects(bench.source, list(gone.values()))

    assert undeleted == ()
    assert kept == await bench.keys("gone/")


async def test_the_longest_keys_are_deleted(bench: Bench) -> None:
    """
    1,024 bytes, in characters of one byte and of three.
    """
    keys = [HOSTILE[name] for name in LONGEST]
    await in_parallel(bench.store, bench.source, keys, b"x")

    assert await bench.store.delete_objects(bench.source, keys) == ()

    assert not {*keys} & {*await bench.keys("k"), *await bench.keys("\u20ac")}


async def test_deleting_many_in_a_missing_bucket_refuses_the_run(bench: Bench) -> None:
    """
    As any other request.
    """
    with pytest.raises(RunRefused):
        await bench.store.delete_objects("s3copy-there-is-no-such-bucket", ["a"])


async def test_head_bucket_allows_its_owner(bench: Bench) -> None:
    """
    Whoever made a bucket may list it.
    """
    assert (await bench.store.head_bucket(bench.source)).allowed


async def test_head_of_a_missing_bucket_is_not_found(bench: Bench) -> None:
    """
    A missing bucket is NotFound.
    """
    with pytest.raises(NotFound):
        await bench.store.head_bucket("s3copy-there-is-no-such-bucket")


async def test_copies_between_buckets_with_the_same_etag(bench: Bench) -> None:
    """
    A copy answers with the ETag of its source, and its object says the same.
    """
    etag = await bench.put("copy/one", b"some bytes")

    answer = await bench.copy("copy/one", etag, "copied/one")

    found = await bench.store.head_object(bench.dest, "copied/one")
    assert (etag, False) == (answer.etag, answer.opaque)
    assert (10, etag) == (found.size, found.etag)


async def test_copies_inside_a_bucket(bench: Bench) -> None:
    """
    Source and destination may share a bucket.
    """
    etag = await bench.put("copy/inside")

    answer = await bench.store.copy_object(
        CopyRequest(bench.source, "copy/inside", etag, 4, bench.source, "copy/inside too")
    )

    assert etag == answer.etag
    assert await bench.keys("copy/inside") == ["copy/inside", "copy/inside too"]


async def test_a_copy_replaces_what_is_there(bench: Bench) -> None:
    """
    The destination holds the source afterwards, whatever it held before.
    """
    await bench.store.put_object(bench.dest, "copy/replaced", b"something longer")
    etag = await bench.put("copy/replaced", b"new")

    await bench.copy("copy/replaced", etag)

    found = await bench.store.head_object(bench.dest, "copy/replaced")
    assert (3, etag) == (found.size, found.etag)


async def test_copies_an_empty_object(bench: Bench) -> None:
    """
    No bytes are copied as no bytes.
    """
    etag = await bench.put("copy/empty", b"")

    answer = await bench.copy("copy/empty", etag)

    found = await bench.store.head_object(bench.dest, "copy/empty")
    assert (0, etag, etag) == (found.size, found.etag, answer.etag)


async def test_a_copy_is_pinned_to_the_etag_of_its_source(bench: Bench) -> None:
    """
    A source with another ETag than the pinned one is not copied; servers that ignore the pin copy it.
    """
    etag = await bench.put("copy/pinned")

    if bench.has(Quirk.IGNORES_PIN):
        assert etag == (await bench.copy("copy/pinned", "0" * 32)).etag
        return
    with pytest.raises(PreconditionFailed):
        await bench.copy("copy/pinned", "0" * 32)
    with pytest.raises(NotFound):
        await bench.store.head_object(bench.dest, "copy/pinned")


async def test_a_copy_of_a_missing_key_is_not_found(bench: Bench) -> None:
    """
    A source key that is not there is NotFound, and the bucket is not blamed.
    """
    with pytest.raises(NotFound):
        await bench.copy("copy/missing", "0" * 32)


async def test_a_missing_bucket_refuses_the_run(bench: Bench) -> None:
    """
    Without its bucket no request of a run can succeed: list, put, and copy on either side.
    """
    missing = "s3copy-there-is-no-such-bucket"
    etag = await bench.put("copy/nowhere")
    store = bench.store

    with pytest.raises(RunRefused) as listing:
        await store.list_page(missing, "")
    with pytest.raises(RunRefused) as putting:
        await store.put_object(missing, "a", b"")
    with pytest.raises(RunRefused) as from_there:
        await store.copy_object(CopyRequest(missing, "a", etag, 4, bench.dest, "a"))
    with pytest.raises(RunRefused) as to_there:
        await store.copy_object(CopyRequest(bench.source, "copy/nowhere", etag, 4, missing, "a"))

    assert {"NoSuchBucket"} == {error.value.code for error in (listing, putting, from_there, to_there)}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_key_survives_byte_for_byte(bench: Bench, name: str) -> None:
    """
    Put, list, look up, copy, list and look up again: the key stays what it was.
    """
    key = HOSTILE[name]
    body = name.encode()
    if name in REFUSED and bench.has(REFUSED[name]):
        with pytest.raises(S3Error):
            await bench.put(key, body)
        return

    etag = await bench.put(key, body)
    answer = await bench.copy(key, etag)

    assert etag == hashlib.md5(body).hexdigest() == answer.etag
    for bucket in (bench.source, bench.dest):
        listed = {item.key: item for item in (await bench.store.list_page(bucket, key[:1])).objects}
        assert (len(body), etag) == (listed[key].size, listed[key].etag)
        looked_up = await bench.store.head_object(bucket, key)
        assert ObjectInfo(key, len(body), etag) == looked_up._replace(modified=0.0, storage_class="")
    await bench.store.delete_object(bench.source, key)
    with pytest.raises(NotFound):
        await bench.store.head_object(bench.source, key)


async def test_hostile_keys_are_never_taken_for_each_other(bench: Bench) -> None:
    """
    Side by side in one bucket all hostile keys are listed, each after the one before it.
    """
    folder = "beside/"
    keys = sorted(folder + key for name, key in HOSTILE.items() if name not in {*REFUSED, *LONGEST})
    for key in keys:
        await bench.put(key, key.encode())

    listing = (await bench.store.list_page(bench.source, folder)).objects

    assert {key: hashlib.md5(key.encode()).hexdigest() for key in keys} == {item.key: item.etag for item in listing}
    assert keys == [item.key for item in listing]


@pytest.mark.parametrize("after", ["start/a b", "start/a+b", "start/a%20b", "start/[", "start/\U0001f600"])
async def test_start_after_is_taken_literally(bench: Bench, after: str) -> None:
    """
    What has a meaning in URLs has none in ``start-after``: the keys just behind it are found.
    """
    behind = [after, after + "0"]
    for key in ["start/", *behind]:
        await bench.put(key)

    page = await bench.store.list_page(bench.source, "start/", start_after=after[:-1])

    expected = [] if "+" in after and bench.has(Quirk.COMPARES_MARKER_WITH_ENCODED) else behind
    assert expected == [item.key for item in page.objects if item.key in behind]


async def test_start_after_with_a_control_character_works(bench: Bench) -> None:
    """
    Also a store that repeats it in its answer, which then is no XML, gives the page.
    """
    await bench.put("control/a\x01b")

    page = await bench.store.list_page(bench.source, "control/", start_after="control/a\x01")
    assert [item.key for item in page.objects] == ["control/a\x01b"]
