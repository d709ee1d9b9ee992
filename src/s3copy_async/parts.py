"""
Part layouts: pure maths under S3's limits.

Source: Amazon S3 user guide, "Amazon S3 multipart upload limits" (parts 1 to 10,000 of 5 MiB to 5 GiB, the last of any
size), and API reference, "UploadPartCopy".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

MIB: Final = 1024**2
MIN_PART: Final = 5 * MIB
MAX_PART: Final = 5 * 1024**3
MAX_PARTS: Final = 10_000
MAX_OBJECT: Final = MAX_PARTS * MAX_PART
"""48.8 TiB: 53,687,091,200,000 bytes."""
DEFAULT_PART: Final = 64 * MIB
_COMMON: Final = tuple(size * MIB for size in (8, 16, 64, 5, 32, 128, 10, 15, 20, 25, 50, 100, 256, 512, 1000, 1024))


class Part(NamedTuple):
    """
    One part: its number from 1, and its bytes from `start` up to but not including `stop`.
    """

    number: int
    start: int
    stop: int

    @property
    def size(self) -> int:
        """
        Bytes.
        """
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Layout:
    """
    How an object of `size` bytes is cut: every part has `part_size` bytes but the last, or each has its own of `sizes`.
    """

    size: int
    part_size: int
    sizes: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """
        Number of parts, at least 1.
        """
        return len(self.sizes) or max(1, -(-self.size // self.part_size))

    def parts(self) -> Iterator[Part]:
        """
        Every part in order; together they are the object, without gap or overlap.
        """
        start = 0
        for number in range(1, self.count + 1):
            length = self.sizes[number - 1] if self.sizes else self.part_size
            stop = min(start + length, self.size)
            yield Part(number, start, stop)
            start = stop


def planned(size: int, part_size: int) -> Layout:
    """
    The layout for parts of about `part_size` bytes: larger where 10,000 of them would not do, in whole MiB if possible.

    Raises:
        ValueError: one line, when S3 cannot hold it in parts like that.
    """
    if not MIN_PART <= part_size <= MAX_PART:
        raise ValueError("S3 parts have 5MiB to 5GiB")
    if size > MAX_OBJECT:
        raise ValueError(f"{size:,} bytes are more than S3 can hold in one object ({MAX_OBJECT:,})")
    least = -(-size // MAX_PARTS)
    rounded = -(-least // MIB) * MIB
    return Layout(size, max(part_size, min(rounded, MAX_PART)))


def uniform(size: int, first: int, count: int) -> Layout | None:
    """
    The layout whose first of `count` parts has `first` bytes, if all but the last can be alike.
    """
    if count < 1 or first < 1 or not first * (count - 1) < size <= first * count:
        return None
    return Layout(size, first)


def uneven(sizes: Sequence[int]) -> Layout:
    """
    The layout of parts that each have a size of their own.
    """
    return Layout(sum(sizes), max(sizes), tuple(sizes))


def guessed(size: int, count: int) -> Layout | None:
    """
    A layout of `count` parts of a size that programs commonly use; only an equal ETag proves it.
    """
    if count == 1:
        return Layout(size, max(size, 1))
    found = (uniform(size, part_size, count) for part_size in _COMMON)
    return next((layout for layout in found if layout), None)


def multipart_etag(md5s: Sequence[str]) -> str:
    """
    The ETag of an object composed of parts with these MD5s: the MD5 of their bytes, a dash, their number.

    Source: Amazon S3 user guide, "Checking object integrity"; the MD5s in hexadecimal.
    """
    digest = hashlib.md5(b"".join(map(bytes.fromhex, md5s)), usedforsecurity=False).hexdigest()
    return f"{digest}-{len(md5s)}"
