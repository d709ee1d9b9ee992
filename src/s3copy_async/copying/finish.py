"""
What remains to be done when an object has been composed: note what a later run could not see, and tidy up.
"""

from __future__ import annotations

from contextlib import aclosing, suppress
from dataclasses import dataclass

from s3copy_async.copying.job import CopyJob
from s3copy_async.copying.lanes import in_lanes
from s3copy_async.copying.uploads import open_uploads
from s3copy_async.copying.work import Folder, Inventory, read_record, to_record
from s3copy_async.errors import S3Error
from s3copy_async.model import CopyTask, ObjectInfo
from s3copy_async.parts import Layout
from s3copy_async.store import ReadsObjects


@dataclass(frozen=True, slots=True)
class Finished:
    """
    An object that is at its destination.

    Args:
        etag: of the destination.
        direct: there are no temp and part objects.
    """

    source: ObjectInfo
    layout: Layout
    dest_key: str
    etag: str
    direct: bool = False


async def done_on_record(task: CopyTask, source: ObjectInfo, job: CopyJob) -> bool:
    """
    Whether a record says that the destination is the copy of this version, although its ETag cannot be equal.

    Raises:
        S3Error: the record may be there, but cannot be read.
    """
    there = task.there
    if there is None or there.size != source.size:
        return False
    folder = Folder.of(job.parts.work_bucket or job.dest_bucket, job.parts.work_prefix, source)
    return await recorded(job.store, folder, source, job.dest_bucket, there)


async def recorded(store: ReadsObjects, folder: Folder, source: ObjectInfo, bucket: str, there: ObjectInfo) -> bool:
    """
    Whether the folder of `source` has a record that `there` in `bucket` is its copy.

    Raises:
        S3Error: the record may be there, but cannot be read.
    """
    record = await read_record(store, folder.bucket, folder.record("done", bucket, there.key))
    found = (record.get("source_etag"), record.get("size"), record.get("dest_etag"))
    return found == (source.etag, source.size, there.etag)


async def finish(done: Finished, folder: Folder, inventory: Inventory, job: CopyJob) -> None:
    """
    Records a copy whose ETag cannot equal its source's, and removes what is not to be kept.

    Raises:
        S3Error: the record cannot be written.
    """
    if done.etag != done.source.etag:
        key = folder.record("done", job.dest_bucket, done.dest_key)
        record = to_record(
            source_etag=done.source.etag, size=done.source.size, dest_etag=done.etag, dest_key=done.dest_key
        )
        await job.store.put_object(folder.bucket, key, record)
    if done.direct:
        return
    if not job.parts.keep:
        await _remove_parts(done.layout, folder, inventory, job)
    await _drop_leftovers(folder, job)


async def _remove_parts(layout: Layout, folder: Folder, inventory: Inventory, job: CopyJob) -> None:
    keys = [folder.part(part.number) for part in layout.parts()]
    keys += [found.key for found in (*inventory.temps.values(), *inventory.parts.values())]

    async def remove(key: str) -> None:
        await job.tidy(folder.bucket, key)

    await in_lanes(iter(dict.fromkeys(keys)), remove, job.lanes, lambda: False)


async def _drop_leftovers(folder: Folder, job: CopyJob) -> None:
    """
    Uploads of temp objects that a killed run left open. Their names are ours alone.
    """
    with suppress(S3Error):
        async with aclosing(open_uploads(job.store, folder.bucket, folder.prefix)) as uploads:
            async for upload in uploads:
                if folder.is_temp(upload.key):
                    with suppress(S3Error):
                        await job.store.abort_upload(folder.bucket, upload.key, upload.upload_id)
