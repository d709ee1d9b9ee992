"""
What a run would do with one object, without doing it.
"""

from __future__ import annotations

from s3copy_async.columns import Columns
from s3copy_async.copying.exists import in_the_way
from s3copy_async.copying.job import CopyJob, failed, refused
from s3copy_async.copying.one import settle
from s3copy_async.copying.plan import request_count
from s3copy_async.errors import FatalError, S3Error
from s3copy_async.events import Planned
from s3copy_async.faults import ARCHIVE_CLASSES
from s3copy_async.model import CopyResult, CopyTask, ObjectInfo


def is_plain(objects: Columns, job: CopyJob) -> bool:
    """
    Whether all of these would be copied whole and without a note, if nothing is at their destinations.
    """
    if not objects.keys:
        return True
    return (
        max(objects.sizes) <= job.limits.large_file
        and not set(ARCHIVE_CLASSES).intersection(objects.classes)
        and "-" not in "".join(objects.etags)  # as those of multipart objects have
    )


async def plan_one(task: CopyTask, job: CopyJob) -> Planned | CopyResult:
    """
    The copy that would be made, or the result where there is nothing to do.

    Raises:
        FatalError: the whole run cannot go on.
    """
    try:
        settled = await settle(task, job)
        if isinstance(settled, CopyResult):
            return settled
        source = settled.source
        assert source is not None  # settled tasks know their source
        if problem := job.cannot_fit(source):
            return failed(settled, "CannotFit", problem)
        if kept := in_the_way(settled, job):
            return kept
    except FatalError:
        raise
    except S3Error as error:
        return refused(task, error)
    requests = request_count(source, job.limits.large_file, job.parts) if job.splits else 1
    return Planned(task.key, task.dest_key, source.size, requests, _note(source, job))


def _note(source: ObjectInfo, job: CopyJob) -> str:
    if source.storage_class not in ARCHIVE_CLASSES:
        return ""
    words = "needs a restore, unless one is active"
    job.say_once(f"some objects are archived ({', '.join(ARCHIVE_CLASSES)}): each {words}")
    return f"archived: {words}"
