"""
Brings one task to its end: looks up what is not known, copies, and looks anew when the source changes meanwhile.
"""

from __future__ import annotations

from typing import Final

from s3copy_async.copy.job import CopyJob, failed, refused, skipped
from s3copy_async.copy.plan import Method, plan
from s3copy_async.copy.whole import copy_whole
from s3copy_async.errors import AccessDenied, FatalError, NotFound, PreconditionFailed, S3Error
from s3copy_async.etag import same
from s3copy_async.model import CopyResult, CopyTask, ObjectInfo, SkipReason

MAX_LOOKS: Final = 3
"""A source that changes is looked at anew so many times."""


async def copy_one(task: CopyTask, job: CopyJob) -> CopyResult:
    """
    Copies one object, or says why not: a failure of this object is a value.

    Raises:
        FatalError: the whole run cannot go on.
    """
    try:
        settled = await settle(task, job)
        return settled if isinstance(settled, CopyResult) else await _copy(task, settled, job)
    except FatalError:
        raise
    except S3Error as error:
        return refused(task, error)


async def settle(task: CopyTask, job: CopyJob) -> ObjectInfo | CopyResult:
    """
    The object to copy, or the result where there is nothing to do. Only a task without its source costs requests.

    Raises:
        S3Error: the source cannot be looked up.
    """
    if task.source is not None:
        return task.source
    try:
        source = await job.store.head_object(job.source_bucket, task.key)
    except NotFound as error:
        return failed(task, "NoSuchKey", "the source has no such key", error.failure.request_id)
    there = await existing(task.dest_key, job)
    if there is not None and same(source, there):
        return skipped(task, SkipReason.SAME, source.size)
    return source


async def existing(dest_key: str, job: CopyJob) -> ObjectInfo | None:
    """
    What stands at the destination, None also where it may not be looked at.
    """
    try:
        return await job.dest.head_object(job.dest_bucket, dest_key)
    except (NotFound, AccessDenied):
        return None


async def _copy(task: CopyTask, source: ObjectInfo, job: CopyJob) -> CopyResult:
    for _ in range(MAX_LOOKS + 1):
        if plan(source, job.limits.large_file) is Method.PARTS:
            return needs_parts(task, source, job.limits.large_file)
        try:
            return await copy_whole(task, source, job)
        except (PreconditionFailed, NotFound) as error:
            last = error
        try:
            now = await job.store.head_object(job.source_bucket, task.key)
        except NotFound:
            return skipped(task, SkipReason.VANISHED)
        if isinstance(last, NotFound) and now.etag == source.etag:
            # It is there, and yet the copy does not find it: never to be counted as deleted.
            return refused(task, last)
        source = now
    return failed(task, "SourceChanging", f"the source changed {MAX_LOOKS + 1} times while it was copied; run again")


def needs_parts(task: CopyTask, source: ObjectInfo, large_file: int) -> CopyResult:
    """
    The result of an object that this version cannot copy.
    """
    what = "is larger than --large-file" if source.size > large_file else f"was uploaded in parts (ETag {source.etag})"
    reason = f"the object {what} and needs a copy in parts, which this version cannot do yet"
    return failed(task._replace(source=source), "NeedsParts", reason)
