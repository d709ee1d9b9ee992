"""
What the wire store knows of a request, it learns from one that botocore has prepared: where it goes, which headers it
has, and how it is signed. Nothing is guessed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from s3copy_async.s3.sigv4 import Signer, Template

_CREDENTIAL: Final = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request,").match
_OWN: Final = frozenset(
    (
        "authorization", "amz-sdk-invocation-id", "amz-sdk-request", "content-length", "expect", "host",
        "transfer-encoding", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token",
    )
)  # fmt: skip
_EXPRESS: Final = "--x-s3"
_RENEWED: Final = 30.0
"""Seconds after which credentials that change are asked for again."""
_CATCHING: Final[ContextVar[bool]] = ContextVar("s3copy_catching", default=False)

SAMPLE: Final = "s3copy-sample"
"""Stands for keys and all else that differs from one request to the next."""


class Unusual(Exception):
    """
    A request that only aiobotocore can send; the text says why.
    """


class _Prepared(Exception):
    """
    Carries a request out of botocore at the moment when it would be sent.
    """

    def __init__(self, request: Any) -> None:
        super().__init__()
        self.request = request


def catch_requests(client: Any) -> None:
    """
    Lets `prepared` see the requests of a client.
    """
    client.meta.events.register_first("before-send.s3", _catch)


def _catch(request: Any, **_: Any) -> None:
    if _CATCHING.get():
        raise _Prepared(request)


class Prepared(NamedTuple):
    """
    A request as botocore would send it. Names of headers in lower case.
    """

    method: str
    url: str
    headers: dict[str, str]


async def prepared(client: Any, method: str, params: dict[str, Any]) -> Prepared:
    """
    The request of one call of botocore's, signed and not sent.

    Raises:
        Exception: whatever botocore raises where there are no credentials, or no such endpoint.
    """
    token = _CATCHING.set(True)
    try:
        await getattr(client, method)(**params)
    except _Prepared as caught:
        request = caught.request
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        return Prepared(request.method, request.url, headers)
    finally:
        _CATCHING.reset(token)
    raise Unusual("botocore answered a request without sending it")


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class Place(NamedTuple):
    """
    A host to connect to.
    """

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Mould:
    """
    What requests of one kind are made with.

    Args:
        place: where they go.
        path: of the bucket, encoded; a key follows it.
        query: what is always in the query.
        template: the rest.
        region, service: signed for; empty where nothing is signed.
        source: what stands before the key in ``x-amz-copy-source``.
    """

    place: Place
    path: str
    query: tuple[tuple[str, str], ...]
    template: Template
    region: str = ""
    service: str = ""
    source: str = ""


def mould(request: Prepared, variable: Sequence[str], gone: Sequence[str] = ()) -> Mould:
    """
    Makes a mould of a request whose key and other values that differ are `SAMPLE`.

    Args:
        variable: names of headers that differ, in the order in which they will be given.
        gone: names in the query that are given anew.

    Raises:
        Unusual: it is signed in another way, or goes to a kind of bucket that needs more.
    """
    parts = urlsplit(request.url)
    host = parts.hostname or ""
    if _EXPRESS in request.url.partition("?")[0]:
        raise Unusual("S3 Express")
    region, service = _scope(request.headers)
    fixed = {name: value for name, value in request.headers.items() if name not in _OWN and name not in variable}
    if not all(value.isascii() and value.isprintable() for value in fixed.values()):
        raise Unusual("headers that are not ASCII")
    source = request.headers.get("x-amz-copy-source", "")
    usual = 443 if parts.scheme == "https" else 80
    netloc = parts.netloc.rpartition("@")[2]
    if parts.port == usual:
        netloc = netloc.removesuffix(f":{usual}")
    return Mould(
        Place(parts.scheme, host, parts.port or usual),
        parts.path.removesuffix(SAMPLE),
        tuple(pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in gone),
        Template(request.method, request.headers.get("host") or netloc, fixed, variable),
        region,
        service,
        source.partition("?")[0].removesuffix(SAMPLE),
    )


def _scope(headers: dict[str, str]) -> tuple[str, str]:
    authorization = headers.get("authorization")
    if authorization is None:
        return "", ""
    found = _CREDENTIAL(authorization)
    if not found or "x-amz-s3session-token" in headers:
        raise Unusual("another way of signing")
    return found[1], found[2]


def unusual_connection(client: Any, place: Place) -> str:
    """
    Why only aiobotocore can connect there; empty where others can.
    """
    session = client._endpoint.http_session
    if session._proxy_config.proxy_url_for(f"{place.scheme}://{place.host}"):
        return "a proxy"
    return "a client certificate" if session._cert_file else ""


async def tls_context(client: Any) -> Any:
    """
    The TLS settings that aiobotocore would use: its CA bundle, and whether certificates are checked.
    """
    context, _ = await asyncio.to_thread(client._endpoint.http_session._build_ssl_contexts, None)
    return context


class Identity:
    """
    The credentials of a client, as signers. Those that change are asked for again in good time, by one task; until that
    is done the old ones are used.
    """

    def __init__(self, credentials: Any, clock: Callable[[], float]) -> None:
        self._credentials = credentials
        self._clock = clock
        self._frozen: Any = None
        self._until = 0.0
        self._signers: dict[tuple[str, str], Signer] = {}
        self._renewal: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """
        Asks for the credentials.
        """
        frozen = await self._credentials.get_frozen_credentials()
        if frozen != self._frozen:
            self._frozen = frozen
            self._signers.clear()
        self._until = self._clock() + _RENEWED

    def signer(self, region: str, service: str) -> Signer:
        """
        The signer for a region; `load` must have been called once.
        """
        if self._clock() >= self._until and self._renewal is None:
            self._renewal = asyncio.get_running_loop().create_task(self._renew())
        key = (region, service)
        found = self._signers.get(key)
        if found is None:
            frozen = self._frozen
            found = self._signers[key] = Signer(frozen.access_key, frozen.secret_key, frozen.token, region, service)
        return found

    async def _renew(self) -> None:
        try:
            await self.load()
        except Exception:  # noqa: BLE001 - botocore tells with the next request that it prepares, and S3 with the next answer
            self._until = self._clock() + _RENEWED
        finally:
            self._renewal = None

    def close(self) -> None:
        """
        Ends what is under way.
        """
        if self._renewal:
            self._renewal.cancel()
