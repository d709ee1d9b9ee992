"""
What guards a copy, on real servers: moto always, others where the environment names them.

=============  ======================  ================  ========  ========
server         conditions              pinned source     versions  archives
=============  ======================  ================  ========  ========
moto           completions only        ignored           yes       yes
LocalStack     yes                     yes               yes       yes
Ceph RGW       ignored                 ignored           yes       no
sim_s3         yes                     yes               no        no
=============  ======================  ================  ========  ========
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from e2e.tools import Bucket, S3Copy, client_of, endpoint_named, keys_of, new_bucket
from support import Endpoint

SERVERS: Final = ("moto", "localstack", "ceph", "sim")
FIVE: Final = 5 * 1024**2


@dataclass(frozen=True, slots=True)
class Ground:
    """
    Two buckets of one server, and the command line for it.
    """

    name: str
    source: Bucket
    dest: Bucket
    s3copy: S3Copy

    @property
    def work(self) -> list[str]:
        """
        What stands in the work area.
        """
        keys = self.dest.keys()
        return [key for key in keys if key.startswith("temp/")]

    def keep_versions(self) -> None:
        """
        From now on, the source keeps them.
        """
        self.source.client.put_bucket_versioning(Bucket=self.source.name, VersioningConfiguration={"Status": "Enabled"})

    def put(self, key: str, body: bytes) -> str:
        """
        Stores a new version, and returns its id.
        """
        found: str = self.source.client.put_object(Bucket=self.source.name, Key=key, Body=body)["VersionId"]
        return found


@pytest.fixture(params=SERVERS)
def ground(
    request: pytest.FixtureRequest, moto_endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> Iterator[Ground]:
    """
    One server after the other.
    """
    endpoint = moto_endpoint if request.param == "moto" else endpoint_named(request.param)
    with client_of(endpoint) as client:
        s3copy = S3Copy(endpoint.url, capsys, keys_of(endpoint))
        yield Ground(request.param, new_bucket(client), new_bucket(client), s3copy)


CONDITIONS: Final = {"localstack", "sim"}
"""The servers that know conditions on copies."""


@pytest.mark.parametrize("wish", ["skip", "fail"])
def test_if_exists_keeps_what_is_there(ground: Ground, wish: str) -> None:
    """
    Skipped or failed, and what is the same is the same; fresh objects are copied, and which guard they have is said.
    """
    ground.source.put("a", "b", "same")
    ground.dest.write("a", "something else")
    ground.dest.write("same", "same")

    result = ground.s3copy(ground.source, ground.dest, "--if-exists", wish, "--progress", "json")

    last = result.last
    assert result.code == (0 if wish == "skip" else 3), result.err
    assert ground.dest.contents() == {"a": "something else", "b": "b", "same": "same"}
    assert last["copied"] == 1
    assert last["skipped"] == (
        {"already there": 1, "something else is there": 1} if wish == "skip" else {"already there": 1}
    )
    assert last["failures"] == ({} if wish == "skip" else {"Exists": 1})
    guard = "If-None-Match" if ground.name in CONDITIONS else "is looked at before each copy"
    assert guard in result.out + result.err
    assert ground.work == []


@pytest.mark.parametrize("wish", ["skip", "fail"])
def test_if_exists_keeps_objects_in_parts(ground: Ground, wish: str) -> None:
    """
    One that was uploaded in parts is copied where nothing is, and neither it nor another is copied again.
    """
    ground.source.write_parts("big", b"x" * FIVE, b"y")
    ground.source.write_parts("other", b"x" * FIVE, b"z")
    ground.dest.write("other", "something else")
    words = (ground.source, ground.dest, "--if-exists", wish, "--no-keep-parts", "--progress", "json")

    first, second = ground.s3copy(*words), ground.s3copy(*words)

    wanted = 0 if wish == "skip" else 3
    assert (first.code, second.code) == (wanted, wanted), first.err
    assert (first.last["copied"], second.last["copied"]) == (1, 0)
    assert second.last["skipped"]["already there"] == 1
    assert ground.dest.read("other") == "something else"
    assert len(ground.dest.read("big")) == FIVE + 1


def test_a_version_is_copied_and_checked(ground: Ground) -> None:
    """
    By its URI and by its option, to a folder and to a whole key; a store without versions is found out.
    """
    if ground.name == "sim":
        ground.source.put("a/k")
        result = ground.s3copy(f"{ground.source}/a/k?versionId=x", ground.dest)
        assert result.code == 3
        assert "NoSuchVersion" in result.err
        assert ground.dest.keys() == []
        return
    ground.keep_versions()
    old = ground.put("a/k", b"old")
    ground.put("a/k", b"the new one")

    by_uri = ground.s3copy(f"{ground.source}/a/k?versionId={old}", f"{ground.dest}/to")
    by_option = ground.s3copy(f"{ground.source}/a/k", f"{ground.dest}/whole", "-T", "--version-id", old)
    current = ground.s3copy(f"{ground.source}/a/k", f"{ground.dest}/now", "-T")

    assert (by_uri.code, by_option.code, current.code) == (0, 0, 0), by_uri.err
    assert ground.dest.contents() == {"to/k": "old", "whole": "old", "now": "the new one"}
    check = ("check", f"{ground.source}/a/k?versionId={old}")
    assert ground.s3copy(*check, f"{ground.dest}/to").code == 0
    assert ground.s3copy(*check, f"{ground.dest}/now", "-T").code == 4


def test_a_version_in_parts_is_copied(ground: Ground) -> None:
    """
    All its parts are its own.
    """
    if ground.name == "sim":
        pytest.skip("sim_s3 keeps no versions")
    ground.keep_versions()
    client, name = ground.source.client, ground.source.name
    ground.source.write_parts("k", b"a" * FIVE, b"old")
    old = client.head_object(Bucket=name, Key="k")["VersionId"]
    ground.source.write_parts("k", b"b" * FIVE, b"new")

    result = ground.s3copy(f"{ground.source}/k?versionId={old}", ground.dest, "--no-keep-parts")

    assert result.code == 0, result.err
    assert ground.dest.read("k") == "a" * FIVE + "old"


@pytest.mark.parametrize("kind", ["unknown", "marker"])
def test_what_is_no_version_fails(ground: Ground, kind: str) -> None:
    """
    An id that nobody gave, and a delete marker: in one line, with exit code 3.
    """
    if ground.name == "sim":
        pytest.skip("sim_s3 keeps no versions")
    ground.keep_versions()
    ground.put("k", b"k")
    marker = ground.source.client.delete_object(Bucket=ground.source.name, Key="k")["VersionId"]
    version = marker if kind == "marker" else "3sL4kqtJlcpXroDTDmJ"

    result = ground.s3copy(f"{ground.source}/k?versionId={version}", ground.dest)

    assert result.code == 3
    # Ceph does not tell a marker from nothing.
    assert ("DeleteMarker" if kind == "marker" and ground.name != "ceph" else "NoSuchVersion") in result.err
    assert ground.dest.keys() == []


def test_an_archived_object_fails_and_a_dry_run_marks_it(ground: Ground) -> None:
    """
    With what to do; the others are copied.
    """
    if ground.name in ("ceph", "sim"):
        pytest.skip(f"{ground.name} archives nothing")
    client, name = ground.source.client, ground.source.name
    client.put_object(Bucket=name, Key="cold", Body=b"cold", StorageClass="DEEP_ARCHIVE")
    ground.source.put("warm")

    dry = ground.s3copy(ground.source, ground.dest, "-n")
    result = ground.s3copy(ground.source, ground.dest, "--progress", "json")

    (line,) = [line for line in dry.lines if "/cold " in line]
    assert dry.code == 0
    assert "archived: needs a restore, unless one is active" in line
    assert (result.code, result.last["copied"], result.last["failures"]) == (3, 1, {"Archived": 1})
    assert result.last["requests"].get("HeadObject", 0) == 0
    plain = ground.s3copy(ground.source, ground.dest)
    assert "restore it first" in plain.err


def test_owners_and_payers_are_accepted(ground: Ground) -> None:
    """
    No server here checks whose a bucket is; the requests that say it are answered all the same.
    """
    ground.source.put("a")
    ground.source.write_parts("big", b"x" * FIVE, b"y")
    account = "000000000000"
    words = ("--expected-source-owner", account, "--expected-dest-owner", account, "--request-payer")

    result = ground.s3copy(ground.source, ground.dest, *words)

    assert result.code == 0, result.err
    assert {"a", "big"} <= set(ground.dest.keys())
