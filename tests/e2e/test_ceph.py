"""
The same copies between two users of Ceph's RADOS Gateway, which checks signatures and rights; skipped without one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from e2e.tools import Bucket, S3Copy, client_of, endpoint_named, keys_of, new_bucket, s3cfg
from support import Endpoint


@dataclass(frozen=True, slots=True)
class Users:
    """
    The owner of the source, who copies, and the owner of the destination.

    Args:
        source: made and seen by the first.
        dest: made and seen by the second.
    """

    first: Endpoint
    second: Endpoint
    source: Bucket
    dest: Bucket

    def grant_to_first(self, *actions: str) -> None:
        """
        The destination's owner lets the first user do this, with a bucket policy.
        """
        user = self.source.client.list_buckets()["Owner"]["ID"]
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam:::user/{user}"]},
            "Action": [f"s3:{action}" for action in actions],
            "Resource": [f"arn:aws:s3:::{self.dest.name}", f"arn:aws:s3:::{self.dest.name}/*"],
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.dest.client.put_bucket_policy(Bucket=self.dest.name, Policy=policy)


@pytest.fixture
def users() -> Iterator[Users]:
    """
    Two users with a bucket each.
    """
    first = endpoint_named("ceph")
    key, secret = os.environ.get("S3COPY_TEST_CEPH2_KEY"), os.environ.get("S3COPY_TEST_CEPH2_SECRET")
    if not key or not secret:
        pytest.skip("S3COPY_TEST_CEPH2_KEY and S3COPY_TEST_CEPH2_SECRET name no second user")
    second = replace(first, access_key=key, secret_key=secret)
    with ExitStack() as stack:
        mine, theirs = (stack.enter_context(client_of(user)) for user in (first, second))
        yield Users(first, second, new_bucket(mine), new_bucket(theirs))


@pytest.fixture
def s3copy(users: Users, capsys: pytest.CaptureFixture[str]) -> S3Copy:
    """
    The command line of the first user.
    """
    return S3Copy(users.first.url, capsys, keys_of(users.first))


def keys_at_destination(users: Users) -> list[str]:
    """
    What the destination's owner sees.
    """
    return users.dest.keys()


def test_copies_into_the_bucket_of_another_user(users: Users, s3copy: S3Copy) -> None:
    """
    Where its owner lets the first user write, read and list, a copy and its repetition are as with one user.
    """
    users.grant_to_first("PutObject", "GetObject", "ListBucket")
    users.source.put("x/a", "x/b/c", "x/+ %2F ü", "x/b//d")
    first = s3copy(f"{users.source}/x", f"{users.dest}/to", "--progress", "json")
    assert first.code == 0, first.err
    assert first.last["copied"] == 4
    assert keys_at_destination(users) == sorted(["to/x/a", "to/x/b/c", "to/x/+ %2F ü", "to/x/b//d"])
    second = s3copy(f"{users.source}/x", f"{users.dest}/to", "--progress", "json")
    assert (second.code, second.last["copied"]) == (0, 0)
    assert s3copy("check", f"{users.source}/x", f"{users.dest}/to").code == 0


def test_acl_of_the_bucket_is_enough(users: Users, s3copy: S3Copy) -> None:
    """
    The same with an ACL, which gives write without list: copying goes on without the check, and says so.
    """
    user = users.source.client.list_buckets()["Owner"]["ID"]
    owner = users.dest.client.list_buckets()["Owner"]["ID"]
    users.dest.client.put_bucket_acl(
        Bucket=users.dest.name, GrantFullControl=f'id="{owner}"', GrantWrite=f'id="{user}"'
    )
    users.source.put("a", "b")
    for _ in range(2):
        result = s3copy(users.source, users.dest, "--progress", "json")
        assert result.code == 0, result.err
        assert result.last["copied"] == 2
        assert "copying without the check for what is already there" in result.err
    assert keys_at_destination(users) == ["a", "b"]


def test_d_with_the_owners_keys_lists_the_destination(users: Users, s3copy: S3Copy, tmp_path: Path) -> None:
    """
    The first user may only write; with the second's keys for ``-d`` nothing is copied twice.
    """
    users.grant_to_first("PutObject")
    users.source.put("a", "b")
    theirs = s3cfg(tmp_path / "theirs", users.second.access_key, users.second.secret_key)
    first = s3copy(users.source, users.dest, "-d", theirs, "--progress", "json")
    assert (first.code, first.last["copied"]) == (0, 2)
    users.source.put("c")
    second = s3copy(users.source, users.dest, "-d", theirs, "--progress", "json")
    assert second.code == 0, second.err
    assert (second.last["copied"], second.last["skipped"]) == (1, {"already there": 2})
    assert keys_at_destination(users) == ["a", "b", "c"]


def test_c_and_d_hold_the_two_sets(users: Users, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """
    Both from files, host and all, with nothing in the environment.
    """
    users.grant_to_first("PutObject")
    users.source.put("a")
    more = f"host_base = {users.first.url.removeprefix('http://')}\nuse_https = False\n"
    mine = s3cfg(tmp_path / "mine", users.first.access_key, users.first.secret_key, more)
    theirs = s3cfg(tmp_path / "theirs", users.second.access_key, users.second.secret_key, more)
    for copied in (1, 0):
        result = S3Copy("", capsys)(users.source, users.dest, "-c", mine, "-d", theirs, "--progress", "json")
        assert result.code == 0, result.err
        assert result.last["copied"] == copied


def test_without_a_grant_every_object_fails_and_nothing_arrives(users: Users, s3copy: S3Copy) -> None:
    """
    Access denied is told, in one way or the other, never passed over.
    """
    users.source.put("a", "b")
    result = s3copy(users.source, users.dest)
    assert result.code in (1, 3)
    assert "AccessDenied" in result.err
    assert keys_at_destination(users) == []


@pytest.mark.parametrize("permission", ["READ", "FULL_CONTROL"])
def test_acl_grant_lets_the_other_user_read_the_copies(users: Users, s3copy: S3Copy, permission: str) -> None:
    """
    ``--acl-grant`` by e-mail: the owner of the destination can read objects that belong to the first user.
    """
    email = os.environ.get("S3COPY_TEST_CEPH2_EMAIL")
    if not email:
        pytest.skip("S3COPY_TEST_CEPH2_EMAIL names no address")
    users.grant_to_first("PutObject", "ListBucket", "GetObject", "PutObjectAcl")
    users.source.put("a")
    result = s3copy(users.source, users.dest, "--acl-grant", f"{permission}:{email}")
    assert result.code == 0, result.err
    assert users.dest.read("a") == "a"
    seen = Bucket(users.dest.name, users.source.client)
    grants = seen.client.get_object_acl(Bucket=seen.name, Key="a")["Grants"]
    by_id = {grant["Grantee"]["ID"]: grant["Permission"] for grant in grants}
    owner = users.source.client.list_buckets()["Owner"]["ID"]
    other = users.dest.client.list_buckets()["Owner"]["ID"]
    assert by_id == {owner: "FULL_CONTROL", other: permission}


def test_wrong_secret_ends_the_run_with_one_clear_line(users: Users, capsys: pytest.CaptureFixture[str]) -> None:
    """
    Exit 1, S3's own word for it, and what to do.
    """
    wrong = keys_of(replace(users.first, secret_key="not-the-secret-at-all"))
    result = S3Copy(users.first.url, capsys, wrong)(users.source, users.dest)
    assert result.code == 1
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "credentials" in errors[0]
    assert "not-the-secret-at-all" not in result.err
