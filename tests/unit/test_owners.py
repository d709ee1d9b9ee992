"""
Whose the buckets must be, and who pays: said with every request, and checked before anything is copied.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final

import pytest

from s3copy_async.app import Action
from s3copy_async.connect import open_s3
from s3copy_async.errors import S3Error
from s3copy_async.events import Notice
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import BucketInfo, CompleteRequest, CopyRequest, PartRequest
from s3copy_async.options import Access, Keys, Options, Owners, PartOptions, Selection
from s3copy_async.store import Store
from s3copy_async.uri import S3Uri
from s3copy_async.validate import problems
from staging import buckets, copying
from support import run_in_memory

MINE: Final = "111111111111"
YOURS: Final = "222222222222"
COPY: Final = CopyRequest("in", "a", "e", 1, "out", "b")
COMPLETE: Final = CompleteRequest("in", "a", "u", ((1, "e"),), None, 1)
PART: Final = PartRequest("in", "a", "e", "out", "b", "u", 1)

ASKS: Final[dict[str, Callable[[Store], Awaitable[object]]]] = {
    "ListObjectsV2": lambda store: store.list_page("in", ""),
    "HeadObject": lambda store: store.head_object("in", "a"),
    "HeadObject of a part": lambda store: store.head_details("in", "a", 1),
    "GetObjectTagging": lambda store: store.get_tags("in", "a"),
    "GetObjectAcl": lambda store: store.get_acl("in", "a"),
    "GetObject": lambda store: store.get_object("in", "a"),
    "PutObject": lambda store: store.put_object("in", "a", b""),
    "PutObjectTagging": lambda store: store.put_tags("in", "a", ()),
    "DeleteObject": lambda store: store.delete_object("in", "a"),
    "CopyObject": lambda store: store.copy_object(COPY),
    "UploadPartCopy": lambda store: store.copy_part(PART),
    "CreateMultipartUpload": lambda store: store.create_upload("in", "a"),
    "CompleteMultipartUpload": lambda store: store.complete_upload(COMPLETE),
    "AbortMultipartUpload": lambda store: store.abort_upload("in", "a", "u"),
    "ListParts": lambda store: store.list_parts("in", "a", "u"),
    "ListMultipartUploads": lambda store: store.list_uploads("in", ""),
}  # fmt: skip
ABOUT_BUCKETS: Final[dict[str, Callable[[Store], Awaitable[object]]]] = {
    "HeadBucket": lambda store: store.head_bucket("in"),
    "GetBucketVersioning": lambda store: store.has_versions("in"),
    "GetObjectLockConfiguration": lambda store: store.has_lock("in"),
    "GetBucketReplication": lambda store: store.has_replication("in"),
    "GetBucketWebsite": lambda store: store.has_website("in"),
}
COPIES: Final = ("CopyObject", "UploadPartCopy")


@dataclass(slots=True)
class Denying:
    """
    A server that denies everything, and keeps the headers of every request.
    """

    requests: list[dict[str, str]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """
        Takes one request.
        """
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        self.requests.append({name.lower(): value for name, value in headers.items()})
        body = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        head = f"HTTP/1.1 403 Forbidden\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def denied(*, payer: bool = False) -> AsyncIterator[tuple[Store, Denying]]:
    """
    A store that is denied everything.
    """
    denying = Denying()
    server = await asyncio.start_server(denying.serve, "127.0.0.1", 0)
    async with server, AsyncExitStack() as stack:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        access = Access(Keys("AKIATESTTESTTESTTEST", "s"), endpoint_url=url, region="us-east-1", request_payer=payer)
        yield await open_s3(access, stack, 4), denying


async def headers_of(
    asks: dict[str, Callable[[Store], Awaitable[object]]], header: str, *, payer: bool = False, owned: bool = True
) -> dict[str, str | None]:
    """
    What stands in this header of each of the requests.
    """
    found: dict[str, str | None] = {}
    async with denied(payer=payer) as (store, server):
        if owned:
            store.set_owner("in", MINE)
            store.set_owner("out", YOURS)
        for name, ask in asks.items():
            with suppress(S3Error):
                await ask(store)
            found[name] = server.requests[-1].get(header)
        assert len(server.requests) == len(asks)
    return found


async def test_every_request_names_the_owner_of_its_bucket() -> None:
    """
    A copy that of the destination.
    """
    asks = {**ASKS, **ABOUT_BUCKETS}

    found = await headers_of(asks, "x-amz-expected-bucket-owner")

    assert found == {name: YOURS if name in COPIES else MINE for name in asks}


async def test_a_copy_names_the_owner_of_its_source_too() -> None:
    """
    And nothing else does.
    """
    found = await headers_of(ASKS, "x-amz-source-expected-bucket-owner")

    assert found == {name: MINE if name in COPIES else None for name in ASKS}


async def test_every_request_agrees_to_pay() -> None:
    """
    Those about whole buckets know no such thing.
    """
    found = await headers_of(ASKS, "x-amz-request-payer", payer=True, owned=False)

    assert found == dict.fromkeys(ASKS, "requester")


@pytest.mark.parametrize("header", ["x-amz-request-payer", "x-amz-expected-bucket-owner"])
async def test_nobody_pays_or_expects_anything_unasked(header: str) -> None:
    """
    The headers stand in no request.
    """
    asks = {**ASKS, **ABOUT_BUCKETS}

    assert await headers_of(asks, header, owned=False) == dict.fromkeys(asks)


def owned(source: str | None = None, dest: str | None = None, work_bucket: str | None = None) -> Options:
    """
    Options that copy from ``in`` to ``out``.
    """
    return replace(copying(parts=PartOptions(work_bucket=work_bucket)), owners=Owners(source, dest))


@pytest.mark.parametrize("account", ["", "1", "12345678901", "1234567890123", "12345678901x", "١٢٣٤٥٦٧٨٩٠١٢"])
@pytest.mark.parametrize("side", ["source", "dest"])
def test_an_account_has_twelve_digits(side: str, account: str) -> None:
    """
    Anything else is wrong usage.
    """
    (problem,) = problems(replace(copying(), owners=Owners(**{side: account})))

    assert problem.setting == f"owners.{side}"
    assert "12 digits" in problem.text


def test_one_bucket_has_one_owner() -> None:
    """
    Within one bucket both options must agree.
    """
    same = replace(owned(MINE, YOURS), selection=Selection(S3Uri("in", "a"), S3Uri("in", "b")))

    assert [problem.setting for problem in problems(same)] == ["owners.dest"]
    assert [*problems(replace(same, owners=Owners(MINE, MINE)))] == []
    assert [problem.setting for problem in problems(owned(MINE, YOURS, "in"))] == ["owners.dest"]
    assert [*problems(owned(MINE, YOURS))] == []


@pytest.mark.parametrize(
    ("options", "owners"),
    [
        (owned(), {}),
        (owned(MINE), {"in": MINE}),
        (owned(None, YOURS), {"out": YOURS}),
        (owned(MINE, YOURS, "work"), {"in": MINE, "out": YOURS, "work": YOURS}),
    ],
)
async def test_owners_are_set_before_anything_is_asked(options: Options, owners: dict[str, str]) -> None:
    """
    The work area belongs to the destination's.
    """
    store = buckets()
    store.fill("work", {})
    seen: list[dict[str, str]] = []

    def look(_call: Call) -> Fault | None:
        seen.append(dict(store.nature.owners))
        return None

    store.fault = look
    watched = await run_in_memory(options, store)

    assert watched.state.error == ""
    assert seen
    assert all(found == owners for found in seen)


class Owned(MemoryStore):
    """
    A store whose buckets belong to somebody. Args: may_list: who is refused nothing else.
    """

    may_list = True

    async def head_bucket(self, bucket: str) -> BucketInfo:
        """
        See `store.HeadsBuckets`.
        """
        await super().head_bucket(bucket)
        expected = self.nature.owners.get(bucket)
        return BucketInfo("us-east-1", allowed=self.may_list and expected in (None, "", MINE))


def owned_store(*, may_list: bool = True) -> Owned:
    """
    Buckets of account `MINE`.
    """
    store = Owned()
    store.may_list = may_list
    store.fill("in", {"a": b"a"})
    store.fill("out", {})
    return store


@pytest.mark.parametrize(
    ("options", "words"),
    [(owned(YOURS), "s3://in does not belong to account 222222222222 (--expected-source-owner)"),
     (owned(None, YOURS), "s3://out does not belong to account 222222222222 (--expected-dest-owner)")],
)  # fmt: skip
@pytest.mark.parametrize("action", [Action.COPY, Action.DRY_RUN, Action.CHECK])
async def test_another_owner_ends_the_run_at_once(options: Options, words: str, action: Action) -> None:
    """
    It names the bucket and the option. Nothing was listed, and nothing copied.
    """
    store = owned_store()

    watched = await run_in_memory(options, store, action)

    assert words in watched.state.error
    assert set(watched.state.requests) == {"HeadBucket"}
    assert store.buckets["out"] == {}


async def test_the_right_owner_costs_nothing() -> None:
    """
    One HEAD of each bucket, as ever.
    """
    watched = await run_in_memory(owned(MINE, MINE), owned_store())

    assert (watched.state.copied, watched.state.requests["HeadBucket"]) == (1, 2)


async def test_where_nobody_may_list_the_owner_is_only_a_hint() -> None:
    """
    A refusal may have either reason, which is said before it comes; every request is guarded all the same.
    """
    store = owned_store(may_list=False)

    watched = await run_in_memory(owned(None, MINE), store)

    (hint,) = [event.text for event in watched.events if isinstance(event, Notice)]
    assert "--expected-dest-owner" in hint
    assert store.nature.owners == {"out": MINE}
    assert watched.state.copied == 1


async def test_a_clean_is_guarded_too() -> None:
    """
    Before it removes anything.
    """
    store = owned_store()
    options = replace(owned(None, YOURS), selection=Selection(S3Uri("out"), S3Uri("out")))

    watched = await run_in_memory(options, store, Action.CLEAN)

    assert "--expected-dest-owner" in watched.state.error
    assert set(watched.state.requests) == {"HeadBucket"}
