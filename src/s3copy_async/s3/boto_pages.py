"""
Asks for one page of a listing, through a client of aiobotocore.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from s3copy_async.model import Page
from s3copy_async.s3 import answers, versions
from s3copy_async.s3.failures import translated
from s3copy_async.s3.transport import FIRST_HEADER, NEXT_HEADER


async def second(client: Any, bucket: str, prefix: str, start_after: str, token: str | None) -> Page:
    """
    By version 2; see `versions.Lists`.
    """
    # Asked for by us, the encoding is also undone by us: botocore would lose keys that are not valid UTF-8.
    wish = {"Bucket": bucket, "Prefix": prefix, "EncodingType": "url"}
    if token is not None:
        wish["ContinuationToken"] = token
    elif start_after:
        wish["StartAfter"] = start_after
    with translated(versions.SECOND):
        answer = await client.list_objects_v2(**wish)
    beside = answer["ResponseMetadata"]["HTTPHeaders"]
    versions.check_second(beside.get(FIRST_HEADER, ""))
    if NEXT_HEADER in beside:
        answer["NextContinuationToken"] = unquote(beside[NEXT_HEADER])
    return answers.page(answer)


async def first(client: Any, bucket: str, prefix: str, marker: str) -> Page:
    """
    By version 1; see `versions.Lists`.
    """
    wish: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix, "EncodingType": "url"}
    if marker:
        # As bytes: the last key, which is the marker, may be no UTF-8.
        wish["Marker"] = marker.encode("utf-8", "surrogateescape")
    with translated(versions.FIRST):
        answer = await client.list_objects(**wish)
    beside = answer["ResponseMetadata"]["HTTPHeaders"]
    following = unquote(beside[NEXT_HEADER]) if NEXT_HEADER in beside else answer.get("NextMarker")
    page = answers.page({**answer, "NextContinuationToken": versions.token_of(following)})
    return versions.continued(page, encoded=answer.get("EncodingType") == "url")
