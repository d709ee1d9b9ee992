"""
A harmless name for a source whose key a store would misread in part copies.
"""

from __future__ import annotations

from dataclasses import replace

from s3copy_async.copying.job import CopyJob
from s3copy_async.copying.steps import PartSource
from s3copy_async.copying.work import Folder, decodes_otherwise
from s3copy_async.errors import Unproven
from s3copy_async.model import CopyRequest
from s3copy_async.options import MAX_COPY


async def readable_source(source: PartSource, folder: Folder, job: CopyJob) -> PartSource:
    """
    The source itself, or where this store would read another key, a copy of all of it in the work area.

    Raises:
        Unproven: the source is too large for that.
        PreconditionFailed, NotFound: the source is no longer what it was.
    """
    if not decodes_otherwise(source.key) or not await job.probe.reads_twice():
        return source
    info = source.info
    if info.size > MAX_COPY:
        raise Unproven("MisreadKey", "this store misreads keys with % in part copies: rename the object first")
    answer = await job.store.copy_object(
        CopyRequest(source.bucket, source.key, info.etag, info.size, folder.bucket, folder.alias)
    )
    return replace(source, bucket=folder.bucket, key=folder.alias, info=info._replace(etag=answer.etag))
