"""
Corrections to the HTTP session of aiobotocore.

Redirects are not followed: aiohttp turns a redirected POST into a GET and calls the answer a success. A header that is
not UTF-8 (Latin-1 metadata is legal in S3) no longer makes every HEAD of that object fail. And what botocore would not
read, or not read right, of an answer about a listing stands beside it, in headers of our own.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from aiobotocore.httpsession import AIOHTTPSession
from yarl import URL

from s3copy_async.s3 import xml
from s3copy_async.s3.versions import signs_of_first

_ILLEGAL: Final = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
    rb"|[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]"
)
_ENCODED: Final = b"<EncodingType>url</EncodingType>"
_TOKEN: Final = re.compile(rb"<(NextContinuationToken|NextMarker)>[^<]*</\1>").search
_IS_CUT: Final = re.compile(rb"<(?:[\w.-]+:)?IsTruncated\b").search
_USUAL: Final = (b"<IsTruncated>true<", b"<IsTruncated>false<")
_VALUE: Final = re.compile(rb"<IsTruncated\s*(?:/>|>([^<]*)</IsTruncated\s*>)").match

NEXT_HEADER: Final = "x-s3copy-next"
"""Names where a listing goes on, percent-encoded, where XML could not hold it."""
FIRST_HEADER: Final = "x-s3copy-first"
"""Says what shows that the answer to a request for version 2 of the listing is one of version 1."""

Headers = tuple[tuple[bytes, bytes], ...]


async def _made_readable(response: aiohttp.ClientResponse, url: URL) -> Headers:
    """
    Where an answer repeats a key or a request that holds what XML cannot, it is no XML; what we need of it is sound.
    Returns headers to stand beside it.
    """
    query = url.query
    if "uploadId" in query or "uploads" in query:
        response._body = _ILLEGAL.sub(b"?", _plain(await response.read()))
        return ()
    if "encoding-type" not in query:
        return ()
    body = response._body = _plain(await response.read())
    signs = signs_of_first(body) if "list-type" in query else ""
    beside: Headers = ((FIRST_HEADER.encode(), signs.encode()),) if signs else ()
    if _ENCODED in body and _ILLEGAL.search(body):
        beside += _token(body)
        # The keys of such a listing are encoded: only what the store repeats of the request can be at fault.
        response._body = _ILLEGAL.sub(b"?", body)
    return beside


def _plain(body: bytes) -> bytes:
    """
    Whether an answer is cut, in letters that botocore knows: it takes all but "true" for False, and so would end a
    listing early. What is neither true nor false is left out, so that it is missed.
    """
    start = _IS_CUT(body)
    if start is None or body.startswith(_USUAL, at := start.start()):
        return body
    found = _VALUE(body, at)
    if found is None:
        return body.replace(b"IsTruncated", b"NotUnderstood")
    value = (found[1] or b"").strip().lower()
    plain = b"<IsTruncated>%b</IsTruncated>" % value if value in (b"true", b"false") else b""
    return body[:at] + plain + body[found.end() :]


def _token(body: bytes) -> Headers:
    """
    Where the listing goes on, exactly: the token of some stores is a bare key, and another would go on elsewhere.
    One that cannot be told exactly makes the whole answer unreadable.
    """
    found = _TOKEN(body)
    if found is None or not _ILLEGAL.search(found[0]):
        return ()
    return ((NEXT_HEADER.encode(), quote(xml.content(found[0]), safe="").encode()),)


class _Direct:
    """
    Stands in for an aiohttp session where aiobotocore asks for one.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def request(self, method: str, **settings: Any) -> aiohttp.ClientResponse:
        """
        One request, its redirect not followed and its headers made readable.
        """
        response = await self._session.request(method, allow_redirects=False, **settings)
        # The private name: aiohttp keeps what the public one has answered once.
        headers = response._raw_headers or ()
        beside = await _made_readable(response, settings["url"]) if method in ("GET", "POST") else ()
        if beside or not all(value.isascii() for _, value in headers):
            # aiobotocore decodes the raw headers as UTF-8 and has no hook to do otherwise.
            response._raw_headers = (*((name, _utf8(value)) for name, value in headers), *beside)
        return response


def _utf8(value: bytes) -> bytes:
    try:
        value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1").encode()
    return value


class DirectSession(AIOHTTPSession):  # type: ignore[misc]  # aiobotocore has no types
    """
    aiobotocore's HTTP session with these corrections.
    """

    async def _get_session(self, proxy_url: str | None) -> Any:
        return _Direct(await super()._get_session(proxy_url))
