"""
Who signs what: the two sets of credentials, where they come from, and that no secret is ever shown.
"""

from __future__ import annotations

import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from e2e.proxy import Proxy, proxy_before
from e2e.tools import Bucket, S3Copy, client_of, endpoint_named, keys_of, new_bucket, s3cfg
from support import Endpoint

UNSEEN: Final = "copying without the check for what is already there"
SECRET: Final = "wJalrXUtnFEMI%K7MDENG/bPx%(x)sRfiCYEXAMPLE"


@dataclass(frozen=True, slots=True)
class Authorised:
    """
    A server that refuses what it is told to refuse, with two buckets on it.
    """

    endpoint: Endpoint
    deny: Callable[[str, str, str], None]
    source: Bucket
    dest: Bucket


def _denied_by_sim(url: str) -> Callable[[str, str, str], None]:
    def deny(access_key: str, bucket: str, operation: str) -> None:
        query = urllib.parse.urlencode({"access": access_key, "bucket": bucket, "op": operation})
        with urllib.request.urlopen(f"{url}/_sim/deny?{query}", timeout=30) as answer:  # noqa: S310 - our own server
            assert answer.status == 200

    return deny


@pytest.fixture(params=["moto", "sim"])
def authorised(request: pytest.FixtureRequest) -> Iterator[Authorised]:
    """
    A proxy in front of moto that refuses, and sim_s3 where there is one.
    """
    with ExitStack() as stack:
        if request.param == "sim":
            endpoint = endpoint_named("sim")
            deny = _denied_by_sim(endpoint.url)
        else:
            proxy = stack.enter_context(proxy_before(request.getfixturevalue("moto_endpoint")))
            endpoint, deny = proxy.endpoint, proxy.deny
        client = stack.enter_context(client_of(endpoint))
        yield Authorised(endpoint, deny, new_bucket(client), new_bucket(client))


def new_key() -> str:
    """
    An access key id that no other test uses.
    """
    return f"AKIA{uuid.uuid4().hex[:16].upper()}"


@pytest.fixture
def copier(authorised: Authorised, capsys: pytest.CaptureFixture[str]) -> S3Copy:
    """
    The command line with no credentials around it.
    """
    return S3Copy(authorised.endpoint.url, capsys)


def test_d_lists_the_destination_where_c_may_not(authorised: Authorised, copier: S3Copy, tmp_path: Path) -> None:
    """
    ``-c`` reads and copies but may neither list nor look up the destination; with ``-d`` the second run copies nothing.
    """
    mine, theirs = new_key(), new_key()
    authorised.deny(mine, authorised.dest.name, "ListObjectsV2")
    authorised.deny(mine, authorised.dest.name, "HeadObject")
    authorised.deny(theirs, authorised.source.name, "*")
    authorised.deny(theirs, authorised.dest.name, "CopyObject")
    words = (
        authorised.source, authorised.dest, "--progress", "json",
        "-c", s3cfg(tmp_path / "mine", mine, "one"), "-d", s3cfg(tmp_path / "theirs", theirs, "two"),
    )  # fmt: skip
    authorised.source.put("a", "b/c")
    first = copier(*words)
    assert first.code == 0, first.err
    assert first.last["copied"] == 2
    second = copier(*words)
    assert second.code == 0, second.err
    assert (second.last["copied"], second.last["skipped"]) == (0, {"already there": 2})
    assert UNSEEN not in second.err
    assert authorised.dest.keys() == ["a", "b/c"]


def test_destination_that_nobody_may_list_is_copied_to_without_a_check(
    authorised: Authorised, copier: S3Copy, tmp_path: Path
) -> None:
    """
    Copying goes on, says once that it does not know what is already there, and copies again.
    """
    mine = new_key()
    for operation in ("ListObjectsV2", "HeadObject", "HeadBucket"):
        authorised.deny(mine, authorised.dest.name, operation)
    authorised.source.put("a", "b/c")
    words = (authorised.source, authorised.dest, "-c", s3cfg(tmp_path / "mine", mine, "one"), "--progress", "json")
    for _ in range(2):
        result = copier(*words)
        assert result.code == 0, result.err
        assert result.err.count(UNSEEN) == 1
        assert result.last["copied"] == 2
    assert authorised.dest.keys() == ["a", "b/c"]


