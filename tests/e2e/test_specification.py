"""
The sentences of the specification, in its order, each as an end-to-end test.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.proxy import Proxy
from e2e.tools import Bucket, S3Copy

TABLE = [
    ("", "", ["folder-001/test-001", "folder-001/test-002"]),
    ("", "/foo", ["foo/folder-001/test-001", "foo/folder-001/test-002"]),
    ("/folder-001", "", ["folder-001/test-001", "folder-001/test-002"]),
    ("/folder-001/*", "", ["test-001", "test-002"]),
]
"""The specification's own table: source path, destination path, keys at the destination."""

RULES = [
    ("", "/x", ["x/a/b.txt", "x/a/b/1", "x/a/b/c/2", "x/a/b1/x", "x/z"]),
    ("/", "/x", ["x/a/b.txt", "x/a/b/1", "x/a/b/c/2", "x/a/b1/x", "x/z"]),
    ("/*", "/x", ["x/a/b.txt", "x/a/b/1", "x/a/b/c/2", "x/a/b1/x", "x/z"]),
    ("/a/b", "/x", ["x/b/1", "x/b/c/2"]),
    ("/a/b/", "/x", ["x/b/1", "x/b/c/2"]),
    ("/a/b", "/x/", ["x/b/1", "x/b/c/2"]),
    ("/a/b/*", "/x", ["x/1", "x/c/2"]),
    ("/a/b*", "/x", ["x/b.txt", "x/b/1", "x/b/c/2", "x/b1/x"]),
]
"""The rows of behaviour beside the specification, the partial prefix among them."""


@pytest.mark.parametrize(("path", "to", "expected"), TABLE)
def test_source_and_destination_paths_behave_like_cp_r(
    s3copy: S3Copy, source: Bucket, dest: Bucket, path: str, to: str, expected: list[str]
) -> None:
    """
    The four commands of the specification's table have the results that stand beside them.
    """
    source.put("folder-001/test-001", "folder-001/test-002")
    assert s3copy(f"{source}{path}", f"{dest}{to}").code == 0
    assert dest.keys() == expected


@pytest.mark.parametrize(("path", "to", "expected"), RULES)
def test_prefix_rules(s3copy: S3Copy, source: Bucket, dest: Bucket, path: str, to: str, expected: list[str]) -> None:
    """
    A path is a folder whose name is kept; with /* its name is left off; with * alone it is the beginning of a name.
    """
    source.put("a/b.txt", "a/b/1", "a/b/c/2", "a/b1/x", "z")
    assert s3copy(f"{source}{path}", f"{dest}{to}").code == 0
    assert dest.keys() == expected


