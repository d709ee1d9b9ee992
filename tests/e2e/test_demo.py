"""
``s3copy demo``.
"""

from __future__ import annotations

import pytest

from e2e.tools import S3Copy


def test_demo_runs_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    """
    Without credentials or network it copies, copies nothing the second time, and checks: exit 0.
    """
    result = S3Copy("", capsys).process("demo")
    assert result.code == 0, result.err
    first, second = (line for line in result.err.splitlines() if " copied (" in line and "objects copied" in line)
    assert first.startswith("400 objects copied")
    assert second.startswith("0 objects copied")
    assert "400 already there" in second
    assert "400 same" in result.err
    assert "Traceback" not in result.err
