"""
Copies that delete what the source lacks, as people run them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.proxy import Proxy
from e2e.tools import Bucket, S3Copy, client_of, endpoint_named, keys_of, new_bucket
from schema import problems

HOSTILE = ("a\x01b", " blanks ", "&<>\"'", "\x1b[31m", "[red]", "a%2Fb+c", "\u202e", "##[error]x", "\U0001f600", "a//b")


Scene = tuple[S3Copy, Bucket, Bucket]


@pytest.fixture(params=["moto", "sim"])
def scene(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[Scene]:
    """
    The command line, and two buckets of a server.
    """
    endpoint = request.getfixturevalue("moto_endpoint") if request.param == "moto" else endpoint_named(request.param)
    with client_of(endpoint) as client:
        yield S3Copy(endpoint.url, capsys, keys_of(endpoint)), new_bucket(client), new_bucket(client)


@pytest.mark.parametrize("transport", ["wire", "aiobotocore"])
def test_a_copy_is_kept_in_step(scene: Scene, transport: str) -> None:
    """
    First seen, then done; nothing outside of its place goes, and keys of all kinds do.
    """
    s3copy, source, dest = scene
    source.put("a/b/1", "a/b/2", "a/c")
    gone = sorted(f"foo/b/{key}" for key in HOSTILE)
    dest.put("foo/b/2", "foo/bb", "foo/b", "b/1", *gone)
    kept = ["b/1", "foo/b", "foo/b/1", "foo/b/2", "foo/bb"]
    words = (f"{source}/a/b", f"{dest}/foo", "--delete", "--transport", transport)

    dry = s3copy("-n", *words)
    deletions = [line for line in dry.lines if line.startswith(f"delete {dest}/foo/b/")]
    assert (dry.code, len(dry.lines), len(deletions)) == (0, 12, 10)
    assert len(dest.keys()) == 4 + len(gone)
    assert f"would delete {len(gone)} objects" in dry.err

    done = s3copy(*words, "--progress", "json")

    assert done.code == 0, done.err
    assert dest.keys() == kept
    assert [problem for line in done.lines for problem in problems(line)] == []
    documents = [json.loads(line) for line in done.lines]
    assert sorted(found["key"] for found in documents if found["type"] == "deleted") == gone
    assert (done.last["deleted"], done.last["delete_failed"]) == (len(gone), 0)
    assert (done.last["requests"]["DeleteObjects"], done.last["requests"]["DeleteObject"]) == (1, 3)
    assert f"{len(gone)} deleted" in done.err
    again = s3copy(*words)
    assert (again.code, "deleted" in again.err) == (0, False)


def test_a_mistake_stays_small(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    Above the limit nothing goes, with exit code 1 and the way on; that of a dry run is the same.
    """
    source.put("a")
    dest.put("x", "y", "z")

    for words in (("--delete", "--max-delete", "2"), ("-n", "--delete", "--max-delete", "2")):
        result = s3copy(source, dest, *words)
        assert result.code == 1
        assert "it would be 3 objects, and --max-delete is 2" in result.err
        assert "--max-delete 3" in result.err
    assert dest.keys() == ["a", "x", "y", "z"]

    assert s3copy(source, dest, "--delete", "--max-delete", "3").code == 0
    assert dest.keys() == ["a"]


def test_an_empty_source_leaves_all(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    That is said in a warning.
    """
    dest.put("misspelt/x")

    result = s3copy(f"{source}/misspelt", dest, "--delete")

    assert (result.code, dest.keys()) == (0, ["misspelt/x"])
    assert "is empty: nothing is deleted" in result.err


def test_what_may_not_be_deleted_is_a_failure(
    s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket, tmp_path: Path
) -> None:
    """
    Exit code 3, with the code in the report and the remedy in the summary.
    """
    source.put("a")
    dest.put("x")
    for operation in ("POSTBucket", "DeleteObject"):  # the first is DeleteObjects
        proxy.deny(proxy.endpoint.access_key, dest.name, operation)

    result = s3copy_by_proxy(source, dest, "--delete", "--report", tmp_path / "report")

    assert (result.code, dest.keys()) == (3, ["a", "x"])
    assert "1 not deleted" in result.err
    assert "s3:DeleteObject" in result.err
    lines = [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]
    assert [(one["destination"], one["code"]) for one in lines if one["method"] == "delete"] == [("x", "AccessDenied")]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["s3://in/a", "s3://out", "--delete", "-f", "x"], "--delete"),
        (["s3://in/a", "s3://out", "--delete", "-F", "/dev/null"], "--delete"),
        (["s3://in/a", "s3://out/b", "--delete", "-T"], "--delete"),
        (["s3://in/a", "s3://out", "--delete", "--version-id", "v"], "--delete"),
        (["s3://in/a", "s3://in/a", "--delete", "-p", "x"], "--delete"),
        (["s3://in/a/b/*", "s3://in/a", "--delete"], "--delete"),
        (["s3://in/a", "s3://out", "--max-delete", "5"], "--max-delete"),
        (["s3://in/a", "s3://out", "--delete-excluded"], "--delete-excluded"),
        (["s3://in/a", "s3://out", "--delete", "--max-delete", "many"], "--max-delete"),
        (["check", "s3://in/a", "s3://out", "--delete"], "--delete"),
    ],
)
def test_wrong_usage_is_told_in_one_line_each(
    s3copy_by_proxy: S3Copy, proxy: Proxy, words: list[str], name: str
) -> None:
    """
    Exit code 2, and no request.
    """
    result = s3copy_by_proxy(*words)

    said = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert (result.code, len(said), bool(proxy.requests)) == (2, 1, False)
    assert name in said[0]


def test_no_variable_of_the_environment_deletes(
    s3copy: S3Copy, source: Bucket, dest: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Nor does one allow more.
    """
    for name, value in (("DELETE", "1"), ("MAX_DELETE", "0"), ("DELETE_EXCLUDED", "1")):
        monkeypatch.setenv(f"S3COPY_{name}", value)
    source.put("a")
    dest.put("x")

    assert s3copy(source, dest).code == 0

    assert dest.keys() == ["a", "x"]
