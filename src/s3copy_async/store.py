"""
What a store of objects can do: one small Protocol per capability, one method per HTTP request.

Every method raises the classes of `errors.S3Error` and nothing else of its own. Functions ask for the narrowest
Protocol that they need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from s3copy_async.errors import S3Error
from s3copy_async.model import (
    Acl,
    BucketInfo,
    CompleteRequest,
    CopyAnswer,
    CopyRequest,
    CopyTask,
    Head,
    ObjectInfo,
    OpenUpload,
    Page,
    Pairs,
    PartRequest,
    PartsPage,
    UploadsPage,
)

BulkDone = Callable[[CopyTask, float, CopyAnswer | S3Error | None], None]
"""Told how a copy in bulk ended: None is the copy, with its source's ETag. The number is what it was started with."""
BulkStart = Callable[[CopyTask, float], None]
"""Begins a copy in bulk. The task must know its source, whose ETag must be plain, and which is copied whole."""


Undeleted = tuple[tuple[str, S3Error], ...]
"""Keys that could not be deleted, and why."""


class ListsObjects(Protocol):
    """
    Lists keys in UTF-8 order.
    """

    async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        One page of up to 1,000 objects below `prefix` (S3 API, ListObjectsV2).

        Args:
            start_after: only keys after this one; ignored when `token` is given.
            token: continues an earlier listing.
        """


class HeadsObjects(Protocol):
    """
    Looks up single objects.
    """

    async def head_object(self, bucket: str, key: str, *, version: str = "") -> ObjectInfo:
        """
        What is known of one object (S3 API, HeadObject). Without the right to list, a missing key is AccessDenied.
        """


class HeadsBuckets(Protocol):
    """
    Looks up buckets.
    """

    async def head_bucket(self, bucket: str) -> BucketInfo:
        """
        The bucket's region, which S3 tells even to those who may not list it (S3 API, HeadBucket).
        """

    def set_region(self, bucket: str, region: str) -> None:
        """
        From now on, requests for `bucket` go to `region`. No request is made.
        """

    def set_owner(self, bucket: str, account: str) -> None:
        """
        From now on, every request that reads or writes `bucket` is refused unless this account (12 digits) owns it
        (``x-amz-expected-bucket-owner``, ``x-amz-source-expected-bucket-owner``). No request is made.
        """


class CopiesObjects(Protocol):
    """
    Copies whole objects inside the store.
    """

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        Copies up to 5 GiB at once (S3 API, CopyObject). Raises PreconditionFailed when the source has another ETag.
        """


class CopiesInBulk(Protocol):
    """
    Copies many small objects with as little work for each as can be.
    """

    async def bulk(self, sample: CopyRequest, done: BulkDone, /) -> BulkStart | None:
        """
        What begins copies that are like `sample` but for their keys, pins and sizes (S3 API, CopyObject), each one
        request. None where this store cannot, and `copy_object` must do. No request is made.
        """


class SingleCopies:
    """
    What a store inherits that knows no faster way for many objects than for one.
    """

    async def bulk(self, _sample: CopyRequest, _done: BulkDone, /) -> BulkStart | None:
        """
        See `CopiesInBulk`.
        """
        return None


