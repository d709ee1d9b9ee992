"""
Golden files: texts that stay as they are until somebody changes them on purpose.
"""

from __future__ import annotations

import os
from pathlib import Path


def matches_golden(path: Path, text: str) -> bool:
    """
    Whether the file `path` holds `text`. With S3COPY_TEST_UPDATE_GOLDEN it is written anew.
    """
    if os.environ.get("S3COPY_TEST_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text.splitlines() == path.read_text(encoding="utf-8").splitlines()
    return text == path.read_text(encoding="utf-8")
