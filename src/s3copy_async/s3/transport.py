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
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));|[\x00-\x08\x0b\x0c\x0e-\x1f]"
)


def _is_multipart(method: str, url: URL) -> bool:
    query = url.query
    return method in ("POST", "GET") and ("uploads" in query or "uploadId" in query)


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
        if _is_multipart(method, settings["url"]):
            # A key with a control character makes S3's answer no XML; the ids and ETags in it are sound.
            response._body = _ILLEGAL.sub(b"?", await response.read())
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
