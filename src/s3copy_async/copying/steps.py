"""
Takes one part through its first two steps: a temp object of the source's bytes, then a part object of its own MD5.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from s3copy_async.copying.job import CopyJob
from s3copy_async.copying.work import MD5, Folder, Inventory, is_marked, marks
from s3copy_async.errors import AccessDenied, NotFound, ObjectRefused, PreconditionFailed, S3Error, Unproven, UploadGone
from s3copy_async.events import PartDone, PartFailed, Stage
from s3copy_async.model import (
    CompleteRequest,
    CopyAnswer,
    CopyRequest,
    ObjectInfo,
    Pairs,
    PartRequest,
    UploadedPart,
)
from s3copy_async.parts import Part, multipart_etag

_CLEANUP: Final = 10.0
_IS_MD5: Final = re.compile(r"[0-9a-f]{32}").fullmatch


def contradict(one: str, other: str) -> bool:
    """
    Whether two checksums of the same algorithm differ. Of different ones, or where one is missing, nothing is known.
    """
    return bool(one and other) and one.partition(":")[0] == other.partition(":")[0] and one != other


@dataclass(frozen=True, slots=True)
class Origin:
    """
    Where the bytes of a part are copied from: `start` up to `stop` of an object, or all of it where `stop` is 0.
    """

    bucket: str
    key: str
    start: int = 0
    stop: int = 0
    version: str = ""


@dataclass(frozen=True, slots=True)
class MadePart:
    """
    A part that is ready to be put in its place.

    Args:
        etag: of the part object, or of the source; pins it.
        md5: of its bytes, None where no answer told.
        opaque: ETags say nothing, because of the encryption.
        checksum: of its bytes, empty where no answer told.
        origin: the source itself; None where the part is an object of its own.
    """

    part: Part
    etag: str
    md5: str | None
    opaque: bool = False
    checksum: str = ""
    origin: Origin | None = None

    def is_in(self, there: UploadedPart) -> bool:
        """
        Whether an earlier run has put these bytes in their place.
        """
        if there.size != self.part.size:
            return False
        # Straight from the pinned source there is nothing to compare with; the whole will tell.
        return self.origin is not None or (self.md5 is not None and there.etag == self.md5)

    def matches(self, answer: CopyAnswer) -> bool:
        """
        Whether a copy of this part came back as the same bytes, as far as can be told.
        """
        if self.origin is not None:
            return True
        if contradict(self.checksum, answer.checksum):
            return False
        if self.opaque or answer.opaque:
            return True
        if self.md5 is not None:
            return answer.etag == self.md5
        # A store that keeps the ETag of a one-part object when it is copied (Ceph).
        return answer.etag == self.etag or (bool(_IS_MD5(answer.etag)) and multipart_etag([answer.etag]) == self.etag)


@dataclass(frozen=True, slots=True)
class PartSource:
    """
    Where the bytes come from.

    Args:
        bucket, key: the source, or its copy under a harmless name.
        ranged: False where the whole source is one part: S3 takes no range of small objects.
    """

    bucket: str
    key: str
    info: ObjectInfo
    ranged: bool


@dataclass(frozen=True, slots=True)
class _Temp:
    """
    A durable temp object; its `md5` is known only to the run that made it, and `left` is what an earlier one made.
    """

    etag: str
    md5: str | None
    opaque: bool = False
    checksum: str = ""
    left: bool = False

    def copied_as(self, part: Part, answer: CopyAnswer) -> MadePart | None:
        """
        The part object that a copy of this made, or None where the two disagree.
        """
        if contradict(self.checksum, answer.checksum):
            return None
        if self.opaque or answer.opaque:
            return MadePart(part, answer.etag, None, opaque=True, checksum=answer.checksum)
        md5 = self.md5
        if md5 is None and _IS_MD5(answer.etag):
            md5 = answer.etag
        if md5 is not None and multipart_etag([md5]) != self.etag:
            return None
        # S3 computes the part's MD5 anew; Ceph keeps the ETag of the one-part object, and its formula is the proof.
        if answer.etag not in (md5, self.etag):
            return None
        return MadePart(part, answer.etag, md5, checksum=answer.checksum)


@dataclass(frozen=True, slots=True)
class PartWishes:
    """
    Args:
        settings: of all temp and part objects, as botocore's parameters.
        opaque: their ETags say nothing.
    """

    settings: Pairs = ()
    opaque: bool = False


class PartMaker:
    """
    Makes the part objects of one source object, or finds those that an earlier run made.

    Args:
        wishes: how all that is made here is to be.
    """

    def __init__(
        self, source: PartSource, folder: Folder, inventory: Inventory, job: CopyJob, wishes: PartWishes = PartWishes()
    ) -> None:
        self._source = source
        self._folder = folder
        self._inventory = inventory
        self._job = job
        self._settings = wishes.settings
        self._opaque = wishes.opaque

    @property
    def _simple(self) -> Pairs:
        """
        The settings that a simple object takes: it gets its checksum's type from S3.
        """
        return tuple(pair for pair in self._settings if pair[0] != "ChecksumType")

    async def make(self, part: Part, *, fresh: bool = False) -> MadePart:
        """
        The part object of `part`, made unless a proven one is there; with `fresh` made in any case.

        Raises:
            PreconditionFailed, NotFound: the source is no longer what it was.
            Unproven: the steps disagreed each time.
        """
        if not fresh and (made := await self.proven(part)):
            return made
        for attempt in range(self._job.limits.retries + 1):
            temp = None if fresh or attempt else await self._left_temp(part)
            temp = temp or await self._make_temp(part)
            if temp and (made := await self._make_part(part, temp)):
                if not self._job.parts.keep:
                    await self._job.tidy(self._folder.bucket, self._folder.temp(part.number))
                return made
            reason = "its temp and part object disagree, or were taken away"
            self._job.emit(PartFailed(self._source.info.key, part.number, reason))
        raise Unproven("WrongETag", f"part {part.number}: temp and part object disagree each time; run again")

    async def proven(self, part: Part) -> MadePart | None:
        """
        A part object of an earlier run, if its metadata say that it is these bytes of this version of the source.
        """
        found = self._inventory.parts.get(part.number)
        if self._inventory.known and (found is None or found.size != part.size):
            return None
        try:
            head = await self._job.store.head_details(self._folder.bucket, self._folder.part(part.number))
        except S3Error:
            return None
        info = head.info
        if info.size != part.size or not is_marked(head.metadata, self._source.info, part):
            return None
        if info.opaque or self._opaque:
            return MadePart(part, info.etag, None, opaque=True, checksum=info.checksum)
        md5 = dict(head.metadata).get(MD5)
        if md5 is None:
            md5 = info.etag if _IS_MD5(info.etag) else None
        elif info.etag not in (md5, multipart_etag([md5])):
            return None
        return MadePart(part, info.etag, md5, checksum=info.checksum)

    async def _left_temp(self, part: Part) -> _Temp | None:
        found = self._inventory.temps.get(part.number)
        if self._inventory.known and (found is None or found.size != part.size):
            return None
        try:
            head = await self._job.store.head_details(self._folder.bucket, self._folder.temp(part.number))
        except S3Error:
            return None
        if head.info.size != part.size or not is_marked(head.metadata, self._source.info, part):
            return None
        opaque = head.info.opaque or self._opaque
        return _Temp(head.info.etag, None, opaque=opaque, checksum=head.info.checksum, left=True)

    async def _make_temp(self, part: Part) -> _Temp | None:
        """
        Step 1: a multipart object of one part. Its ETag is the MD5 of the part's MD5, so it holds the part's MD5 safe.

        None where somebody else ended the upload.
        """
        store, bucket, key = self._job.store, self._folder.bucket, self._folder.temp(part.number)
        source = self._source
        upload_id = await begin_upload(self._job, bucket, key, self._settings, marks(source.info, part))
        try:
            start, stop = (part.start, part.stop) if source.ranged else (0, 0)
            answer = await store.copy_part(
                PartRequest(
                    source.bucket,
                    source.key,
                    source.info.etag,
                    bucket,
                    key,
                    upload_id,
                    1,
                    start,
                    stop,
                    source.info.version,
                )
            )
            opaque = answer.opaque or self._opaque
            md5 = answer.etag if _IS_MD5(answer.etag) and not opaque else None
            foretold = multipart_etag([md5]) if md5 else None
            request = CompleteRequest(bucket, key, upload_id, ((1, answer.etag),), foretold, part.size)
            done = await store.complete_upload(request)
        except UploadGone:
            return None
        except BaseException:
            await drop_upload(self._job, bucket, key, upload_id)
            raise
        if not done.etag:
            info = await store.head_object(bucket, key)
            done = CopyAnswer(info.etag, info.opaque)
        self._job.emit(PartDone(source.info.key, part.number, Stage.TEMP, part.size))
        return _Temp(done.etag, md5, opaque=done.opaque or opaque, checksum=answer.checksum)

    async def _make_part(self, part: Part, temp: _Temp) -> MadePart | None:
        """
        Step 2: a simple object, whose ETag S3 computes anew from the bytes that the temp object holds.
        """
        folder, source = self._folder, self._source.info
        request = CopyRequest(
            folder.bucket, folder.temp(part.number), temp.etag, part.size, folder.bucket, folder.part(part.number),
            (), marks(source, part, temp.md5), self._simple,
        )  # fmt: skip
        try:
            answer = await self._job.store.copy_object(request)
        except (NotFound, PreconditionFailed):
            # Another run cleaned the temp object away, or replaced it: made again.
            return None
        except (AccessDenied, ObjectRefused):
            if not temp.left:
                raise
            # Encrypted as this run would not do it: Ceph copies no such object, and S3 wants the right to decrypt it.
            return None
        made = temp.copied_as(part, answer)
        if made is None:
            return None
        self._job.emit(PartDone(source.key, part.number, Stage.PART, part.size))
        return made


async def begin_upload(job: CopyJob, bucket: str, key: str, settings: Pairs, metadata: Pairs) -> str:
    """
    Begins an upload. When this task is cancelled before the answer is there, the upload is dropped once it is.
    """
    creating = asyncio.ensure_future(job.store.create_upload(bucket, key, settings, metadata))
    try:
        return await asyncio.shield(creating)
    except asyncio.CancelledError:
        with suppress(S3Error, TimeoutError):
            async with asyncio.timeout(_CLEANUP):
                await drop_upload(job, bucket, key, await creating)
        raise


async def drop_upload(job: CopyJob, bucket: str, key: str, upload_id: str) -> bool:
    """
    Aborts an upload of ours, also while this task is being cancelled, and never for longer than a few seconds.

    Returns whether it is gone.
    """
    cleanup = asyncio.ensure_future(job.store.abort_upload(bucket, key, upload_id))
    try:
        async with asyncio.timeout(_CLEANUP):
            await asyncio.shield(cleanup)
    except (S3Error, TimeoutError):
        cleanup.cancel()
        return False
    except asyncio.CancelledError:
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(cleanup, return_exceptions=True), _CLEANUP)
        raise
    return True
