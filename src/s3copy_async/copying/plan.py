"""
Chooses how an object is copied.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from s3copy_async.etag import part_count
from s3copy_async.model import ObjectInfo
from s3copy_async.options import Multipart, PartOptions
from s3copy_async.parts import DEFAULT_PART, MAX_PARTS, planned

_AROUND_DIRECT: Final = 9
_AROUND_STAGED: Final = 10


class Method(Enum):
    """
    The ways to copy an object.
    """

    WHOLE = auto()
    PARTS = auto()


NO_PARTS: Final = "nothing is copied in parts to or by way of a directory bucket, and S3 copies at most 5 GiB at once"


def request_count(source: ObjectInfo, large_file: int, options: PartOptions) -> int:
    """
    About how many requests a fresh copy takes: five for a part, or one where parts are copied directly, and some around
    them: more for uneven parts, fewer for an object without a layout of its own.
    """
    if plan(source, large_file) is Method.WHOLE:
        return 1
    own = part_count(source.etag) if options.size is None else 0
    parts = min(own or max(1, -(-source.size // (options.size or DEFAULT_PART))), MAX_PARTS)
    return parts + _AROUND_DIRECT if options.method is Multipart.DIRECT else 5 * parts + _AROUND_STAGED


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
