"""
Which objects a command copies, where to, and which it leaves alone.
"""

from __future__ import annotations

import pytest

from e2e.proxy import Proxy
from e2e.tools import Bucket, S3Copy


def test_source_path_that_is_an_exact_key_copies_that_object_too(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    s3://in/a/b copies the object a/b and what lies below a/b/, and nothing that only begins alike.
    """
    source.put("a/b", "a/b/1", "a/bc")
    assert s3copy(f"{source}/a/b", f"{dest}/to").code == 0
    assert dest.keys() == ["to/b", "to/b/1"]
    again = s3copy(f"{source}/a/b", f"{dest}/to", "--progress", "json")
    assert (again.code, again.last["copied"]) == (0, 0)


def test_no_target_directory_gives_one_object_exactly_the_destination_key(
    s3copy: S3Copy, source: Bucket, dest: Bucket
) -> None:
    """
    ``-T`` renames: DEST is the whole new key, and a * in it is a star.
    """
    source.put("a/b", "a/b/1")
    assert s3copy("-T", f"{source}/a/b", f"{dest}/new/na*me").code == 0
    assert dest.contents() == {"new/na*me": "a/b"}


def test_missing_object_of_no_target_directory_fails(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    ``-T`` names its one object, so its absence is a failure.
    """
    assert s3copy("-T", f"{source}/a", f"{dest}/b").code == 3


def test_named_object_onto_itself_is_skipped_with_a_word(s3copy: S3Copy, source: Bucket) -> None:
    """
    A key named with -f whose name at the destination is its own is left as it is.
    """
    source.put("a/b")
    result = s3copy(f"{source}/a", f"{source}/a", "-f", "b")
    assert result.code == 0
    assert "1 the same object on both sides" in result.err
    assert source.contents() == {"a/b": "a/b"}


def test_listed_object_onto_itself_is_skipped_with_a_word(s3copy: S3Copy, source: Bucket) -> None:
    """
    A folder copied into its own parent maps every object to itself.
    """
    source.put("x/a/1", "x/a/2")
    result = s3copy(f"{source}/x/a", f"{source}/x")
    assert result.code == 0
    assert "2 the same object on both sides" in result.err
    assert "left as it is" in result.err
    assert source.keys() == ["x/a/1", "x/a/2"]


def test_destination_below_the_source_is_not_copied_into_itself(s3copy: S3Copy, source: Bucket) -> None:
    """
    However often a folder is copied into a folder of its own, the copies are never sources.
    """
    source.put("x/1", "x/sub/2")
    for _ in range(3):
        assert s3copy(f"{source}/x/*", f"{source}/x/backup").code == 0
    assert source.keys() == ["x/1", "x/backup/1", "x/backup/sub/2", "x/sub/2"]


def test_work_area_is_no_source_but_a_users_objects_below_it_are(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    Only names of the work area's own form are left out; temp/mine.txt is an object like any other.
    """
    source.put(
        "temp/big/0123abc/parts/part-00001",
        "temp/big/0123abc/parts/temp-00001",
        "temp/big/0123abc/parts/part-1",
        "temp/mine.txt",
        "work/big/0123abc/parts/part-00001",
    )
    result = s3copy(source, dest)
    assert result.code == 0
    assert "2 in the work area" in result.err
    assert dest.keys() == [
        "temp/big/0123abc/parts/part-1",
        "temp/mine.txt",
        "work/big/0123abc/parts/part-00001",
    ]


def test_work_prefix_moves_the_work_area(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    ``--work-prefix`` says which work area it is that is left out.
    """
    source.put("temp/big/0123abc/parts/part-00001", "work/big/0123abc/parts/part-00001")
    assert s3copy(source, dest, "--work-prefix", "work").code == 0
    assert dest.keys() == ["temp/big/0123abc/parts/part-00001"]


def test_mapped_key_over_1024_bytes_fails_that_object_alone(
    s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket
) -> None:
    """
    It fails before its copy, with its reason and exit code 3, and the rest is copied.
    """
    source.put("short", "k" * 1020, "ü" * 510)
    result = s3copy_by_proxy(source, f"{dest}/folder")
    assert result.code == 3
    assert dest.keys() == ["folder/short"]
    assert proxy.requests["CopyObject"] == 1
    assert "1,027 bytes" in result.err
    assert "2 failed with InvalidKey" in result.err
    assert "to continue: s3copy" in result.err


def test_empty_mapped_key_fails_that_object_alone(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    The object that is named like the folder itself, a/, has no name left below an empty destination.
    """
    source.put("a/", "a/1")
    result = s3copy(f"{source}/a/*", dest)
    assert result.code == 3
    assert dest.keys() == ["1"]
    assert "would be empty" in result.err


@pytest.mark.parametrize("prefixes", [["a/x", "b/x"], ["a/*", "b"], ["a*", "b/*"]])
def test_prefixes_whose_images_overlap_are_refused(
    s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket, prefixes: list[str]
) -> None:
    """
    Two sources could get one name: exit 2, before any request.
    """
    result = s3copy_by_proxy(source, dest, "-p", *prefixes)
    assert result.code == 2
    assert "would both write below" in result.err
    assert not proxy.requests


@pytest.mark.parametrize("prefixes", [["a", "a/"], ["a/b*", "a/b"], ["a/*", "a/b", "a/b*"]])
def test_prefix_inside_another_is_merged_with_it(
    s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket, prefixes: list[str]
) -> None:
    """
    What lies in both is listed and copied once, under the name that the outer prefix gives it.
    """
    source.put("a/1", "a/b/2", "a/bb/3", "c/4")
    result = s3copy_by_proxy(source, f"{dest}/to", "-p", *prefixes)
    assert result.code == 0, result.err
    assert proxy.requests["CopyObject"] == len(dest.keys()) > 1
    listed = [
        request for request in proxy.seen if (request.operation, request.bucket) == ("ListObjectsV2", source.name)
    ]
    assert len(listed) == 1


@pytest.mark.parametrize("path", ["", "/no/such/folder", "/no*"])
def test_nothing_matched_is_nothing_to_copy(s3copy: S3Copy, source: Bucket, dest: Bucket, path: str) -> None:
    """
    An empty selection is no error: it says so and exits 0.
    """
    if path:
        source.put("something")
    result = s3copy(f"{source}{path}", dest)
    assert result.code == 0
    assert "Nothing to copy" in result.err
    assert dest.keys() == []


def test_named_key_that_does_not_exist_is_a_failed_object(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    Exit 3, the key is named, and the others are copied.
    """
    source.put("there")
    result = s3copy(source, dest, "-f", "there", "missing")
    assert result.code == 3
    assert "failed: missing: the source has no such key" in result.err
    assert dest.keys() == ["there"]


def test_named_keys_need_no_list_and_at_most_one_head_a_side(
    s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket
) -> None:
    """
    ``-f`` works without the right to list: per key one HEAD of the source, one of the destination, and the copy.
    """
    source.put("a", "b", "c")
    for bucket in (source, dest):
        proxy.deny(proxy.endpoint.access_key, bucket.name, "ListObjectsV2")
    assert s3copy_by_proxy(source, dest, "-f", "a", "b").code == 0
    assert proxy.requests["ListObjectsV2"] == 0
    assert proxy.requests["CopyObject"] == 2
    heads = [request.bucket for request in proxy.seen if request.operation == "HeadObject"]
    assert sorted(heads) == sorted([source.name, dest.name] * 2)
    assert dest.keys() == ["a", "b"]
    assert s3copy_by_proxy(source, dest, "-f", "a", "b").code == 0
    assert proxy.requests["CopyObject"] == 2


def test_globs_choose_among_named_keys(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    By their names below SOURCE; what is left out is counted and needs no copy.
    """
    source.put("a/x.jpg", "a/tmp/y.jpg", "a/z.txt")
    words = ["-f", "x.jpg", "tmp/y.jpg", "z.txt", "--include", "*.jpg", "--exclude", "tmp/"]
    result = s3copy(f"{source}/a", f"{dest}/to", *words)
    assert result.code == 0
    assert "2 left out by the filters" in result.err
    assert dest.keys() == ["to/x.jpg"]
    again = s3copy(f"{source}/a", f"{dest}/to", *words, "--progress", "json")
    assert again.last["skipped"] == {"left out by the filters": 2, "already there": 1}


def test_a_limit_copies_so_many_and_the_next_run_goes_on(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    What is there already does not count, and what is left is told.
    """
    source.put("a", "b", "c", "d", "e")
    first = s3copy(source, dest, "--limit", "2", "-v")
    assert (first.code, dest.keys()) == (0, ["a", "b"])
    assert "the limit of 2 objects is reached, and more are left" in first.err
    assert s3copy(source, dest, "--limit", "2").code == 0
    assert dest.keys() == ["a", "b", "c", "d"]
    last = s3copy(source, dest, "--limit", "2", "-v")
    assert (last.code, dest.keys()) == (0, ["a", "b", "c", "d", "e"])
    assert "the limit of" not in last.err
    assert len(s3copy(source, f"{dest}/x", "-n", "--limit", "3").lines) == 3


def test_filters_choose_among_listed_objects(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    A copy, a dry run and a check select the same.
    """
    source.put("a/x.jpg", "a/tmp/y.jpg", "a/z.txt")
    words = ["--include", "*.jpg", "--exclude", "tmp/", "--min-size", "1"]
    assert len(s3copy(f"{source}/a", dest, *words, "-n").lines) == 1
    result = s3copy(f"{source}/a", dest, *words)
    assert (result.code, dest.keys()) == (0, ["a/x.jpg"])
    assert "2 left out by the filters" in result.err
    assert s3copy("check", f"{source}/a", dest, *words).code == 0
    assert s3copy("check", f"{source}/a", dest).code == 4


def test_what_filters_leave_out_by_prefix_is_not_even_listed(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    A role that may list but one folder can copy it.
    """
    source.put("2025/a", "2026/01/a", "2026/02/a")
    result = s3copy(source, dest, "--include", "/2026/01/**")
    assert (result.code, dest.keys()) == (0, ["2026/01/a"])
    assert "1 object" in result.err
    assert "left out" not in result.err
