"""
What is different about directory buckets beside their listings: their ETags are no MD5s.
"""

from __future__ import annotations

from typing import Any

import pytest

from s3copy_async.model import CopyRequest
from s3copy_async.options import Access, Transport
from s3copy_async.s3.boto import BotoStore
from s3copy_async.s3.session import Clients
from scripted import COPIED, MD5, answer, scripted

LOOSE = "in--use1-az4--x-s3"


@pytest.mark.parametrize("transport", Transport)
async def test_a_copy_out_of_one_has_an_etag_of_its_own(transport: Transport) -> None:
    """
    It is not compared with the source's, by whatever sends the request.
    """
    async with scripted(transport, answer("200 OK", COPIED)) as (store, script):
        loose = await store.copy_object(CopyRequest(LOOSE, "a", "no-md5", 5, "out", "b"))
        usual = await store.copy_object(CopyRequest("in", "a", MD5, 5, "out", "b"))
        start = await store.bulk(CopyRequest(LOOSE, "a", "no-md5", 5, "out", "b"), lambda *_: None)

    assert (loose.etag, loose.opaque, usual.opaque) == (MD5, True, False)
    assert script.senders[0] == "botocore"
    assert start is None


class Looks(BotoStore):
    """
    A store that is answered to each HEAD alike.
    """

    async def _head(self, bucket: str, key: str, wish: dict[str, Any]) -> dict[str, Any]:
        return {"ETag": '"no-md5"', "ContentLength": 5}


async def test_a_lookup_in_one_tells_no_md5() -> None:
    """
    So what is there is known by its checksum, or by size and time.
    """
    async with Clients(Access(anonymous=True), 4) as clients:
        store = Looks(clients)

        assert (await store.head_object(LOOSE, "a")).opaque
        assert (await store.head_details(LOOSE, "a")).info.opaque
        assert not (await store.head_object("in", "a")).opaque
        assert not (await store.head_details("in", "a")).info.opaque
