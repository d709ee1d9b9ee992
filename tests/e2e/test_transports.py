"""
Whatever sends the requests, the copies are the same.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from e2e.proxy import Proxy
from e2e.tools import Bucket, S3Copy

_KEYS = [*(f"{number:03}" for number in range(40)), "a b+c/%25é", "deep/er/x"]


@pytest.mark.parametrize("transport", ["auto", "wire", "aiobotocore"])
def test_every_transport_copies_and_reports_every_object(
    transport: str, s3copy: S3Copy, source: Bucket, dest: Bucket, tmp_path: Path
) -> None:
    """
    Small ones and one in parts; a second run finds nothing to do.
    """
    source.put(*_KEYS)
    source.write_parts("parts", b"x" * 5 * 1024**2, b"y")
    path = tmp_path / "report"

    first = s3copy(source, dest, "--transport", transport, "--report", path, "--multipart", "direct")
    second = s3copy(source, dest, "--transport", transport)

    assert (first.code, second.code) == (0, 0), first.err + second.err
    copies = {key: body for key, body in dest.contents().items() if not key.startswith("temp/")}
    assert copies == source.contents()
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    found = {line["key"]: line["proof"] for line in lines if line.get("outcome") == "copied"}
    assert found.keys() == {*_KEYS, "parts"}
    assert {found[key] for key in _KEYS} == {"etag"}
    assert f"{len(_KEYS) + 1} already there" in second.err


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("transport", ["wire", "aiobotocore"])
def test_either_version_of_the_listing_serves(
    transport: str, version: str, s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket
) -> None:
    """
    The first run copies all, the second finds all, and nothing is listed by the other version.
    """
    source.put(*_KEYS)
    options = ("--transport", transport, "--list-version", version)

    first = s3copy_by_proxy(source, dest, *options)
    second = s3copy_by_proxy(source, dest, *options)

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert dest.keys() == sorted(_KEYS)
    assert f"{len(_KEYS)} already there" in second.err
    assert ("ListObjectsV2" in proxy.requests) == (version == "2")


@pytest.mark.parametrize("transport", ["wire", "aiobotocore"])
def test_each_object_costs_one_request(
    transport: str, s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket
) -> None:
    """
    Counted where they arrive.
    """
    source.put(*_KEYS)

    assert s3copy_by_proxy(source, dest, "--transport", transport).code == 0

    assert proxy.requests["CopyObject"] == len(_KEYS)


@pytest.mark.parametrize("transport", ["wire", "aiobotocore"])
def test_no_more_requests_begin_in_a_second_than_are_allowed(
    transport: str, s3copy: S3Copy, source: Bucket, dest: Bucket
) -> None:
    """
    ``--max-rate`` counts requests of all kinds.
    """
    source.put(*_KEYS)
    begun = time.monotonic()

    assert s3copy(source, dest, "--transport", transport, "--max-rate", "40", "-t", "20").code == 0

    assert time.monotonic() - begun >= (len(_KEYS) - 1) / 40
    assert dest.keys() == sorted(_KEYS)


def test_the_transport_may_be_set_in_the_environment(
    s3copy: S3Copy, source: Bucket, dest: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Like any other option, and as strictly.
    """
    source.put("a")
    monkeypatch.setenv("S3COPY_TRANSPORT", "aiobotocore")
    assert s3copy(source, dest).code == 0
    monkeypatch.setenv("S3COPY_TRANSPORT", "pigeon")
    result = s3copy(source, dest)

    assert result.code == 2
    assert "pigeon" in result.err
