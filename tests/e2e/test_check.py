"""
``s3copy check``: what it finds, and its exit codes.
"""

from __future__ import annotations

from e2e.proxy import Proxy
from e2e.tools import Bucket, S3Copy


def test_check_of_a_copy_finds_nothing(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    After a copy both sides are the same: exit 0, and nothing on standard output.
    """
    source.put("x/a", "x/b", "y")
    assert s3copy(f"{source}/x", f"{dest}/to").code == 0
    result = s3copy("check", f"{source}/x", f"{dest}/to")
    assert (result.code, result.out) == (0, "")
    assert "2 same" in result.err


def test_check_reports_missing_different_and_extra(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    One line for each difference, by the name at the destination, and exit 4.
    """
    source.put("x/same", "x/missing")
    source.write("x/size", "12")
    source.write("x/bytes", "ab")
    dest.write("to/x/same", "x/same")
    dest.write("to/x/size", "123")
    dest.write("to/x/bytes", "ba")
    dest.write("to/x/zextra", "")
    dest.write("elsewhere", "")
    result = s3copy("check", f"{source}/x", f"{dest}/to")
    assert result.code == 4
    found = sorted(line.split(" (")[0] for line in result.lines)
    assert found == [
        f"different: {dest}/to/x/bytes",
        f"different: {dest}/to/x/size",
        f"extra: {dest}/to/x/zextra",
        f"missing: {dest}/to/x/missing",
    ]
    assert "1 same, 1 missing, 2 different, 1 extra" in result.err


def test_one_way_ignores_what_only_the_destination_has(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    With ``--one-way`` extra objects are no difference, and missing ones still are.
    """
    source.put("a")
    dest.put("a", "more")
    assert s3copy("check", source, dest).code == 4
    result = s3copy("check", "--one-way", source, dest)
    assert (result.code, result.out) == (0, "")
    dest.delete("a")
    assert s3copy("check", source, dest, "--one-way").code == 4


def test_check_copies_nothing(s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket) -> None:
    """
    It only lists and looks.
    """
    source.put("a", "b")
    dest.write("a", "b")
    assert s3copy_by_proxy("check", source, dest).code == 4
    assert set(proxy.requests) <= {"HeadBucket", "ListObjectsV2", "HeadObject"}
    assert dest.contents() == {"a": "b"}


def test_check_takes_named_keys(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    ``check -f`` looks at these keys alone; one that the source lacks is a failed object.
    """
    source.put("a", "b", "c")
    dest.put("a")
    assert s3copy("check", source, dest, "-f", "a").code == 0
    result = s3copy("check", source, dest, "-f", "a", "b")
    assert (result.code, result.lines) == (4, [f"missing: {dest}/b"])
    assert s3copy("check", source, dest, "-f", "nothing").code == 3
