"""
The reference store: every operation, through aiobotocore.

One method is one HTTP request, and the only place where botocore's exceptions become ours.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import botocore.exceptions
from aiohttp import ClientConnectorCertificateError as CertificateError
from aiohttp import ClientError as HttpError

from s3copy_async.errors import UNREACHABLE, BadAnswer, Failure, FatalError, S3Error, TransientError
from s3copy_async.faults import error_for
from s3copy_async.model import BucketInfo, CopyAnswer, CopyRequest, ObjectInfo, Page
from s3copy_async.s3.session import Clients

_KMS: Final = ("aws:kms", "aws:kms:dsse")
_REGION_HEADER: Final = "x-amz-bucket-region"


class BotoStore:
    """
    Amazon S3 and stores compatible with it. Implements `store.Store`.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._regions: dict[str, str] = {}

    def set_region(self, bucket: str, region: str) -> None:
        """
        See `store.HeadsBuckets`.
        """
        self._regions[bucket] = region

    async def _client(self, bucket: str, *, copies: bool = False) -> Any:
        return await self._clients.get(self._regions.get(bucket, self._clients.home_region), copies=copies)

    async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        See `store.ListsObjects`.
        """
        client = await self._client(bucket)
        # Asked for by us, the encoding is also undone by us: botocore would lose keys that are not valid UTF-8.
        wish = {"Bucket": bucket, "Prefix": prefix, "EncodingType": "url"}
        if token is not None:
            wish["ContinuationToken"] = token
        elif start_after:
            wish["StartAfter"] = start_after
        with translated("ListObjectsV2"):
            answer = await client.list_objects_v2(**wish)
        return _page(answer)

    async def head_object(self, bucket: str, key: str) -> ObjectInfo:
        """
        See `store.HeadsObjects`.
        """
        client = await self._client(bucket)
        with translated("HeadObject"):
            answer = await client.head_object(Bucket=bucket, Key=key)
        return ObjectInfo(
            key=key,
            size=int(answer.get("ContentLength", 0)),
            etag=_etag(answer, "HeadObject"),
            modified=_epoch(answer.get("LastModified")),
            storage_class=answer.get("StorageClass", "STANDARD"),
            opaque=_opaque(answer),
        )

    async def head_bucket(self, bucket: str) -> BucketInfo:
        """
        See `store.HeadsBuckets`. Where the caller may not list, S3 refuses and tells the region all the same.
        """
        client = await self._client(bucket)
        try:
            answer = await client.head_bucket(Bucket=bucket)
        except botocore.exceptions.ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if status not in (301, 307, 400, 403):
                raise _from_client_error("HeadBucket", error) from error
            return BucketInfo(_region(error.response), allowed=False)
        except (TimeoutError, botocore.exceptions.BotoCoreError, HttpError, OSError) as error:
            raise _from_library("HeadBucket", error) from error
        return BucketInfo(_region(answer))

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        client = await self._client(request.dest_bucket, copies=True)
        with translated("CopyObject"):
            answer = await client.copy_object(
                Bucket=request.dest_bucket,
                Key=request.dest_key,
                # A dict, because botocore splits a string at a "?versionId=" that belongs to the key.
                CopySource={"Bucket": request.source_bucket, "Key": request.source_key},
                CopySourceIfMatch=f'"{request.source_etag}"',
                **dict(request.grants),
            )
        return CopyAnswer(_etag(answer.get("CopyObjectResult", {}), "CopyObject"), _opaque(answer))

    async def caller_id(self) -> str:
        """
        See `store.NamesCaller`.
        """
        client = await self._clients.get(self._clients.home_region)
        with translated("ListBuckets"):
            answer = await client.list_buckets()
        return str(answer.get("Owner", {}).get("ID", ""))

    async def create_bucket(self, bucket: str) -> None:
        """
        See `store.WritesObjects`.
        """
        client = await self._client(bucket)
        with translated("CreateBucket"):
            await client.create_bucket(Bucket=bucket)

    async def put_object(self, bucket: str, key: str, body: bytes) -> str:
        """
        See `store.WritesObjects`.
        """
        client = await self._client(bucket)
        with translated("PutObject"):
            answer = await client.put_object(Bucket=bucket, Key=key, Body=body)
        return _etag(answer, "PutObject")

    async def delete_object(self, bucket: str, key: str) -> None:
        """
        See `store.WritesObjects`.
        """
        client = await self._client(bucket)
        with translated("DeleteObject"):
            await client.delete_object(Bucket=bucket, Key=key)


@contextmanager
def translated(operation: str) -> Generator[None, None, None]:
    """
    Raises botocore's and the HTTP library's exceptions as ours.
    """
    try:
        yield
    except botocore.exceptions.ClientError as error:
        raise _from_client_error(operation, error) from error
    except (TimeoutError, botocore.exceptions.BotoCoreError, HttpError, OSError) as error:
        raise _from_library(operation, error) from error


def _from_client_error(operation: str, error: botocore.exceptions.ClientError) -> S3Error:
    answer = error.response
    metadata = answer.get("ResponseMetadata", {})
    said = answer.get("Error", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    failure = Failure(
        operation=operation,
        code=str(said.get("Code") or status),
        status=status,
        message=str(said.get("Message") or ""),
        request_id=str(metadata.get("RequestId") or ""),
        extended_id=str(metadata.get("HostId") or ""),
    )
    return error_for(failure)


_CREDENTIALS: Final = (
    botocore.exceptions.NoCredentialsError,
    botocore.exceptions.PartialCredentialsError,
    botocore.exceptions.CredentialRetrievalError,
    botocore.exceptions.TokenRetrievalError,
    botocore.exceptions.UnauthorizedSSOTokenError,
    botocore.exceptions.ProfileNotFound,
)
_NEVER_SENT: Final = (
    botocore.exceptions.EndpointConnectionError,
    botocore.exceptions.ConnectTimeoutError,
    botocore.exceptions.ProxyConnectionError,
    botocore.exceptions.SSLError,
)


def _from_library(operation: str, error: Exception) -> S3Error | FatalError:
    if isinstance(error, _CREDENTIALS):
        return FatalError(f"credentials: {error}")
    if isinstance(error, botocore.exceptions.SSLError) and isinstance(error.kwargs.get("error"), CertificateError):
        return FatalError(f"{error}: give the right certificates with --ca-bundle")
    if isinstance(
        error, (botocore.exceptions.ParamValidationError, botocore.exceptions.InvalidEndpointConfigurationError)
    ):
        return FatalError(str(error))
    if isinstance(error, _NEVER_SENT):
        return TransientError(Failure(operation, UNREACHABLE, message=str(error), maybe_done=False))
    return TransientError(Failure(operation, type(error).__name__, message=str(error)))


def _page(answer: dict[str, Any]) -> Page:
    if "IsTruncated" not in answer:
        # An empty or foreign 200 parses to nothing; taken as a page it would end the listing early.
        raise BadAnswer(Failure("ListObjectsV2", "BadAnswer", 200, "a page without IsTruncated", _request_id(answer)))
    token = answer.get("NextContinuationToken") if answer["IsTruncated"] else None
    if answer["IsTruncated"] and not token:
        raise BadAnswer(Failure("ListObjectsV2", "BadAnswer", 200, "a cut page without a token", _request_id(answer)))
    decode = _decoded if answer.get("EncodingType") == "url" else str
    objects = tuple(
        ObjectInfo(
            key=decode(item["Key"]),
            size=int(item["Size"]),
            etag=item["ETag"].strip('"'),
            modified=_epoch(item.get("LastModified")),
            storage_class=item.get("StorageClass", ""),
        )
        for item in answer.get("Contents", ())
    )
    return Page(objects, token)


def _decoded(key: str) -> str:
    if "%" not in key and "+" not in key:
        return key
    return unquote_to_bytes(key.replace("+", " ")).decode("utf-8", "surrogateescape")


def _etag(answer: dict[str, Any], operation: str) -> str:
    etag = answer.get("ETag")
    if not etag:
        raise BadAnswer(Failure(operation, "BadAnswer", 200, "an answer without an ETag", _request_id(answer)))
    return str(etag).strip('"')


def _opaque(answer: dict[str, Any]) -> bool:
    return answer.get("ServerSideEncryption") in _KMS or "SSECustomerAlgorithm" in answer


def _region(answer: dict[str, Any]) -> str | None:
    region = answer.get("BucketRegion") or answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(_REGION_HEADER)
    return str(region) if region else None


def _request_id(answer: dict[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId") or "")


def _epoch(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
