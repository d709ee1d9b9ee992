"""
Brings one task to its end: looks up what is not known, copies, and looks anew when the source changes meanwhile.
"""

from __future__ import annotations

from typing import Final

from s3copy_async.copying.job import CopyJob, failed, refused, skipped
from s3copy_async.copying.plan import Method, plan
from s3copy_async.copying.staged import copy_staged
from s3copy_async.copying.whole import copy_whole
from s3copy_async.errors import AccessDenied, FatalError, NotFound, PreconditionFailed, S3Error
from s3copy_async.etag import same
from s3copy_async.listing import head_if_seen
from s3copy_async.model import CopyResult, CopyTask, SkipReason

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
        return settled if isinstance(settled, CopyResult) else await _copy(settled, job)
    except FatalError:
        raise
    except S3Error as error:
        return refused(task, error)


async def settle(task: CopyTask, job: CopyJob) -> CopyTask | CopyResult:
    """
    The task with its source, or the result where there is nothing to do. Only a task without one costs requests.

    Raises:
        S3Error: the source cannot be looked up.
    """
    if task.source is not None:
        return task
    try:
        source = await job.store.head_object(job.source_bucket, task.key)
    except NotFound as error:
        return failed(task, "NoSuchKey", "the source has no such key", error.failure.request_id)
    there = await head_if_seen(job.dest, job.dest_bucket, task.dest_key)
    if there is not None and same(source, there):
        return skipped(task, SkipReason.SAME, source.size)
    return task._replace(source=source, there=there)


async def _copy(task: CopyTask, job: CopyJob) -> CopyResult:
    source = task.source
    assert source is not None  # settled tasks know their source
    for _ in range(MAX_LOOKS + 1):
        method = copy_staged if plan(source, job.limits.large_file) is Method.PARTS else copy_whole
        try:
            return await method(task, source, job)
        except (PreconditionFailed, NotFound) as error:
            last = error
        try:
            now = await job.store.head_object(job.source_bucket, task.key)
        except NotFound as error:
            if await _still_listed(task, job):
                # Such a key is misread, by us or by the store: never to be counted as deleted.
                return refused(task, error)
            return skipped(task, SkipReason.VANISHED)
        if now.etag == source.etag:
            # It is what it was, and yet the copy does not find it, or does not know its ETag.
            return refused(task, last)
        source = now
    return failed(task, "SourceChanging", f"the source changed {MAX_LOOKS + 1} times while it was copied; run again")


async def _still_listed(task: CopyTask, job: CopyJob) -> bool:
    """
    Whether a listing still shows a key that a lookup does not find. A space in it may stand for a plus sign.
    """
    key = task.key
    for prefix in dict.fromkeys((key, key.replace(" ", "+"), key.partition(" ")[0])):
        try:
            page = await job.store.list_page(job.source_bucket, prefix)
        except AccessDenied:
            return False
        if any(found.key == key for found in page.objects):
            return True
    return False
