"""
Credentials, endpoints and clients: one client per region and kind of request, for one set of credentials.

botocore's own retries are off: they lose work under SlowDown (docs/decisions/0002). Its clients get long read timeouts
for copies, because S3 answers a copy only when it is done, and short ones for everything else.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, Final, Self

import botocore
import botocore.exceptions
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentialResolver, AioCredentials, create_credential_resolver
from aiobotocore.session import AioSession, get_session
from botocore.handlers import add_expect_header
from botocore.utils import parse_timestamp

from s3copy_async.errors import FatalError
from s3copy_async.options import Access, Keys, is_aws
from s3copy_async.s3.transport import DirectSession
from s3copy_async.text import masked

# Their DEBUG records hold session tokens and signatures: whatever our own level is, these stay quiet.
for _name in ("aiobotocore", "botocore", "aiohttp", "urllib3", "asyncio"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_CONNECT_TIMEOUT: Final = 10
READ_TIMEOUT: Final = 60
COPY_TIMEOUT: Final = 600
_KEEPALIVE: Final = 12  # S3 drops idle connections after about 20 seconds


class _S3CfgProvider:
    """
    ``~/.s3cfg`` as a link in botocore's chain of credentials.
    """

    METHOD = "s3cfg"
    CANONICAL_NAME = "s3cfg"

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def load(self) -> Any:
        """
        The keys of the file, in the form that the chain expects.
        """
        return AioCredentials(self._keys.access_key, self._keys.secret_key, self._keys.token, method=self.METHOD)


def _resolver(session: AioSession, fallback: Keys) -> AioCredentialResolver:
    resolver = create_credential_resolver(session, region_name=session.get_config_variable("region"))
    # Whatever the user set up wins over the file; roles of the machine come last.
    resolver.insert_before("container-role", _S3CfgProvider(fallback))
    return resolver


def _moment(text: str) -> datetime:
    """
    A timestamp of a listing. botocore's own way, by dateutil, is nine tenths of the cost of a page.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        parsed: datetime = parse_timestamp(text)
        return parsed


_GRANTING: Final = ("CopyObject", "CreateMultipartUpload")
_COPYING: Final = ("CopyObject", "UploadPartCopy")


def _md5_for_crc(params: dict[str, Any], **_: Any) -> None:
    """
    With DeleteObjects botocore sends a CRC32. Many stores know only the ``Content-MD5`` of old, and some refuse the
    other.
    """
    params["context"].get("checksum", {}).pop("request_algorithm", None)
    digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


