"""
One contract for uploads in parts: in memory, guarded, and S3 servers through aiobotocore.

Servers from ``S3COPY_TEST_ENDPOINT_<NAME>`` are tested too. What a server is known to do otherwise stands in the table
DEVIATIONS, and the deviation itself is asserted: a server that is repaired shows up here.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final
from uuid import uuid4

import pytest
import pytest_asyncio
from botocore.exceptions import ClientError

from s3copy_async.connect import open_s3
from s3copy_async.copying.experiments import Place
from s3copy_async.copying.probe import Capabilities
from s3copy_async.copying.uploads import open_uploads, parts_of
from s3copy_async.copying.work import decodes_otherwise
from s3copy_async.errors import NotFound, PreconditionFailed, S3Error, TransientError, UploadGone
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.memory import MemoryStore
from s3copy_async.model import CompleteRequest, CopyAnswer, CopyRequest, PartRequest, UploadedPart
from s3copy_async.options import Transport
from s3copy_async.parts import multipart_etag
from s3copy_async.patience import Meter
from s3copy_async.s3.boto import BotoStore
from s3copy_async.store import Store
from support import Clock, Endpoint, endpoints_from_environment, patient

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDPOINTS: Final = {endpoint.name: endpoint for endpoint in endpoints_from_environment()}
AT_ONCE: Final = 8
FIVE: Final = 5 * 1024**2
BODY: Final = bytes(range(256)) * 4
BIG: Final = bytes(range(256)) * (FIVE // 256) + b"the end"


class Quirk(Enum):
    """
    What a server is known to do otherwise than S3.
    """

    IGNORES_PIN = auto()
    DECODES_TWICE = auto()
    KEEPS_MULTIPART_ETAG = auto()
    NO_ETAG_OF_COMPLETE = auto()
    NO_PART_NUMBERS = auto()
    SHOWS_PART_AS_OBJECT = auto()
    REFUSES_LINE_BREAK = auto()
    REFUSES_SLASH = auto()
    COUNTS_PARTS = auto()
    FAILS_TO_COPY_WITHOUT_UPLOAD = auto()
    FAILS_TO_COMPLETE_WITHOUT_UPLOAD = auto()
    SHOWS_PLAIN_KEYS = auto()
    CUTS_LONG_ANSWERS = auto()


DEVIATIONS: Final[dict[str, frozenset[Quirk]]] = {
    "moto": frozenset(
        {
            Quirk.IGNORES_PIN,
            Quirk.REFUSES_LINE_BREAK,
            Quirk.SHOWS_PART_AS_OBJECT,
            Quirk.COUNTS_PARTS,
            Quirk.FAILS_TO_COPY_WITHOUT_UPLOAD,
            Quirk.FAILS_TO_COMPLETE_WITHOUT_UPLOAD,
            Quirk.SHOWS_PLAIN_KEYS,
        }
    ),
    "ceph": frozenset(
        {
            Quirk.IGNORES_PIN,
            Quirk.DECODES_TWICE,
            Quirk.KEEPS_MULTIPART_ETAG,
            Quirk.NO_ETAG_OF_COMPLETE,
            Quirk.NO_PART_NUMBERS,
            Quirk.CUTS_LONG_ANSWERS,
            Quirk.FAILS_TO_COMPLETE_WITHOUT_UPLOAD,
        }
    ),
    "localstack": frozenset({Quirk.REFUSES_SLASH, Quirk.SHOWS_PLAIN_KEYS}),
}
MISREAD: Final = ("plus", "percent-20", "percent-2F", "carriage-return", "control", "escape")
"""Keys that cannot be told from others in a list of uploads that does not encode them."""
REFUSED: Final = {"line-break": Quirk.REFUSES_LINE_BREAK, "slash": Quirk.REFUSES_SLASH}

HOSTILE: Final = {
    "space": "a b",
    "plus": "a+b",
    "percent": "a%b",
    "percent-20": "a%20b",
    "percent-2F": "a%2Fb",
    "double-slash": "a//b",
    "leading-slash": "/a",
    "trailing-slash": "a/",
    "slash": "/",
    "dot-dot": "..",
    "parent": "a/../b",
    "line-break": "a\nb",
    "carriage-return": "a\rb",
    "tab": "a\tb",
    "control": "a\x01b",
    "escape": "a\x1b[31mb",
    "delete": "a\x7fb",
    "emoji": "a\U0001f600b",
    "bidi": "a\u202eb",
    "decomposed": "e\u0301",
    "version": "a?versionId=x",
    "query": "a?b#c&d=e;f",
    "quotes": "a\"b'c<d>e\\f",
    "upload": "a<UploadId>x</UploadId>",
    "bytes-1024": "k" * 1024,
}


def md5(body: bytes) -> str:
    """
    The MD5 in hexadecimal.
    """
    return hashlib.md5(body).hexdigest()


@dataclass(slots=True)
class Bench:
    """
    A store to test, with two buckets of its own.
    """

    name: str
    store: Store
    source: str = field(default_factory=lambda: f"s3copy-uploads-{uuid4().hex[:12]}-a")
    dest: str = field(default_factory=lambda: f"s3copy-uploads-{uuid4().hex[:12]}-b")

    def has(self, quirk: Quirk) -> bool:
        """
        Whether this server is known for `quirk`.
        """
        return quirk in DEVIATIONS.get(self.name, ())

    async def put(self, key: str, body: bytes = BODY) -> str:
        """
        Stores `body` in the source bucket and returns its ETag.
        """
        return await self.store.put_object(self.source, key, body)

    async def copy_part(
        self, upload_id: str, key: str, number: int, source: str, etag: str, span: tuple[int, int] = (0, 0)
    ) -> CopyAnswer:
        """
        Copies bytes of a source object into a part of an upload in the destination bucket.
        """
        start, stop = span
        return await self.store.copy_part(
            PartRequest(self.source, source, etag, self.dest, key, upload_id, number, start, stop)
        )

    async def complete(self, upload_id: str, key: str, *etags: str, size: int = len(BODY)) -> CopyAnswer:
        """
        Completes an upload in the destination bucket.
        """
        parts = tuple(enumerate(etags, 1))
        return await self.store.complete_upload(
            CompleteRequest(self.dest, key, upload_id, parts, multipart_etag(etags), size)
        )

    async def composed(self, key: str, body: bytes = BODY) -> str:
        """
        Makes an object of one part in the destination bucket and returns its ETag as a lookup shows it.
        """
        etag = await self.put(f"source of {md5(key.encode())}", body)
        upload_id = await self.store.create_upload(self.dest, key)
        await self.copy_part(upload_id, key, 1, f"source of {md5(key.encode())}", etag)
        await self.complete(upload_id, key, md5(body), size=len(body))
        return (await self.store.head_object(self.dest, key)).etag

    async def uploads(self, prefix: str) -> list[tuple[str, str]]:
        """
        Keys and ids of the open uploads below `prefix`.
        """
        return [(found.key, found.upload_id) async for found in open_uploads(self.store, self.dest, prefix)]


@dataclass(slots=True)
class Benches:
    """
    Opened once per module, because making a client is slow.
    """

    stack: AsyncExitStack
    opened: dict[str, Bench] = field(default_factory=dict)

    async def get(self, name: str, endpoint: Endpoint | None, transport: Transport) -> Bench:
        """
        The bench of this name.
        """
        label = f"{name} {transport}"
        if label not in self.opened:
            store: Store = MemoryStore(min_part=FIVE)
            if name == "guarded":
                store = Guarded(store, Flow(AT_ONCE), patient(Clock()), Meter(), lambda _: None)
            elif endpoint is not None:
                store = await open_s3(replace(endpoint.access, transport=transport), self.stack, AT_ONCE)
            bench = self.opened[label] = Bench(name, store)
            for bucket in (bench.source, bench.dest):
                await store.create_bucket(bucket)
                if name in ENDPOINTS and isinstance(store, BotoStore):
                    self.stack.push_async_callback(emptied, store, bucket)
        return self.opened[label]


async def emptied(store: BotoStore, bucket: str) -> None:
    """
    Removes a bucket and what is in it, so that shared servers stay clean.
    """
    async for upload in open_uploads(store, bucket, ""):
        await store.abort_upload(bucket, upload.key, upload.upload_id)
    page = await store.list_page(bucket, "")
    while page.objects:
        for found in page.objects:
            await store.delete_object(bucket, found.key)
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
]


@pytest_asyncio.fixture(loop_scope="module", params=STORES)
async def bench(request: pytest.FixtureRequest, benches: Benches, moto_endpoint: Endpoint) -> Bench:
    """
    Each store in turn, a server over each transport.
    """
    name, _, transport = request.param.partition("-over-")
    endpoint = moto_endpoint if name == "moto" else ENDPOINTS.get(name)
    return await benches.get(name, endpoint, Transport(transport or "auto"))


async def test_an_object_of_one_part_has_the_etag_of_its_formula(bench: Bench) -> None:
    """
    A part's ETag is the MD5 of its bytes; the object's is the MD5 of that, and ``-1``.
    """
    etag = await bench.put("one", BODY)
    upload_id = await bench.store.create_upload(bench.dest, "one")

    part = await bench.copy_part(upload_id, "one", 1, "one", etag)
    answer = await bench.complete(upload_id, "one", part.etag)

    assert md5(BODY) == part.etag
    assert ("" if bench.has(Quirk.NO_ETAG_OF_COMPLETE) else multipart_etag([md5(BODY)])) == answer.etag
    found = await bench.store.head_object(bench.dest, "one")
    assert (len(BODY), multipart_etag([md5(BODY)]), False) == (found.size, found.etag, found.opaque)
    assert await bench.store.get_object(bench.dest, "one") == BODY


async def test_ranges_of_a_source_become_parts(bench: Bench) -> None:
    """
    From `start` up to but not including `stop`, to the byte; the last part may be small. Then the layout can be read.
    """
    etag = await bench.put("big", BIG)
    upload_id = await bench.store.create_upload(bench.dest, "big")

    first = await bench.copy_part(upload_id, "big", 1, "big", etag, (0, FIVE))
    last = await bench.copy_part(upload_id, "big", 2, "big", etag, (FIVE, len(BIG)))
    await bench.complete(upload_id, "big", first.etag, last.etag, size=len(BIG))

    assert [md5(BIG[:FIVE]), md5(BIG[FIVE:])] == [first.etag, last.etag]
    found = await bench.store.head_object(bench.dest, "big")
    assert (len(BIG), multipart_etag([first.etag, last.etag])) == (found.size, found.etag)
    await _layout_can_be_read(bench, found.etag)


async def _layout_can_be_read(bench: Bench, etag: str) -> None:
    if bench.has(Quirk.NO_PART_NUMBERS):
        head = await bench.store.head_details(bench.dest, "big", 1)
        assert (etag, len(BIG), 0) == (head.info.etag, head.info.size, head.parts)
        return
    heads = [await bench.store.head_details(bench.dest, "big", part) for part in (1, 2)]
    assert [(2, FIVE), (2, len(BIG) - FIVE)] == [(head.parts, head.part_size) for head in heads]
    if bench.has(Quirk.SHOWS_PART_AS_OBJECT):
        assert {etag} != {head.info.etag for head in heads}
        return
    assert {(etag, len(BIG))} == {(head.info.etag, head.info.size) for head in heads}


async def test_a_small_part_before_the_last_is_refused(bench: Bench) -> None:
    """
    EntityTooSmall, and nothing becomes visible.
    """
    etag = await bench.put("small", BODY)
    upload_id = await bench.store.create_upload(bench.dest, "small")
    for number in (1, 2):
        await bench.copy_part(upload_id, "small", number, "small", etag)

    with pytest.raises(S3Error) as caught:
        await bench.complete(upload_id, "small", md5(BODY), md5(BODY))

    assert caught.value.code == "EntityTooSmall"
    with pytest.raises(NotFound):
        await bench.store.head_object(bench.dest, "small")
    await bench.store.abort_upload(bench.dest, "small", upload_id)


async def test_complete_with_another_etag_is_refused(bench: Bench) -> None:
    """
    InvalidPart: only what was uploaded is composed.
    """
    etag = await bench.put("wrong", BODY)
    upload_id = await bench.store.create_upload(bench.dest, "wrong")
    await bench.copy_part(upload_id, "wrong", 1, "wrong", etag)

    with pytest.raises(S3Error) as caught:
        await bench.complete(upload_id, "wrong", "0" * 32)

    assert caught.value.code == "InvalidPart"
    await bench.store.abort_upload(bench.dest, "wrong", upload_id)


async def test_a_part_can_be_replaced(bench: Bench) -> None:
    """
    The last copy of a part number counts.
    """
    one, other = await bench.put("replaced/1", b"one"), await bench.put("replaced/2", b"other")
    upload_id = await bench.store.create_upload(bench.dest, "replaced")
    await bench.copy_part(upload_id, "replaced", 1, "replaced/1", one)
    await bench.copy_part(upload_id, "replaced", 1, "replaced/2", other)

    await bench.complete(upload_id, "replaced", md5(b"other"), size=5)

    assert await bench.store.get_object(bench.dest, "replaced") == b"other"


async def test_a_copy_of_a_one_part_object_gets_the_md5_of_its_bytes(bench: Bench) -> None:
    """
    Step 2 rests on it; a store that keeps the ETag keeps exactly that of the formula.
    """
    etag = await bench.composed("temp", BODY)

    answer = await bench.store.copy_object(
        CopyRequest(bench.dest, "temp", etag, len(BODY), bench.dest, "part", (), (("mark", "x"),))
    )

    expected = multipart_etag([md5(BODY)]) if bench.has(Quirk.KEEPS_MULTIPART_ETAG) else md5(BODY)
    head = await bench.store.head_details(bench.dest, "part")
    assert (expected, expected) == (answer.etag, head.info.etag)
    assert head.metadata == (("mark", "x"),)


async def test_headers_and_metadata_are_those_of_the_upload(bench: Bench) -> None:
    """
    They are given when it begins, and a lookup of the object shows them as a copy needs them.
    """
    settings = (("CacheControl", "no-store"), ("ContentLanguage", "fr"), ("ContentType", "text/plain"))
    metadata = (("one", "1"), ("two-words", "a b"))
    etag = await bench.put("headers", BODY)
    upload_id = await bench.store.create_upload(bench.dest, "headers", settings, metadata)
    await bench.copy_part(upload_id, "headers", 1, "headers", etag)
    await bench.complete(upload_id, "headers", md5(BODY))

    head = await bench.store.head_details(bench.dest, "headers")

    assert (settings, metadata) == (tuple(sorted(head.settings)), tuple(sorted(head.metadata)))
    assert len(BODY) == head.info.size


async def test_a_part_copy_is_pinned_to_the_etag_of_its_source(bench: Bench) -> None:
    """
    A source with another ETag is not copied; servers that ignore the pin copy it.
    """
    etag = await bench.put("pinned", BODY)
    upload_id = await bench.store.create_upload(bench.dest, "pinned")

    if bench.has(Quirk.IGNORES_PIN):
        assert etag == (await bench.copy_part(upload_id, "pinned", 1, "pinned", "0" * 32)).etag
    else:
        with pytest.raises(PreconditionFailed):
            await bench.copy_part(upload_id, "pinned", 1, "pinned", "0" * 32)
    await bench.store.abort_upload(bench.dest, "pinned", upload_id)


async def test_a_part_copy_of_a_missing_key_is_not_found(bench: Bench) -> None:
    """
    The upload stays open.
    """
    upload_id = await bench.store.create_upload(bench.dest, "missing")

    with pytest.raises(NotFound):
        await bench.copy_part(upload_id, "missing", 1, "missing", "0" * 32)

    assert await parts_of(bench.store, bench.dest, "missing", upload_id) == {}
    await bench.store.abort_upload(bench.dest, "missing", upload_id)


async def test_the_parts_of_an_open_upload_are_listed(bench: Bench) -> None:
    """
    Number, ETag and size of each, also of numbers that leave gaps; what follows a number comes after it.
    """
    etag = await bench.put("listed", BODY)
    upload_id = await bench.store.create_upload(bench.dest, "listed")
    for number in (3, 1, 10):
        await bench.copy_part(upload_id, "listed", number, "listed", etag)

    found = await parts_of(bench.store, bench.dest, "listed", upload_id)
    after = await bench.store.list_parts(bench.dest, "listed", upload_id, 3)

    assert {number: UploadedPart(number, md5(BODY), len(BODY)) for number in (1, 3, 10)} == {
        number: part._replace(checksum="") for number, part in found.items()
    }
    expected = [] if bench.has(Quirk.COUNTS_PARTS) else [10]
    assert (expected, False) == ([part.number for part in after.parts], after.more)
    await bench.store.abort_upload(bench.dest, "listed", upload_id)


async def test_open_uploads_are_listed_by_prefix(bench: Bench) -> None:
    """
    Each with its key and id and the time it began; several of one key too, and none of another prefix.
    """
    keys = ["open/a", "open/a", "open/b", "open"]
    ids = [await bench.store.create_upload(bench.dest, key) for key in keys]

    assert sorted(zip(keys[:3], ids[:3], strict=True)) == sorted(await bench.uploads("open/"))
    assert [(keys[2], ids[2])] == await bench.uploads("open/b")
    assert await bench.uploads("open/c") == []
    found = [upload async for upload in open_uploads(bench.store, bench.dest, "open/")]
    assert all(upload.initiated > 1e9 for upload in found)

    for key, upload_id in zip(keys, ids, strict=True):
        await bench.store.abort_upload(bench.dest, key, upload_id)
    assert await bench.uploads("open") == []


async def test_an_aborted_upload_is_gone(bench: Bench) -> None:
    """
    UploadGone for everything that needs it; aborting it again is no error.
    """
    etag = await bench.put("aborted", BODY)
    upload_id = await bench.store.create_upload(bench.dest, "aborted")
    await bench.store.abort_upload(bench.dest, "aborted", upload_id)
    await bench.store.abort_upload(bench.dest, "aborted", upload_id)

    with pytest.raises(TransientError if bench.has(Quirk.FAILS_TO_COPY_WITHOUT_UPLOAD) else UploadGone):
        await bench.copy_part(upload_id, "aborted", 1, "aborted", etag)
    with pytest.raises(UploadGone):
        await bench.store.list_parts(bench.dest, "aborted", upload_id)
    with pytest.raises(TransientError if bench.has(Quirk.FAILS_TO_COMPLETE_WITHOUT_UPLOAD) else UploadGone):
        await bench.store.complete_upload(
            CompleteRequest(bench.dest, "aborted", upload_id, ((1, etag),), None, len(BODY))
        )


async def test_a_completed_upload_is_gone(bench: Bench) -> None:
    """
    It is not listed any more, and its object is there.
    """
    etag = await bench.put("completed", BODY)
    upload_id = await bench.store.create_upload(bench.dest, "completed")
    await bench.copy_part(upload_id, "completed", 1, "completed", etag)
    await bench.complete(upload_id, "completed", md5(BODY))

    assert await bench.uploads("completed") == []
    with pytest.raises(UploadGone):
        await bench.store.list_parts(bench.dest, "completed", upload_id)


async def test_get_reads_what_put_wrote(bench: Bench) -> None:
    """
    Byte for byte; a missing key is NotFound.
    """
    await bench.put("record", BODY)

    assert await bench.store.get_object(bench.source, "record") == BODY
    with pytest.raises(NotFound):
        await bench.store.get_object(bench.source, "record/missing")


async def test_details_of_a_whole_object(bench: Bench) -> None:
    """
    Size and ETag as a lookup shows them; no parts, no headers of its own, and a missing key is NotFound.
    """
    etag = await bench.put("details", BODY)

    head = await bench.store.head_details(bench.source, "details")

    assert ("details", len(BODY), etag) == head.info[:3]
    assert (head.metadata, head.parts, head.lost) == ((), 0, ())
    with pytest.raises(NotFound):
        await bench.store.head_details(bench.source, "details/missing")


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_key_is_composed_byte_for_byte(bench: Bench, name: str) -> None:
    """
    As the source of a part and as the key of an upload: begun, listed, completed, read. What its XML cannot hold must
    not hide the upload's id.
    """
    key, body = HOSTILE[name], name.encode()
    if name in REFUSED and bench.has(REFUSED[name]):
        with pytest.raises(S3Error):
            await bench.put(key, body)
        return
    etag = await bench.put(key, body)

    upload_id = await bench.store.create_upload(bench.dest, key)
    misread = name in MISREAD and bench.has(Quirk.SHOWS_PLAIN_KEYS)
    assert misread != ((key, upload_id) in await bench.uploads(key[:1]))
    if bench.has(Quirk.DECODES_TWICE) and decodes_otherwise(key):
        # Another key's bytes, where there is such a key: silently wrong.
        with suppress(NotFound):
            assert (await bench.copy_part(upload_id, key, 1, key, etag)).etag != etag
        await bench.store.abort_upload(bench.dest, key, upload_id)
        return
    answer = await bench.copy_part(upload_id, key, 1, key, etag)
    parts = await parts_of(bench.store, bench.dest, key, upload_id)
    if bench.has(Quirk.CUTS_LONG_ANSWERS) and len(key) >= 1000:
        # Done, but its answer cannot be read: whoever sees this looks at the object.
        with pytest.raises(TransientError):
            await bench.complete(upload_id, key, answer.etag, size=len(body))
    else:
        await bench.complete(upload_id, key, answer.etag, size=len(body))

    assert etag == answer.etag == parts[1].etag
    assert body == await bench.store.get_object(bench.dest, key)
    assert multipart_etag([md5(body)]) == (await bench.store.head_object(bench.dest, key)).etag
    assert (key, upload_id) not in await bench.uploads(key[:1])


@pytest.mark.parametrize("name", ["control", "escape", "emoji", "percent-20", "quotes"])
async def test_an_upload_of_a_hostile_key_is_aborted(bench: Bench, name: str) -> None:
    """
    It is gone, and its neighbour is not.
    """
    key = HOSTILE[name]
    upload_id = await bench.store.create_upload(bench.dest, key)
    other = await bench.store.create_upload(bench.dest, f"{key}2")

    await bench.store.abort_upload(bench.dest, key, upload_id)

    assert {upload_id, other} & {found for _, found in await bench.uploads(key[:1])} <= {other}
    with pytest.raises(UploadGone):
        await bench.store.list_parts(bench.dest, key, upload_id)
    assert await parts_of(bench.store, bench.dest, f"{key}2", other) == {}
    await bench.store.abort_upload(bench.dest, f"{key}2", other)


async def test_a_store_that_decodes_twice_is_found_out(bench: Bench) -> None:
    """
    The probe tells, and leaves nothing behind.
    """
    probe = Capabilities(Place(bench.store, bench.dest, "probe/"))

    assert bench.has(Quirk.DECODES_TWICE) == await probe.reads_twice()
    assert (await bench.store.list_page(bench.dest, "probe/")).objects == ()
    assert await bench.uploads("probe/") == []
