"""
What tells that a destination is its source already where listings cannot: checksums, the record of an earlier copy, and
last of all the time.

Nothing is copied again for ever because its ETag cannot be equal, and nothing is believed that a stronger witness could
contradict.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from s3copy_async.compare import enough
from s3copy_async.copying.finish import done_on_record
from s3copy_async.copying.job import CopyJob, skipped
from s3copy_async.copying.pinned import unchanged
from s3copy_async.copying.plan import Method
from s3copy_async.errors import AccessDenied, FatalError, ObjectRefused, S3Error
from s3copy_async.etag import Verdict, compare
from s3copy_async.model import PROOF_OF, CopyResult, CopyTask, Head, ObjectInfo, Proof, SkipReason
from s3copy_async.options import Compare, IfExists, Verify
from s3copy_async.store import Heads


class Pair(NamedTuple):
    """
    A source and its destination, looked at closely.
    """

    source: Head
    there: Head

    @property
    def verdict(self) -> Verdict:
        """
        What checksums of the full objects say, where both have one of one kind; else what size and ETag say.
        """
        one, other = self.source.info, self.there.info
        if one.size == other.size and self.by_checksum:
            return Verdict.SAME if one.checksum == other.checksum else Verdict.DIFFERENT
        return compare(one, other)

    @property
    def by_checksum(self) -> bool:
        """
        Whether there are two checksums of one kind.
        """
        one, other = self.source.info.checksum, self.there.info.checksum
        return bool(one) and one.partition(":")[0] == other.partition(":")[0]


async def looked_closely(store: Heads, bucket: str, key: str, version: str = "") -> Head:
    """
    One object with its checksum, or without where that may not be seen: with SSE-KMS it needs the right to decrypt.

    Raises:
        S3Error: it cannot be looked at.
    """
    try:
        return await store.head_details(bucket, key, version=version)
    except (AccessDenied, ObjectRefused):
        return Head(await store.head_object(bucket, key, version=version))


async def same_already(task: CopyTask, job: CopyJob) -> CopyResult | None:
    """
    The result where the destination is known to be the source already; None where it has to be copied.

    Costs nothing where nothing is there or the sizes differ. Else, beside one GET for the record of a copy in parts, at
    most two HEADs; none for what was written after its destination, which is nearly always another object.

    Raises:
        FatalError: the run cannot go on.
        S3Error: a record may be there, but cannot be read.
    """
    source, there, mode = task.source, task.there, job.compare
    if source is None or there is None or source.size != there.size:
        return None
    if reason := enough(source, there, mode):
        return skipped(task, reason, source.size, PROOF_OF[reason])
    if mode in (Compare.SIZE, Compare.SIZE_TIME):
        return None
    in_parts = job.method(source) is Method.PARTS
    if in_parts and await done_on_record(task, source, job):
        return skipped(task, SkipReason.SAME, source.size, Proof.RECORD)
    if mode is Compare.ETAG or (mode is Compare.AUTO and not in_parts and _is_newer(source, there, job)):
        return None
    pair = await _pair(task, source, there, job)
    if pair is None:
        return None
    match pair.verdict:
        case Verdict.SAME:
            proof = Proof.CHECKSUM if pair.by_checksum else Proof.ETAG
            return skipped(task, SkipReason.SAME, source.size, proof)
        case Verdict.NOT_COMPARABLE if not in_parts and _time_tells(pair, source, there, job):
            return skipped(task, SkipReason.SAME_TIME, source.size, Proof.TIME)
        case _:
            return None


def _is_newer(source: ObjectInfo, there: ObjectInfo, job: CopyJob) -> bool:
    return source.modified >= there.modified > 0 and job.if_exists is IfExists.OVERWRITE


def _time_tells(pair: Pair, source: ObjectInfo, there: ObjectInfo, job: CopyJob) -> bool:
    """
    Whether nothing better than the time is to be had, nor could be after another copy.

    Without encryption, a copy gets an ETag that can be compared. The time of an upload in parts is when it was begun,
    not when it was completed: such objects have records instead.
    """
    hidden = pair.source.info.opaque or pair.there.info.opaque
    return hidden and job.verify is not Verify.REQUIRED and 0 < source.modified < there.modified


async def _pair(task: CopyTask, source: ObjectInfo, there: ObjectInfo, job: CopyJob) -> Pair | None:
    """
    Both objects, None where one is not to be seen, or not any more what it was. Then the copy finds out more.
    """
    looks = (
        looked_closely(job.store, job.source_bucket, source.key, source.version),
        looked_closely(job.dest, job.dest_bucket, task.dest_key),
    )
    found = await asyncio.gather(*looks, return_exceptions=True)
    for answer in found:
        if isinstance(answer, BaseException) and (isinstance(answer, FatalError) or not isinstance(answer, S3Error)):
            raise answer
    one, other = found
    if isinstance(one, BaseException) or isinstance(other, BaseException):
        return None
    is_current = unchanged(source, one.info) and unchanged(there, other.info)
    return Pair(one, other) if is_current else None
