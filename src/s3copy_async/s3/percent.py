"""
Undoes ``encoding-type=url``: the percent-encoding of keys in listings.

S3 writes a blank as ``+``. Bytes that are no UTF-8 become surrogates, so that they can be written back.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Sequence
from typing import Final

_RUN: Final = re.compile("(?:%[0-9A-Fa-f]{2})+")
_KEPT: Final = 10_000
_SHORT: Final = 60


class _Runs(dict[str, str]):
    """
    What runs of escapes stand for. Keys of one folder share most of theirs, so those of late are kept.
    """

    def __missing__(self, run: str) -> str:
        if len(self) >= _KEPT:
            self.clear()
        # No character is split: those that take several bytes are escaped as a whole.
        found = unhexlify(run.replace("%", "")).decode("utf-8", "surrogateescape")
        if len(run) <= _SHORT:
            self[run] = found
        return found


_RUNS: Final = _Runs()


def _of_run(found: re.Match[str]) -> str:
    return _RUNS[found[0]]


def decoded(text: str) -> str:
    """
    One text. A percent sign that two hexadecimal digits do not follow stands for itself.
    """
    return _RUN.sub(_of_run, text.replace("+", " "))


def all_decoded(texts: Sequence[str]) -> tuple[str, ...]:
    """
    All of them, which hold no line breaks, in one go: one by one that would be the cost of a listing.
    """
    joined = "\n".join(texts)
    if "%" not in joined and "+" not in joined:
        return tuple(texts)
    found = tuple(decoded(joined).split("\n"))
    # A key may have a line break that was escaped.
    return found if len(found) == len(texts) else tuple(map(decoded, texts))
