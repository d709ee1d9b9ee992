"""
The parts of one object as a strip of characters that fits any width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from s3copy_async.state import PartState


@dataclass(frozen=True, slots=True)
class Glyphs:
    """
    One character for each state, and how a bar is drawn.
    """

    states: str
    bar: str
    rest: str
    ellipsis: str


UNICODE: Final = Glyphs("·▂▅█✗", "━", "─", "…")
ASCII: Final = Glyphs(".-=#x", "#", ".", "...")


# Looking for one value in a bytearray is a memchr; taking its minimum looks at every byte in Python.
_TELLING: Final = (PartState.FAILED, PartState.WAITING, PartState.TEMP, PartState.PART, PartState.COMPOSED)


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
    count = len(states)
    columns = min(count, width)
    runs: list[tuple[PartState, int]] = []
    for column in range(columns):
        group = states[column * count // columns : max((column + 1) * count // columns, column * count // columns + 1)]
        state = next(state for state in _TELLING if state in group)
        if runs and runs[-1][0] == state:
            runs[-1] = (state, runs[-1][1] + 1)
        else:
            runs.append((state, 1))
    return runs


def shortened(text: str, width: int, ellipsis: str) -> str:
    """
    `text` in at most `width` characters: its middle is left out, because both ends of a key tell something.
    """
    if len(text) <= width:
        return text
    if width <= len(ellipsis):
        return text[:width]
    keep = width - len(ellipsis)
    tail = keep * 2 // 3
    return text[: keep - tail] + ellipsis + (text[-tail:] if tail else "")
