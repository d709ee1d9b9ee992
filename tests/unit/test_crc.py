"""
Checksums of wholes, put together out of those of their parts.
"""

from __future__ import annotations

import base64
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3copy_async.crc import KINDS, algorithm_of, checksum, combined

# The check values of the catalogue of parametrised CRC algorithms (Greg Cook), for "123456789".
KNOWN = {"CRC64NVME": 0xAE8B14860A799888, "CRC32C": 0xE3069283, "CRC32": 0xCBF43926}


@pytest.mark.parametrize("algorithm", KINDS)
def test_a_checksum_is_that_of_the_catalogue(algorithm: str) -> None:
    """
    Base64 of the big-endian number, as S3 writes it.
    """
    name, _, digits = checksum(algorithm, b"123456789").partition(":")

    assert (name, int.from_bytes(base64.b64decode(digits))) == (algorithm, KNOWN[algorithm])


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5), st.sampled_from(sorted(KINDS)))
def test_the_parts_give_the_checksum_of_the_whole(body: bytes, cuts: list[int], algorithm: str) -> None:
    """
    However it is cut, empty parts included.
    """
    bounds = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    parts = [body[start:stop] for start, stop in pairwise(bounds)]

    assert combined((checksum(algorithm, part), len(part)) for part in parts) == checksum(algorithm, body)


@given(st.binary(max_size=300))
def test_crc32_is_that_of_zlib(body: bytes) -> None:
    """
    Computed by somebody else.
    """
    assert checksum("CRC32", body) == f"CRC32:{base64.b64encode(zlib.crc32(body).to_bytes(4)).decode()}"


def test_parts_of_five_gib_are_put_together() -> None:
    """
    Zeros from 5 GiB on: their checksum is known from doubling.
    """
    part, size = checksum("CRC64NVME", bytes(16)), 16
    while size < 5 * 1024**3:
        part, size = combined([(part, size), (part, size)]), 2 * size

    assert combined([(part, size), (part, size)]) == combined([(part, size // 1)] * 2)
    assert combined([(checksum("CRC64NVME", b""), 0), (part, size)]) == part


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [("", 1)],
        [("CRC32:y/Q5Jg==", 9), ("", 1)],
        [("CRC32:y/Q5Jg==", 9), ("CRC32C:4waSgw==", 9)],
        [("SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", 0)],
        [("CRC64NVME:y/Q5Jg==", 9)],
        [("CRC32:not base64", 9)],
        [("CRC32:y/Q5Jg==-2", 9)],
    ],
)
def test_what_cannot_be_put_together_has_no_checksum(parts: list[tuple[str, int]]) -> None:
    """
    Missing ones, different algorithms, those without a formula, and what some stores call a CRC64NVME.
    """
    assert combined(parts) == ""


def test_an_algorithm_is_named_only_by_a_sound_value() -> None:
    """
    Others are as good as none.
    """
    assert algorithm_of("CRC32:y/Q5Jg==") == "CRC32"
    assert algorithm_of("CRC64NVME:y/Q5Jg==") == ""
    assert algorithm_of("SHA1:qvTGHdzF6KLavt4PO0gs2a6pQ00=") == ""
    assert algorithm_of("") == ""
