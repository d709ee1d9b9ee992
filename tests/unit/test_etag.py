"""
What two ETags say about two objects.
"""

from __future__ import annotations

import pytest

from s3copy_async.etag import Verdict, compare, part_count, same
from s3copy_async.model import ObjectInfo

A = "a" * 32
B = "b" * 32


@pytest.mark.parametrize(
    ("etag", "parts"), [(A, 0), (f"{A}-1", 1), (f"{A}-10000", 10000), ("", 0), ("x-1", 0), (f"{A}-", 0), (f"{A}-x", 0)]
)
def test_an_etag_names_its_parts(etag: str, parts: int) -> None:
    """
    Only S3's own form of a multipart ETag names parts.
    """
    assert parts == part_count(etag)


@pytest.mark.parametrize(
    ("source", "dest", "verdict"),
    [
        (ObjectInfo("k", 1, A), ObjectInfo("k", 1, A), Verdict.SAME),
        (ObjectInfo("k", 1, A), ObjectInfo("k", 1, B), Verdict.DIFFERENT),
        (ObjectInfo("k", 1, A), ObjectInfo("k", 2, A), Verdict.DIFFERENT),
        (ObjectInfo("k", 0, A), ObjectInfo("k", 0, f"{B}-1"), Verdict.SAME),
        (ObjectInfo("k", 9, f"{A}-2"), ObjectInfo("k", 9, f"{A}-2"), Verdict.SAME),
        (ObjectInfo("k", 9, f"{A}-2"), ObjectInfo("k", 9, B), Verdict.NOT_COMPARABLE),
        (ObjectInfo("k", 9, f"{A}-2"), ObjectInfo("k", 9, f"{B}-3"), Verdict.NOT_COMPARABLE),
        (ObjectInfo("k", 9, f"{A}-2"), ObjectInfo("k", 8, B), Verdict.DIFFERENT),
        (ObjectInfo("k", 9, A, opaque=True), ObjectInfo("k", 9, B), Verdict.NOT_COMPARABLE),
        (ObjectInfo("k", 9, A), ObjectInfo("k", 9, B, opaque=True), Verdict.NOT_COMPARABLE),
    ],
)
def test_tells_different_from_not_comparable(source: ObjectInfo, dest: ObjectInfo, verdict: Verdict) -> None:
    """
    Another size is different; another ETag only where both are MD5s of the same layout.
    """
    assert verdict is compare(source, dest)
    assert (verdict is Verdict.SAME) == same(source, dest)
