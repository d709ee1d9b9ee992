"""
Tries out on tiny objects in the work area what a store does, and removes them again.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple, Self

from s3copy_async.errors import NotFound, ObjectRefused, PreconditionFailed, S3Error
from s3copy_async.model import CompleteRequest, CopyRequest, PartRequest
from s3copy_async.parts import multipart_etag
from s3copy_async.store import Stages

_CLEANUP: Final = 10.0
_TIMES: Final = 3
"""An experiment that one corrupted copy could spoil shows something unusual so many times before it is believed."""
_BODY: Final = b"s3copy probe"
_OTHER: Final = b"something else"
_WRONG: Final = "0" * 32
_IS_MD5: Final = re.compile(r"[0-9a-f]{32}").fullmatch


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where things are tried out: a store, and the work area in one of its buckets.
    """

    store: Stages
    bucket: str
    work_prefix: str


class Tiny(NamedTuple):
    """
    A tiny object of ours. Its ETag is no MD5 where the bucket encrypts with a key of KMS.
    """

    key: str
    etag: str


class Scene:
    """
    The objects and uploads of one experiment: removed at its end, however it ends.

    They have names of the work area, so that ``clean`` finds what a killed run left.
    """

    def __init__(self, place: Place, stem: str = "s3copy-probe-") -> None:
        self.store: Final = place.store
        self.bucket: Final = place.bucket
        # A folder of its own: another run may be finding out the same.
        self._folder = f"{place.work_prefix}{stem}{secrets.token_hex(4)}/0000000/parts/"
        self._objects: list[str] = []
        self._uploads: list[tuple[str, str]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for key, upload_id in self._uploads:
            with suppress(S3Error, TimeoutError):
                async with asyncio.timeout(_CLEANUP):
                    await self.store.abort_upload(self.bucket, key, upload_id)
        for key in self._objects:
            with suppress(S3Error, TimeoutError):
                async with asyncio.timeout(_CLEANUP):
                    await self.store.delete_object(self.bucket, key)

    def name(self, number: int) -> str:
        """
        The key of an object that is to be made; removed at the end unless `unmade`.
        """
        key = f"{self._folder}part-{number:05d}"
        self._objects.append(key)
        return key

    def unmade(self, key: str) -> None:
        """
        There is certainly nothing under `key`.
        """
        self._objects.remove(key)

    async def put(self, number: int, body: bytes = _BODY) -> Tiny:
        """
        Makes a tiny object.
        """
        key = self.name(number)
        return Tiny(key, await self.store.put_object(self.bucket, key, body))

    async def begin(self, key: str) -> str:
        """
        Begins an upload, dropped at the end unless `ended`.
        """
        upload_id = await self.store.create_upload(self.bucket, key)
        self._uploads.append((key, upload_id))
        return upload_id

    def ended(self, key: str, upload_id: str) -> None:
        """
        The upload is no longer open.
        """
        self._uploads.remove((key, upload_id))

    def part_of(self, source: Tiny, target: str, upload_id: str) -> PartRequest:
        """
        The request that copies all of a tiny object into the one part of an upload.
        """
        return PartRequest(self.bucket, source.key, source.etag, self.bucket, target, upload_id, 1)

    def copy_of(self, source: Tiny, target: str) -> CopyRequest:
        """
        The request that copies a tiny object.
        """
        return CopyRequest(self.bucket, source.key, source.etag, len(_BODY), self.bucket, target)


async def refuses_wrong_pin(place: Place) -> bool:
    """
    Whether a copy is refused when its source has another ETag than the one it is pinned to. 3 requests, else 4.

    Raises:
        S3Error: that cannot be found out.
    """
    async with Scene(place) as scene:
        source, target = await scene.put(1), scene.name(2)
        try:
            await scene.store.copy_object(scene.copy_of(source, target)._replace(source_etag=_WRONG))
        except PreconditionFailed:
            scene.unmade(target)
            return True
        return False


async def refuses_to_overwrite(place: Place) -> bool:
    """
    Whether a copy to a key that must be absent is refused when it is there. 5 requests.

    Raises:
        S3Error: that cannot be found out.
    """
    async with Scene(place) as scene:
        # Of other bytes, so that it cannot be taken for the copy after a lost answer.
        source, target = await scene.put(1), await scene.put(2, _OTHER)
        try:
            await scene.store.copy_object(scene.copy_of(source, target.key)._replace(if_absent=True))
        except PreconditionFailed:
            return True
        except ObjectRefused:
            return False
        return False


async def refuses_to_complete(place: Place) -> bool:
    """
    Whether the completion of an upload to a key that must be absent is refused when it is there. 6 requests, else 5.

    Raises:
        S3Error: that cannot be found out.
    """
    async with Scene(place) as scene:
        tiny = await scene.put(1)
        key = tiny.key
        upload_id = await scene.begin(key)
        answer = await scene.store.copy_part(scene.part_of(tiny, key, upload_id))
        # Without an ETag that was foretold, nobody looks whether it was done after all.
        request = _completion(scene, key, upload_id, answer.etag)._replace(etag=None, if_absent=True)
        try:
            await scene.store.complete_upload(request)
        except PreconditionFailed:
            return True
        except ObjectRefused:
            return False
        scene.ended(key, upload_id)
        return False


def _completion(scene: Scene, key: str, upload_id: str, etag: str) -> CompleteRequest:
    foretold = multipart_etag([etag]) if _IS_MD5(etag) else None
    return CompleteRequest(scene.bucket, key, upload_id, ((1, etag),), foretold, len(_BODY))


class Formula(Enum):
    """
    Whether the ETags of an upload are made of the MD5s of its parts. HIDDEN where encryption hides it.
    """

    HOLDS = auto()
    BROKEN = auto()
    HIDDEN = auto()


async def composes(place: Place) -> Formula:
    """
    What the ETags of an upload are made of, whose one part is copied. 6 requests; 7 where completing tells no ETag;
    more where the formula does not hold at first.

    Raises:
        S3Error: that cannot be found out.
    """
    for _ in range(_TIMES):
        found = await _composed(place)
        if found is not Formula.BROKEN:
            return found
    return Formula.BROKEN


async def _composed(place: Place) -> Formula:
    async with Scene(place) as scene:
        source, target = await scene.put(1), scene.name(2)
        upload_id = await scene.begin(target)
        part = await scene.store.copy_part(scene.part_of(source, target, upload_id))
        done = await scene.store.complete_upload(_completion(scene, target, upload_id, part.etag))
        scene.ended(target, upload_id)
        etag, opaque = done.etag, done.opaque or part.opaque
        if not etag:
            info = await scene.store.head_object(scene.bucket, target)
            etag, opaque = info.etag, opaque or info.opaque
        if opaque:
            return Formula.HIDDEN
        foretold = multipart_etag([_md5(_BODY)])
        return Formula.HOLDS if (part.etag, etag) == (_md5(_BODY), foretold) else Formula.BROKEN


async def decodes_twice(place: Place) -> bool:
    """
    Whether the source key of a part copy is decoded twice. 5 requests; more where other bytes come back at first.

    Raises:
        S3Error: that cannot be found out.
    """
    for _ in range(_TIMES):
        if (found := await _decoded_twice(place)) is not None:
            return found
    return True


async def _decoded_twice(place: Place) -> bool | None:
    """
    None where other bytes came back: those of another key, or the store's mistake.
    """
    async with Scene(place, "s3copy-probe%20") as scene:
        source = await scene.put(1)
        target = source.key.replace("%20", "-")
        upload_id = await scene.begin(target)
        try:
            answer = await scene.store.copy_part(scene.part_of(source, target, upload_id))
        except NotFound:
            return True
        return False if answer.etag == source.etag or answer.opaque else None
