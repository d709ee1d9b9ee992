"""
What the store in memory keeps, and what a test can make it do.
"""

from __future__ import annotations

import hashlib
import re
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl

from s3copy_async.crc import checksum
from s3copy_async.errors import Failure, S3Error
from s3copy_async.faults import error_for
from s3copy_async.keys import MAX_KEY_BYTES
from s3copy_async.model import (
    Acl,
    BucketTraits,
    CompleteRequest,
    CopyAnswer,
    CopyRequest,
    Head,
    ObjectInfo,
    OpenUpload,
    Page,
    Pairs,
    UploadedPart,
)
from s3copy_async.parts import multipart_etag
from s3copy_async.store import Undeleted
from s3copy_async.uri import is_directory_bucket


def md5(body: bytes) -> str:
    """
    The MD5 of `body` in hexadecimal.
    """
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Call:
    """
    One request as the store saw it. `number` counts the requests of this operation from 1.
    """

    operation: str
    bucket: str
    key: str
    number: int


@dataclass(frozen=True, slots=True)
class Fault:
    """
    What goes wrong with a request, and whether it takes effect nevertheless (a lost answer).
    """

    code: str
    status: int = 500
    after_effect: bool = False


@dataclass(slots=True)
class StoredObject:
    """
    One object: its bytes, or only their ETag and size where bytes would be too many.
    """

    body: bytes
    etag: str
    size: int
    modified: float
    opaque: bool = False
    grants: Pairs = ()
    settings: Pairs = ()
    metadata: Pairs = ()
    sizes: tuple[int, ...] = ()
    tags: Pairs = ()
    acl: Acl = field(default_factory=lambda: Acl("memory"))
    checksum: str = ""

    def setting(self, name: str) -> str:
        """
        One of its settings, empty where it has no such.
        """
        return dict(self.settings).get(name, "")


@dataclass(slots=True)
class StoredUpload:
    """
    One open upload and its parts by number.
    """

    bucket: str
    key: str
    settings: Pairs
    metadata: Pairs
    parts: dict[int, bytes] = field(default_factory=dict)
    initiated: float = 0.0

    @property
    def algorithm(self) -> str:
        """
        The checksum that was asked for, empty where none was.
        """
        return dict(self.settings).get("ChecksumAlgorithm", "")


MAX_DELETED: Final = 1000
"""Keys of one DeleteObjects (S3 API)."""
_UNHELD: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]").search
_KMS: Final = ("aws:kms", "aws:kms:dsse")


@dataclass(slots=True)
class Nature:
    """
    What kind of store it is.

    Args:
        checksums: the algorithm of which objects get a checksum without being asked; empty where none is known at all.
        pins: honours the ETag that a copy is pinned to.
        conditions: honours ``If-None-Match`` on copies and completions.
        tags_uploads: carries the tags that an upload was begun with.
        refuses_acls: as a bucket whose owner owns all objects.
        encrypts: buckets that encrypt with a key of KMS unless they are asked for something else.
        is_aws: says that it is Amazon's; None where it behaves so.
        versions: older versions, by bucket, key and version id.
        owners: the accounts that a bucket was said to belong to.
        traits: of the buckets that have any.
        key_fault: asked for each key of a DeleteObjects; what it returns is the reason why that one stays.
    """

    checksums: str = ""
    pins: bool = True
    conditions: bool = True
    tags_uploads: bool = True
    refuses_acls: bool = False
    encrypts: frozenset[str] = frozenset()
    is_aws: bool | None = None
    versions: dict[tuple[str, str, str], StoredObject] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    traits: dict[str, BucketTraits] = field(default_factory=dict)
    key_fault: Callable[[Call], Fault | None] = lambda _: None

    @property
    def claims_aws(self) -> bool:
        """
        Whether it says that it is Amazon's.
        """
        return self.pins and self.conditions and self.tags_uploads if self.is_aws is None else self.is_aws

    def hides(self, bucket: str, settings: Pairs) -> bool:
        """
        Whether what is stored so gets an ETag that is no MD5.
        """
        asked = dict(settings).get("ServerSideEncryption")
        return asked in _KMS or (asked is None and bucket in self.encrypts) or is_directory_bucket(bucket)


_ACLS: Final = ("ACL", "GrantRead", "GrantWrite", "GrantReadACP", "GrantWriteACP", "GrantFullControl")


def info_of(key: str, found: StoredObject) -> ObjectInfo:
    """
    An object as a listing shows it.
    """
    return ObjectInfo(key, found.size, found.etag, found.modified, found.setting("StorageClass") or "STANDARD")


