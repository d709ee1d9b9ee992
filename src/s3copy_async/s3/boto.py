"""
The reference store: every operation, through aiobotocore.

One method is one HTTP request, and the only place where botocore's exceptions become ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

import botocore.exceptions
from aiohttp import ClientError as HttpError

from s3copy_async.errors import BadAnswer, Failure, NotFound, ObjectRefused, UploadGone
from s3copy_async.model import (
    Acl,
    BucketInfo,
    CompleteRequest,
    CopyAnswer,
    CopyRequest,
    Head,
    ObjectInfo,
    OpenUpload,
    Page,
    Pairs,
    PartRequest,
    PartsPage,
    UploadsPage,
)
from s3copy_async.s3 import answers, boto_pages
from s3copy_async.s3.failures import from_client_error, from_library, translated
from s3copy_async.s3.session import Clients
from s3copy_async.s3.versions import Versions
from s3copy_async.store import SingleCopies, Undeleted
from s3copy_async.uri import is_directory_bucket

_SMALL: Final = 1 << 20


class BotoStore(SingleCopies):
    """
    Amazon S3 and stores compatible with it. Implements `store.Store`.

    Args:
        listings: which version of the listing each bucket is asked for.
    """

    def __init__(self, clients: Clients, listings: Versions | None = None) -> None:
        self._clients = clients
        self._listings = listings or Versions()
        self._regions: dict[str, str] = {}

    def set_region(self, bucket: str, region: str) -> None:
        """
        See `store.HeadsBuckets`.
        """
        self._regions[bucket] = region

    def set_owner(self, bucket: str, account: str) -> None:
        """
        See `store.HeadsBuckets`.
        """
        self._clients.owners[bucket] = account

    async def _client(self, bucket: str, *, copies: bool = False) -> Any:
        return await self._clients.get(self._regions.get(bucket, self._clients.home_region), copies=copies)

    async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        See `store.ListsObjects`.
        """
        return await self._listings.page(self, bucket, prefix, start_after, token)

    async def list_second(self, bucket: str, prefix: str, start_after: str, token: str | None) -> Page:
        """
        See `versions.Lists`.
        """
        return await boto_pages.second(await self._client(bucket), bucket, prefix, start_after, token)

    async def list_first(self, bucket: str, prefix: str, marker: str) -> Page:
        """
        See `versions.Lists`.
        """
        return await boto_pages.first(await self._client(bucket), bucket, prefix, marker)

    async def head_object(self, bucket: str, key: str, *, version: str = "") -> ObjectInfo:
        """
        See `store.HeadsObjects`.
        """
        info = answers.info(key, await self._head(bucket, key, _version(version)), version)
        return info._replace(opaque=info.opaque or is_directory_bucket(bucket))

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        See `store.HeadsDetails`.
        """
        wish = {"PartNumber": part} if part else {"ChecksumMode": "ENABLED"}
        head = answers.head(key, await self._head(bucket, key, _version(version) | wish), version)
        if is_directory_bucket(bucket):
            return replace(head, info=head.info._replace(opaque=True))
        return head

    async def _head(self, bucket: str, key: str, wish: dict[str, Any]) -> dict[str, Any]:
        client = await self._client(bucket)
        with translated("HeadObject"):
            answer: dict[str, Any] = await client.head_object(Bucket=bucket, Key=key, **wish)
        return answer

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
                raise from_client_error("HeadBucket", error) from error
            return BucketInfo(answers.region(error.response), allowed=False)
        except (TimeoutError, botocore.exceptions.BotoCoreError, HttpError, OSError) as error:
            raise from_library("HeadBucket", error) from error
        return BucketInfo(answers.region(answer))

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
                CopySource=_source(request.source_bucket, request.source_key, request.source_version),
                CopySourceIfMatch=f'"{request.source_etag}"',
                **more_params(request),
            )
        done = answers.copied(answer, answer.get("CopyObjectResult", {}), "CopyObject")
        # What one of them says of an object is no MD5, so the two ETags say nothing.
        loose = is_directory_bucket(request.source_bucket) or is_directory_bucket(request.dest_bucket)
        return done._replace(opaque=done.opaque or loose)

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
        return answers.etag(answer, "PutObject")

    async def delete_object(self, bucket: str, key: str) -> None:
        """
        See `store.WritesObjects`.
        """
        client = await self._client(bucket)
        with translated("DeleteObject"):
            await client.delete_object(Bucket=bucket, Key=key)

    async def delete_objects(self, bucket: str, keys: Sequence[str]) -> Undeleted:
        """
        See `store.DeletesObjects`.
        """
        # The answer comes when the last of them is gone, and by no means each store is fast. It is asked for in full:
        # in its quiet form, which names failures alone, an empty answer of somebody in between would be success.
        client = await self._client(bucket, copies=True)
        with translated("DeleteObjects"):
            answer = await client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
        return answers.undeleted(answer, keys)

    async def get_object(self, bucket: str, key: str) -> bytes:
        """
        See `store.ReadsObjects`. A body over 1 MiB is cut: none of ours is that large.
        """
        client = await self._client(bucket)
        with translated("GetObject"):
            answer = await client.get_object(Bucket=bucket, Key=key)
            async with answer["Body"] as body:
                return bytes(await body.read(_SMALL))

    async def create_upload(self, bucket: str, key: str, settings: Pairs = (), metadata: Pairs = ()) -> str:
        """
        See `store.UploadsParts`.
        """
        client = await self._client(bucket)
        with translated("CreateMultipartUpload"):
            answer = await client.create_multipart_upload(
                Bucket=bucket, Key=key, Metadata=dict(metadata), **dict(settings)
            )
        upload_id = answer.get("UploadId")
        if not upload_id:
            raise BadAnswer(Failure("CreateMultipartUpload", "BadAnswer", 200, "an answer without an UploadId"))
        return str(upload_id)

    async def copy_part(self, request: PartRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        client = await self._client(request.bucket, copies=True)
        # S3 takes a range only of sources over 5 MB; without one it copies all.
        piece = {"CopySourceRange": f"bytes={request.start}-{request.stop - 1}"} if request.stop else {}
        with translated("UploadPartCopy"):
            answer = await client.upload_part_copy(
                Bucket=request.bucket,
                Key=request.key,
                UploadId=request.upload_id,
                PartNumber=request.number,
                CopySource=_source(request.source_bucket, request.source_key, request.source_version),
                CopySourceIfMatch=f'"{request.source_etag}"',
                **piece,
            )
        return answers.copied(answer, answer.get("CopyPartResult", {}), "UploadPartCopy")

    async def complete_upload(self, request: CompleteRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        client = await self._client(request.bucket, copies=True)
        parts = [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in request.parts]
        wish: dict[str, Any] = {"IfNoneMatch": "*"} if request.if_absent else {}
        if request.checksum:
            algorithm, _, value = request.checksum.partition(":")
            wish |= {f"Checksum{algorithm}": value, "ChecksumType": "FULL_OBJECT", "MpuObjectSize": request.size}
        with translated("CompleteMultipartUpload"):
            answer = await client.complete_multipart_upload(
                Bucket=request.bucket,
                Key=request.key,
                UploadId=request.upload_id,
                MultipartUpload={"Parts": parts},
                **wish,
            )
        etag = str(answer.get("ETag") or "").strip('"')
        return CopyAnswer(etag, answers.opaque(answer), answers.full_checksum(answer))

    async def abort_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """
        See `store.UploadsParts`.
        """
        client = await self._client(bucket)
        try:
            with translated("AbortMultipartUpload"):
                await client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
        except (UploadGone, NotFound):
            pass

    async def list_parts(self, bucket: str, key: str, upload_id: str, after: int = 0) -> PartsPage:
        """
        See `store.UploadsParts`.
        """
        client = await self._client(bucket)
        try:
            with translated("ListParts"):
                answer = await client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id, PartNumberMarker=after)
        except NotFound as error:
            # Ceph says NoSuchKey.
            raise UploadGone(error.failure) from error
        return answers.parts_page(answer)

    async def list_uploads(self, bucket: str, prefix: str, after: OpenUpload | None = None) -> UploadsPage:
        """
        See `store.UploadsParts`.
        """
        client = await self._client(bucket)
        # Without this encoding, one key with a control character makes the whole answer unreadable.
        wish = {"Bucket": bucket, "Prefix": prefix, "EncodingType": "url"}
        if after:
            wish |= {"KeyMarker": after.key, "UploadIdMarker": after.upload_id}
        with translated("ListMultipartUploads"):
            answer = await client.list_multipart_uploads(**wish)
        return answers.uploads_page(answer)

    async def get_tags(self, bucket: str, key: str, *, version: str = "") -> Pairs:
        """
        See `store.CarriesMore`.
        """
        client = await self._client(bucket)
        with translated("GetObjectTagging"):
            answer = await client.get_object_tagging(Bucket=bucket, Key=key, **_version(version))
        return tuple((str(tag["Key"]), str(tag["Value"])) for tag in answer.get("TagSet", ()))

    async def put_tags(self, bucket: str, key: str, tags: Pairs) -> None:
        """
        See `store.CarriesMore`.
        """
        client = await self._client(bucket)
        wish = {"TagSet": [{"Key": name, "Value": value} for name, value in tags]}
        with translated("PutObjectTagging"):
            await client.put_object_tagging(Bucket=bucket, Key=key, Tagging=wish)

    async def get_acl(self, bucket: str, key: str, *, version: str = "") -> Acl:
        """
        See `store.CarriesMore`.
        """
        client = await self._client(bucket)
        with translated("GetObjectAcl"):
            answer = await client.get_object_acl(Bucket=bucket, Key=key, **_version(version))
        return answers.acl(answer)

    def is_aws(self) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        return self._clients.is_aws

    async def has_versions(self, bucket: str) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        answer = await self._asked("GetBucketVersioning", "get_bucket_versioning", bucket)
        return answer.get("Status") in ("Enabled", "Suspended")

    async def has_lock(self, bucket: str) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        answer = await self._asked("GetObjectLockConfiguration", "get_object_lock_configuration", bucket)
        return bool(answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled"))

    async def has_replication(self, bucket: str) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        answer = await self._asked("GetBucketReplication", "get_bucket_replication", bucket)
        return bool(answer.get("ReplicationConfiguration", {}).get("Rules"))

    async def has_website(self, bucket: str) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        answer = await self._asked("GetBucketWebsite", "get_bucket_website", bucket)
        return bool(answer.keys() & {"IndexDocument", "RedirectAllRequestsTo", "RoutingRules"})

    async def _asked(self, operation: str, method: str, bucket: str) -> dict[str, Any]:
        """
        How a bucket is set up; empty where it has no such setting, or the store none at all.
        """
        client = await self._client(bucket)
        try:
            with translated(operation):
                answer: dict[str, Any] = await getattr(client, method)(Bucket=bucket)
        except (NotFound, ObjectRefused):
            return {}
        return answer


def _version(version: str) -> dict[str, Any]:
    return {"VersionId": version} if version else {}


def _source(bucket: str, key: str, version: str) -> dict[str, Any]:
    # botocore appends the version as it stands.
    return {"Bucket": bucket, "Key": key, **({"VersionId": quote(version, safe="")} if version else {})}


def more_params(request: CopyRequest) -> dict[str, Any]:
    """
    What a copy is asked for beside the bytes, as botocore's parameters.
    """
    wish: dict[str, Any] = {**dict(request.grants), **dict(request.settings)}
    if request.metadata is not None:
        wish |= {"MetadataDirective": "REPLACE", "Metadata": dict(request.metadata)}
    if request.tags is not None:
        wish |= {"TaggingDirective": "REPLACE", "Tagging": urlencode(request.tags, quote_via=quote)}
    if request.if_absent:
        wish["IfNoneMatch"] = "*"
    return wish
