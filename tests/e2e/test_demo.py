"""
``s3copy demo``.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from e2e.tools import PATIENCE, S3Copy

MISLEADING = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_PROFILE": "no-such-profile",
    "AWS_CONFIG_FILE": "/no/such/file",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "S3COPY_ENDPOINT_URL": "http://127.0.0.1:9",
    "S3COPY_DRY_RUN": "1",
}


def test_demo_shows_a_copy_with_all_that_belongs_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    """
    Small objects, objects in parts, refused requests that are repeated; nothing twice; only changes; a check: exit 0.
    """
    result = S3Copy("", capsys).process("demo")
    assert result.code == 0, result.err
    first, second, third = (line for line in result.err.splitlines() if "objects copied (" in line)
    assert first.startswith("403 objects copied")
    assert "3 objects in parts: 13 temp, 13 part, 13 composed" in result.err
    assert "3 repeated (3 throttled)" in result.err
    assert "by etag+layout" in result.err
    assert second.startswith("0 objects copied")
    assert "403 already there" in second
    assert third.startswith("2 objects copied")
    assert "403 same" in result.err
    assert "Traceback" not in result.err


def test_demo_is_not_led_astray_by_what_is_set_up(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """
    Credentials, endpoints, proxies and options of the environment are for real buckets.
    """
    result = S3Copy("", capsys).process("demo", "-q", env={**MISLEADING, "HOME": str(tmp_path)})

    assert result.code == 0, result.err


def test_demo_can_be_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    """
    By Ctrl-C, in the middle of its first copy: exit code 130, and no traceback.
    """
    with S3Copy("", capsys).started("demo") as process:
        assert process.stderr is not None
        words = ""
        while "$ s3copy" not in words:
            words += process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        code = process.wait(PATIENCE)

    assert code == 130, rest
    assert "Traceback" not in rest
