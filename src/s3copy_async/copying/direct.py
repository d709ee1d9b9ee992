"""
Copies parts straight from the source into the final upload: no temp and part objects, and nothing that proves a part
by itself. The whole proves them.
"""

from __future__ import annotations

import asyncio
from typing import Final

from s3copy_async.copying.steps import MadePart, Origin, PartSource
from s3copy_async.errors import FatalError, S3Error
from s3copy_async.events import Emit, Notice
from s3copy_async.options import Multipart
from s3copy_async.parts import Part
from s3copy_async.store import KnowsBuckets


class DirectMaker:
    """
    Stands where `steps.PartMaker` stands for copies in steps: each part is a range of the source.
    """

    def __init__(self, source: PartSource, *, opaque: bool = False) -> None:
        self._source = source
        self._opaque = opaque or source.info.opaque

    async def make(self, part: Part, *, fresh: bool = False) -> MadePart:
        """
        The part as a range of the pinned source.
        """
        source = self._source
        start, stop = (part.start, part.stop) if source.ranged else (0, 0)
        origin = Origin(source.bucket, source.key, start, stop, source.info.version)
        return MadePart(part, source.info.etag, None, opaque=self._opaque, origin=origin)

    async def proven(self, part: Part) -> MadePart | None:
        """
        There are no part objects that an earlier run could have left.
        """


class Direct:
    """
    Whether copies in parts go straight into the final upload. Asks about the bucket at most once.
    """

    _HARM: Final = (
        ("has_versions", "keeps versions, so that removed temp objects would stay as such"),
        ("has_lock", "locks objects, so that temp objects could not be removed"),
        ("has_replication", "is replicated, so that temp objects would be copied there too"),
    )

    def __init__(self, store: KnowsBuckets, bucket: str, method: Multipart, emit: Emit) -> None:
        self._store = store
        self._bucket = bucket
        self._method = method
        self._emit = emit
        self._answer: bool | None = None
        self._asking = asyncio.Lock()

    async def __call__(self) -> bool:
        """
        True for `Multipart.DIRECT`, and for `Multipart.AUTO` where temp objects would do harm, which is said once.

        Raises:
            FatalError: the run cannot go on.
        """
        if self._method is not Multipart.AUTO:
            return self._method is Multipart.DIRECT
        async with self._asking:
            if self._answer is None:
                self._answer = await self._harmed()
        return self._answer

    async def _harmed(self) -> bool:
        for question, why in self._HARM:
            try:
                yes = await getattr(self._store, question)(self._bucket)
            except FatalError:
                raise
            except S3Error as error:
                words = f"--multipart auto: s3://{self._bucket} cannot be asked whether it {why.split()[0]} ({error})"
                self._emit(Notice(words, warning=False))
                continue
            if yes:
                self._emit(Notice(f"s3://{self._bucket} {why}: copying parts directly"))
                return True
        return False
