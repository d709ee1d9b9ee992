"""
Brings one task to its end: looks up what is not known, copies, and looks anew when the source changes meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from s3copy_async.copying.evidence import same_already
from s3copy_async.copying.exists import in_the_way, looked
from s3copy_async.copying.job import CopyJob, failed, refused, skipped
from s3copy_async.copying.pinned import unchanged
from s3copy_async.copying.plan import Method
from s3copy_async.copying.source import source_of
from s3copy_async.copying.staged import copy_staged
from s3copy_async.copying.whole import copy_whole
from s3copy_async.errors import AccessDenied, FatalError, NotFound, PreconditionFailed, S3Error, SourceReplaced
from s3copy_async.listing import head_if_seen
from s3copy_async.model import CopyResult, CopyTask, SkipReason
from s3copy_async.options import IfExists
from s3copy_async.uri import is_directory_bucket

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
    The task with its source, or the result where there is nothing to do. Costs requests where the source is not known,
    and where something else is there that may be the same nevertheless.

    Raises:
        S3Error: the source cannot be looked up.
    """
    if task.source is None:
        source = await source_of(job.store, job.source_bucket, task)
        if isinstance(source, CopyResult):
            return source
        there = await head_if_seen(job.dest, job.dest_bucket, task.dest_key)
        task = task._replace(source=source, there=there)
    if task.there is None:
        return task
    return await same_already(task, job) or task


async def _copy(task: CopyTask, job: CopyJob) -> CopyResult:
    for _ in range(MAX_LOOKS + 1):
        source = task.source
        assert source is not None  # settled tasks know their source
        if not job.splits and (problem := job.cannot_fit(source)):
            return failed(task, "CannotFit", problem)
        in_parts = job.method(source) is Method.PARTS
        if kept := in_the_way(task, job, in_parts=in_parts):
            return kept
        try:
            return await (copy_staged if in_parts else copy_whole)(task, source, job)
        except (PreconditionFailed, NotFound) as error:
            if isinstance(error, SourceReplaced):
                # What is at the destination now is of our own making.
                job = replace(job, if_exists=IfExists.OVERWRITE)
            found = await _looked_anew(task, error, job)
        if isinstance(found, CopyResult):
            return found
        task = found
    return failed(task, "SourceChanging", f"the source changed {MAX_LOOKS + 1} times while it was copied; run again")


async def _looked_anew(task: CopyTask, error: PreconditionFailed | NotFound, job: CopyJob) -> CopyTask | CopyResult:
    """
    The task as it is now, after a copy that did not find what it expected; or the result, where there is no more to do.
    """
    source = task.source
    assert source is not None
    try:
        now = await job.store.head_object(job.source_bucket, task.key, version=task.version)
    except NotFound as gone:
        if task.version:
            return failed(task, "NoSuchVersion", "this version was deleted meanwhile", gone.failure)
        if await _still_listed(task, job):
            # Such a key is misread, by us or by the store: never to be counted as deleted.
            return refused(task, gone)
        return skipped(task, SkipReason.VANISHED)
    if not unchanged(source, now):
        return task._replace(source=now)
    if isinstance(error, PreconditionFailed) and job.if_exists is not IfExists.OVERWRITE and task.there is None:
        # The other condition of the request: that nothing is at the destination.
        return await looked(task, job)
    # It is what it was, and yet the copy does not find it, or does not know its ETag.
    return refused(task, error)


async def _still_listed(task: CopyTask, job: CopyJob) -> bool:
    """
    Whether a listing still shows a key that a lookup does not find. A space in it may stand for a plus sign.
    """
    if is_directory_bucket(job.source_bucket):
        # It could only be listed by folders, whole and in no order; and only Amazon has them, who misreads no key.
        return False
    key = task.key
    for prefix in dict.fromkeys((key, key.replace(" ", "+"), key.partition(" ")[0])):
        try:
            page = await job.store.list_page(job.source_bucket, prefix)
        except AccessDenied:
            return False
        if any(found.key == key for found in page.objects):
            return True
    return False
