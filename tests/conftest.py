"""
Fixtures for all tests.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import Endpoint, moto

pytest.register_assert_rewrite("golden")  # its failures show what differs


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[Endpoint]:
    """
    One moto server for the whole session.
    """
    with moto() as endpoint:
        yield endpoint


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    No credentials, configuration or options of whoever runs the tests leak into them.
    """
    import os

    for name in list(os.environ):
        if name.startswith(("AWS_", "S3COPY_")) and not name.startswith("S3COPY_TEST_"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("GITHUB_ACTIONS", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)
