"""
What an answer must say to be a page, over both transports.
"""

from __future__ import annotations

from typing import Final

import pytest

from s3copy_async.app import Action, Run
from s3copy_async.errors import S3Error
from s3copy_async.memory import MemoryStore
from s3copy_async.model import Page, SkipReason
from s3copy_async.options import Options, Selection, Transport
from s3copy_async.state import RunState
from s3copy_async.store import Store
from s3copy_async.uri import S3Uri
from scripted import COPIED, MD5, NAMESPACE, XML, Request, answer, error, scripted
from support import Clock, patient, run_in_memory

by_transport: Final = pytest.mark.parametrize("transport", [Transport.WIRE, Transport.AIOBOTOCORE])
TOKEN: Final = "<KeyCount>0</KeyCount><NextContinuationToken>t</NextContinuationToken>"


def listing(inner: str) -> bytes:
    """
    An answer with a page.
    """
    return answer("200 OK", f"{XML}<ListBucketResult {NAMESPACE}>{inner}</ListBucketResult>")


async def next_token(transport: Transport, inner: str) -> str | None:
    """
    Where the listing goes on after such a page.
    """
    async with scripted(transport, listing(inner)) as (store, _):
        return (await store.list_page("in", "")).next_token


@by_transport
@pytest.mark.parametrize(
    ("said", "token"),
    [
        ("<IsTruncated>true</IsTruncated>", "t"),
        ("<IsTruncated>false</IsTruncated>", None),
        ("<IsTruncated> true\n</IsTruncated>", "t"),
        ("<IsTruncated>True</IsTruncated>", "t"),
        ("<IsTruncated>FALSE</IsTruncated>", None),
    ],
)
async def test_a_page_says_whether_it_is_the_last(transport: Transport, said: str, token: str | None) -> None:
    """
    In whatever letters: one that is taken for the last without being it hides all that follows.
    """
    assert token == await next_token(transport, said + TOKEN)


@by_transport
@pytest.mark.parametrize(
    "said",
    [
        "",
        "<IsTruncated/>",
        "<IsTruncated></IsTruncated>",
        "<IsTruncated>1</IsTruncated>",
        "<IsTruncated>no</IsTruncated>",
    ],
)
async def test_a_page_that_does_not_say_it_is_none(transport: Transport, said: str) -> None:
    """
    It is asked for again, and then the listing has failed.
    """
    with pytest.raises(S3Error):
        await next_token(transport, said + TOKEN)


@by_transport
@pytest.mark.parametrize(("said", "more"), [(" TRUE ", True), ("true", True), ("false", False), ("maybe", False)])
async def test_lists_of_uploads_say_whether_more_follow(transport: Transport, said: str, *, more: bool) -> None:
    """
    An upload that is not seen is not removed.
    """
    cut = f"<IsTruncated>{said}</IsTruncated>"
    upload = "<Upload><Key>a</Key><UploadId>u</UploadId></Upload>"
    body = f"{XML}<ListMultipartUploadsResult {NAMESPACE}>{cut}{upload}</ListMultipartUploadsResult>"

    async with scripted(transport, answer("200 OK", body)) as (store, _):
        found = await store.list_uploads("in", "")

    assert (more, 1) == (found.more, len(found.uploads))


MD5_EMPTY: Final = "d41d8cd98f00b204e9800998ecf8427e"
LAST: Final = "<IsTruncated>false</IsTruncated><KeyCount>1</KeyCount>"


def cut(token: str) -> str:
    """
    What a page says that is not the last.
    """
    return (
        f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken><KeyCount>1</KeyCount>"
    )


def items(*keys: str) -> str:
    """
    Empty objects of a page.
    """
    return "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;{MD5_EMPTY}&quot;</ETag><Size>0</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for key in keys
    )


Pages = dict[str, str]
"""What a bucket answers, by token; the first page has none."""

GOOD: Final[Pages] = {"": cut("1") + items("a/a", "a/b"), "1": cut("2") + items("a/c"), "2": LAST + items("a/d")}
BAD: Final[dict[str, Pages]] = {
    "says-not-whether-it-is-the-last": GOOD | {"": items("a/a")},
    "says-not-whether-it-is-the-last-later": GOOD | {"1": items("a/c")},
    "says-so-in-strange-words": GOOD | {"1": "<IsTruncated>perhaps</IsTruncated>" + items("a/c")},
    "has-no-token": GOOD | {"1": "<IsTruncated>true</IsTruncated><KeyCount>1</KeyCount>" + items("a/c")},
    "repeats-its-token": GOOD | {"1": cut("1") + items("a/c")},
    "repeats-its-keys": GOOD | {"1": cut("2") + items("a/a", "a/b")},
    "repeats-its-last-key": GOOD | {"1": cut("2") + items("a/b", "a/c")},
    "goes-back": GOOD | {"2": LAST + items("a/bb")},
    "goes-back-behind-an-empty-page": GOOD | {"1": cut("2"), "2": LAST + items("a/aa")},
    "has-keys-out-of-order": GOOD | {"1": cut("2") + items("a/cc", "a/c")},
    "has-one-key-twice": GOOD | {"2": LAST + items("a/d", "a/d")},
    "ignores-the-prefix": GOOD | {"2": LAST + items("b/a")},
    "is-an-error": GOOD | {"2": "</ListBucketResult>"},
    "is-nothing": GOOD | {"1": "-"},
}
FINE: Final[dict[str, Pages]] = {
    "good": GOOD,
    "empty-in-between": GOOD | {"1": cut("3"), "3": cut("2") + items("a/c")},
    "empty-at-first": {"": cut("9"), "9": cut("1") + items("a/a", "a/b")} | {name: GOOD[name] for name in "12"},
    "empty-at-last": GOOD | {"1": cut("2") + items("a/c", "a/d"), "2": LAST},
}


