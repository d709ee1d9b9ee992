"""
Fixtures for end-to-end tests.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.proxy import Proxy, proxy_before
from e2e.tools import Bucket, S3Copy, client_of, keys_of, new_bucket
from support import Endpoint


@pytest.fixture(scope="session")
def s3(moto_endpoint: Endpoint) -> Iterator[object]:
    """
    boto3's client of the moto server.
    """
    with client_of(moto_endpoint) as client:
        yield client


@pytest.fixture
def source(s3: object) -> Bucket:
    """
    An empty bucket to copy from.
    """
    return new_bucket(s3)


@pytest.fixture
def dest(s3: object) -> Bucket:
    """
    An empty bucket to copy to.
    """
    return new_bucket(s3)


@pytest.fixture
def s3copy(moto_endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> S3Copy:
    """
    The command line against the moto server.
    """
    return S3Copy(moto_endpoint.url, capsys, keys_of(moto_endpoint))


@pytest.fixture
def proxy(moto_endpoint: Endpoint) -> Iterator[Proxy]:
    """
    A proxy in front of the moto server.
    """
    with proxy_before(moto_endpoint) as running:
        yield running


@pytest.fixture
def s3copy_by_proxy(proxy: Proxy, capsys: pytest.CaptureFixture[str]) -> S3Copy:
    """
    The command line against the proxy.
    """
    return S3Copy(proxy.endpoint.url, capsys, keys_of(proxy.endpoint))
