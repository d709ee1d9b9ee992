"""
Finds what copies in parts left in a work area, and removes it when asked. Nothing else is ever touched.

An object is ours when its name has the form of the work area; an upload is ours when its key has, or when one of our
records names it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from s3copy_async.copying.lanes import LanePool, in_lanes
from s3copy_async.copying.uploads import open_uploads
from s3copy_async.copying.work import read_record, uploads_of
from s3copy_async.errors import FatalError, Interrupted, S3Error, UploadGone
from s3copy_async.events import Emit, LeftoverFound, LeftoverRemoved, ObjectDone, UploadFound
from s3copy_async.keys import WorkArea, key_problem
from s3copy_async.listing import pages
from s3copy_async.model import CopyResult, ObjectInfo, OpenUpload, Outcome
from s3copy_async.options import CleanOptions
from s3copy_async.store import Stages
from s3copy_async.text import shown
from s3copy_async.uri import is_bucket

_RECORD: Final = "s3copy-upload-"


@dataclass(slots=True)
class _Folder:
    """
    The objects of one version of one source object.
    """

    prefix: str
    objects: list[ObjectInfo] = field(default_factory=list)

    @property
    def newest(self) -> float:
        return max((found.modified for found in self.objects), default=0.0)


class Cleaner:
    """
    Goes through a work area, one folder after the other.

    Args:
        bucket: that keeps the work area.
        clock: seconds since the epoch, injected for tests.
    """

    def __init__(
        self,
        store: Stages,
        bucket: str,
        work: WorkArea,
        options: CleanOptions,
        lanes: LanePool,
        emit: Emit,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._work = work
        self._options = options
        self._lanes = lanes
        self._emit = emit
        self._clock = clock

    async def clean(self, path: str, stopping: Callable[[], bool]) -> None:
        """
        Shows, and with ``remove`` removes, what belongs to source keys that are `path` or lie below it.

        Raises:
            FatalError: the work area cannot be listed.
        """
        prefix = self._work.prefix + (path.rstrip("/") + "/" if path else "")
        try:
            async with aclosing(self._folders(prefix)) as folders:
                async for folder in folders:
                    if stopping():
                        return
                    await self._one(folder, stopping)
            await self._temp_uploads(prefix, stopping)
        except Interrupted:
            return
        except FatalError:
            raise
        except S3Error as error:
            where = f"s3://{self._bucket}/{shown(prefix)}"
            raise FatalError(f"the work area {where} cannot be listed ({error}): ask for s3:ListBucket") from error

    def _is_old(self, moment: float) -> bool:
        return self._clock() - moment >= self._options.older_than

    async def _folders(self, prefix: str) -> AsyncGenerator[_Folder, None]:
        folder: _Folder | None = None
        async with aclosing(pages(self._store, self._bucket, prefix)) as listing:
            async for page in listing:
                for found in page.objects:
                    if found.key not in self._work:
                        continue
                    home = found.key.rpartition("/")[0] + "/"
                    if folder is None or folder.prefix != home:
                        if folder:
                            yield folder
                        folder = _Folder(home)
                    folder.objects.append(found)
        if folder:
            yield folder

    async def _one(self, folder: _Folder, stopping: Callable[[], bool]) -> None:
        if not self._is_old(folder.newest):
            return
        nbytes = sum(found.size for found in folder.objects)
        self._emit(LeftoverFound(folder.prefix, len(folder.objects), nbytes, self._clock() - folder.newest))
        keys = [found.key for found in folder.objects]
        for record in [key for key in keys if key.rpartition("/")[2].startswith(_RECORD)]:
            if not await self._recorded_upload(record):
                # Without its record nobody would find the upload again.
                keys.remove(record)
        if self._options.remove:
            await in_lanes(iter(keys), self._remove, self._lanes, stopping)

    async def _remove(self, key: str) -> None:
        try:
            await self._store.delete_object(self._bucket, key)
        except FatalError:
            raise
        except S3Error as error:
            self._failed(key, error)
        else:
            self._emit(LeftoverRemoved(key))

    def _failed(self, key: str, error: S3Error) -> None:
        failure = error.failure
        result = CopyResult(key, key, 0, Outcome.FAILED, str(error), error.code)
        self._emit(ObjectDone(result._replace(request_id=failure.request_id, extended_id=failure.extended_id)))

    async def _recorded_upload(self, record: str) -> bool:
        """
        Ends the upload that a record names; returns whether it is not open any more, as far as was asked for.
        """
        try:
            found = await read_record(self._store, self._bucket, record)
        except FatalError:
            raise
        except S3Error as error:
            self._failed(record, error)
            return False
        target = found.get("target")
        if not isinstance(target, dict):
            return True
        bucket, key = target.get("bucket"), target.get("key")
        if not isinstance(bucket, str) or not isinstance(key, str) or key_problem(key) or not is_bucket(bucket):
            return True
        ended = [await self._end_if_open(bucket, OpenUpload(key, one)) for one in uploads_of(found)]
        return all(ended)

    async def _end_if_open(self, bucket: str, upload: OpenUpload) -> bool:
        try:
            await self._store.list_parts(bucket, upload.key, upload.upload_id)
        except UploadGone:
            return True
        except FatalError:
            raise
        except S3Error as error:
            self._failed(upload.key, error)
            return False
        return await self._end_upload(bucket, upload)

    async def _temp_uploads(self, prefix: str, stopping: Callable[[], bool]) -> None:
        async with aclosing(open_uploads(self._store, self._bucket, prefix)) as uploads:
            async for upload in uploads:
                if stopping():
                    return
                if upload.key in self._work and self._is_old(upload.initiated):
                    await self._end_upload(self._bucket, upload)

    async def _end_upload(self, bucket: str, upload: OpenUpload) -> bool:
        self._emit(UploadFound(bucket, upload.key, upload.upload_id))
        if not self._options.remove:
            return True
        try:
            await self._store.abort_upload(bucket, upload.key, upload.upload_id)
        except FatalError:
            raise
        except S3Error as error:
            self._failed(upload.key, error)
            return False
        return True
