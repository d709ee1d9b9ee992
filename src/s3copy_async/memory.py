"""
A store in memory, with failures on demand: for tests, and for trying things out.

It follows S3 where S3 is strict (order of keys, page size, pinned sources, key length) and keeps a log of every
request, so that a test can count them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from s3copy_async.errors import Failure
from s3copy_async.faults import error_for
from s3copy_async.memory_data import (
    Call,
    Fault,
    Nature,
    StoredObject,
    StoredUpload,
    answer_of,
    check_absent,
    check_acl,
    check_key,
    check_pin,
    checksum_of,
    composed,
    copy_of,
    deleted,
    etag_of,
    give,
    head_of,
    looked_at,
    loose_page,
    md5,
    open_uploads,
    opened,
    ordered_page,
    refuses,
    uploaded,
)
from s3copy_async.model import (
    Acl,
    BucketInfo,
    BucketTraits,
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
from s3copy_async.options import MAX_COPY
from s3copy_async.store import SingleCopies, Undeleted
from s3copy_async.uri import is_directory_bucket


@dataclass(slots=True)
class MemoryStore(SingleCopies):
    """
    Buckets of objects. One with the name of a directory bucket is listed as such.

    Args:
        fault: asked before every request; what it returns goes wrong.
        corrupt: asked for every copy; True stores other bytes than the source's.
        page_size: keys per page, up to 1,000.
        min_part: bytes that every part but the last must have; S3 asks for 5 MiB.
        regions: of the buckets that have one.
        nature: what kind of store it is.
    """

    fault: Callable[[Call], Fault | None] = lambda _: None
    corrupt: Callable[[Call], bool] = lambda _: False
    page_size: int = 1000
    min_part: int = 1
    regions: dict[str, str] = field(default_factory=dict)
    buckets: dict[str, dict[str, StoredObject]] = field(default_factory=dict)
    uploads: dict[str, StoredUpload] = field(default_factory=dict)
    nature: Nature = field(default_factory=Nature)
    calls: list[Call] = field(default_factory=list)
    _numbers: Counter[str] = field(default_factory=Counter)

    def count(self, operation: str) -> int:
        """
        Requests of `operation` so far.
        """
        return self._numbers[operation]

    def fill(self, bucket: str, objects: dict[str, bytes]) -> None:
        """
        Puts `objects` into `bucket`, which is made, without any request.
        """
        contents = self.buckets.setdefault(bucket, {})
        for key, body in objects.items():
            contents[key] = StoredObject(
                body, md5(body), len(body), time.time(), checksum=checksum_of(self.nature.checksums, body)
            )

    async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        See `store.ListsObjects`.
        """
        self._begin("ListObjectsV2", bucket, prefix)
        contents = self._bucket("ListObjectsV2", bucket)
        if is_directory_bucket(bucket):
            return loose_page(contents, prefix, start_after, token, self.page_size)
        return ordered_page(contents, prefix, start_after if token is None else token, self.page_size)

    async def head_object(self, bucket: str, key: str, *, version: str = "") -> ObjectInfo:
        """
        See `store.HeadsObjects`.
        """
        self._begin("HeadObject", bucket, key)
        self._bucket("HeadObject", bucket, code="404")  # a HEAD has no body to say which of the two is missing
        found = self._object("HeadObject", bucket, key, version, code="404")
        return looked_at(key, found, version)._replace(checksum="")

    async def head_bucket(self, bucket: str) -> BucketInfo:
        """
        See `store.HeadsBuckets`.
        """
        self._begin("HeadBucket", bucket, "")
        self._bucket("HeadBucket", bucket, code="404")
        return BucketInfo(self.regions.get(bucket))

    def set_region(self, bucket: str, region: str) -> None:
        """
        See `store.HeadsBuckets`. There are no regions in memory.
        """

    def set_owner(self, bucket: str, account: str) -> None:
        """
        See `store.HeadsBuckets`.
        """
        self.nature.owners[bucket] = account

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        operation = "CopyObject"
        call, fault = self._start(operation, request.dest_bucket, request.dest_key)
        source = self._object(operation, request.source_bucket, request.source_key, request.source_version)
        check_pin(operation, source, request.source_etag, self.nature)
        if source.size > MAX_COPY:
            raise error_for(Failure(operation, "InvalidRequest", 400))
        check_key(operation, request.dest_key)
        check_acl(operation, request.grants + request.settings, self.nature)
        dest = self._bucket(operation, request.dest_bucket)
        check_absent(operation, dest, request.dest_key, asked=request.if_absent and self.nature.conditions)
        body = bytes(byte ^ 255 for byte in source.body) if self.corrupt(call) else source.body
        made = dest[request.dest_key] = copy_of(source, body, request, self.nature)
        give(call, fault)
        return answer_of(made)

    async def caller_id(self) -> str:
        """
        See `store.NamesCaller`.
        """
        self._begin("ListBuckets", "", "")
        return "memory"

    async def create_bucket(self, bucket: str) -> None:
        """
        See `store.WritesObjects`.
        """
        call, fault = self._start("CreateBucket", bucket, "")
        self.buckets.setdefault(bucket, {})
        give(call, fault)

    async def put_object(self, bucket: str, key: str, body: bytes) -> str:
        """
        See `store.WritesObjects`.
        """
        call, fault = self._start("PutObject", bucket, key)
        check_key("PutObject", key)
        self._bucket("PutObject", bucket)
        self.fill(bucket, {key: body})
        give(call, fault)
        return self.buckets[bucket][key].etag

    async def delete_objects(self, bucket: str, keys: Sequence[str]) -> Undeleted:
        """
        See `store.DeletesObjects`.
        """
        call, fault = self._start("DeleteObjects", bucket, keys[0])
        found = deleted(self._bucket(call.operation, bucket), keys, call, self.nature)
        give(call, fault)
        return found

    async def delete_object(self, bucket: str, key: str) -> None:
        """
        See `store.WritesObjects`.
        """
        call, fault = self._start("DeleteObject", bucket, key)
        self._bucket("DeleteObject", bucket).pop(key, None)
        give(call, fault)

    def fill_multipart(
        self, bucket: str, key: str, parts: list[bytes], settings: Pairs = (), metadata: Pairs = (), tags: Pairs = ()
    ) -> StoredObject:
        """
        Puts an object that was uploaded in `parts` into `bucket`, without any request.
        """
        made = composed(parts, settings, metadata, self.nature, hidden=self.nature.hides(bucket, settings))
        made.tags = tags or made.tags
        self.buckets.setdefault(bucket, {})[key] = made
        return made

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        See `store.HeadsDetails`.
        """
        self._begin("HeadObject", bucket, key)
        found = self._object("HeadObject", bucket, key, version, code="404")
        sizes = found.sizes or (found.size,)
        if part > len(sizes):
            raise error_for(Failure("HeadObject", "416", 416))
        return head_of(looked_at(key, found, version), found, part, sizes[part - 1] if part else found.size)

    async def get_tags(self, bucket: str, key: str, *, version: str = "") -> Pairs:
        """
        See `store.CarriesMore`.
        """
        self._begin("GetObjectTagging", bucket, key)
        return self._object("GetObjectTagging", bucket, key, version).tags

    async def put_tags(self, bucket: str, key: str, tags: Pairs) -> None:
        """
        See `store.CarriesMore`.
        """
        self._begin("PutObjectTagging", bucket, key)
        self._object("PutObjectTagging", bucket, key).tags = tags

    async def get_acl(self, bucket: str, key: str, *, version: str = "") -> Acl:
        """
        See `store.CarriesMore`.
        """
        self._begin("GetObjectAcl", bucket, key)
        return self._object("GetObjectAcl", bucket, key, version).acl

    def is_aws(self) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        return self.nature.claims_aws

    async def has_versions(self, bucket: str) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        return self._trait("GetBucketVersioning", bucket).versioned

    async def has_lock(self, bucket: str) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        return self._trait("GetObjectLockConfiguration", bucket).locked

    async def has_replication(self, bucket: str) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        return self._trait("GetBucketReplication", bucket).replicated

    async def has_website(self, bucket: str) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        return self._trait("GetBucketWebsite", bucket).website

    def _trait(self, operation: str, bucket: str) -> BucketTraits:
        self._begin(operation, bucket, "")
        self._bucket(operation, bucket)
        return self.nature.traits.get(bucket, BucketTraits())

    async def get_object(self, bucket: str, key: str) -> bytes:
        """
        See `store.ReadsObjects`.
        """
        self._begin("GetObject", bucket, key)
        return self._object("GetObject", bucket, key).body

    async def create_upload(self, bucket: str, key: str, settings: Pairs = (), metadata: Pairs = ()) -> str:
        """
        See `store.UploadsParts`.
        """
        call, fault = self._start("CreateMultipartUpload", bucket, key)
        check_key(call.operation, key)
        check_acl(call.operation, settings, self.nature)
        self._bucket(call.operation, bucket)
        upload_id = f"upload-{call.number}"
        self.uploads[upload_id] = opened(bucket, key, settings, metadata, self.nature)
        give(call, fault)
        return upload_id

    async def copy_part(self, request: PartRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        call, fault = self._start("UploadPartCopy", request.bucket, request.key)
        upload = self._upload(call.operation, request.bucket, request.key, request.upload_id)
        source = self._object(call.operation, request.source_bucket, request.source_key, request.source_version)
        check_pin(call.operation, source, request.source_etag, self.nature)
        body = source.body[request.start : request.stop or None]
        if self.corrupt(call):
            body = bytes(byte ^ 255 for byte in body)
        upload.parts[request.number] = body
        give(call, fault)
        hidden = self.nature.hides(upload.bucket, upload.settings)
        return CopyAnswer(etag_of(body, hidden=hidden), hidden or source.opaque, checksum_of(upload.algorithm, body))

    async def complete_upload(self, request: CompleteRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        call, fault = self._start("CompleteMultipartUpload", request.bucket, request.key)
        upload = self._upload(call.operation, request.bucket, request.key, request.upload_id)
        bodies = []
        for number, etag in request.parts:
            body = upload.parts.get(number)
            if body is None or etag not in (etag_of(body, hidden=False), etag_of(body, hidden=True)):
                raise error_for(Failure(call.operation, "InvalidPart", 400))
            bodies.append(body)
        if any(len(body) < self.min_part for body in bodies[:-1]):
            raise error_for(Failure(call.operation, "EntityTooSmall", 400))
        if refuses(request, b"".join(bodies)):
            raise error_for(Failure(call.operation, "BadDigest", 400, maybe_done=False))
        dest = self._bucket(call.operation, request.bucket)
        check_absent(call.operation, dest, request.key, asked=request.if_absent and self.nature.conditions)
        made = self.fill_multipart(request.bucket, request.key, bodies, upload.settings, upload.metadata)
        del self.uploads[request.upload_id]
        give(call, fault)
        return answer_of(made)

    async def abort_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """
        See `store.UploadsParts`.
        """
        call, fault = self._start("AbortMultipartUpload", bucket, key)
        self.uploads.pop(upload_id, None)
        give(call, fault)

    async def list_parts(self, bucket: str, key: str, upload_id: str, after: int = 0) -> PartsPage:
        """
        See `store.UploadsParts`.
        """
        self._begin("ListParts", bucket, key)
        upload = self._upload("ListParts", bucket, key, upload_id)
        hidden = self.nature.hides(bucket, upload.settings)
        numbers = sorted(number for number in upload.parts if number > after)
        chosen = numbers[: self.page_size]
        found = tuple(uploaded(number, upload.parts[number], upload.algorithm, hidden=hidden) for number in chosen)
        return PartsPage(found, len(numbers) > len(chosen))

    async def list_uploads(self, bucket: str, prefix: str, after: OpenUpload | None = None) -> UploadsPage:
        """
        See `store.UploadsParts`.
        """
        self._begin("ListMultipartUploads", bucket, prefix)
        self._bucket("ListMultipartUploads", bucket)
        left = open_uploads(self.uploads, bucket, prefix, after)
        return UploadsPage(left[: self.page_size], len(left) > self.page_size)

    def _upload(self, operation: str, bucket: str, key: str, upload_id: str) -> StoredUpload:
        upload = self.uploads.get(upload_id)
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise error_for(Failure(operation, "NoSuchUpload", 404))
        return upload

    def _start(self, operation: str, bucket: str, key: str) -> tuple[Call, Fault | None]:
        self._numbers[operation] += 1
        call = Call(operation, bucket, key, self._numbers[operation])
        self.calls.append(call)
        fault = self.fault(call)
        if fault and not fault.after_effect:
            give(call, fault)
        return call, fault

    def _begin(self, operation: str, bucket: str, key: str) -> None:
        give(*self._start(operation, bucket, key))

    def _bucket(self, operation: str, bucket: str, code: str = "NoSuchBucket") -> dict[str, StoredObject]:
        if bucket not in self.buckets:
            raise error_for(Failure(operation, code, 404))
        return self.buckets[bucket]

    def _object(
        self, operation: str, bucket: str, key: str, version: str = "", code: str = "NoSuchKey"
    ) -> StoredObject:
        contents = self._bucket(operation, bucket)
        found = self.nature.versions.get((bucket, key, version)) if version else contents.get(key)
        if found is None:
            raise error_for(Failure(operation, code, 404))
        return found
