"""
What two ETags say about two objects.

Source: Amazon S3 API reference, "Object" (ETag); s3-semantics: an ETag is the MD5 of the bytes unless the object was
uploaded in parts (``md5-of-md5s-N``) or is encrypted with SSE-KMS or SSE-C.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from s3copy_async.model import ObjectInfo

_MULTIPART: Final = re.compile(r"[0-9a-f]{32}-([0-9]{1,5})").fullmatch


class Verdict(Enum):
    """
    Whether two objects hold the same bytes, as far as size and ETag tell.
    """

    SAME = auto()
    DIFFERENT = auto()
    NOT_COMPARABLE = auto()


def part_count(etag: str) -> int:
    """
    The number of parts an ETag names, 0 for an object that was stored whole.
    """
    found = _MULTIPART(etag)
    return int(found[1]) if found else 0


def same(source: ObjectInfo, dest: ObjectInfo) -> bool:
    """
    Whether size and ETag prove the two equal. Two empty objects are equal, whatever their ETags.
    """
    return source.size == dest.size and (source.etag == dest.etag or source.size == 0)


def compare(source: ObjectInfo, dest: ObjectInfo) -> Verdict:
    """
    Tells "different" from "cannot be told": ETags of other layouts or encrypted objects differ for equal bytes.
    """
    if same(source, dest):
        return Verdict.SAME
    if source.size != dest.size:
        return Verdict.DIFFERENT
    if source.opaque or dest.opaque or part_count(source.etag) != part_count(dest.etag):
        return Verdict.NOT_COMPARABLE
    return Verdict.DIFFERENT
