"""
Step 3: composes the final object out of the part objects, in an upload that is on record and can be continued.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from s3copy_async.copying.job import CopyJob
from s3copy_async.copying.steps import MadePart, Origin, begin_upload, drop_upload
from s3copy_async.copying.uploads import parts_of
from s3copy_async.copying.work import Folder, Inventory, read_record, to_record, uploads_of
from s3copy_async.errors import AccessDenied, ObjectRefused, PreconditionFailed, S3Error, Unproven, UploadGone
from s3copy_async.events import PartDone, Stage
from s3copy_async.model import CompleteRequest, CopyAnswer, ObjectInfo, Pairs, PartRequest, UploadedPart
from s3copy_async.parts import Layout

_OTHER_BYTES: Final = ("BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch")


@dataclass(frozen=True, slots=True)
class Target:
    """
    What is composed: where to, from which source, in which layout, and with which headers and metadata.

    Args:
        settings: the parameters of the upload.
        direct: the parts come straight from the source.
    """

    bucket: str
    key: str
    source: ObjectInfo
    layout: Layout
    settings: Pairs = ()
    metadata: Pairs = ()
    direct: bool = False

    @property
    def identity(self) -> dict[str, object]:
        """
        By this a recorded upload is known as one for the same work.
        """
        found = {
            "bucket": self.bucket,
            "key": self.key,
            "source_etag": self.source.etag,
            "size": self.source.size,
            "part_size": self.layout.part_size,
            "sizes": list(self.layout.sizes),
            "settings": [list(pair) for pair in self.settings + self.metadata],
        }
        return {**found, "direct": True} if self.direct else found


class Composer:
    """
    The final upload of one object. It is begun with the first part, or continued where its record is found.

    Args:
        with_less: the settings to try where the store refuses to begin an upload with those of `target`, or None.
    """

    def __init__(
        self,
        target: Target,
        folder: Folder,
        inventory: Inventory,
        job: CopyJob,
        with_less: Callable[[S3Error], Pairs | None] = lambda _: None,
    ) -> None:
        self._target = target
        self._folder = folder
        self._job = job
        self._with_less = with_less
        self._record = folder.record("upload", target.bucket, target.key)
        self._look = not inventory.known or self._record in inventory.others
        self._opening = asyncio.Lock()
        self._upload_id = ""
        self._there: dict[int, UploadedPart] = {}
        self.etags: dict[int, str] = {}
        self.checksums: dict[int, str] = {}
        self.older: list[str] = []
        self.opaque = False

    def identity(self, number: int) -> str:
        """
        What tells the bytes of a part that is in place from other bytes; empty where nothing does.
        """
        return self.checksums.get(number, "") or ("" if self.opaque else self.etags.get(number, ""))

    async def add(self, made: MadePart, *, again: bool = False) -> None:
        """
        Puts one part in its place, unless the same bytes are there from an earlier run; with `again` in any case.

        Raises:
            NotFound, PreconditionFailed: the part object is gone or was replaced.
            UploadGone: the upload was completed or aborted by somebody else.
            Unproven: the part came back as other bytes each time.
        """
        upload_id = await self._opened()
        number = made.part.number
        self.opaque = self.opaque or made.opaque
        there = self._there.get(number)
        if there and not again and made.is_in(there):
            self.etags[number], self.checksums[number] = there.etag, there.checksum
            return
        target = self._target
        origin = made.origin or Origin(self._folder.bucket, self._folder.part(number))
        request = PartRequest(
            origin.bucket, origin.key, made.etag, target.bucket, target.key, upload_id, number,
            origin.start, origin.stop, origin.version,
        )  # fmt: skip
        for _ in range(self._job.limits.retries + 1):
            answer = await self._job.store.copy_part(request)
            if made.matches(answer):
                self.opaque = self.opaque or answer.opaque
                self.etags[number], self.checksums[number] = answer.etag, answer.checksum
                self._job.emit(PartDone(target.source.key, number, Stage.COMPOSED, made.part.size))
                return
        raise Unproven("WrongETag", f"part {number} came back with other bytes each time; run again")

    async def _opened(self) -> str:
        async with self._opening:
            if not self._upload_id and self._look:
                self._look = False
                await self._continue()
            if not self._upload_id:
                await self._begin()
        return self._upload_id

    async def _continue(self) -> None:
        record = await read_record(self._job.store, self._folder.bucket, self._record)
        if not (uploads := uploads_of(record)):
            return
        if record.get("target") != self._target.identity:
            # Another layout or other headers: what is still open of it stays on the record that replaces this one.
            self.older = await self._open_of(uploads)
            return
        upload_id, *self.older = uploads
        try:
            self._there = await parts_of(self._job.store, self._target.bucket, self._target.key, upload_id)
        except UploadGone:
            return
        self._upload_id = upload_id

    async def _open_of(self, uploads: list[str]) -> list[str]:
        """
        Those of the uploads that cannot be ended.
        """
        return [one for one in uploads if not await self._dropped(one)]

    async def _forget(self) -> None:
        """
        Ends what was given up, and removes the record unless it is the only way to find an upload that is still open.
        """
        self.older = await self._open_of(self.older)
        if not self.older:
            await self._job.tidy(self._folder.bucket, self._record)

    async def _dropped(self, upload_id: str) -> bool:
        return await drop_upload(self._job, self._target.bucket, self._target.key, upload_id)

    async def _begin(self) -> None:
        target, job = self._target, self._job
        upload_id = await self._begun(target.settings)
        record = to_record(upload_id=upload_id, target=target.identity, older=self.older)
        try:
            await job.store.put_object(self._folder.bucket, self._record, record)
        except BaseException:
            # Not on record, nobody would find it again.
            await drop_upload(job, target.bucket, target.key, upload_id)
            raise
        self._upload_id = upload_id

    async def _begun(self, settings: Pairs) -> str:
        target = self._target
        while True:
            try:
                return await begin_upload(self._job, target.bucket, target.key, settings, target.metadata)
            except (AccessDenied, ObjectRefused) as error:
                less = self._with_less(error)
                if less is None:
                    raise
                settings = less

    async def complete(self, foretold: str | None, checksum: str = "", *, if_absent: bool = False) -> CopyAnswer:
        """
        Makes the object visible, and compares its ETag with the `foretold` one. Given a `checksum` of the full object,
        S3 itself refuses another whole.

        Raises:
            UploadGone: somebody else ended the upload, and the object is not what it should be.
            PreconditionFailed: with `if_absent`, something is there already.
            Unproven: the object became visible with another ETag, or S3 refused the whole.
        """
        target = self._target
        upload_id = await self._opened()
        parts = tuple(sorted(self.etags.items()))
        request = CompleteRequest(
            target.bucket, target.key, upload_id, parts, foretold, target.layout.size, checksum, if_absent
        )
        try:
            answer = await self._job.store.complete_upload(request)
        except PreconditionFailed:
            await self.drop()
            raise
        except ObjectRefused as error:
            if error.code not in _OTHER_BYTES:
                raise
            await self.drop()
            raise Unproven("WrongChecksum", f"S3 refused the composed object ({error.code}); run again") from error
        if not answer.etag:
            info: ObjectInfo = await self._job.store.head_object(target.bucket, target.key)
            answer = CopyAnswer(info.etag, info.opaque)
        if foretold is not None and answer.etag != foretold and not answer.opaque:
            raise Unproven("WrongETag", f"the object has ETag {answer.etag}, and {foretold} was foretold; run again")
        await self._forget()
        return answer

    async def drop(self) -> None:
        """
        Gives the upload up: its parts or its layout are wrong.
        """
        if self._upload_id:
            self.older.append(self._upload_id)
            await self._forget()
        self._upload_id = ""
        self._there = {}
        self.etags = {}
        self.checksums = {}
