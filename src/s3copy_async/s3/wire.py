"""
The lean store: the hot operations over connections of our own, everything unusual through aiobotocore.

What a request looks like is learned from botocore, once for each kind of request (`learn`); only keys, ETags and the
like are filled in here. A bucket whose answers are not understood is served by aiobotocore from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from s3copy_async.errors import BadAnswer, Failure, NotFound, UploadGone
from s3copy_async.model import (
    CompleteRequest,
    CopyAnswer,
    CopyRequest,
    CopyTask,
    Head,
    ObjectInfo,
    Page,
    Pairs,
    PartRequest,
    PartsPage,
)
from s3copy_async.s3 import answers, heads, versions, xml
from s3copy_async.s3.boto import BotoStore
from s3copy_async.s3.learn import SAMPLE, Mould
from s3copy_async.s3.sender import Sender
from s3copy_async.s3.session import Clients
from s3copy_async.s3.swift import Swift
from s3copy_async.s3.versions import Versions
from s3copy_async.s3.wishes import Wish, complete_body, copy_wish, is_plain, source_values
from s3copy_async.store import BulkDone, BulkStart
from s3copy_async.uri import is_directory_bucket


class WireStore(BotoStore):
    """
    Amazon S3 and stores compatible with it. Implements `store.Store`.

    Args:
        forced: nothing goes to aiobotocore that this store can send: trouble is an error.
        say: told, in one line, why a bucket is served by aiobotocore.
        listings: see `BotoStore`.
    """

    def __init__(
        self,
        clients: Clients,
        say: Callable[[str], None],
        listings: Versions | None = None,
        *,
        forced: bool = False,
    ) -> None:
        super().__init__(clients, listings)
        self._sender = Sender(self._client, say, forced=forced)

    def set_region(self, bucket: str, region: str) -> None:
        """
        See `store.HeadsBuckets`.
        """
        super().set_region(bucket, region)
        self._sender.forget()

    def set_owner(self, bucket: str, account: str) -> None:
        """
        See `store.HeadsBuckets`.
        """
        super().set_owner(bucket, account)
        self._sender.forget()

    def close(self) -> None:
        """
        Ends all connections.
        """
        self._sender.close()

    async def list_second(self, bucket: str, prefix: str, start_after: str, token: str | None) -> Page:
        """
        See `versions.Lists`.
        """
        params = (("Bucket", bucket), ("Prefix", SAMPLE), ("EncodingType", "url"))
        wish = Wish(versions.SECOND, "list_objects_v2", bucket, params, gone=("prefix",))
        found = await self._sender.mould(wish)
        if found is None:
            return await super().list_second(bucket, prefix, start_after, token)
        more = [("prefix", prefix)]
        if token is not None:
            more.append(("continuation-token", token))
        elif start_after:
            more.append(("start-after", start_after))
        answer = await self._sender.send(found, wish, "", more)
        versions.check_second(versions.signs_of_first(answer.body))
        with self._sender.reading(wish):
            return xml.page(answer.body)

    async def list_first(self, bucket: str, prefix: str, marker: str) -> Page:
        """
        See `versions.Lists`.
        """
        params = (("Bucket", bucket), ("Prefix", SAMPLE), ("EncodingType", "url"))
        wish = Wish(versions.FIRST, "list_objects", bucket, params, gone=("prefix",))
        found = await self._sender.mould(wish)
        if found is None:
            return await super().list_first(bucket, prefix, marker)
        more = [("prefix", prefix), *([("marker", marker)] if marker else [])]
        answer = await self._sender.send(found, wish, "", more)
        with self._sender.reading(wish):
            page = xml.page(versions.made_second(answer.body))
            return versions.continued(page, encoded=versions.is_encoded(answer.body))

    async def head_object(self, bucket: str, key: str, *, version: str = "") -> ObjectInfo:
        """
        See `store.HeadsObjects`.
        """
        found, wish, more = await self._head_mould(bucket, (), version)
        if found is None:
            return await super().head_object(bucket, key, version=version)
        answer = await self._sender.send(found, wish, key, more)
        with self._sender.reading(wish):
            return answers.info(key, heads.answer(answer.headers), version)

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        See `store.HeadsDetails`.
        """
        more: Pairs = (("partNumber", str(part)),) if part else ()
        found, wish, more = await self._head_mould(bucket, more, version, with_checksum=not part)
        if found is None:
            return await super().head_details(bucket, key, part, version=version)
        answer = await self._sender.send(found, wish, key, more)
        with self._sender.reading(wish):
            return answers.head(key, heads.answer(answer.headers), version)

    async def _head_mould(
        self, bucket: str, more: Pairs, version: str, *, with_checksum: bool = False
    ) -> tuple[Mould | None, Wish, Pairs]:
        params: tuple[tuple[str, object], ...] = (("Bucket", bucket), ("Key", SAMPLE))
        if with_checksum:
            params += (("ChecksumMode", "ENABLED"),)
        wish = Wish("HeadObject", "head_object", bucket, params)
        if version:
            more += (("versionId", version),)
        return await self._sender.mould(wish), wish, more

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        wish = copy_wish(request)
        found = await self._sender.mould(wish) if _is_usual(request) else None
        if found is None:
            return await super().copy_object(request)
        answer = await self._sender.send(found, wish, request.dest_key, (), source_values(found, request))
        with self._sender.reading(wish):
            return answers.copied(heads.encryption(answer.headers), xml.copied(answer.body), "CopyObject")

    async def bulk(self, sample: CopyRequest, done: BulkDone, /) -> BulkStart | None:
        """
        See `store.CopiesInBulk`.
        """
        wish = copy_wish(sample)
        if sample.source_version or not _is_usual(sample):
            return None
        found = await self._sender.mould(wish)
        if found is None:
            return None
        slowly = super().copy_object

        async def copy(task: CopyTask) -> CopyAnswer:
            source = task.source
            assert source is not None
            wanted = sample._replace(source_key=task.key, source_etag=source.etag, size=source.size)
            return await slowly(wanted._replace(dest_key=task.dest_key))

        return Swift(self._sender, found, sample.dest_bucket, done, copy).start

    async def create_upload(self, bucket: str, key: str, settings: Pairs = (), metadata: Pairs = ()) -> str:
        """
        See `store.UploadsParts`.
        """
        params = (("Bucket", bucket), ("Key", SAMPLE), ("Metadata", metadata), *settings)
        wish = Wish("CreateMultipartUpload", "create_multipart_upload", bucket, params)
        found = await self._sender.mould(wish)
        if found is None:
            return await super().create_upload(bucket, key, settings, metadata)
        answer = await self._sender.send(found, wish, key)
        with self._sender.reading(wish):
            upload_id = xml.created(answer.body).get("UploadId")
            if not upload_id:
                raise BadAnswer(Failure(wish.operation, "BadAnswer", 200, "an answer without an UploadId"))
            return upload_id

    async def copy_part(self, request: PartRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        params: tuple[tuple[str, object], ...] = (
            ("Bucket", request.bucket), ("Key", SAMPLE), ("UploadId", SAMPLE), ("PartNumber", 1),
            ("CopySource", (("Bucket", request.source_bucket), ("Key", SAMPLE))), ("CopySourceIfMatch", SAMPLE),
        )  # fmt: skip
        variable = ["x-amz-copy-source", "x-amz-copy-source-if-match"]
        values: tuple[str, ...] = ()
        if request.stop:
            params += (("CopySourceRange", "bytes=0-1"),)
            variable.append("x-amz-copy-source-range")
            values = (f"bytes={request.start}-{request.stop - 1}",)
        wish = Wish(
            "UploadPartCopy", "upload_part_copy", request.bucket, params, tuple(variable),
            ("uploadId", "partNumber"), copies=True,
        )  # fmt: skip
        found = await self._sender.mould(wish) if is_plain(request.source_etag) else None
        if found is None:
            return await super().copy_part(request)
        more = (("partNumber", str(request.number)), ("uploadId", request.upload_id))
        answer = await self._sender.send(found, wish, request.key, more, source_values(found, request) + values)
        with self._sender.reading(wish):
            return answers.copied(heads.encryption(answer.headers), xml.copied(answer.body), wish.operation)

    async def complete_upload(self, request: CompleteRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        if request.checksum or not all(is_plain(etag) for _, etag in request.parts):
            # Once an object: not worth a mould of its own.
            return await super().complete_upload(request)
        params: tuple[tuple[str, object], ...] = (("Bucket", request.bucket), ("Key", SAMPLE), ("UploadId", SAMPLE))
        if request.if_absent:
            params += (("IfNoneMatch", "*"),)
        wish = Wish(
            "CompleteMultipartUpload",
            "complete_multipart_upload",
            request.bucket,
            params,
            (),
            ("uploadId",),
            copies=True,
        )
        found = await self._sender.mould(wish)
        if found is None:
            return await super().complete_upload(request)
        more = (("uploadId", request.upload_id),)
        answer = await self._sender.send(found, wish, request.key, more, (), complete_body(request.parts))
        with self._sender.reading(wish):
            said = xml.completed(answer.body)
        etag = str(said.get("ETag") or "").strip('"')
        return CopyAnswer(etag, answers.opaque(heads.encryption(answer.headers)), answers.full_checksum(said))

    async def abort_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """
        See `store.UploadsParts`.
        """
        params = (("Bucket", bucket), ("Key", SAMPLE), ("UploadId", SAMPLE))
        wish = Wish("AbortMultipartUpload", "abort_multipart_upload", bucket, params, (), ("uploadId",))
        found = await self._sender.mould(wish)
        if found is None:
            await super().abort_upload(bucket, key, upload_id)
            return
        with suppress(UploadGone, NotFound):
            await self._sender.send(found, wish, key, (("uploadId", upload_id),))

    async def list_parts(self, bucket: str, key: str, upload_id: str, after: int = 0) -> PartsPage:
        """
        See `store.UploadsParts`.
        """
        params = (("Bucket", bucket), ("Key", SAMPLE), ("UploadId", SAMPLE))
        wish = Wish("ListParts", "list_parts", bucket, params, (), ("uploadId",))
        found = await self._sender.mould(wish)
        if found is None:
            return await super().list_parts(bucket, key, upload_id, after)
        more = (("part-number-marker", str(after)), ("uploadId", upload_id))
        try:
            answer = await self._sender.send(found, wish, key, more)
        except NotFound as error:
            # Ceph says NoSuchKey.
            raise UploadGone(error.failure) from error
        with self._sender.reading(wish):
            return answers.parts_page(xml.parts(answer.body))

    async def delete_object(self, bucket: str, key: str) -> None:
        """
        See `store.WritesObjects`.
        """
        wish = Wish("DeleteObject", "delete_object", bucket, (("Bucket", bucket), ("Key", SAMPLE)))
        found = await self._sender.mould(wish)
        if found is None:
            await super().delete_object(bucket, key)
            return
        await self._sender.send(found, wish, key)


def _is_usual(request: CopyRequest) -> bool:
    return bool(is_plain(request.source_etag)) and not is_directory_bucket(request.source_bucket)