def test_copies_have_the_bytes_of_their_sources(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    Every object arrives whole under its name, an empty one too.
    """
    source.put("a", "b/c")
    source.write("empty", "")
    result = s3copy(source, dest)
    assert result.code == 0
    assert result.out == ""
    assert "3 objects copied" in result.err
    assert dest.contents() == {"a": "a", "b/c": "b/c", "empty": ""}


def test_paths_may_be_omitted_and_so_may_the_destination(s3copy: S3Copy, source: Bucket) -> None:
    """
    Without a destination, copies go to the source bucket below temp/dest/, and a second run copies none of them again.
    """
    source.put("a", "b/c")
    for _ in range(2):
        assert s3copy(source).code == 0
        assert source.keys() == ["a", "b/c", "temp/dest/a", "temp/dest/b/c"]


def test_same_bucket_without_a_path_is_temp_dest(s3copy: S3Copy, source: Bucket) -> None:
    """
    The source's own bucket as destination, without a path, is temp/dest/ too.
    """
    source.put("a")
    assert s3copy(source, source).code == 0
    assert source.keys() == ["a", "temp/dest/a"]


@pytest.mark.parametrize("flag", ["-n", "--dry-run"])
def test_dry_run_copies_nothing_but_indicates_what_it_would_copy(
    s3copy: S3Copy, source: Bucket, dest: Bucket, flag: str
) -> None:
    """
    One line per copy on standard output, totals on standard error, and an unchanged destination.
    """
    source.write("path/one", "12345")
    source.write("path/two", "1234567890")
    source.write("path/there", "same")
    dest.write("to/path/there", "same")
    result = s3copy(f"{source}/path", f"{dest}/to", flag)
    assert result.code == 0
    assert result.lines == [
        f"{source}/path/one -> {dest}/to/path/one (5 bytes)",
        f"{source}/path/two -> {dest}/to/path/two (10 bytes)",
    ]
    assert "would copy 2 objects, 15 B, with 2 copy requests" in result.err
    assert "1 already there" in result.err
    assert dest.keys() == ["to/path/there"]


def test_t_20_l_debug_capital_l_log_txt(
    s3copy: S3Copy, source: Bucket, dest: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    ``-t 20 -l DEBUG -L log.txt`` logs down to DEBUG and appends, and the log holds neither secret nor whole key.
    """
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "log.txt"
    log.write_text("what was there\n")
    source.put("path/one")
    first = s3copy(f"{source}/path", f"{dest}/path", "-t", "20", "-l", "DEBUG", "-L", "log.txt")
    assert first.code == 0
    once = log.read_text()
    assert once.startswith("what was there\n")
    assert " INFO copied path/one -> path/path/one, proof etag\n" in once
    assert " DEBUG listed 1 objects, 8 bytes\n" in once
    assert s3copy(f"{source}/path", f"{dest}/path", "-t", "20", "-l", "DEBUG", "-L", "log.txt").code == 0
    twice = log.read_text()
    assert twice.startswith(once)
    assert " DEBUG skipped 1 objects, 8 bytes: already there\n" in twice.removeprefix(once)
    for secret in (s3copy.keys["AWS_SECRET_ACCESS_KEY"], s3copy.keys["AWS_ACCESS_KEY_ID"], "Signature"):
        assert secret not in twice


def test_log_level_filters_and_a_log_is_made_for_its_owner_only(
    s3copy: S3Copy, source: Bucket, dest: Bucket, tmp_path: Path
) -> None:
    """
    At INFO there is no DEBUG line, and others cannot read a new log.
    """
    source.put("one")
    log = tmp_path / "log.txt"
    assert s3copy(source, dest, "-L", log).code == 0
    text = log.read_text()
    assert " INFO copied one" in text
    assert "DEBUG" not in text
    assert log.stat().st_mode & 0o077 == 0


def test_restart_completes_the_operation_and_copies_nothing_twice(
    s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket
) -> None:
    """
    The same command again makes no copy request, and says how many objects were already there.
    """
    source.put(*(f"k{number}" for number in range(30)))
    dest.put("k7", "k11")
    assert s3copy_by_proxy(source, dest).code == 0
    assert proxy.requests["CopyObject"] == 28
    result = s3copy_by_proxy(source, dest)
    assert result.code == 0
    assert proxy.requests["CopyObject"] == 28
    assert "0 objects copied" in result.err
    assert "30 already there" in result.err
    assert dest.contents() == source.contents()


def test_sync_copies_additions_and_changes_but_not_deletions(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    The same command after changes copies what is new or different; what the source lost stays at the destination.
    """
    source.put("same", "changed", "deleted")
    assert s3copy(source, dest).code == 0
    source.write("changed", "CHANGED")
    source.put("new")
    source.delete("deleted")
    result = s3copy(source, dest, "--progress", "json")
    assert result.code == 0
    assert result.last["copied"] == 2
    assert dest.contents() == {"same": "same", "changed": "CHANGED", "new": "new", "deleted": "deleted"}


def test_f_names_keys_relative_to_the_source_path(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    ``-f y.txt`` below s3://in/x is the key x/y.txt and lands as y.txt: the relative name is what is kept.
    """
    source.put("x/y.txt", "x/sub/z", "x/other", "y.txt")
    assert s3copy(f"{source}/x", f"{dest}/to", "-f", "y.txt", "--file", "sub/z").code == 0
    assert dest.contents() == {"to/y.txt": "x/y.txt", "to/sub/z": "x/sub/z"}


@pytest.mark.parametrize("before", [True, False])
def test_f_takes_several_keys_on_both_sides_of_the_paths(
    s3copy: S3Copy, source: Bucket, dest: Bucket, before: bool
) -> None:
    """
    ``-f a b c SRC DST`` and ``SRC DST -f a b c`` copy the same three objects.
    """
    source.put("a", "b", "c", "d")
    named, paths = ["-f", "a", "b", "c"], [source, dest]
    assert s3copy(*(named + paths if before else paths + named)).code == 0
    assert dest.keys() == ["a", "b", "c"]


def test_p_names_prefixes_relative_to_the_source_path(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    The values of -p go through the path table below the source path, several of them in one list.
    """
    source.put("x/a/1", "x/b/e/2", "x/c1", "x/c2", "x/d/3", "a/4")
    assert s3copy("-p", "a", "b/e", "c*", f"{source}/x", f"{dest}/to").code == 0
    assert dest.keys() == ["to/a/1", "to/c1", "to/c2", "to/e/2"]


def test_capital_f_and_capital_p_read_lists_with_comments(
    s3copy: S3Copy, source: Bucket, dest: Bucket, tmp_path: Path
) -> None:
    """
    The lines of -F and -P files are relative to the source path; empty lines and those that begin with # are none.
    """
    source.put("x/one", "x/two", "x/#three", "x/three", "x/p/4", "x/q/5", "x/r/6")
    (tmp_path / "keys").write_bytes(b'# what to copy\none\r\n\ntwo\n"#three"\n')
    (tmp_path / "prefixes").write_text("# and these\np\nq*\n")
    result = s3copy(f"{source}/x", f"{dest}/to", "-F", tmp_path / "keys", "-P", tmp_path / "prefixes")
    assert result.code == 0
    assert dest.keys() == ["to/#three", "to/one", "to/p/4", "to/q/5", "to/two"]


@pytest.mark.parametrize(("option", "expected"), [("-F", ["a", "b c"]), ("-P", ["a", "a/1", "b c", "b c/2"])])
def test_a_minus_reads_the_list_from_standard_input(
    s3copy: S3Copy, source: Bucket, dest: Bucket, option: str, expected: list[str]
) -> None:
    """
    ``-F -`` and ``-P -`` take keys and prefixes from a pipe.
    """
    source.put("a", "b c", "a/1", "b c/2", "d")
    result = s3copy.process(source, dest, option, "-", stdin=b"# listed elsewhere\na\nb c\n")
    assert result.code == 0, result.err
    assert dest.keys() == expected


@pytest.mark.parametrize("permission", ["READ", "read", "WRITE_ACP"])
def test_acl_grant_gives_access_to_created_files(s3copy: S3Copy, source: Bucket, dest: Bucket, permission: str) -> None:
    """
    ``--acl-grant PERMISSION:EMAIL``, the permission in any case, is in the ACL of every copy, beside its owner.
    """
    source.put("a", "b")
    assert s3copy(source, dest, "--acl-grant", f"{permission}:friend@example.com").code == 0
    for key in ("a", "b"):
        grants = dest.client.get_object_acl(Bucket=dest.name, Key=key)["Grants"]
        # moto keeps an e-mail address where others keep the address of a group
        by_mail = [grant for grant in grants if "friend@example.com" in grant["Grantee"].values()]
        assert [grant["Permission"] for grant in by_mail] == [permission.upper()]
        assert any(grant["Permission"] == "FULL_CONTROL" and grant["Grantee"].get("ID") for grant in grants)


def test_help_is_printed(s3copy: S3Copy) -> None:
    """
    ``s3copy --help`` prints help and does nothing else.
    """
    result = s3copy("--help")
    assert result.code == 0
    assert "SOURCE [DEST]" in result.out
