"""
``--html FILE`` with the real program.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.tools import Bucket, S3Copy


def test_a_run_leaves_its_page(s3copy: S3Copy, source: Bucket, dest: Bucket, tmp_path: Path) -> None:
    """
    Copied, failed and why, and the settings; no secret.
    """
    source.put("a", "<b>")
    page = tmp_path / "run.html"

    result = s3copy(source, dest, "-f", "a", "<b>", "missing", "--html", page)

    text = page.read_text("utf-8")
    assert result.code == 3
    assert "page in" in result.err
    assert "NoSuchKey" in text
    assert "&lt;b&gt;" in text
    assert "test-secret" not in text


@pytest.mark.parametrize("verb", [["-n"], ["check"]])
def test_other_actions_have_a_page_too(
    s3copy: S3Copy, source: Bucket, dest: Bucket, tmp_path: Path, verb: list[str]
) -> None:
    """
    A dry run and a check.
    """
    source.put("a")
    page = tmp_path / "run.html"

    s3copy(*verb, source, dest, "--html", page)

    assert "would be copied" in page.read_text() if verb == ["-n"] else "missing" in page.read_text()


def test_a_page_that_cannot_be_written_is_refused(s3copy: S3Copy, source: Bucket, dest: Bucket, tmp_path: Path) -> None:
    """
    Exit code 2, and nothing was touched.
    """
    source.put("a")

    result = s3copy(source, dest, "--html", tmp_path / "no" / "run.html")

    assert result.code == 2
    assert "--html: " in result.err
    assert dest.keys() == []
