"""
Text in HTTP headers, which hold ASCII only.
"""

from __future__ import annotations

from email.header import Header


def header_text(value: str) -> str:
    """
    A value for a header: text that is not ASCII is encoded as in e-mails (RFC 2047), which S3 decodes.
    """
    return value if value.isascii() else Header(value, "utf-8", maxlinelen=10_000).encode()
