"""
Cyclic redundancy checks of whole objects, put together out of those of their parts.

S3 tells the checksum of every part it copies. Without the bytes, that of the whole follows from those and the lengths
of the parts: appending bytes to a message multiplies its remainder by a power of x.

Source: Amazon S3 user guide, "Checking object integrity" (full object checksums: CRC64NVME, CRC32 and CRC32C, as base64
of the big-endian number). The method is that of zlib's ``crc32_combine``, by Mark Adler.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final


@dataclass(frozen=True, slots=True)
class Crc:
    """
    One kind of CRC. All of S3's are reflected, begin with ones, and invert every bit at the end.

    Args:
        width: bits.
        polynomial: its bits reflected.
    """

    width: int
    polynomial: int


KINDS: Final = {
    "CRC64NVME": Crc(64, 0x9A6C9329AC4BC9B5),
    "CRC32C": Crc(32, 0x82F63B78),
    "CRC32": Crc(32, 0xEDB88320),
}
"""The algorithms that S3 computes over full objects, in the order of preference."""


def combined(parts: Iterable[tuple[str, int]]) -> str:
    """
    The checksum of a whole, from the checksum and the number of bytes of each part in order.

    A checksum is written as its algorithm, a colon and S3's base64: ``CRC64NVME:AAAAAAAAAAA=``. The result is empty
    where one is missing or of another algorithm than the others.
    """
    total: int | None = None
    name = ""
    for text, size in parts:
        algorithm = algorithm_of(text)
        value = _number(text)
        if value is None or (total is not None and algorithm != name):
            return ""
        name = algorithm
        kind = KINDS[name]
        total = value if total is None else _times(_power(kind, 8 * size), total, kind) ^ value
    return _text(name, total) if total is not None else ""


def checksum(algorithm: str, body: bytes) -> str:
    """
    The checksum of a few bytes, computed here: for tests and for probes.
    """
    kind = KINDS[algorithm]
    ones = (1 << kind.width) - 1
    remainder = ones
    for byte in body:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (kind.polynomial if remainder & 1 else 0)
    return _text(algorithm, remainder ^ ones)


def algorithm_of(text: str) -> str:
    """
    The algorithm of a checksum, empty where there is none or none that can be put together.
    """
    name = text.partition(":")[0]
    return name if name in KINDS and _number(text) is not None else ""


def _number(text: str) -> int | None:
    name, _, digits = text.partition(":")
    if name not in KINDS:
        return None
    try:
        value = base64.b64decode(digits, validate=True)
    except ValueError:
        return None
    # Some stores call another algorithm's value by this name.
    return int.from_bytes(value) if len(value) == KINDS[name].width // 8 else None


def _text(name: str, value: int) -> str:
    return f"{name}:{base64.b64encode(value.to_bytes(KINDS[name].width // 8)).decode()}"


def _times(one: int, other: int, kind: Crc) -> int:
    """
    The product of two polynomials modulo that of `kind`. Reflected: the highest bit stands for 1.
    """
    product = 0
    bit = 1 << (kind.width - 1)
    while bit:
        if one & bit:
            product ^= other
        other = (other >> 1) ^ (kind.polynomial if other & 1 else 0)
        bit >>= 1
    return product


@lru_cache(maxsize=256)
def _power(kind: Crc, exponent: int) -> int:
    """
    The power of x that `exponent` names. The parts of an object have few sizes, so these are worth keeping.
    """
    result = 1 << (kind.width - 1)
    square = result >> 1
    while exponent:
        if exponent & 1:
            result = _times(square, result, kind)
        square = _times(square, square, kind)
        exponent >>= 1
    return result