def _set_grant_aside(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """
    ``x-amz-grant-write`` is in no model of botocore's for objects, though stores take it.
    """
    context["s3copy_grant_write"] = params.pop("GrantWrite", None)


def _put_grant_back(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    if grant := context.get("s3copy_grant_write"):
        params["headers"]["x-amz-grant-write"] = grant


class _Wishes:
    """
    What stands in every request that knows of it: whose the buckets must be, and who pays.
    """

    def __init__(self, owners: Mapping[str, str], *, payer: bool) -> None:
        self._owners = owners
        self._payer = payer

    def __call__(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        known = model.input_shape.members if model.input_shape else ()
        if self._payer and "RequestPayer" in known:
            params["RequestPayer"] = "requester"
        if "ExpectedBucketOwner" in known and (owner := self._owners.get(params.get("Bucket", ""))):
            params["ExpectedBucketOwner"] = owner


def _source_owner(owners: Mapping[str, str]) -> Callable[..., None]:
    def wish(params: dict[str, Any], **_: Any) -> None:
        if owner := owners.get(params["CopySource"]["Bucket"]):
            params["ExpectedSourceBucketOwner"] = owner

    return wish


class Clients:
    """
    Makes and keeps the clients of one set of credentials. An asynchronous context manager.

    Args:
        pool: connections that may be open at once.

    ``owners`` says which account must own a bucket.
    """

    def __init__(self, access: Access, pool: int) -> None:
        self._access = access
        self._pool = pool
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()
        self._clients: dict[tuple[str, bool], Any] = {}
        self._endpoint_url = access.endpoint_url
        self.owners: dict[str, str] = {}
        self._session = self._make_session()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def _make_session(self) -> AioSession:
        access = self._access
        session = get_session()
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
        if access.profile:
            session.set_config_variable("profile", access.profile)
        if access.keys:
            session.set_credentials(access.keys.access_key, access.keys.secret_key, access.keys.token)
        elif access.fallback and not access.anonymous:
            try:
                session.register_component("credential_provider", _resolver(session, access.fallback.keys))
            except botocore.exceptions.BotoCoreError as error:
                raise FatalError(f"the AWS configuration cannot be used: {error}") from error
        return session

    @property
    def home_region(self) -> str:
        """
        The region to sign for until a bucket's own is known.
        """
        region = self._access.region or self._session.get_config_variable("region")
        return str(region or "us-east-1")

    async def describe(self) -> str:
        """
        Where the credentials come from and which key they are, the key masked.

        Raises:
            FatalError: there are none.
        """
        if self._access.anonymous:
            return "none (anonymous)"
        try:
            credentials = await self._session.get_credentials()
        except botocore.exceptions.BotoCoreError as error:
            raise FatalError(f"the credentials cannot be loaded: {error}") from error
        if credentials is None:
            raise FatalError(
                "no credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, use --profile, -c FILE, "
                "or --no-sign-request for public buckets"
            )
        if credentials.method == _S3CfgProvider.METHOD and self._access.fallback:
            self._endpoint_url = self._endpoint_url or self._access.fallback.endpoint_url
        frozen = await credentials.get_frozen_credentials()
        return f"{credentials.method}, key {masked(frozen.access_key)}"

    async def get(self, region: str, *, copies: bool = False) -> Any:
        """
        The client for `region`; with `copies` the one that waits long for answers.

        Raises:
            FatalError: the client cannot be made, for example because the profile does not exist.
        """
        key = (region, copies)
        if key in self._clients:
            return self._clients[key]
        async with self._lock:
            if key not in self._clients:
                self._clients[key] = await self._make_client(region, copies=copies)
        return self._clients[key]

    async def _make_client(self, region: str, *, copies: bool) -> Any:
        try:
            style = self._access.addressing_style
            client = await self._stack.enter_async_context(self._create(region, style, copies=copies))
            if (
                style == "auto"
                and not is_aws(client.meta.endpoint_url)
                and client.meta.endpoint_url != self._endpoint_url
            ):
                # botocore's own configuration named another store, which was not to be known before.
                client = await self._stack.enter_async_context(self._create(region, "path", copies=copies))
        except (botocore.exceptions.BotoCoreError, ValueError, OSError) as error:
            raise FatalError(f"S3 cannot be reached with these settings: {error}") from error
        self.is_aws = is_aws(client.meta.endpoint_url)
        # What we write is small, and who does not answer "Expect: 100-continue" would be waited for in vain.
        client.meta.events.unregister("before-call.s3", add_expect_header)
        client.meta.events.register("before-parameter-build.s3", _Wishes(self.owners, payer=self._access.request_payer))
        if not self.is_aws:
            # Last, when the body is what is sent.
            client.meta.events.register_last("before-call.s3.DeleteObjects", _md5_for_crc)
        for operation in _COPYING:
            # First, while the source is not yet one string.
            client.meta.events.register_first(f"before-parameter-build.s3.{operation}", _source_owner(self.owners))
        for operation in _GRANTING:
            client.meta.events.register(f"before-parameter-build.s3.{operation}", _set_grant_aside)
            client.meta.events.register(f"before-call.s3.{operation}", _put_grant_back)
        return client

    def _create(self, region: str, style: str, *, copies: bool) -> Any:
        access = self._access
        if style == "auto" and not is_aws(self._endpoint_url):
            style = "path"
        config = AioConfig(
            connect_timeout=_CONNECT_TIMEOUT,
            read_timeout=COPY_TIMEOUT if copies else READ_TIMEOUT,
            max_pool_connections=self._pool,
            retries={"total_max_attempts": 1, "mode": "standard"},
            parameter_validation=False,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": style},
            signature_version=botocore.UNSIGNED if access.anonymous else None,
            connector_args={"keepalive_timeout": _KEEPALIVE, "ttl_dns_cache": 60},
            http_session_cls=DirectSession,
            user_agent_extra="s3copy-async",
        )
        return self._session.create_client(
            "s3",
            region_name=region,
            endpoint_url=self._endpoint_url,
            verify=(access.ca_bundle or None) if access.verify_tls else False,
            config=config,
        )