async def ended(transport: Transport, source: Pages, dest: Pages) -> RunState:
    """
    How a copy from ``in`` to ``out`` ends, whose answers to listings are these.
    """

    def think(request: Request) -> bytes:
        if request.method == "HEAD":
            return answer("200 OK", "", "x-amz-bucket-region: us-east-1")
        if request.method == "PUT":
            return answer("200 OK", COPIED.replace(MD5, MD5_EMPTY))
        pages = source if request.path.startswith("/in") else dest
        query = dict(pair.partition("=")[::2] for pair in request.query)
        if "/in/" in request.path or "/out/" in request.path or "prefix" not in query:
            return answer("404 Not Found", error("NoSuchKey"))
        said = pages[query.get("continuation-token", "")]
        return answer("200 OK") if said == "-" else listing(said)

    state = RunState()
    selection = Selection(S3Uri("in", "a/*"), S3Uri("out", "a/"))
    async with scripted(transport, think=think) as (store, _):

        async def open_store(*_: object) -> Store:
            return store

        run = Run(Options(selection), state, open_store=open_store, policy=patient(Clock()))
        await run.execute(Action.COPY)
    return state


@by_transport
@pytest.mark.parametrize("pages", BAD.values(), ids=BAD)
async def test_a_listing_of_the_source_that_cannot_be_trusted_ends_the_run(transport: Transport, pages: Pages) -> None:
    """
    With exit code 1: a part of a bucket never looks like all of it.
    """
    state = await ended(transport, pages, {"": LAST})

    assert state.exit_code == 1
    assert "listing s3://in/a/" in state.error or "ListObjects" in state.error


@by_transport
@pytest.mark.parametrize("pages", FINE.values(), ids=FINE)
async def test_a_listing_in_order_is_whole(transport: Transport, pages: Pages) -> None:
    """
    Also where pages are empty. Else the tests above test nothing.
    """
    state = await ended(transport, pages, {"": LAST})
    again = await ended(transport, pages, pages)

    assert (state.exit_code, state.copied) == (0, 4), state.error
    assert (again.exit_code, again.copied, again.skipped[SkipReason.SAME]) == (0, 0, 4), again.error


@by_transport
@pytest.mark.parametrize(
    "name",
    ["says-not-whether-it-is-the-last", "says-so-in-strange-words", "has-keys-out-of-order", "ignores-the-prefix"],
)
async def test_a_listing_of_the_destination_that_cannot_be_trusted_ends_the_run(
    transport: Transport, name: str
) -> None:
    """
    What it hides would be copied again, and what it shows may be something else.
    """
    state = await ended(transport, GOOD, BAD[name])

    assert state.exit_code == 1
    assert "listing s3://out/a/" in state.error or "ListObjects" in state.error


@by_transport
@pytest.mark.parametrize(
    "said",
    [
        '<IsTruncated xmlns="">True</IsTruncated>',
        f'<x:IsTruncated xmlns:x="{NAMESPACE.split(chr(34))[1]}">True</x:IsTruncated>',
        "<IsTruncated><!-- -->True</IsTruncated>",
    ],
)
async def test_a_page_that_is_written_strangely_is_not_taken_for_the_last(transport: Transport, said: str) -> None:
    """
    It is read as it is meant, or not at all.
    """
    try:
        token = await next_token(transport, said + TOKEN)
    except S3Error:
        return

    assert token == "t"


class Endless(MemoryStore):
    """
    Lists empty pages with ever new tokens, and at last an object.
    """

    empty = 0

    async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        The next page.
        """
        if bucket == "out":
            return Page((), None)
        number = int(token or 0) + 1
        last = await super().list_page(bucket, prefix)
        return Page((), str(number)) if number <= self.empty else last


@pytest.mark.parametrize(("empty", "code"), [(0, 0), (1, 0), (999, 0), (1001, 1), (5000, 1)])
async def test_empty_pages_go_on_but_not_for_ever(empty: int, code: int) -> None:
    """
    Stores pass over what was deleted, and a page of that is empty; a thousand of them in a row are too many.
    """
    store = Endless()
    store.empty = empty
    store.fill("in", {"a": b""})
    store.fill("out", {})

    state = (await run_in_memory(Options(Selection(S3Uri("in"), S3Uri("out"))), store)).state

    assert (state.exit_code, state.copied) == (code, 1 - code), state.error
    assert code == 0 or "1,000 pages in a row were empty" in state.error