def test_d_that_may_not_list_either_is_said_and_copied_past(
    authorised: Authorised, copier: S3Copy, tmp_path: Path
) -> None:
    """
    The second set is no condition for copying.
    """
    theirs = new_key()
    authorised.deny(theirs, authorised.dest.name, "*")
    authorised.source.put("a")
    mine = s3cfg(tmp_path / "mine", new_key(), "one")
    result = copier(authorised.source, authorised.dest, "-c", mine, "-d", s3cfg(tmp_path / "theirs", theirs, "two"))
    assert result.code == 0, result.err
    assert result.err.count(UNSEEN) == 1
    assert authorised.dest.keys() == ["a"]


def test_default_s3cfg_lists_the_destination_beside_a_special_c(
    authorised: Authorised, copier: S3Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    As in the original: with ``-c FILE`` that may not list the destination, ~/.s3cfg is tried for it.
    """
    mine, theirs = new_key(), new_key()
    authorised.deny(mine, authorised.dest.name, "ListObjectsV2")
    monkeypatch.setenv("HOME", str(tmp_path))
    s3cfg(tmp_path / ".s3cfg", theirs, "two")
    authorised.source.put("a")
    words = (authorised.source, authorised.dest, "-c", s3cfg(tmp_path / "mine", mine, "one"), "--progress", "json")
    assert copier(*words).last["copied"] == 1
    second = copier(*words)
    assert (second.code, second.last["copied"]) == (0, 0)
    assert UNSEEN not in second.err


def test_one_denied_object_is_reported_and_the_run_goes_on(
    authorised: Authorised, copier: S3Copy, tmp_path: Path
) -> None:
    """
    Objects that may not be copied fail with AccessDenied and a word on what is needed: exit 3.
    """
    mine = new_key()
    authorised.deny(mine, authorised.dest.name, "CopyObject")
    authorised.source.put("a", "b")
    result = copier(authorised.source, authorised.dest, "-c", s3cfg(tmp_path / "mine", mine, "one"))
    assert result.code == 3
    assert "2 failed with AccessDenied: the credentials need s3:GetObject" in result.err


def test_source_that_may_not_be_listed_stops_the_run(authorised: Authorised, copier: S3Copy, tmp_path: Path) -> None:
    """
    A listing that failed never looks like an empty one: exit 1, and the right that is needed.
    """
    mine = new_key()
    authorised.deny(mine, authorised.source.name, "ListObjectsV2")
    authorised.source.put("a")
    words = (authorised.dest, "-c", s3cfg(tmp_path / "mine", mine, "one"))
    result = copier(authorised.source, *words)
    assert result.code == 1
    assert "s3:ListBucket" in result.err
    assert "Nothing to copy" not in result.err
    assert copier(authorised.source, *words, "-f", "a").code == 0
    assert authorised.dest.keys() == ["a"]


def test_a_and_k_warn_that_argv_is_public_and_are_never_repeated(
    s3copy: S3Copy, source: Bucket, dest: Bucket, tmp_path: Path
) -> None:
    """
    The secret is in no output, no log and not in the command that continues.
    """
    key, log = new_key(), tmp_path / "log.txt"
    source.put("a")
    for secret in (["-k", SECRET], [f"-k{SECRET}"], ["--secret-key", SECRET], [f"--secret-key={SECRET}"]):
        result = S3Copy(s3copy.url, s3copy.capsys)(
            source, dest, "-f", "a", "missing", "-a", key, *secret, "-l", "DEBUG", "-L", log, "-v"
        )
        assert result.code == 3
        assert "other users of this machine can read -a and -k" in result.err
        assert "to continue: s3copy" in result.err
        for text in (result.out, result.err, log.read_text()):
            assert SECRET not in text
            assert key not in text


def test_missing_half_of_a_pair_of_keys_is_wrong_usage(s3copy: S3Copy) -> None:
    """
    ``-a`` without ``-k`` is refused, and the other way round, without showing what was given.
    """
    for words, missing in ((("-a", "AKIAONLYHALF"), "--secret-key is missing"), (("-k", SECRET), "--access-key is")):
        result = S3Copy(s3copy.url, s3copy.capsys)("s3://in", "s3://out", *words)
        assert result.code == 2
        assert missing in result.err
        assert words[1] not in result.err


@pytest.mark.parametrize(("mode", "warns"), [(0o644, True), (0o640, True), (0o600, False)])
def test_c_file_that_others_can_read_is_warned_of(
    s3copy: S3Copy, source: Bucket, dest: Bucket, tmp_path: Path, mode: int, warns: bool
) -> None:
    """
    A secret that is readable to group or others is worth a warning, and no more.
    """
    file = s3cfg(tmp_path / "cfg", new_key(), SECRET, mode=mode)
    result = S3Copy(s3copy.url, s3copy.capsys)(source, dest, "-c", file)
    assert result.code == 0
    assert ("others can read" in result.err) is warns


def test_s3cfg_gives_keys_token_and_host_and_a_percent_sign_is_one(
    proxy: Proxy, capsys: pytest.CaptureFixture[str], source: Bucket, dest: Bucket, tmp_path: Path
) -> None:
    """
    Values are taken as they stand: ``%`` in a secret is no interpolation, and host_base is where requests go.
    """
    key = new_key()
    host = proxy.endpoint.url.removeprefix("http://")
    more = f"access_token = to%ken\nhost_base = {host}\nuse_https = False\nbucket_location = %(nothing)s\n"
    file = s3cfg(tmp_path / "cfg", key, SECRET, more)
    source.put("a")
    result = S3Copy("", capsys)(source, dest, "--config_file", file)
    assert result.code == 0, result.err
    assert {request.access_key for request in proxy.seen} == {key}
    assert dest.keys() == ["a"]


def test_default_s3cfg_comes_after_the_environment(
    proxy: Proxy, capsys: pytest.CaptureFixture[str], source: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    ~/.s3cfg is used where nothing else gives keys, and keys in the environment win over it.
    """
    monkeypatch.setenv("HOME", str(tmp_path))
    in_file = new_key()
    s3cfg(tmp_path / ".s3cfg", in_file, "one")
    assert S3Copy(proxy.endpoint.url, capsys)(source).code == 0
    assert {request.access_key for request in proxy.seen} == {in_file}
    proxy.seen.clear()
    assert S3Copy(proxy.endpoint.url, capsys, keys_of(proxy.endpoint))(source).code == 0
    assert {request.access_key for request in proxy.seen} == {proxy.endpoint.access_key}


def test_a_and_k_win_over_c_and_c_over_the_environment(
    proxy: Proxy, s3copy_by_proxy: S3Copy, source: Bucket, tmp_path: Path
) -> None:
    """
    The nearer to the command, the stronger.
    """
    in_file, on_argv = new_key(), new_key()
    file = s3cfg(tmp_path / "cfg", in_file, "one")
    assert s3copy_by_proxy(source, "-c", file).code == 0
    assert {request.access_key for request in proxy.seen} == {in_file}
    proxy.seen.clear()
    assert s3copy_by_proxy(source, "-c", file, "-a", on_argv, "-k", "two").code == 0
    assert {request.access_key for request in proxy.seen} == {on_argv}


def test_profile_of_the_aws_configuration_is_used(
    proxy: Proxy, s3copy_by_proxy: S3Copy, source: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    ``--profile`` wins over keys in the environment.
    """
    key = new_key()
    file = tmp_path / "credentials"
    file.write_text(f"[work]\naws_access_key_id = {key}\naws_secret_access_key = one\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    result = s3copy_by_proxy(source, "--profile", "work")
    assert result.code == 0, result.err
    assert {request.access_key for request in proxy.seen} == {key}


def test_no_sign_request_sends_no_key(proxy: Proxy, s3copy_by_proxy: S3Copy, source: Bucket) -> None:
    """
    Requests are not signed, whatever the environment holds.
    """
    assert s3copy_by_proxy(source, "--no-sign-request", "-n").code == 0
    assert {request.access_key for request in proxy.seen} == {""}


def test_no_credentials_is_one_clear_line_and_exit_1(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    It says where credentials can come from, and never shows a traceback.
    """
    result = S3Copy(s3copy.url, s3copy.capsys)(source, dest)
    assert result.code == 1
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "no credentials found" in errors[0]
    assert "Traceback" not in result.err


@pytest.mark.parametrize("side", ["source", "dest"])
def test_unknown_bucket_is_named_and_exits_with_1(s3copy: S3Copy, source: Bucket, side: str) -> None:
    """
    The run cannot go on, and says which of the two it is.
    """
    missing = f"s3://no-such-{uuid.uuid4().hex}"
    result = s3copy(*((missing, source) if side == "source" else (source, missing)))
    assert result.code == 1
    assert f"error: there is no bucket {missing}" in result.err
