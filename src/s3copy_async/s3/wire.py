"""
The lean store: the hot operations over connections of our own, everything unusual through aiobotocore.

What a request looks like is learned from botocore, once for each kind of request (`learn`); only keys, ETags and the
like are filled in here. A bucket whose answers are not understood is served by aiobotocore from then on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from s3copy_async.errors import BadAnswer, Failure, FatalError, NotFound, S3Error, UploadGone
from s3copy_async.faults import error_for
from s3copy_async.model import (
    CompleteRequest,
    CopyAnswer,
    CopyRequest,
    Head,
    ObjectInfo,
    Page,
    Pairs,
    PartRequest,
    PartsPage,
)
from s3copy_async.s3 import answers, heads, xml
from s3copy_async.s3.boto import BotoStore
from s3copy_async.s3.failures import translated
from s3copy_async.s3.http1 import Answer, Lost, Pool, Wanted
from s3copy_async.s3.learn import (
    SAMPLE,
    Identity,
    Mould,
    Place,
    Unusual,
    catch_requests,
    mould,
    prepared,
    tls_context,
    unusual_connection,
)
from s3copy_async.s3.refusals import failure_of, is_odd, lost, switched
from s3copy_async.s3.session import COPY_TIMEOUT, READ_TIMEOUT, Clients
from s3copy_async.s3.sigv4 import canonical_query, quoted_path
from s3copy_async.s3.swift import Swift
from s3copy_async.s3.wishes import Wish, complete_body, copy_wish, is_plain, source_values
from s3copy_async.store import BulkDone, BulkStart

_KEPT: Final = 256


class WireStore(BotoStore):
    """
    Amazon S3 and stores compatible with it. Implements `store.Store`.

    Args:
        forced: nothing goes to aiobotocore that this store can send: trouble is an error.
        say: told, in one line, why a bucket is served by aiobotocore.
    """

    def __init__(self, clients: Clients, say: Callable[[str], None], *, forced: bool = False) -> None:
        super().__init__(clients)
        self._say = say
        self._forced = forced
        self._moulds: dict[tuple[object, ...], Mould] = {}
        self._pools: dict[Place, Pool] = {}
        self._identity: Identity | None = None
        self._seen: set[int] = set()
        self._switched: set[str] = set()
        self._learning = asyncio.Lock()

    def set_region(self, bucket: str, region: str) -> None:
        """
        See `store.HeadsBuckets`.
        """
        super().set_region(bucket, region)
        self._moulds.clear()

    def set_owner(self, bucket: str, account: str) -> None:
        """
        See `store.HeadsBuckets`.
        """
        super().set_owner(bucket, account)
        self._moulds.clear()

    def close(self) -> None:
        """
        Ends all connections.
        """
        for pool in self._pools.values():
            pool.close()
        if self._identity:
            self._identity.close()

    # Learning

    async def _mould(self, wish: Wish) -> Mould | None:
        """
        How requests of a kind are made; None where aiobotocore has to make them.
        """
        if wish.bucket in self._switched:
            return None
        if found := self._moulds.get(wish.kind):
            return found
        async with self._learning:
            if found := self._moulds.get(wish.kind):
                return found
            try:
                found = await self._learned(wish)
            except Unusual as unusual:
                if self._forced:
                    raise FatalError(
                        f"s3://{wish.bucket} needs {unusual}, which --transport wire cannot do: use auto"
                    ) from None
                self._switch(wish.bucket, str(unusual))
                return None
            if len(self._moulds) >= _KEPT:
                self._moulds.clear()
            self._moulds[wish.kind] = found
            return found

    async def _learned(self, wish: Wish) -> Mould:
        client = await self._client(wish.bucket, copies=wish.copies)
        if id(client) not in self._seen:
            self._seen.add(id(client))
            catch_requests(client)
        with translated(wish.operation):
            found = mould(await prepared(client, wish.method, wish.call), wish.variable, wish.gone)
        if why := unusual_connection(client, found.place):
            raise Unusual(why)
        if found.region and self._identity is None:
            self._identity = Identity(client._request_signer._credentials, time.monotonic)
            with translated(wish.operation):
                await self._identity.load()
        if found.place not in self._pools:
            tls = await tls_context(client) if found.place.scheme == "https" else None
            self._pools[found.place] = Pool(found.place.host, found.place.port, tls)
        return found

    def _switch(self, bucket: str, reason: str) -> None:
        if bucket not in self._switched:
            self._switched.add(bucket)
            self._say(f"s3://{bucket}: requests go through aiobotocore from now on ({reason})")

    # Sending

    async def _send(
        self,
        found: Mould,
        wish: Wish,
        key: str = "",
        more: Sequence[tuple[str, str]] = (),
        values: tuple[str, ...] = (),
        body: bytes = b"",
    ) -> Answer:
        """
        One request and its answer, which is a success as far as the status tells.

        Raises:
            S3Error: it is not, or there is no answer.
        """
        path = found.path + quoted_path(key)
        query = canonical_query((*found.query, *more)) if found.query or more else ""
        if found.region:
            assert self._identity is not None
            signer = self._identity.signer(found.region, found.service)
            data = found.template.signed(signer, path, query, values, body)
        else:
            data = found.template.plain(path, query, values, body)
        is_head = wish.operation == "HeadObject"
        timeout = COPY_TIMEOUT if wish.copies else READ_TIMEOUT
        future: asyncio.Future[Answer | Lost] = asyncio.get_running_loop().create_future()
        self._pools[found.place].submit(Wanted(data, _settle, future, timeout, is_head))
        answer = await future
        if isinstance(answer, Lost):
            raise self._lost(wish.bucket, wish.operation, answer)
        if answer.status >= 300 or answer.status < 200:
            raise self._refused(wish.bucket, wish.operation, answer)
        if b"<Error" in answer.body[:200] and xml.error(answer.body) is not None:
            raise self._refused(wish.bucket, wish.operation, answer)
        return answer

    def _lost(self, bucket: str, operation: str, found: Lost) -> S3Error:
        if found.odd and not self._forced:
            self._switch(bucket, found.message)
            return switched(operation, found.message, maybe_done=found.sent)
        return lost(operation, found)

    def _refused(self, bucket: str, operation: str, answer: Answer) -> S3Error:
        failure = failure_of(operation, answer)
        if not self._forced and is_odd(failure, is_head=operation == "HeadObject"):
            reason = f"{operation} was answered with {failure.code}"
            self._switch(bucket, reason)
            return switched(operation, reason, maybe_done=False)
        return error_for(failure)

    def _not_understood(self, wish: Wish, error: BadAnswer) -> S3Error:
        if self._forced:
            return error
        self._switch(wish.bucket, str(error))
        return switched(wish.operation, str(error), maybe_done=True)

    # Operations

    async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        See `store.ListsObjects`.
        """
        params = (("Bucket", bucket), ("Prefix", SAMPLE), ("EncodingType", "url"))
        wish = Wish("ListObjectsV2", "list_objects_v2", bucket, params, gone=("prefix",))
        found = await self._mould(wish)
        if found is None:
            return await super().list_page(bucket, prefix, start_after=start_after, token=token)
        more = [("prefix", prefix)]
        if token is not None:
            more.append(("continuation-token", token))
        elif start_after:
            more.append(("start-after", start_after))
        answer = await self._send(found, wish, "", more)
        try:
            return xml.page(answer.body)
        except BadAnswer as error:
            raise self._not_understood(wish, error) from error

    async def head_object(self, bucket: str, key: str, *, version: str = "") -> ObjectInfo:
        """
        See `store.HeadsObjects`.
        """
        answer = await self._headed(bucket, key, (), version)
        if answer is None:
            return await super().head_object(bucket, key, version=version)
        return answers.info(key, answer, version)

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        See `store.HeadsDetails`.
        """
        more: Pairs = (("partNumber", str(part)),) if part else ()
        answer = await self._headed(bucket, key, more, version, with_checksum=not part)
        if answer is None:
            return await super().head_details(bucket, key, part, version=version)
        return answers.head(key, answer, version)

    async def _headed(
        self, bucket: str, key: str, more: Pairs, version: str, *, with_checksum: bool = False
    ) -> dict[str, Any] | None:
        params: tuple[tuple[str, object], ...] = (("Bucket", bucket), ("Key", SAMPLE))
        if with_checksum:
            params += (("ChecksumMode", "ENABLED"),)
        wish = Wish("HeadObject", "head_object", bucket, params)
        found = await self._mould(wish)
        if found is None:
            return None
        if version:
            more += (("versionId", version),)
        return heads.answer((await self._send(found, wish, key, more)).headers)

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        wish = copy_wish(request)
        found = await self._mould(wish) if is_plain(request.source_etag) else None
        if found is None:
            return await super().copy_object(request)
        answer = await self._send(found, wish, request.dest_key, (), source_values(found, request))
        try:
            return answers.copied(heads.answer(answer.headers), xml.copied(answer.body), "CopyObject")
        except BadAnswer as error:
            raise self._not_understood(wish, error) from error

    async def bulk(self, sample: CopyRequest, done: BulkDone) -> BulkStart | None:
        """
        See `store.CopiesInBulk`.
        """
        wish = copy_wish(sample)
        if sample.source_version or not is_plain(sample.source_etag):
            return None
        found = await self._mould(wish)
        if found is None:
            return None
        return Swift(self, found, self._pools[found.place], self._identity, sample.dest_bucket, done).start

    def bulk_lost(self, bucket: str, found: Lost) -> S3Error:
        """
        The error of a copy in bulk that got no answer.
        """
        return self._lost(bucket, "CopyObject", found)

    def bulk_answered(self, bucket: str, answer: Answer) -> CopyAnswer | S3Error:
        """
        What an answer to a copy in bulk means that is not plainly the copy.
        """
        if answer.status != 200 or xml.error(answer.body) is not None:
            return self._refused(bucket, "CopyObject", answer)
        try:
            return answers.copied(heads.answer(answer.headers), xml.copied(answer.body), "CopyObject")
        except BadAnswer as error:
            return self._not_understood(Wish("CopyObject", "copy_object", bucket, ()), error)

    async def create_upload(self, bucket: str, key: str, settings: Pairs = (), metadata: Pairs = ()) -> str:
        """
        See `store.UploadsParts`.
        """
        params = (("Bucket", bucket), ("Key", SAMPLE), ("Metadata", metadata), *settings)
        wish = Wish("CreateMultipartUpload", "create_multipart_upload", bucket, params)
        found = await self._mould(wish)
        if found is None:
            return await super().create_upload(bucket, key, settings, metadata)
        answer = await self._send(found, wish, key)
        try:
            upload_id = xml.created(answer.body).get("UploadId")
        except BadAnswer as error:
            raise self._not_understood(wish, error) from error
        if not upload_id:
            raise BadAnswer(Failure(wish.operation, "BadAnswer", 200, "an answer without an UploadId"))
        return str(upload_id)

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
        found = await self._mould(wish) if is_plain(request.source_etag) else None
        if found is None:
            return await super().copy_part(request)
        more = (("partNumber", str(request.number)), ("uploadId", request.upload_id))
        answer = await self._send(found, wish, request.key, more, source_values(found, request) + values)
        try:
            return answers.copied(heads.answer(answer.headers), xml.copied(answer.body), wish.operation)
        except BadAnswer as error:
            raise self._not_understood(wish, error) from error

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
            "CompleteMultipartUpload", "complete_multipart_upload", request.bucket, params, (), ("uploadId",), copies=True
        )
        found = await self._mould(wish)
        if found is None:
            return await super().complete_upload(request)
        more = (("uploadId", request.upload_id),)
        answer = await self._send(found, wish, request.key, more, (), complete_body(request.parts))
        try:
            said = xml.completed(answer.body)
        except BadAnswer as error:
            raise self._not_understood(wish, error) from error
        etag = str(said.get("ETag") or "").strip('"')
        return CopyAnswer(etag, answers.opaque(heads.answer(answer.headers)), answers.full_checksum(said))

    async def abort_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """
        See `store.UploadsParts`.
        """
        params = (("Bucket", bucket), ("Key", SAMPLE), ("UploadId", SAMPLE))
        wish = Wish("AbortMultipartUpload", "abort_multipart_upload", bucket, params, (), ("uploadId",))
        found = await self._mould(wish)
        if found is None:
            await super().abort_upload(bucket, key, upload_id)
            return
        try:
            await self._send(found, wish, key, (("uploadId", upload_id),))
        except (UploadGone, NotFound):
            pass

    async def list_parts(self, bucket: str, key: str, upload_id: str, after: int = 0) -> PartsPage:
        """
        See `store.UploadsParts`.
        """
        params = (("Bucket", bucket), ("Key", SAMPLE), ("UploadId", SAMPLE))
        wish = Wish("ListParts", "list_parts", bucket, params, (), ("uploadId",))
        found = await self._mould(wish)
        if found is None:
            return await super().list_parts(bucket, key, upload_id, after)
        more = (("part-number-marker", str(after)), ("uploadId", upload_id))
        try:
            answer = await self._send(found, wish, key, more)
        except NotFound as error:
            # Ceph says NoSuchKey.
            raise UploadGone(error.failure) from error
        try:
            return answers.parts_page(xml.parts(answer.body))
        except BadAnswer as error:
            raise self._not_understood(wish, error) from error

    async def delete_object(self, bucket: str, key: str) -> None:
        """
        See `store.WritesObjects`.
        """
        wish = Wish("DeleteObject", "delete_object", bucket, (("Bucket", bucket), ("Key", SAMPLE)))
        found = await self._mould(wish)
        if found is None:
            await super().delete_object(bucket, key)
            return
        await self._send(found, wish, key)


def _settle(future: object, found: Answer | Lost) -> None:
    assert isinstance(future, asyncio.Future)
    if not future.done():
        future.set_result(found)
