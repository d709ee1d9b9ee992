"""
What copies carry beside the bytes: headers, metadata, tags, storage class, encryption, ACL, object lock.

A whole copy gets headers, metadata and tags from S3 itself. What it does not, or what is to be different, is looked up
and restated. An upload must be told everything.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode

from s3copy_async.copying import acl
from s3copy_async.copying.job import CopyJob
from s3copy_async.copying.known import Wishes
from s3copy_async.errors import AccessDenied, Failure, ObjectRefused, PreconditionFailed, S3Error
from s3copy_async.headers import header_text
from s3copy_async.model import CopyRequest, Head, ObjectInfo, Pairs
from s3copy_async.options import KEEP, Carry
from s3copy_async.uri import is_directory_bucket

_TAG_HEADER: Final = 4096
"""More tags than this many bytes of a header are set when the object is there: S3 takes 8 KB of headers in all."""
_USUAL: Final = ("", "STANDARD", "EXPRESS_ONEZONE")
"""Classes that nobody chose: those of all objects of a bucket."""
_NO_ACLS: Final = "AccessControlListNotSupported"
_NO_TAGS: Final = ("AccessDenied", "NotImplemented", "InvalidArgument")
TAGS: Final = "tags"
UNSEEN_TAGS: Final = "tags (no permission to see any)"


# Whole copies


async def whole_wishes(source: ObjectInfo, job: CopyJob) -> Wishes:
    """
    What a whole copy of `source` is asked for beyond S3's default. `CopyJob.known` has it where it is the same for all.

    Raises:
        PreconditionFailed: the source is another by now.
        S3Error: the source cannot be looked up.
    """
    carry = job.carry
    restated = _restates(carry)
    looks = restated or carry.object_lock or await job.redirects()
    if not looks and not carry.tags and KEEP not in (carry.acl, carry.storage_class):
        job.known.wishes = Wishes(_common(carry, "") + acl.canned(job))
        return job.known.wishes
    settings = _common(carry, source.storage_class) + acl.canned(job)
    grants, lost = await acl.kept(source, job)
    settings += grants
    metadata: Pairs | None = None
    if looks:
        head = await _looked_up(source, job)
        lock = _lock(head)
        settings += lock if carry.object_lock else ()
        if restated:
            settings, metadata = _headers(head, carry) + settings, _metadata(head, carry)
            lost = head.lost + lost
        elif head.redirect:
            settings += (("WebsiteRedirectLocation", head.redirect),)
        lost += ("object lock",) if lock and not carry.object_lock else ()
    tags: Pairs | None = None
    if carry.tags:
        tags, less = await _all_tags(source, job)
        lost += less
    return Wishes(settings, metadata, tags, lost)


def _restates(carry: Carry) -> bool:
    return bool(carry.metadata or carry.content_type or carry.cache_control)


async def _looked_up(source: ObjectInfo, job: CopyJob) -> Head:
    head = await job.store.head_details(job.source_bucket, source.key, version=source.version)
    if head.info.etag != source.etag:
        # The headers of another version; the copy of this one would fail anyway.
        raise PreconditionFailed(Failure("HeadObject", "PreconditionFailed", 412))
    return head


def with_less(request: CopyRequest, error: S3Error, job: CopyJob) -> tuple[CopyRequest, str] | None:
    """
    The request that may succeed where `request` was refused, and what it leaves behind; None where there is none.

    Without the rights to read or write tags S3 denies copies of objects that have any; directory buckets know no tags.
    """
    if isinstance(error, AccessDenied) or (error.code == _NO_TAGS[1] and is_directory_bucket(request.dest_bucket)):
        if request.tags is None and job.known.try_without_tags:
            return request._replace(tags=()), TAGS
    elif error.code == _NO_ACLS and job.carry.acl == KEEP and (left := acl.without_acl(request.settings)) is not None:
        job.known.refuses_acls = True
        return request._replace(settings=left), acl.LOST
    return None


# Uploads


@dataclass(frozen=True, slots=True)
class UploadWishes:
    """
    What an upload is begun with.

    Args:
        settings: as botocore's parameters.
        metadata: user metadata.
        tags_after: tags that have to be set when the object is complete.
        lost: what cannot be carried, in words.
        tags: those in `settings`, which some stores forget.
    """

    settings: Pairs = ()
    metadata: Pairs = ()
    tags_after: Pairs = ()
    lost: tuple[str, ...] = ()
    tags: Pairs = ()


async def upload_wishes(head: Head, source: ObjectInfo, job: CopyJob) -> UploadWishes:
    """
    What the final upload of `source` is begun with: everything that `head` tells of it, and what was asked for instead.

    At most one request, for its tags; one more for its ACL where that is to be kept.

    Raises:
        S3Error: the source cannot be looked up.
    """
    carry, info = job.carry, head.info
    grants, acl_lost = await acl.kept(source, job)
    tags, tags_lost = await _tags_for_upload(head, source, job)
    lock = _lock(head)
    settings = (
        *_headers(head, carry),
        *_common(carry, info.storage_class),
        *job.grants,
        *acl.canned(job),
        *grants,
        *(lock if carry.object_lock else ()),
    )
    lost = head.lost + acl_lost + tags_lost + tuple(_left_behind(info, carry))
    lost += ("object lock",) if lock and not carry.object_lock else ()
    text = urlencode(tags, quote_via=quote)
    if not text:
        return UploadWishes(settings, _metadata(head, carry), lost=lost)
    if len(text) > _TAG_HEADER:
        return UploadWishes(settings, _metadata(head, carry), tags, lost)
    return UploadWishes((*settings, ("Tagging", text)), _metadata(head, carry), (), lost, tags)


def _left_behind(info: ObjectInfo, carry: Carry) -> Iterator[str]:
    if _leaves_class(info, carry):
        yield "storage class"
    if info.opaque and carry.sse is None:
        yield "encryption key"


async def _tags_for_upload(head: Head, source: ObjectInfo, job: CopyJob) -> tuple[Pairs, tuple[str, ...]]:
    """
    The tags of an object, with those asked for in their place.

    Amazon tells in a HEAD how many there are, but only to those who may read them: so it is asked once a run. Of other
    stores it is not known whether they tell.
    """
    known = job.known
    if head.tags or known.reads_tags is None or (known.reads_tags and not job.is_aws):
        tags, lost = await _all_tags(source, job)
        if head.tags or known.reads_tags is not False:
            return tags, lost
    return job.carry.tags, (UNSEEN_TAGS,) if known.reads_tags is False else ()


async def _all_tags(source: ObjectInfo, job: CopyJob) -> tuple[Pairs, tuple[str, ...]]:
    """
    The source's tags, with those asked for in their place.
    """
    try:
        found = await job.store.get_tags(job.source_bucket, source.key, version=source.version)
    except AccessDenied:
        job.known.reads_tags = False
        return job.carry.tags, (TAGS,)
    except ObjectRefused:
        # A store without tags has none that could be lost.
        return job.carry.tags, ()
    job.known.reads_tags = True
    return tuple((dict(found) | dict(job.carry.tags)).items()), ()


def upload_with_less(wishes: UploadWishes, error: S3Error, job: CopyJob) -> UploadWishes | None:
    """
    What an upload may be begun with where S3 refused to begin it with `wishes`: with its tags to be set afterwards, or
    without the source's ACL. None where that is not why.
    """
    if error.code == _NO_ACLS:
        left = acl.without_acl(wishes.settings)
        if job.carry.acl != KEEP or left is None:
            return None
        job.known.refuses_acls = True
        return replace(wishes, settings=left, lost=(*wishes.lost, acl.LOST))
    if not wishes.tags or error.code not in _NO_TAGS:
        return None
    left = tuple(pair for pair in wishes.settings if pair[0] != "Tagging")
    return replace(wishes, settings=left, tags_after=wishes.tags, tags=())


def temp_wishes(job: CopyJob) -> Pairs:
    """
    The settings of temp and part objects: as encrypted as the copy, and open to whom `--acl-grant` names. They are
    sources of copies, so their storage class is the usual one.
    """
    return _encryption(job.carry) + job.grants + acl.canned_for_work(job)


# When the copy is there


async def settle_tags(bucket: str, key: str, wishes: UploadWishes, job: CopyJob) -> tuple[str, ...]:
    """
    Sees to what may not have come with the upload: tags are set, a missing encryption is told. Returns what is lost.

    Raises:
        FatalError: the run cannot go on.
    """
    if wishes.tags_after:
        lost = await _put_tags(bucket, key, wishes.tags_after, job)
    else:
        lost = await _upload_tags_settled(bucket, key, wishes.tags, job)
    return lost + await passed_over(bucket, key, wishes.settings, job)


async def _upload_tags_settled(bucket: str, key: str, tags: Pairs, job: CopyJob) -> tuple[str, ...]:
    """
    As `tags_settled`, but a store that has once kept, or lost, what it was given with an upload is not looked at again.
    """
    carried = job.known.upload_tags
    if not tags or job.is_aws or carried.will_come(tags):
        return ()
    if not carried.forgotten:
        try:
            came = dict(await job.store.get_tags(bucket, key)) == dict(tags)
        except (AccessDenied, ObjectRefused):
            came = False
        carried.note(tags, came=came)
        if came:
            return ()
    return await _put_tags(bucket, key, tags, job)


async def tags_settled(bucket: str, key: str, tags: Pairs, job: CopyJob) -> tuple[str, ...]:
    """
    Looks whether a store that is not Amazon's took the tags that it was given, and sets them if not; returns what is
    lost.
    """
    if not tags or job.is_aws:
        return ()
    try:
        if dict(await job.store.get_tags(bucket, key)) == dict(tags):
            return ()
    except (AccessDenied, ObjectRefused):
        pass
    return await _put_tags(bucket, key, tags, job)


async def _put_tags(bucket: str, key: str, tags: Pairs, job: CopyJob) -> tuple[str, ...]:
    try:
        await job.store.put_tags(bucket, key, tags)
    except (AccessDenied, ObjectRefused):
        return (TAGS,)
    return ()


async def passed_over(bucket: str, key: str, settings: Pairs, job: CopyJob) -> tuple[str, ...]:
    """
    What a store that is not Amazon's was asked for and did not do: Ceph takes wishes for encryption and locks, and
    forgets them. Whether it encrypts is looked at once a run.
    """
    wanted, known = dict(settings), job.known
    lock = {name: value for name, value in wanted.items() if name in ("ObjectLockMode", "ObjectLockLegalHoldStatus")}
    sse = wanted.get("ServerSideEncryption")
    if job.is_aws or not (lock or sse):
        return ()
    async with known.asking:
        if lock or known.encrypts is None:
            try:
                head = await job.store.head_details(bucket, key)
            except (AccessDenied, ObjectRefused):
                return ()  # nobody can tell
            known.encrypts = head.sse == sse
            lock = dict(lock.items() - head.lock)
    return (("encryption",) if sse and not known.encrypts else ()) + (("object lock",) if lock else ())


async def class_lost(source: ObjectInfo, bucket: str, key: str, job: CopyJob) -> bool:
    """
    Whether a whole copy leaves the source's storage class behind, and nobody asked for another. On Ceph it does not.
    """
    known = job.known
    if not _leaves_class(source, job.carry) or job.is_aws:
        return _leaves_class(source, job.carry)
    async with known.asking:
        if known.inherits_class is None:
            try:
                there = await job.store.head_object(bucket, key)
            except (AccessDenied, ObjectRefused):
                return True
            known.inherits_class = there.storage_class == source.storage_class
    return not known.inherits_class


# Pieces


@lru_cache(maxsize=64)
def _common(carry: Carry, storage_class: str) -> Pairs:
    """
    Storage class and encryption. One value for all objects of a class: it is asked for once an object.
    """
    chosen = storage_class if carry.storage_class == KEEP else carry.storage_class
    if chosen is None or (carry.storage_class == KEEP and chosen in _USUAL):
        return _encryption(carry)
    return (("StorageClass", chosen), *_encryption(carry))


def _encryption(carry: Carry) -> Pairs:
    found = (("ServerSideEncryption", carry.sse), ("SSEKMSKeyId", carry.sse_kms_key_id))
    return tuple((name, value) for name, value in found if value)


def _leaves_class(source: ObjectInfo, carry: Carry) -> bool:
    return source.storage_class not in _USUAL and carry.storage_class is None


def _headers(head: Head, carry: Carry) -> Pairs:
    asked = (("ContentType", carry.content_type), ("CacheControl", carry.cache_control))
    new = tuple((name, value) for name, value in asked if value)
    names = {name for name, _ in new}
    return (*(pair for pair in head.settings if pair[0] not in names), *new)


def _metadata(head: Head, carry: Carry) -> Pairs:
    asked = {name.lower(): header_text(value) for name, value in carry.metadata}
    return tuple((dict(head.metadata) | asked).items())


def _lock(head: Head) -> Pairs:
    """
    The locks that still hold. S3 refuses a retention that is over.
    """
    found = dict(head.lock)
    until = found.get("ObjectLockRetainUntilDate", "")
    if not until or datetime.fromisoformat(until).timestamp() <= time.time():
        found.pop("ObjectLockMode", None)
        found.pop("ObjectLockRetainUntilDate", None)
    if found.get("ObjectLockLegalHoldStatus") != "ON":
        found.pop("ObjectLockLegalHoldStatus", None)
    return tuple(found.items())
