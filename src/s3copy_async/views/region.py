"""
The moving part at the bottom of a terminal, and the lines above it that stay.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Sequence
from typing import Any, Final

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

Line = list[tuple[str, str]]
"""One line of a picture: words, each with the name of a style."""

_UP: Final = "\x1b[{}A"
# Whole lines, never a rest of one or of the screen: else some terminals keep a line's old length, and break it anew by
# that when they become narrower, or move what is erased to the lines that were scrolled away.
_ERASE: Final = "\x1b[2K"
# Whatever width a terminal gives to a character, a line of the picture stays one line.
_NO_WRAP: Final = "\x1b[?7l"
_WRAP: Final = "\x1b[?7h"


def plain(line: Line) -> str:
    """
    The words of a line.
    """
    return "".join(words for words, _ in line)


class Region:
    """
    Draws pictures one over the other. The cursor rests, visible, below the picture: whatever ends the program, the
    terminal is as it was.

    What is written to a region, as to a text stream, stands above the picture from the next drawing on.

    Args:
        console: knows the terminal's size and colours.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        system = console.color_system
        self._colours = ColorSystem[_NAMES[system]] if system else None
        self._styles: dict[str, Style] = {}
        self._above: list[str] = []
        self._picture: list[Line] = []
        self._widths: list[int] = []
        self._closed = False

    def write(self, text: str, /) -> int:
        """
        Takes text that stays.
        """
        if self._closed:
            self._console.file.write(text)
        else:
            self._above.append(text)
        return len(text)

    def flush(self) -> None:
        """
        Nothing is held back longer than until the next drawing.
        """
        if self._closed:
            self._console.file.flush()

    def draw(self, picture: Sequence[Line]) -> None:
        """
        Shows `picture` in the place of the last one.
        """
        rows = self._rows()
        if picture == self._picture and not self._above and rows == len(picture):
            return
        text = [_up(rows)]
        if self._above:
            text += [_erased(rows), *self._above]
            self._above, rows = [], 0
        text.append(_NO_WRAP)
        text += [_ERASE + self._painted(line) + "\n" for line in picture]
        text += [_WRAP, _erased(rows - len(picture))]
        # What is too wide was cut.
        self._widths = [min(cell_len(plain(line)), self._console.width) for line in picture]
        self._picture = list(picture)
        self._send("".join(text))

    def close(self) -> None:
        """
        Takes the picture away; what is written from now on is shown at once.
        """
        if self._closed:
            return
        self._closed = True
        rows = self._rows()
        text = _up(rows) + _erased(rows) + "".join(self._above)
        self._above, self._picture, self._widths = [], [], []
        if text:
            self._send(text)

    def _rows(self) -> int:
        """
        The rows that the last picture takes by now: a terminal that became narrower has broken its lines.
        """
        width = max(1, self._console.width)
        return sum(max(1, -(-cells // width)) for cells in self._widths)

    def _painted(self, line: Line) -> str:
        return "".join(self._style(name).render(words, color_system=self._colours) for words, name in line)

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = Style.parse(name)
            style = self._styles[name] = style.without_color if self._console.no_color else style
        return style

    def _send(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()


def _up(rows: int) -> str:
    return "\r" + _UP.format(rows) if rows > 0 else ""


def _erased(rows: int) -> str:
    return (_ERASE + "\n") * rows + _up(rows)


_NAMES: Final = {"standard": "STANDARD", "256": "EIGHT_BIT", "truecolor": "TRUECOLOR", "windows": "WINDOWS"}


def same_terminal(one: Any, other: Any) -> bool:
    """
    Whether two streams are the same terminal.
    """
    try:
        return os.ttyname(one.fileno()) == os.ttyname(other.fileno())
    except (AttributeError, OSError, ValueError, io.UnsupportedOperation):
        return False


def is_pipe(stream: Any) -> bool:
    """
    Whether another program reads a stream.
    """
    try:
        return stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (AttributeError, OSError, ValueError, io.UnsupportedOperation):
        return False
