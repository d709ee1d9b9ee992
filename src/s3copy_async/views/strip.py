"""
The parts of one object as a strip of characters that fits any width, and text cut to measure.
"""

from __future__ import annotations

import locale
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from rich.cells import cell_len, set_cell_size

from s3copy_async.state import PartState


@dataclass(frozen=True, slots=True)
class Glyphs:
    """
    One character for each state of a part, how a bar is drawn, and what stands for words left out.
    """

    states: str
    bar: str
    rest: str
    ellipsis: str

    def shortened(self, text: str, width: int) -> str:
        """
        `text` in at most `width` columns: its middle is left out, because both ends of a key tell something.
        """
        if cell_len(text) <= width:
            return text
        keep = width - len(self.ellipsis)
        if keep < 2:
            return set_cell_size(text, width)
        tail = keep * 2 // 3
        return set_cell_size(text, keep - tail).rstrip() + self.ellipsis + _end(text, tail)


UNICODE: Final = Glyphs("·▂▅█✗", "━", "─", "…")
ASCII: Final = Glyphs(".-=#x", "#", ".", "...")
_PLAIN: Final = frozenset({"ansi_x3.4-1968", "us-ascii", "ascii", "646"})


def glyphs_for(encoding: str) -> Glyphs:
    """
    What a terminal can show. Python writes UTF-8 even where the locale, such as ``LC_ALL=C``, knows only ASCII.
    """
    plain = locale.getencoding().lower() in _PLAIN
    return UNICODE if encoding.lower().startswith("utf") and not plain else ASCII


def _end(text: str, width: int) -> str:
    """
    The longest end of `text` that is no wider than `width` columns.
    """
    start = max(0, len(text) - width)
    while cell_len(text[start:]) > width:
        start += 1
    return text[start:]


# Looking for one value in a bytearray is a memchr; taking its minimum looks at every byte in Python.
_TELLING: Final = (4, 0, 1, 2, 3)
"""The values of `PartState`, plain because this is the innermost loop: failed, then the furthest behind."""


def furthest_behind(states: bytearray) -> PartState:
    """
    The state of the part that has the longest way to go.
    """
    return next(state for state in sorted(PartState) if state in states)


def strip(states: bytearray, width: int) -> list[tuple[PartState, int]]:
    """
    Runs of (state, columns), together at most `width` columns.

    With more parts than columns a column stands for several parts: it shows a failed one if there is one, else the one
    that is furthest behind, so that a strip is full only when every part is done.
    """
    shown = states if len(states) <= width else _columns(states, max(0, width))
    return [(PartState(state), len(list(run))) for state, run in groupby(shown)]


def _columns(states: bytearray, width: int) -> bytearray:
    columns = bytearray()
    start = 0
    for column in range(1, width + 1):
        stop = column * len(states) // width
        group = states[start:stop]
        start = stop
        for state in _TELLING:
            if state in group:
                columns.append(state)
                break
    return columns
