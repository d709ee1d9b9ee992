"""
Chooses how an object is copied.
"""

from __future__ import annotations

from enum import Enum, auto

from s3copy_async.etag import part_count
from s3copy_async.model import ObjectInfo


class Method(Enum):
    """
    The ways to copy an object.
    """

    WHOLE = auto()
    PARTS = auto()


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
