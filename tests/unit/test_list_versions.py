"""
Stores that know only version 1 of the listing are listed whole, by both transports; and where a listing goes on is
never guessed.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import Final

import pytest

from elder import Elder, Manner, served
from s3copy_async.errors import BadAnswer, Failure, ObjectRefused, S3Error
from s3copy_async.events import Retrying
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.listing import first_page, pages
from s3copy_async.model import Page
from s3copy_async.options import ListVersion, Transport
from s3copy_async.patience import Meter
from s3copy_async.s3 import versions
from s3copy_async.store import ListsObjects, Store
from scripted import MD5, NAMESPACE, XML, answer, scripted
from support import Clock, patient

TRANSPORTS: Final = (Transport.WIRE, Transport.AIOBOTOCORE)
KEYS: Final = tuple(f"a/{number:02}" for number in range(10))
HOSTILE: Final = (
    "a/ b", "a/&amp;", "a/'\"<>", "a/%20", "a/%2F", "a/+", "a/\t", "a/\u00e9", "a/\U0001f600", "a/~", "a//",
    "a/b?c=d&e", "a/</NextMarker>",
)  # fmt: skip
UNHELD: Final = ("a/\x01", "a/\x02b", "a/\x1f", "a/\udcff", "a/\udcfe/b", "a/\uffff")

by_transport: Final = pytest.mark.parametrize("transport", TRANSPORTS)


def guarded(store: Store, codes: list[str] | None = None) -> Guarded:
    """
    The store as the program has it; the codes of repeated requests go to `codes`.
    """
    kept = [] if codes is None else codes
    emit = lambda event: kept.append(event.code) if isinstance(event, Retrying) else None  # noqa: E731
    return Guarded(store, Flow(4), patient(Clock()), Meter(), emit)


async def listed(store: ListsObjects, prefix: str = "", bucket: str = "in") -> list[str]:
    """
    Every key of a listing, whose order is checked.
    """
    async with aclosing(pages(store, bucket, prefix)) as listing:
        return [item.key async for page in listing for item in page.objects]


@by_transport
@pytest.mark.parametrize(
    ("manner", "page_size"), [(Manner.IGNORES, 1), (Manner.IGNORES, 10), *((manner, 3) for manner in Manner)]
)
async def test_a_store_that_knows_only_version_1_is_listed_whole(
    transport: Transport, manner: Manner, page_size: int
) -> None:
    """
    However it shows that: every key once. It is asked for version 2 once, and that is said in one line.
    """
    codes: list[str] = []
    elder = Elder(KEYS, manner, page_size=page_size)
    async with served(elder, transport) as store:
        found = await listed(guarded(store, codes), "a/")
        again = await listed(guarded(store, codes), "a/")

    assert list(KEYS) == found == again
    assert elder.versions == [2] + [1] * (len(elder.versions) - 1)
    assert codes == ["Switched"]
    (said,) = elder.said
    assert said.startswith("s3://in is listed by version 1 (ListObjects) from now on (")
    assert any(elder.senders) == (transport is Transport.AIOBOTOCORE)


@by_transport
@pytest.mark.parametrize("manner", [Manner.IGNORES, Manner.NOT_IMPLEMENTED])
async def test_a_listing_may_begin_after_a_key(transport: Transport, manner: Manner) -> None:
    """
    Version 1 ignores ``start-after``: what it answers is not taken for what was asked.
    """
    elder = Elder(KEYS, manner, page_size=1000)
    async with served(elder, transport) as store:
        page = await first_page(guarded(store), "in", "a/", "a/07")

    assert [item.key for item in page.objects] == ["a/08", "a/09"]
    assert [query.get("marker") for query in elder.requests] == [None, "a/07"]


@by_transport
@pytest.mark.parametrize("names_marker", [False, True])
@pytest.mark.parametrize("encodes", [False, True])
async def test_strange_keys_are_markers_too(transport: Transport, *, names_marker: bool, encodes: bool) -> None:
    """
    Each key ends a page, and the next goes on behind it.
    """
    keys = HOSTILE + UNHELD if encodes else HOSTILE
    elder = Elder(keys, page_size=1, encodes=encodes, names_marker=names_marker)
    async with served(elder, transport) as store:
        found = await listed(guarded(store))

    assert sorted(keys, key=lambda key: key.encode("utf-8", "surrogateescape")) == found
    assert [query.get("marker", "") for query in elder.requests[2:]] == found[:-1]


@by_transport
async def test_version_1_may_be_asked_for(transport: Transport) -> None:
    """
    Then nothing is tried, and nothing said.
    """
    elder = Elder(KEYS)
    async with served(elder, transport, ListVersion.FIRST) as store:
        assert list(KEYS) == await listed(store)

    assert set(elder.versions) == {1}
    assert elder.said == []


@by_transport
@pytest.mark.parametrize(("manner", "kind"), [(Manner.IGNORES, BadAnswer), (Manner.NOT_IMPLEMENTED, ObjectRefused)])
async def test_version_2_may_be_insisted_on(transport: Transport, manner: Manner, kind: type[S3Error]) -> None:
    """
    Then a store that does not know it is an error.
    """
    elder = Elder(KEYS, manner)
    async with served(elder, transport, ListVersion.SECOND) as store:
        with pytest.raises(kind):
            await listed_once(store)

    assert set(elder.versions) == {2}


async def listed_once(store: Store, token: str | None = None) -> Page:
    """
    One page, without anybody's patience.
    """
    return await store.list_page("in", "", token=token)


@by_transport
async def test_each_bucket_is_told_apart(transport: Transport) -> None:
    """
    One that is listed by version 1 changes nothing for the others.
    """
    elder = Elder(KEYS)
    async with served(elder, transport) as store:
        await listed(guarded(store), bucket="in")
        seen = len(elder.requests)
        await listed(guarded(store), bucket="out")

    assert elder.versions[0] == elder.versions[seen] == 2
    assert len(elder.said) == 2


class Asked:
    """
    Notes by which version it is asked, and refuses.
    """

    def __init__(self) -> None:
        self.versions: list[int] = []

    async def list_first(self, bucket: str, prefix: str, marker: str) -> Page:
        """
        By version 1.
        """
        self.versions.append(1)
        return Page((), None)

    async def list_second(self, bucket: str, prefix: str, start_after: str, token: str | None) -> Page:
        """
        By version 2.
        """
        self.versions.append(2)
        raise ObjectRefused(Failure("ListObjectsV2", "NotImplemented", 501))


@pytest.mark.parametrize("version", ListVersion)
async def test_a_directory_bucket_is_never_listed_by_version_1(version: ListVersion) -> None:
    """
    It has none (S3 API, ListObjects), whatever was asked for.
    """
    asked = Asked()
    listings = versions.Versions(version)
    for _ in range(2):
        with pytest.raises(ObjectRefused):
            await listings.page(asked, "in--use1-az4--x-s3", "", "", None)

    assert asked.versions == [2, 2]


def listing(*inner: str) -> bytes:
    """
    An answer with a page.
    """
    return answer("200 OK", f"{XML}<ListBucketResult {NAMESPACE}>{''.join(inner)}</ListBucketResult>")


def item(key: str) -> str:
    """
    An object of a page.
    """
    return (
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;{MD5}&quot;</ETag><Size>5</Size></Contents>"
    )


CUT: Final = "<IsTruncated>true</IsTruncated>"
LAST: Final = "<IsTruncated>false</IsTruncated>"
URL: Final = "<EncodingType>url</EncodingType>"
SECOND_CUT: Final = f"<KeyCount>1</KeyCount>{CUT}<NextContinuationToken>token</NextContinuationToken>"


@by_transport
async def test_a_token_of_version_2_never_becomes_a_marker(transport: Transport) -> None:
    """
    A listing that began by version 2 is not gone on with by version 1: where the token would stand among the keys is
    not known, and keys would be passed over.
    """
    elders = listing("<Marker/>", CUT, item("a"))
    async with scripted(transport, listing(SECOND_CUT, item("a")), elders) as (store, script):
        page = await listed_once(store)
        with pytest.raises(BadAnswer):
            await listed_once(store, page.next_token)

    assert page.next_token == "token"
    assert script.said == []
    assert not [pair for request in script.requests for pair in request.query if pair.startswith("marker")]


@by_transport
async def test_a_page_without_keys_goes_on_at_its_marker(transport: Transport) -> None:
    """
    Encoded, where the keys are.
    """
    empty = listing("<Marker/>", CUT, URL, "<NextMarker>a%20b</NextMarker>")
    async with scripted(transport, listing("<Marker/>", LAST), empty, listing("<Marker/>", LAST)) as (store, script):
        assert await listed(guarded(store)) == []

    assert [pair for pair in script.requests[2].query if pair.startswith("marker")] == ["marker=a%20b"]


@by_transport
@pytest.mark.parametrize("inner", ["", "<NextMarker/>", "<NextMarker></NextMarker>"])
async def test_a_cut_page_that_tells_no_way_on_is_a_bad_answer(transport: Transport, inner: str) -> None:
    """
    Taken for the last, it would hide the rest of the bucket.
    """
    async with scripted(transport, listing("<Marker/>", LAST), listing("<Marker/>", CUT, inner)) as (store, script):
        with pytest.raises(S3Error):
            await listed_once(store)
        with pytest.raises(S3Error) as caught:
            await listed_once(store)

    assert "without a marker" in str(caught.value)
    assert len(script.requests) == 2


@by_transport
@pytest.mark.parametrize("inner", ["", "<IsTruncated>perhaps</IsTruncated>", "<IsTruncated/>", item("a")])
async def test_a_page_of_version_1_says_whether_it_is_the_last(transport: Transport, inner: str) -> None:
    """
    As one of version 2 does.
    """
    async with scripted(transport, listing("<Marker/>", LAST), listing("<Marker/>", inner)) as (store, _):
        for _ in range(2):
            with pytest.raises(S3Error):
                await listed_once(store)


@pytest.mark.parametrize(
    ("body", "first"),
    [
        ("<Marker/>" + LAST, True),
        ("<Marker>a</Marker>" + CUT, True),
        (CUT, True),
        (CUT.replace("true", " TRUE "), True),
        ("<KeyCount>1</KeyCount>" + CUT, True),
        ("<Marker/>" + SECOND_CUT, False),
        ("<Marker/><KeyCount>0</KeyCount>" + LAST, False),
        (LAST, False),
        (CUT + "<NextContinuationToken>a</NextContinuationToken>", False),
        (LAST + item("&lt;Marker/&gt;"), False),
        ("", False),
    ],
)
def test_an_answer_of_version_1_is_known(body: str, *, first: bool) -> None:
    """
    By what only version 1 says, and by what version 2 must say.
    """
    assert bool(versions.signs_of_first(body.encode())) == first


@by_transport
@pytest.mark.parametrize(
    ("written", "token"),
    [
        ("a/&#x1;b", "a%2F%01b"),
        ("a/\x02b", "a%2F%02b"),
        ("a/&#x01;&amp;&lt;&#65;", "a%2F%01%26%3CA"),
        ("a/\uffff", "a%2F%EF%BF%BF"),
        ("a/b?c", "a%2Fb%3Fc"),
        ("\ufdd0", "%EF%B7%90"),
    ],
)
async def test_a_listing_goes_on_exactly_where_the_store_says(transport: Transport, written: str, token: str) -> None:
    """
    The token of some stores is a bare key, which may hold what XML cannot: another one would pass over keys.
    """
    first = listing(
        CUT, URL, f"<NextContinuationToken>{written}</NextContinuationToken><KeyCount>1</KeyCount>", item("a")
    )
    async with scripted(transport, first, listing(LAST, URL, "<KeyCount>1</KeyCount>", item("b"))) as (store, script):
        page = await listed_once(store)
        await listed_once(store, page.next_token)

    assert f"continuation-token={token}" in script.requests[1].query


async def test_a_token_that_could_be_taken_for_another_is_not_used() -> None:
    """
    The answer is one that cannot be read.
    """
    token = "<NextContinuationToken>\ufdd0\x01</NextContinuationToken>"
    async with scripted(Transport.AIOBOTOCORE, listing(CUT, URL, token, item("a"))) as (store, _):
        with pytest.raises(S3Error):
            await listed_once(store)
