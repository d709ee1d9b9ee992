"""
What a store of objects can do: one small Protocol per capability, one method per HTTP request.

Every method raises the classes of `errors.S3Error` and nothing else of its own. Functions ask for the narrowest
Protocol that they need.
"""

from __future__ import annotations

from typing import Protocol

from s3copy_async.model import BucketInfo, CopyAnswer, CopyRequest, ObjectInfo, Page


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

    async def head_object(self, bucket: str, key: str) -> ObjectInfo:
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


class CopiesObjects(Protocol):
    """
    Copies whole objects inside the store.
    """

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        Copies up to 5 GiB at once (S3 API, CopyObject). Raises PreconditionFailed when the source has another ETag.
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


class LooksUp(ListsObjects, HeadsObjects, Protocol):
    """
    Reads one side of a comparison.
    """


class Copies(CopiesObjects, HeadsObjects, Protocol):
    """
    Copies an object and looks again where an answer leaves a doubt.
    """


class Store(LooksUp, HeadsBuckets, CopiesObjects, NamesCaller, WritesObjects, Protocol):
    """
    Everything together: what a real adapter offers.
    """
