"""
Finds out how a source object is cut into parts, with as few requests as will do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from s3copy_async.copying.lanes import LanePool, in_lanes
from s3copy_async.crc import algorithm_of
from s3copy_async.errors import ObjectRefused, S3Error, Unproven
from s3copy_async.etag import part_count
from s3copy_async.model import Head, ObjectInfo
from s3copy_async.parts import DEFAULT_PART, Layout, guessed, planned, uneven, uniform
from s3copy_async.store import HeadsDetails

_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Shape:
    """
    Args:
        head: the source's headers, metadata and checksum.
        own: the layout is the source's own, as far as is known, so that the ETags should become equal.
        exact: every part was asked for: the layout is certain.
    """

    head: Head
    layout: Layout
    own: bool = False
    exact: bool = False

    @property
    def algorithm(self) -> str:
        """
        The algorithm of the source's full-object checksum, empty where it has none.
        """
        return algorithm_of(self.head.info.checksum)


async def read_shape(store: HeadsDetails, bucket: str, source: ObjectInfo, part_size: int | None) -> Shape:
    """
    The layout for copying `source`: its own where the store tells it, `part_size` where that is given, else 64 MiB.

    One request for headers and checksum, two more for a source of even parts; none of them reads data.

    Raises:
        Unproven: the object cannot be held in such parts.
        S3Error: the source cannot be looked up.
    """
    head = await store.head_details(bucket, source.key, version=source.version)
    count = part_count(source.etag)
    if part_size is not None or not count:
        try:
            return Shape(head, planned(source.size, part_size or DEFAULT_PART))
        except ValueError as error:
            raise Unproven("CannotFit", str(error)) from None
    head = await _with_first_part(store, bucket, source, head)
    if head.parts != count or not head.part_size:
        guess = guessed(source.size, count)
        return Shape(head, guess, own=True) if guess else Shape(head, planned(source.size, DEFAULT_PART))
    layout = uniform(source.size, head.part_size, count)
    if layout is not None and count > 2:
        last = await store.head_details(bucket, source.key, count, version=source.version)
        if last.part_size != source.size - head.part_size * (count - 1):
            layout = None
    if layout is None:
        return await asked(store, bucket, source, head)
    return Shape(head, layout, own=True, exact=count <= 2)


async def _with_first_part(store: HeadsDetails, bucket: str, source: ObjectInfo, head: Head) -> Head:
    try:
        first = await store.head_details(bucket, source.key, 1, version=source.version)
    except ObjectRefused:
        # A store that knows no part numbers.
        return head
    return replace(head, parts=first.parts, part_size=first.part_size)


async def asked(store: HeadsDetails, bucket: str, source: ObjectInfo, head: Head) -> Shape:
    """
    The layout of uneven parts, each of them asked for, some at a time.

    Raises:
        S3Error: a part cannot be looked up.
    """
    count = part_count(source.etag)
    sizes = [0] * count

    async def look(number: int) -> None:
        found = await store.head_details(bucket, source.key, number, version=source.version)
        sizes[number - 1] = found.part_size

    await in_lanes(iter(range(1, count + 1)), look, LanePool(_AT_ONCE), lambda: False)
    layout = uneven(sizes)
    if layout.size != source.size:
        return Shape(head, planned(source.size, DEFAULT_PART))
    return Shape(head, layout, own=True, exact=True)


async def certain(store: HeadsDetails, bucket: str, source: ObjectInfo, shape: Shape) -> Shape | None:
    """
    A better layout after the ETag disagreed with the first one; None where there is nothing better to know.
    """
    if shape.exact or not shape.own or shape.head.parts != part_count(source.etag):
        return None
    try:
        better = await asked(store, bucket, source, shape.head)
    except S3Error:
        return None
    return better if list(better.layout.parts()) != list(shape.layout.parts()) else None