def ordered_page(contents: dict[str, StoredObject], prefix: str, after: str, size: int) -> Page:
    """
    A page in key order.
    """
    keys = sorted(key for key in contents if key.startswith(prefix))
    at = bisect_right(keys, after)
    chosen = keys[at : at + size]
    objects = tuple(info_of(key, contents[key]) for key in chosen)
    return Page(objects, chosen[-1] if at + size < len(keys) else None)


def loose_page(contents: dict[str, StoredObject], prefix: str, start_after: str, token: str | None, size: int) -> Page:
    """
    A page of a directory bucket: in no order that a key would tell, and with its limits.
    """
    if start_after or (prefix and not prefix.endswith("/")):
        raise error_for(Failure("ListObjectsV2", "InvalidRequest", 400, maybe_done=False))
    places = sorted((md5(key.encode("utf-8", "surrogateescape")), key) for key in contents if key.startswith(prefix))
    left = [(place, key) for place, key in places if token is None or place > token]
    chosen = left[:size]
    objects = tuple(info_of(key, contents[key]) for _, key in chosen)
    return Page(objects, chosen[-1][0] if len(left) > size else None)


def looked_at(key: str, found: StoredObject, version: str = "") -> ObjectInfo:
    """
    An object as a HEAD shows it that asks for its checksum.
    """
    return info_of(key, found)._replace(opaque=found.opaque, checksum=found.checksum, version=version)


def head_of(info: ObjectInfo, found: StoredObject, part: int, part_size: int) -> Head:
    """
    Everything that a HEAD tells of an object, or of one part of it.
    """
    lock = tuple(pair for pair in found.settings if pair[0].startswith("ObjectLock"))
    own = ("StorageClass", "ServerSideEncryption", "SSEKMSKeyId")
    return Head(
        info._replace(checksum="") if part else info,
        tuple(pair for pair in found.settings if pair not in lock and pair[0] not in own),
        found.metadata,
        parts=len(found.sizes) if part else 0,
        part_size=part_size,
        tags=len(found.tags),
        lock=lock,
        redirect=found.setting("WebsiteRedirectLocation"),
        sse=found.setting("ServerSideEncryption"),
    )


def split(settings: Pairs) -> tuple[Pairs, Pairs]:
    """
    The settings that stay with an object, and the tags among them.
    """
    tags = dict(settings).get("Tagging", "")
    kept = tuple(pair for pair in settings if pair[0] not in ("Tagging", "ChecksumAlgorithm", "ChecksumType", *_ACLS))
    return kept, tuple(parse_qsl(tags, keep_blank_values=True))


def has_acl(settings: Pairs) -> bool:
    """
    Whether a request asks for an ACL of its own.
    """
    return any(name in _ACLS for name, _ in settings)


def copy_of(source: StoredObject, body: bytes, request: CopyRequest, nature: Nature) -> StoredObject:
    """
    What CopyObject makes of `source`. It carries headers, metadata and tags, and no storage class, redirect or lock.
    """
    asked, _ = split(request.settings)
    own = ("StorageClass", "WebsiteRedirectLocation", "ServerSideEncryption", "SSEKMSKeyId", "ObjectLock")
    kept = tuple(pair for pair in source.settings if not pair[0].startswith(own)) if request.metadata is None else ()
    hidden = nature.hides(request.dest_bucket, request.settings)
    asked_for = dict(request.settings).get("ChecksumAlgorithm") or source.checksum.partition(":")[0]
    algorithm = nature.checksums and (asked_for or nature.checksums)
    return StoredObject(
        body,
        etag_of(body, hidden=hidden),
        len(body),
        time.time(),
        hidden or source.opaque,
        (*request.grants, *(pair for pair in request.settings if pair[0] in _ACLS)),
        kept + asked,
        source.metadata if request.metadata is None else request.metadata,
        tags=source.tags if request.tags is None else request.tags,
        checksum=checksum_of(algorithm, body),
    )


def composed(parts: list[bytes], settings: Pairs, metadata: Pairs, nature: Nature, *, hidden: bool) -> StoredObject:
    """
    What CompleteMultipartUpload makes of `parts`.
    """
    body = b"".join(parts)
    kept, tags = split(settings)
    return StoredObject(
        body,
        etag_of(body, hidden=True) + f"-{len(parts)}" if hidden else multipart_etag([md5(part) for part in parts]),
        len(body),
        time.time(),
        hidden,
        tuple(pair for pair in settings if pair[0] in _ACLS),
        kept,
        metadata,
        tuple(map(len, parts)),
        tags=tags if nature.tags_uploads else (),
        checksum=checksum_of(nature.checksums and (dict(settings).get("ChecksumAlgorithm") or nature.checksums), body),
    )


