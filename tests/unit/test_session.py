"""
Credentials, endpoints and clients.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from s3copy_async.errors import FatalError
from s3copy_async.options import Access, Fallback, Keys, is_aws
from s3copy_async.s3.session import Clients

GIVEN = Keys("AKIAGIVENGIVENGIVEN1", "given-secret")
FALLBACK = Fallback(Keys("AKIAFALLBACKFALLBAC2", "fallback-secret", "token"), "http://ceph.example")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Credentials in the environment.
    """
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVENVENVENVENV3")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "environment-secret")


async def described(access: Access) -> str:
    """
    Where the credentials come from.
    """
    async with Clients(access, 4) as clients:
        return await clients.describe()


@pytest.mark.usefixtures("environment")
async def test_given_keys_win_over_everything() -> None:
    """
    ``-a/-k`` and ``-c`` before the environment and ``~/.s3cfg``.
    """
    assert (await described(Access(GIVEN, FALLBACK))).endswith("key AKIA...VEN1")


@pytest.mark.usefixtures("environment")
async def test_the_environment_wins_over_the_default_s3cfg() -> None:
    """
    Whatever the user set up for AWS comes before ``~/.s3cfg``.
    """
    assert await described(Access(fallback=FALLBACK)) == "env, key AKIA...ENV3"


async def test_a_profile_wins_over_the_default_s3cfg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """
    So do the AWS configuration files.
    """
    file = tmp_path / "credentials"
    file.write_text("[mine]\naws_access_key_id = AKIAPROFILEPROFILE44\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    assert (await described(Access(fallback=FALLBACK, profile="mine"))).endswith("key AKIA...LE44")


async def test_the_default_s3cfg_is_the_last_resort() -> None:
    """
    Before the roles of containers and machines.
    """
    assert await described(Access(fallback=FALLBACK)) == "s3cfg, key AKIA...BAC2"


async def test_anonymous_uses_no_credentials() -> None:
    """
    Nothing is loaded, nothing signed.
    """
    assert await described(Access(anonymous=True)) == "none (anonymous)"


async def test_no_credentials_at_all_end_the_run() -> None:
    """
    With every way to give some.
    """
    with pytest.raises(FatalError, match="no credentials found"):
        await described(Access())


async def test_a_profile_that_does_not_exist_ends_the_run() -> None:
    """
    With its name.
    """
    with pytest.raises(FatalError, match="nowhere"):
        await described(Access(profile="nowhere"))


async def test_secrets_stay_out_of_every_repr() -> None:
    """
    Options may be logged.
    """
    assert "secret" not in repr(Access(GIVEN, FALLBACK))
    assert "token" not in repr(FALLBACK.keys)


async def test_there_is_one_client_for_each_region_and_kind() -> None:
    """
    Making a client is slow: it is kept. Copies wait long for their answers, and have one of their own.
    """
    async with Clients(Access(GIVEN, region="us-east-1"), 4) as clients:
        one, again = await clients.get("us-east-1"), await clients.get("us-east-1")
        other, copies = await clients.get("eu-west-3"), await clients.get("us-east-1", copies=True)

        assert one is again
        assert len({id(client) for client in (one, other, copies)}) == 3
        assert copies.meta.config.read_timeout > one.meta.config.read_timeout


async def test_botocore_repeats_nothing() -> None:
    """
    One store method is one HTTP request: repeating is ours.
    """
    async with Clients(Access(GIVEN), 4) as clients:
        client = await clients.get("us-east-1")

        assert client.meta.config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (None, True),
        ("https://s3.eu-west-3.amazonaws.com", True),
        ("https://s3.cn-north-1.amazonaws.com.cn", True),
        ("http://127.0.0.1:9000", False),
        ("https://amazonaws.com.example", False),
    ],
)
def test_tells_amazon_from_compatible_stores(endpoint: str | None, *, expected: bool) -> None:
    """
    Path style is for the others.
    """
    assert expected == is_aws(endpoint)


@pytest.mark.parametrize("name", ["aiobotocore", "botocore", "aiohttp", "urllib3"])
def test_the_libraries_do_not_log_secrets(name: str) -> None:
    """
    Their DEBUG records hold signatures and tokens.
    """
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)