class HeadsDetails(Protocol):
    """
    Looks up what a copy must carry, and how the source is laid out.
    """

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        Headers, metadata, checksum and layout of an object; of its part number `part` where that is not 0, then without
        the checksum (S3 API, HeadObject). With SSE-KMS, the checksum needs kms:Decrypt.
        """


class UploadsParts(Protocol):
    """
    Composes objects out of parts that are copied inside the store.
    """

    async def create_upload(self, bucket: str, key: str, settings: Pairs = (), metadata: Pairs = ()) -> str:
        """
        Begins an upload and returns its id (S3 API, CreateMultipartUpload). A lost answer leaves an upload behind.
        """

    async def copy_part(self, request: PartRequest) -> CopyAnswer:
        """
        Copies up to 5 GiB into a part (S3 API, UploadPartCopy). Raises UploadGone, PreconditionFailed.
        """

    async def complete_upload(self, request: CompleteRequest) -> CopyAnswer:
        """
        Makes the object visible (S3 API, CompleteMultipartUpload). The ETag is empty where the store sends none.
        """

    async def abort_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """
        Drops an upload and its parts; one that is gone already is no error (S3 API, AbortMultipartUpload).
        """

    async def list_parts(self, bucket: str, key: str, upload_id: str, after: int = 0) -> PartsPage:
        """
        Up to 1,000 parts with numbers above `after` (S3 API, ListParts). Raises UploadGone.
        """

    async def list_uploads(self, bucket: str, prefix: str, after: OpenUpload | None = None) -> UploadsPage:
        """
        Up to 1,000 open uploads below `prefix` that follow `after` (S3 API, ListMultipartUploads).
        """


class CarriesMore(Protocol):
    """
    Reads and writes what stands beside an object: tags and ACLs.
    """

    async def get_tags(self, bucket: str, key: str, *, version: str = "") -> Pairs:
        """
        The tags of an object (S3 API, GetObjectTagging).
        """

    async def put_tags(self, bucket: str, key: str, tags: Pairs) -> None:
        """
        Replaces the tags of an object (S3 API, PutObjectTagging).
        """

    async def get_acl(self, bucket: str, key: str, *, version: str = "") -> Acl:
        """
        Who may do what with an object (S3 API, GetObjectAcl).
        """


class KnowsBuckets(Protocol):
    """
    Tells how a bucket is set up. A store that does not know the question, or a bucket without the feature, is False.
    """

    def is_aws(self) -> bool:
        """
        Whether this is Amazon's own S3, of which it is known what it can do. No request is made.
        """

    async def has_versions(self, bucket: str) -> bool:
        """
        Whether deleted and overwritten objects stay as older versions (S3 API, GetBucketVersioning).
        """

    async def has_lock(self, bucket: str) -> bool:
        """
        Whether objects may be locked (S3 API, GetObjectLockConfiguration).
        """

    async def has_replication(self, bucket: str) -> bool:
        """
        Whether what is written is copied elsewhere (S3 API, GetBucketReplication).
        """

    async def has_website(self, bucket: str) -> bool:
        """
        Whether the bucket is a website, so that objects may redirect (S3 API, GetBucketWebsite).
        """


class ReadsObjects(Protocol):
    """
    Reads small objects of our own.
    """

    async def get_object(self, bucket: str, key: str) -> bytes:
        """
        The bytes of a small object (S3 API, GetObject).
        """


class NamesCaller(Protocol):
    """
    Knows who signs the requests.
    """

    async def caller_id(self) -> str:
        """
        The caller's canonical user id (S3 API, ListBuckets).
        """


class WritesObjects(Protocol):
    """
    Makes small objects of our own.
    """

    async def create_bucket(self, bucket: str) -> None:
        """
        Makes an empty bucket (S3 API, CreateBucket).
        """

    async def put_object(self, bucket: str, key: str, body: bytes) -> str:
        """
        Stores `body` and returns its ETag (S3 API, PutObject).
        """

    async def delete_object(self, bucket: str, key: str) -> None:
        """
        Removes an object; a missing one is no error (S3 API, DeleteObject).
        """


class DeletesObjects(Protocol):
    """
    Deletes objects of the user's.
    """

    async def delete_object(self, bucket: str, key: str) -> None:
        """
        See `WritesObjects`.
        """

    async def delete_objects(self, bucket: str, keys: Sequence[str]) -> Undeleted:
        """
        Deletes up to 1,000 objects with one request (S3 API, DeleteObjects); missing ones are no error. Returns which
        were not deleted, and why: BadAnswer where the answer does not say what became of a key.

        The keys travel as XML, which cannot hold all of them: see `keys.travels_in_xml`.
        """


class LooksUp(ListsObjects, HeadsObjects, Protocol):
    """
    Reads one side of a comparison.
    """


class Heads(HeadsObjects, HeadsDetails, Protocol):
    """
    Looks up single objects, as closely as may be needed.
    """


class Compares(LooksUp, Heads, CarriesMore, KnowsBuckets, ReadsObjects, Protocol):
    """
    Reads one side of a check.
    """


class Copies(CopiesObjects, HeadsObjects, Protocol):
    """
    Copies an object and looks again where an answer leaves a doubt.
    """


class Stages(
    Copies,
    HeadsDetails,
    UploadsParts,
    CarriesMore,
    KnowsBuckets,
    NamesCaller,
    ListsObjects,
    ReadsObjects,
    WritesObjects,
    Protocol,
):
    """
    What a copy in parts needs.
    """


class Store(Stages, CopiesInBulk, DeletesObjects, HeadsBuckets, Protocol):
    """
    Everything together: what a real adapter offers.
    """
