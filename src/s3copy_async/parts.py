"""
Part layouts: pure maths under S3's limits.

Source: Amazon S3 user guide, "Amazon S3 multipart upload limits" (parts 1 to 10,000 of 5 MiB to 5 GiB, the last of any
size), and API reference, "UploadPartCopy".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple

MIB: Final = 1024**2
MIN_PART: Final = 5 * MIB
MAX_PART: Final = 5 * 1024**3
MAX_PARTS: Final = 10_000
MAX_OBJECT: Final = MAX_PARTS * MAX_PART
"""48.8 TiB: 53,687,091,200,000 bytes."""
DEFAULT_PART: Final = 64 * MIB
_MB: Final = 1000**2
# AWS CLI, boto3 and CRT; rclone and older SDKs; mc and doubled 8; mc of old and s3a; s5cmd; s3a; s3cmd; EMR; Cyberduck.
_BINARY: Final = (8, 5, 16, 64, 50, 100, 15, 128, 10, 32, 25, 20, 256, 512, 1024, 1000)
_DECIMAL: Final = (10, 100, 64, 128, 8, 5, 50, 16, 20, 25, 500, 1000, 250, 256, 512)
_COMMON: Final = (*(size * MIB for size in _BINARY), *(size * _MB for size in _DECIMAL))
_ROUND: Final = (*(MIB << power for power in range(12, -1, -1)), *(_MB * step for step in (1000, 100, 10, 1)))
"""Steps of sizes that grow with the object: doubled (AWS CLI), multiples of 16 MiB (mc), whole MiB (rclone)."""


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
    if part_size >= least:
        return Layout(size, part_size)
    rounded = -(-least // MIB) * MIB
    return Layout(size, min(rounded, MAX_PART))


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
    A layout of `count` even parts: of a size that programs commonly use, else of the roundest there is, else of the
    smallest. None where S3 holds no such parts. Only an equal ETag proves it, and one guess is all that is tried.
    """
    if count == 1:
        return Layout(size, max(size, 1))
    least, most = max(-(-size // count), MIN_PART), min((size - 1) // (count - 1), MAX_PART)
    if least > most:
        return None
    common = (part_size for part_size in _COMMON if least <= part_size <= most)
    in_steps = (-(-least // step) * step for step in _ROUND)
    rounded = (part_size for part_size in in_steps if part_size <= most)
    # Some programs divide by 10,000 and round no further.
    return Layout(size, next(chain(common, rounded), least))


def multipart_etag(md5s: Sequence[str]) -> str:
    """
    The ETag of an object composed of parts with these MD5s: the MD5 of their bytes, a dash, their number.

    Source: Amazon S3 user guide, "Checking object integrity"; the MD5s in hexadecimal.
    """
    digest = hashlib.md5(b"".join(map(bytes.fromhex, md5s)), usedforsecurity=False).hexdigest()
    return f"{digest}-{len(md5s)}"
