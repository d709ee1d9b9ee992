"""
Two corrections to the HTTP session of aiobotocore.

Redirects are not followed: aiohttp turns a redirected POST into a GET and calls the answer a success. And a header that
is not UTF-8 (Latin-1 metadata is legal in S3) no longer makes every HEAD of that object fail.
"""

from __future__ import annotations

import re
from typing import Any, Final

import aiohttp
from aiobotocore.httpsession import AIOHTTPSession
from yarl import URL

_ILLEGAL: Final = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
    rb"|[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]"
)
_ENCODED: Final = b"<EncodingType>url</EncodingType>"


async def _made_readable(response: aiohttp.ClientResponse, url: URL) -> None:
    """
    Where an answer repeats a key or a request that holds what XML cannot, it is no XML; what we need of it is sound.
    """
    query = url.query
    if "uploadId" in query or "uploads" in query:
        response._body = _ILLEGAL.sub(b"?", await response.read())
    elif "list-type" in query and _ENCODED in (body := await response.read()):
        # The keys of such a listing are encoded: only what the store repeats of the request can be at fault.
        response._body = _ILLEGAL.sub(b"?", body)


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
        if method in ("GET", "POST"):
            await _made_readable(response, settings["url"])
        if not all(value.isascii() for _, value in headers):
            # aiobotocore decodes the raw headers as UTF-8 and has no hook to do otherwise.
            response._raw_headers = tuple((name, _utf8(value)) for name, value in headers)
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
