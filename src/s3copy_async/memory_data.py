"""
What the store in memory keeps, and what a test can make it do.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from s3copy_async.errors import Failure
from s3copy_async.faults import error_for
from s3copy_async.model import ObjectInfo, Pairs


def md5(body: bytes) -> str:
    """
    The MD5 of `body` in hexadecimal.
    """
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Call:
    """
    One request as the store saw it. `number` counts the requests of this operation from 1.
    """

    operation: str
    bucket: str
    key: str
    number: int


@dataclass(frozen=True, slots=True)
class Fault:
    """
    What goes wrong with a request, and whether it takes effect nevertheless (a lost answer).
    """

    code: str
    status: int = 500
    after_effect: bool = False


@dataclass(slots=True)
class StoredObject:
    """
    One object: its bytes, or only their ETag and size where bytes would be too many.
    """

    body: bytes
    etag: str
    size: int
    modified: float
    opaque: bool = False
    grants: Pairs = ()
    settings: Pairs = ()
    metadata: Pairs = ()
    sizes: tuple[int, ...] = ()


@dataclass(slots=True)
class StoredUpload:
    """
    One open upload and its parts by number.
    """

    bucket: str
    key: str
    settings: Pairs
    metadata: Pairs
    parts: dict[int, bytes] = field(default_factory=dict)
    initiated: float = 0.0


def info_of(key: str, found: StoredObject) -> ObjectInfo:
    """
    An object as a listing shows it.
    """
    return ObjectInfo(key, found.size, found.etag, found.modified)


def give(call: Call, fault: Fault | None) -> None:
    """
    Raises `fault`, if there is one, as S3 would.
    """
    if fault:
        raise error_for(Failure(call.operation, fault.code, fault.status, maybe_done=fault.after_effect))
