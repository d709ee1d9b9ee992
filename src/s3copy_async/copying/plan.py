"""
Chooses how an object is copied.
"""

from __future__ import annotations

from enum import Enum, auto

from s3copy_async.etag import part_count
from s3copy_async.model import ObjectInfo
from s3copy_async.parts import DEFAULT_PART, MAX_PARTS, planned


class Method(Enum):
    """
    The ways to copy an object.
    """

    WHOLE = auto()
    PARTS = auto()


def request_count(source: ObjectInfo, large_file: int, part_size: int | None) -> int:
    """
    About how many requests a fresh copy takes: five for a part, and some around them.
    """
    if plan(source, large_file) is Method.WHOLE:
        return 1
    own = part_count(source.etag) if part_size is None else 0
    parts = own or max(1, -(-source.size // (part_size or DEFAULT_PART)))
    return 5 * min(parts, MAX_PARTS) + 8


def cannot_fit(source: ObjectInfo, large_file: int, part_size: int | None) -> str | None:
    """
    Why S3 cannot hold a copy in parts of that size, or None.
    """
    if plan(source, large_file) is Method.WHOLE:
        return None
    try:
        planned(source.size, part_size or DEFAULT_PART)
    except ValueError as error:
        return str(error)
    return None


def plan(source: ObjectInfo, large_file: int) -> Method:
    """
    WHOLE for what one CopyObject copies with an equal ETag; PARTS for every multipart object and for what is larger
    than `large_file` bytes. An empty object is always copied whole: it has no parts that could be copied.
    """
    if source.size == 0:
        return Method.WHOLE
    if source.size > large_file or part_count(source.etag):
        return Method.PARTS
    return Method.WHOLE
