"""
What to do where the destination holds another object under the same key.
"""

from __future__ import annotations

from s3copy_async.copying.evidence import same_already
from s3copy_async.copying.job import CopyJob, failed, skipped
from s3copy_async.errors import AccessDenied, Failure, NotFound, PreconditionFailed
from s3copy_async.model import CopyResult, CopyTask, SkipReason
from s3copy_async.options import IfExists


async def must_be_absent(task: CopyTask, job: CopyJob, *, completing: bool = False) -> bool:
    """
    Whether a copy may only be made on the condition that nothing is at its destination. With a store that knows no
    conditions, a look is what there is.

    Args:
        completing: what is made is the completion of an upload.

    Raises:
        PreconditionFailed: something is there.
        AccessDenied: nobody may look.
    """
    if job.if_exists is IfExists.OVERWRITE or task.there is not None:
        return False
    probe = job.probe
    if await (probe.completes_conditionally() if completing else probe.conditional()):
        words = "objects are written on the condition that nothing is there (If-None-Match)"
        job.say_once(f"--if-exists {job.if_exists}: {words}", warning=False)
        return True
    try:
        await job.dest.head_object(job.dest_bucket, task.dest_key)
    except NotFound:
        return False
    raise PreconditionFailed(Failure("HeadObject", "PreconditionFailed", 412))


def in_the_way(task: CopyTask, job: CopyJob, *, in_parts: bool = False) -> CopyResult | None:
    """
    The result where the destination is known to hold something that must stay.

    Args:
        in_parts: of an object of this size in parts, it is still to be found out whether an earlier run made it.
    """
    there, source = task.there, task.source
    if there is None or job.if_exists is IfExists.OVERWRITE:
        return None
    if in_parts and source is not None and source.size == there.size:
        return None
    return _kept(task, job, f"another object of {there.size:,} bytes is there")


async def looked(task: CopyTask, job: CopyJob) -> CopyTask | CopyResult:
    """
    The task with what is at its destination after a write was refused because something is; or the result, where that
    is the same object: by somebody else, or by an attempt of ours whose answer was lost.

    Raises:
        NotFound: nothing is there any more.
        S3Error: it cannot be looked at.
    """
    try:
        there = await job.dest.head_object(job.dest_bucket, task.dest_key)
    except AccessDenied:
        return _kept(task, job, "something is there that may not be looked at")
    task = task._replace(there=there)
    return await same_already(task, job) or task


def _kept(task: CopyTask, job: CopyJob, why: str) -> CopyResult:
    if job.if_exists is IfExists.FAIL:
        return failed(task, "Exists", why)
    return skipped(task, SkipReason.EXISTS, task.source.size if task.source else 0)
