"""
Copies in bulk over the wire: each ends once, as the copy that it is or with what has to be looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest

from s3copy_async.errors import (
    AccessDenied,
    BadAnswer,
    NotFound,
    PreconditionFailed,
    S3Error,
    Throttled,
    TransientError,
)
from s3copy_async.faults import SWITCHED
from s3copy_async.model import CopyAnswer, CopyRequest, CopyTask, ObjectInfo
from s3copy_async.options import Transport
from s3copy_async.s3.wire import WireStore
from s3copy_async.store import BulkStart, Store
from scripted import COPIED, MD5, XML, Script, answer, error, scripted

WIRE, AUTO, BOTO = Transport.WIRE, Transport.AUTO, Transport.AIOBOTOCORE
OTHER: Final = "0" * 32
SAMPLE: Final = CopyRequest("in", "sample", MD5, 5, "out", "sample", settings=(("StorageClass", "STANDARD_IA"),))
DONE: Final = answer("200 OK", COPIED)
Outcome = CopyAnswer | S3Error | None


@dataclass(slots=True)
class Bulk:
    """
    Begins copies and keeps how each ended.
    """

    store: Store
    script: Script
    ended: dict[str, list[Outcome]] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    start: BulkStart | None = None

    def done(self, task: CopyTask, started: float, outcome: Outcome) -> None:
        """
        As the program is told.
        """
        assert started == 7.0
        self.ended.setdefault(task.key, []).append(outcome)
        self.news.set()

    def begin(self, key: str, etag: str = MD5) -> None:
        """
        Begins one copy.
        """
        assert self.start
        self.start(CopyTask(key, f"to/{key}", ObjectInfo(key, 5, etag)), 7.0)

    async def outcome(self, key: str, etag: str = MD5) -> Outcome:
        """
        One copy, and how it ended.
        """
        self.begin(key, etag)
        await self.until(len(self.ended) + (key not in self.ended))
        (found,) = self.ended[key]
        return found

    async def until(self, number: int) -> None:
        """
        Returns when so many have ended.
        """
        async with asyncio.timeout(10):
            while len(self.ended) < number:
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def bulk(*answers: bytes | None, transport: Transport = AUTO) -> AsyncIterator[Bulk]:
    """
    Copies in bulk to a server that follows a script.
    """
    async with scripted(transport, *answers) as (store, script):
        made = Bulk(store, script)
        made.start = await store.bulk(SAMPLE, made.done)
        yield made
        assert all(len(outcomes) == 1 for outcomes in made.ended.values())


@pytest.mark.parametrize(
    "body",
    [
        COPIED,
        COPIED.replace("&quot;", "&#34;"),
        COPIED.replace("&quot;", '"'),
        COPIED.replace("&quot;", ""),
        COPIED.replace("<ETag>", "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"),
        COPIED.replace("</ETag>", "</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified>"),
        COPIED.replace("</ETag>", "</ETag><ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME>"),
        " " * 100 + COPIED,
        COPIED.removeprefix(XML),
    ],
)
async def test_the_etag_of_the_source_is_the_copy(body: str) -> None:
    """
    However a store writes it: there is nothing more to say.
    """
    async with bulk(answer("200 OK", body)) as copies:
        assert await copies.outcome("a") is None
        assert copies.script.said == []


async def test_requests_are_those_of_single_copies() -> None:
    """
    The same method, path and headers, for hostile keys too, whatever the sample's key was.
    """
    keys = ("a b/\u00e9%20?versionId=x", "//./..", "plain", "\u2028\n&%s%")
    async with bulk(DONE) as copies:
        for key in keys:
            await copies.outcome(key)
        for key in keys:
            await copies.store.copy_object(SAMPLE._replace(source_key=key, dest_key=f"to/{key}"))
        requests = copies.script.requests

    for one, other in zip(requests[:4], requests[4:], strict=True):
        for request in (one, other):
            assert request.headers.pop("x-amz-date")
            assert request.headers.pop("authorization")
        assert one[:5] == other[:5]
        assert one.headers["x-amz-storage-class"] == "STANDARD_IA"


@pytest.mark.parametrize(
    ("etag", "expected"),
    [
        (OTHER, CopyAnswer(OTHER, opaque=False)),
        (MD5 + "-2", CopyAnswer(MD5 + "-2", opaque=False)),
        (MD5 + ".x", CopyAnswer(MD5 + ".x", opaque=False)),
        (MD5[:-1], CopyAnswer(MD5[:-1], opaque=False)),
    ],
)
async def test_another_etag_is_told(etag: str, expected: CopyAnswer) -> None:
    """
    Also one that begins like that of the source.
    """
    async with bulk(answer("200 OK", COPIED.replace(MD5, etag))) as copies:
        assert await copies.outcome("a") == expected


async def test_encryption_and_checksums_are_told_with_another_etag() -> None:
    """
    All that a single copy is told.
    """
    body = COPIED.replace(MD5, OTHER).replace("</ETag>", "</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32>")
    async with bulk(answer("200 OK", body, "x-amz-server-side-encryption: aws:kms")) as copies:
        assert await copies.outcome("a") == CopyAnswer(OTHER, opaque=True, checksum="CRC32:AAAAAA==")


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (answer("200 OK", error("SlowDown")), Throttled, "SlowDown"),
        (answer("200 OK", " " * 500 + error("InternalError")), TransientError, "InternalError"),
        (answer("200 OK", error("AccessDenied")), AccessDenied, "AccessDenied"),
        (answer("503 Slow Down", error("SlowDown")), Throttled, "SlowDown"),
        (answer("503 Service Unavailable"), Throttled, "SlowDown"),
        (answer("500 Internal Server Error", error("InternalError")), TransientError, "InternalError"),
        (answer("404 Not Found", error("NoSuchKey")), NotFound, "NoSuchKey"),
        (answer("412 Precondition Failed", error("PreconditionFailed")), PreconditionFailed, "PreconditionFailed"),
        (None, TransientError, "ConnectionClosed"),
    ],
)
async def test_failures_are_those_of_single_copies(said: bytes | None, kind: type[S3Error], code: str) -> None:
    """
    Nothing is switched, and the next copy is made over the wire.
    """
    async with bulk(said, DONE) as copies:
        found = await copies.outcome("a")
        assert isinstance(found, S3Error)
        assert (type(found), found.code, found.failure.operation) == (kind, code, "CopyObject")
        assert found.failure.maybe_done
        assert await copies.outcome("b") is None
        assert (copies.script.senders, copies.script.said) == (["wire", "wire"], [])


async def test_half_an_answer_is_no_copy() -> None:
    """
    Even where the ETag has come: the connection ended within the answer.
    """
    async with bulk(DONE[:-20]) as copies:
        copies.begin("a")
        await asyncio.sleep(0.05)
        assert copies.ended == {}
        copies.script.hang_up()
        await copies.until(1)

        (found,) = copies.ended["a"]
        assert isinstance(found, TransientError)
        assert (found.code, found.failure.maybe_done) == ("ConnectionClosed", True)


ODD: Final = (
    (answer("403 Forbidden", error("SignatureDoesNotMatch")), False),
    (answer("301 Moved Permanently", error("PermanentRedirect")), False),
    (answer("200 OK", "<html>log in<br></html>"), True),
    (answer("200 OK"), True),
    (b"SSH-2.0\r\n", True),
)


@pytest.mark.parametrize(("said", "maybe_done"), ODD)
async def test_a_switched_bucket_is_copied_to_by_aiobotocore(said: bytes, maybe_done: bool) -> None:
    """
    The first copy is to be tried again by others, after a look where it may have been made; those begun afterwards go
    the other way at once, and end as they would have.
    """
    async with bulk(said, DONE, answer("200 OK", COPIED.replace(MD5, OTHER)), answer("404 Not Found")) as copies:
        first = await copies.outcome("a")
        assert isinstance(first, TransientError)
        assert (first.code, first.failure.maybe_done) == (SWITCHED, maybe_done)
        assert await copies.outcome("b") is None
        assert await copies.outcome("c") == CopyAnswer(OTHER, opaque=False)
        assert isinstance(await copies.outcome("d"), NotFound)

        assert copies.script.senders == ["wire", "botocore", "botocore", "botocore"]
        assert [request.path for request in copies.script.requests] == [f"/out/to/{key}" for key in "abcd"]
        assert copies.script.requests[1].headers["x-amz-storage-class"] == "STANDARD_IA"
        assert len(copies.script.said) == 1
        assert await copies.store.bulk(SAMPLE, copies.done) is None


@pytest.mark.parametrize(("said", "maybe_done"), ODD)
async def test_forced_nothing_is_switched(said: bytes, maybe_done: bool) -> None:
    """
    The failure is that of the answer, and the next copy goes over the wire.
    """
    async with bulk(said, DONE, transport=WIRE) as copies:
        first = await copies.outcome("a")
        assert isinstance(first, S3Error)
        assert first.code != SWITCHED
        assert not maybe_done or isinstance(first, (BadAnswer, TransientError))
        assert await copies.outcome("b") is None
        assert (copies.script.senders, copies.script.said) == (["wire", "wire"], [])


async def test_a_bug_on_the_way_to_aiobotocore_is_somebodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A copy whose end nobody heard of would keep the run waiting for ever.
    """

    async def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError

    async with bulk(ODD[0][0], DONE) as copies:
        await copies.outcome("a")
        monkeypatch.setattr(copies.store, "_client", broken)
        found = await copies.outcome("b")

        assert isinstance(found, TransientError)
        assert found.failure.maybe_done


async def test_closing_the_store_ends_what_is_in_flight() -> None:
    """
    Each is told once; nothing is left behind.
    """
    async with bulk(b"") as copies:
        copies.begin("a")
        copies.begin("b")
        assert isinstance(copies.store, WireStore)
        copies.store.close()
        await copies.until(2)

        assert all(isinstance(outcomes[0], TransientError) for outcomes in copies.ended.values())


@pytest.mark.parametrize(
    "sample", [SAMPLE._replace(source_version="v"), SAMPLE._replace(source_etag='a"b')], ids=["version", "etag"]
)
async def test_unusual_copies_are_not_made_in_bulk(sample: CopyRequest) -> None:
    """
    Versions, and ETags that no header can hold as they are.
    """
    async with scripted(AUTO, DONE) as (store, _):
        assert await store.bulk(sample, lambda *_: None) is None


async def test_aiobotocore_copies_nothing_in_bulk() -> None:
    """
    It has no way to do it.
    """
    async with scripted(BOTO, DONE) as (store, _):
        assert await store.bulk(SAMPLE, lambda *_: None) is None