def opened(bucket: str, key: str, settings: Pairs, metadata: Pairs, nature: Nature) -> StoredUpload:
    """
    What CreateMultipartUpload begins. A store that knows no checksums pays no regard to the wish for one.
    """
    if not nature.checksums:
        settings = tuple(pair for pair in settings if pair[0] != "ChecksumAlgorithm")
    return StoredUpload(bucket, key, settings, metadata, initiated=time.time())


def uploaded(number: int, body: bytes, algorithm: str, *, hidden: bool) -> UploadedPart:
    """
    One part of an open upload as ListParts shows it.
    """
    return UploadedPart(number, etag_of(body, hidden=hidden), len(body), checksum_of(algorithm, body))


def etag_of(body: bytes, *, hidden: bool) -> str:
    """
    The MD5 of `body`, or what looks like an MD5 and is none: that of an object encrypted with a key of KMS.
    """
    return md5(b"secret" + body) if hidden else md5(body)


def checksum_of(algorithm: str, body: bytes) -> str:
    """
    The checksum of `body`, empty without an algorithm.
    """
    return checksum(algorithm, body) if algorithm else ""


def check_pin(operation: str, source: StoredObject, etag: str, nature: Nature) -> None:
    """
    Raises PreconditionFailed where the source is not the version that a copy is pinned to.
    """
    if nature.pins and source.etag != etag:
        raise error_for(Failure(operation, "PreconditionFailed", 412))


def check_acl(operation: str, settings: Pairs, nature: Nature) -> None:
    """
    Raises what S3 answers to an ACL where the bucket's owner owns all objects.
    """
    if nature.refuses_acls and has_acl(settings):
        raise error_for(Failure(operation, "AccessControlListNotSupported", 400))


def check_absent(operation: str, dest: dict[str, StoredObject], key: str, *, asked: bool) -> None:
    """
    Raises PreconditionFailed where something is in the way and the caller wants nothing to be.
    """
    if asked and key in dest:
        raise error_for(Failure(operation, "PreconditionFailed", 412))


def answer_of(made: StoredObject) -> CopyAnswer:
    """
    What a copy says of the object that it made.
    """
    return CopyAnswer(made.etag, made.opaque, made.checksum)


def refuses(request: CompleteRequest, body: bytes) -> bool:
    """
    Whether the whole is not what the caller said it would be.
    """
    if not request.checksum:
        return False
    return checksum(request.checksum.partition(":")[0], body) != request.checksum or len(body) != request.size


def give(call: Call, fault: Fault | None) -> None:
    """
    Raises `fault`, if there is one, as S3 would.
    """
    if fault:
        raise error_for(Failure(call.operation, fault.code, fault.status, maybe_done=fault.after_effect))


def check_key(operation: str, key: str) -> None:
    """
    Raises ObjectRefused where a key is longer than S3 allows.
    """
    if len(key.encode()) > MAX_KEY_BYTES:
        raise error_for(Failure(operation, "KeyTooLongError", 400))


def open_uploads(
    uploads: dict[str, StoredUpload], bucket: str, prefix: str, after: OpenUpload | None
) -> tuple[OpenUpload, ...]:
    """
    The uploads below `prefix` that follow `after`, in order.
    """
    found = sorted(
        OpenUpload(upload.key, upload_id, upload.initiated)
        for upload_id, upload in uploads.items()
        if upload.bucket == bucket and upload.key.startswith(prefix)
    )
    return tuple(upload for upload in found if after is None or upload > after)


def deleted(contents: dict[str, StoredObject], keys: Sequence[str], call: Call, nature: Nature) -> Undeleted:
    """
    Deletes what it may, as one DeleteObjects does, and says what it may not.

    Raises:
        ObjectRefused: too many keys, or one that XML cannot hold, which makes the whole request unreadable.
    """
    if len(keys) > MAX_DELETED or any(map(_UNHELD, keys)):
        raise error_for(Failure(call.operation, "MalformedXML", 400))
    kept: list[tuple[str, S3Error]] = []
    for key in keys:
        if fault := nature.key_fault(replace(call, key=key)):
            kept.append((key, error_for(Failure(call.operation, fault.code, fault.status))))
        else:
            contents.pop(key, None)
    return tuple(kept)
