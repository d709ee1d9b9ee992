"""
The frozen data of the domain.

What exists once per object is a NamedTuple: it is as frozen as a dataclass and several times cheaper to make
(docs/decisions/0003). Everything else is a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar, cast

T = TypeVar("T")
Pairs = tuple[tuple[str, str], ...]
"""Names and values in order, as a frozen dictionary."""


def maker(kind: type[T]) -> Callable[[tuple[Any, ...]], T]:
    """
    What makes a NamedTuple of all its fields, in their order, for half or a third of the price of its own constructor.
    """
    return cast("Callable[[tuple[Any, ...]], T]", partial(tuple.__new__, kind))


class ObjectInfo(NamedTuple):
    """
    One object as a listing or a lookup shows it.

    Args:
        key: the whole key.
        size: bytes.
        etag: without quotes.
        modified: seconds since the epoch, 0 where unknown.
        storage_class: S3's name, empty where unknown.
        opaque: the ETag is no MD5 (SSE-KMS, SSE-C), so it cannot be compared. A listing does not tell; a HEAD does.
        checksum: of the full object, its algorithm before a colon; only from a HEAD that asked for it.
        version: the version id, where one version was asked for.
    """

    key: str
    size: int
    etag: str
    modified: float = 0.0
    storage_class: str = ""
    opaque: bool = False
    checksum: str = ""
    version: str = ""


class Page(NamedTuple):
    """
    One answer to ListObjectsV2: up to 1,000 objects, and the token of the next page or None after the last.
    """

    objects: Sequence[ObjectInfo]
    next_token: str | None


class CopyTask(NamedTuple):
    """
    One object to copy. Where `source` is None only the key is known, and the copier looks first, on both sides.

    Args:
        there: what the destination holds under `dest_key`, where that is known.
        version: the version of the source that is to be copied; empty for the current one.
    """

    key: str
    dest_key: str
    source: ObjectInfo | None = None
    there: ObjectInfo | None = None
    version: str = ""


made_task: Final = maker(CopyTask)
"""A task of all its fields, in their order."""

Batch = Sequence[CopyTask]
"""What flows through the queue: the tasks of one page, up to 1,000."""


class CopyRequest(NamedTuple):
    """
    One CopyObject call.

    Args:
        source_etag: the copy happens only while the source still has it (``x-amz-copy-source-if-match``).
        size: bytes of the source, by which an interrupted copy is recognised.
        grants: ``x-amz-grant-*`` parameters as (botocore's name, value).
        metadata: user metadata instead of the source's; None copies the source's with its headers, else those of
            `settings` are all there will be.
        settings: further parameters, as (botocore's name, value): storage class, encryption, ACL, object lock, ...
        tags: instead of the source's; None copies the source's.
        source_version: the version to copy; empty for the current one.
        if_absent: only while the destination has no such key (``If-None-Match: *``).
    """

    source_bucket: str
    source_key: str
    source_etag: str
    size: int
    dest_bucket: str
    dest_key: str
    grants: Pairs = ()
    metadata: Pairs | None = None
    settings: Pairs = ()
    tags: Pairs | None = None
    source_version: str = ""
    if_absent: bool = False


class CopyAnswer(NamedTuple):
    """
    S3's answer to a copy: the new ETag without quotes, and whether it is no MD5 (`opaque`).

    `checksum` is the bytes' checksum with its algorithm before a colon, empty where the answer has none.
    """

    etag: str
    opaque: bool = False
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """
    Everything that a HEAD tells of an object, as far as a copy needs it.

    Args:
        info: the object; its size is the whole object's, also where one part was asked for.
        settings: headers to set on a copy, as botocore's parameters (``ContentType``, ``CacheControl``, ...).
        metadata: user metadata.
        parts: number of parts, 0 where the store does not tell.
        part_size: bytes of the part that was asked for.
        lost: what a copy cannot carry, in words.
        tags: how many the object has, as far as the caller may know.
        lock: object lock, as botocore's parameters.
        redirect: where a website sends those who ask for this object.
        sse: how it is encrypted, empty where the store does not tell.
    """

    info: ObjectInfo
    settings: Pairs = ()
    metadata: Pairs = ()
    parts: int = 0
    part_size: int = 0
    lost: tuple[str, ...] = ()
    tags: int = 0
    lock: Pairs = ()
    redirect: str = ""
    sse: str = ""


@dataclass(frozen=True, slots=True)
class Acl:
    """
    Who may do what with an object.

    Args:
        owner: canonical user id.
        grants: permission (``READ``, ...) and grantee as a header names it: ``id="..."`` or ``uri="..."``.
    """

    owner: str
    grants: Pairs = ()


class PartRequest(NamedTuple):
    """
    One UploadPartCopy call: bytes `start` up to `stop` of the source, or all of it where `stop` is 0.
    """

    source_bucket: str
    source_key: str
    source_etag: str
    bucket: str
    key: str
    upload_id: str
    number: int
    start: int = 0
    stop: int = 0
    source_version: str = ""


class CompleteRequest(NamedTuple):
    """
    One CompleteMultipartUpload call.

    Args:
        parts: number and ETag of each.
        etag: what the ETag must become; None where it cannot be foretold.
        size: bytes of the whole.
        checksum: of the full object; S3 refuses a whole that has another, or another size.
        if_absent: only while the destination has no such key (``If-None-Match: *``).
    """

    bucket: str
    key: str
    upload_id: str
    parts: tuple[tuple[int, str], ...]
    etag: str | None
    size: int
    checksum: str = ""
    if_absent: bool = False


class UploadedPart(NamedTuple):
    """
    One part that an open upload has.
    """

    number: int
    etag: str
    size: int
    checksum: str = ""


class PartsPage(NamedTuple):
    """
    One answer to ListParts: up to 1,000 parts, and whether there are more.
    """

    parts: tuple[UploadedPart, ...]
    more: bool


class OpenUpload(NamedTuple):
    """
    One multipart upload that was neither completed nor aborted. `initiated` in seconds since the epoch.
    """

    key: str
    upload_id: str
    initiated: float = 0.0


class UploadsPage(NamedTuple):
    """
    One answer to ListMultipartUploads: up to 1,000 uploads, and whether there are more.
    """

    uploads: tuple[OpenUpload, ...]
    more: bool


class Outcome(StrEnum):
    """
    How an object ended.
    """

    COPIED = "copied"
    SKIPPED = "skipped"
    FAILED = "failed"


class SkipReason(StrEnum):
    """
    Why an object was not copied, and need not be.
    """

    SAME = "already there"
    SAME_TIME = "of the same size, written later"
    SAME_SIZE = "of the same size"
    ITSELF = "the same object on both sides"
    WORK_AREA = "in the work area"
    DESTINATION = "below the destination"
    VANISHED = "gone from the source"
    EXISTS = "something else is there"
    FILTERED = "left out by the filters"


class Proof(StrEnum):
    """
    What shows that the destination equals its source, strongest first.

    A copy is proven by ETAG, ETAG_LAYOUT, CHECKSUM or SERVER (its word alone). What needs no copy, by ETAG, CHECKSUM,
    RECORD (an earlier copy noted both ETags), TIME (equal size, and written after the source) or SIZE.
    """

    ETAG = "etag"
    ETAG_LAYOUT = "etag+layout"
    CHECKSUM = "checksum"
    RECORD = "record"
    SERVER = "server"
    TIME = "size+time"
    SIZE = "size"


PROOF_OF: Final = {SkipReason.SAME: Proof.ETAG, SkipReason.SAME_TIME: Proof.TIME, SkipReason.SAME_SIZE: Proof.SIZE}
"""What listings show where they are enough to skip an object."""


class CopyResult(NamedTuple):
    """
    What became of one object. A failure is a value; it never stops the others.

    Args:
        reason: why it was skipped or failed, one line; empty when copied.
        proof: what shows that the destination equals the source, where it does.
        code: S3's error code, or a short name of ours; groups failures.
        request_id: of the request that failed, for S3 support.
        etag: of the copy; `source_etag` of its source.
        lost: what of the source could not be carried over, in words.
        method: ``whole``, ``staged`` or ``direct``; empty where nothing was copied.
        requests: that were made for this object, the listing not counted.
        seconds: from the start of its copy to its end.
        extended_id: S3's second name of the request that failed (``x-amz-id-2``); S3 support asks for both.
    """

    key: str
    dest_key: str
    size: int
    outcome: Outcome
    reason: str = ""
    code: str = ""
    proof: Proof | None = None
    etag: str = ""
    request_id: str = ""
    lost: tuple[str, ...] = ()
    source_etag: str = ""
    method: str = ""
    requests: int = 0
    seconds: float = 0.0
    extended_id: str = ""


class Finding(StrEnum):
    """
    What `check` can say of one key.
    """

    SAME = "same"
    MISSING = "missing"
    DIFFERENT = "different"
    EXTRA = "extra"
    METADATA = "other metadata"
    NOT_COMPARABLE = "not comparable"


class CheckResult(NamedTuple):
    """
    What `check` found for one key. `key` is empty for an extra object, which has no source.
    """

    key: str
    dest_key: str
    finding: Finding
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BucketInfo:
    """
    What HeadBucket tells: the region (None where the store names none) and whether the caller may list.
    """

    region: str | None
    allowed: bool = True


@dataclass(frozen=True, slots=True)
class BucketTraits:
    """
    What changes the meaning of writing to a bucket, as far as it could be asked.

    Args:
        versioned: deleted objects stay as older versions.
        locked: new objects get a retention by default, or may get one.
        replicated: what is written is copied elsewhere.
        website: objects may redirect.
    """

    versioned: bool = False
    locked: bool = False
    replicated: bool = False
    website: bool = False
