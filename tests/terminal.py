"""
A terminal in memory: what the control sequences of the live view leave on a screen.
"""

from __future__ import annotations

import re
from typing import IO, Final, cast

from rich.console import Console

_TOKENS: Final = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])|([^\x1b])", re.DOTALL)


class Terminal:
    """
    A screen that scrolls, breaks long lines, and breaks them anew when it becomes narrower, as most terminals do.

    Every character is one column wide.
    """

    encoding = "utf-8"

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.history: list[str] = []
        self.rows = [""]
        self.row = self.column = 0
        self.wraps = True
        self.raw = ""
        self.console = Console(
            file=cast("IO[str]", self),
            force_terminal=True,
            width=width,
            height=height,
            color_system="truecolor",
            legacy_windows=False,
        )

    def flush(self) -> None:
        """
        Everything is shown at once.
        """

    def write(self, text: str, /) -> int:
        """
        Shows `text`.
        """
        self.raw += text
        for found in _TOKENS.finditer(text):
            if found[3]:
                self._character(found[3])
            else:
                self._control(found[1], found[2])
        return len(text)

    @property
    def screen(self) -> list[str]:
        """
        The rows that can be seen, without what is empty at the end.
        """
        rows = [row.rstrip() for row in self.rows]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def resize(self, width: int, height: int) -> None:
        """
        Becomes narrower or lower, as tmux does: long rows are broken, and rows scroll away at the top.
        """
        pieces: list[str] = []
        cursor = 0
        for number, row in enumerate(self.rows):
            if number == self.row:
                cursor = len(pieces)
            pieces += [row[at : at + width] for at in range(0, len(row), width)] or [""]
        self.width, self.height, self.rows, self.row = width, height, pieces, cursor
        self.console.size = (width, height)
        self._scroll()

    def _character(self, char: str) -> None:
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self._down()
            self.column = 0
        else:
            if self.column >= self.width and self.wraps:
                self._down()
                self.column = 0
            at = min(self.column, self.width - 1)
            row = self.rows[self.row].ljust(at)
            self.rows[self.row] = row[:at] + char + row[at + 1 :]
            self.column += 1

    def _control(self, numbers: str, letter: str) -> None:
        if letter == "A":
            self.row = max(0, self.row - int(numbers or 1))
        elif (numbers, letter) == ("2", "K"):
            self.rows[self.row] = ""
        elif numbers == "?7":
            self.wraps = letter == "h"
        else:
            assert letter == "m", (numbers, letter)

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append("")
        self._scroll()

    def _scroll(self) -> None:
        while self.row >= self.height:
            self.history.append(self.rows.pop(0))
            self.row -= 1
