"""
Looks up a source that only its key is known of, or its key and version.
"""

from __future__ import annotations

from typing import Final

from s3copy_async.copying.job import failed
from s3copy_async.errors import NotFound, ObjectRefused
from s3copy_async.model import CopyResult, CopyTask, ObjectInfo
from s3copy_async.store import HeadsObjects

NULL: Final = "null"
"""The version of what was stored before its bucket kept versions; a HEAD may not name it."""


async def source_of(store: HeadsObjects, bucket: str, task: CopyTask) -> ObjectInfo | CopyResult:
    """
    The source of a task, or the result where there is none. One HEAD.

    Raises:
        S3Error: it cannot be looked up.
    """
    try:
        source = await store.head_object(bucket, task.key, version=task.version)
    except NotFound as error:
        if task.version:
            return failed(task, "NoSuchVersion", "the source has no such key, or no such version of it", error.failure)
        return failed(task, "NoSuchKey", "the source has no such key", error.failure)
    except ObjectRefused as error:
        if not task.version:
            raise
        # A HEAD has no body that says more than the status.
        if error.failure.status == 405:
            return failed(task, "DeleteMarker", "this version is a delete marker, and no object", error.failure)
        return failed(task, "NoSuchVersion", f"the store does not know this version id ({error})", error.failure)
    if task.version and source.version != task.version and (task.version, source.version) != (NULL, ""):
        # It has shown the current one.
        return failed(task, "NoSuchVersion", "the store pays no regard to version ids: it keeps no versions")
    return source._replace(version=task.version) if task.version else source
