"""
What an answer must say to be a page, over both transports.
"""

from __future__ import annotations

from typing import Final

import pytest

from s3copy_async.errors import S3Error
from s3copy_async.options import Transport
from scripted import NAMESPACE, XML, answer, scripted

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
