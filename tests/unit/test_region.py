"""
The moving part of a terminal, on a terminal in memory.
"""

from __future__ import annotations

import io
import os
import pty
import tty

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3copy_async.views.region import Line, Region, is_pipe, plain, same_terminal
from terminal import Terminal


def picture(*lines: str) -> list[Line]:
    """
    Lines without colours.
    """
    return [[(line, "")] for line in lines]


@pytest.mark.parametrize("height", [4, 5, 30])
def test_a_picture_takes_the_place_of_the_last_one(height: int) -> None:
    """
    Also where it is higher or lower, and at the bottom of a terminal.
    """
    terminal = Terminal(20, height)
    terminal.write("$ command\n")
    region = Region(terminal.console)

    for lines in (["one"], ["one", "two", "three"], ["four", "five"], ["a"]):
        region.draw(picture(*lines))
        assert terminal.screen[-len(lines) :] == lines
    region.close()

    assert [*terminal.history, *terminal.screen] == ["$ command"]


def test_what_is_written_stands_above() -> None:
    """
    In order, and below what stood there before; it stays when the picture goes.
    """
    terminal = Terminal(20, 6)
    region = Region(terminal.console)
    region.draw(picture("picture", "below"))

    region.write("first\nsecond\n")
    region.write("third\n")
    region.draw(picture("picture", "below"))

    assert terminal.screen == ["first", "second", "third", "picture", "below"]
    region.write("fourth\n")
    region.close()
    assert terminal.screen == ["first", "second", "third", "fourth"]


def test_a_long_line_above_is_broken_and_stays_whole() -> None:
    """
    Only lines of the picture are cut.
    """
    terminal = Terminal(10, 8)
    region = Region(terminal.console)
    region.draw(picture("picture"))

    region.write("0123456789abc\n")
    region.draw(picture("picture is longer"))

    assert terminal.screen == ["0123456789", "abc", "picture ir"]
    region.draw(picture("short"))
    assert terminal.screen == ["0123456789", "abc", "short"]


@given(st.lists(st.tuples(st.integers(8, 30), st.lists(st.text("xyz", max_size=30), max_size=4)), max_size=8))
def test_no_garbage_is_left_when_the_terminal_becomes_narrower_or_wider(steps: list[tuple[int, list[str]]]) -> None:
    """
    However its lines were broken, the last picture goes, and nothing else.
    """
    terminal = Terminal(30, 40)
    terminal.write("$ s3copy\n")
    region = Region(terminal.console)

    for width, lines in steps:
        region.draw(picture(*(line[: terminal.width - 1] for line in lines)))
        terminal.resize(width, 40)
    region.draw(picture("last"))
    assert terminal.screen == ["$ s3copy", "last"]
    region.close()

    assert terminal.screen == ["$ s3copy"]


def test_the_terminal_is_left_as_it_was() -> None:
    """
    The cursor is never hidden, and lines are broken again, whatever ends the program after a picture.
    """
    terminal = Terminal(20, 5)
    region = Region(terminal.console)
    region.draw(picture("picture"))

    assert terminal.wraps
    assert "?25l" not in terminal.raw
    assert (terminal.row, terminal.column) == (1, 0)


def test_the_same_picture_is_not_drawn_again() -> None:
    """
    Unless something is to stand above it.
    """
    terminal = Terminal(20, 5)
    region = Region(terminal.console)
    region.draw(picture("picture"))
    drawn = terminal.raw

    region.draw(picture("picture"))
    assert terminal.raw == drawn
    region.write("word\n")
    region.draw(picture("picture"))
    assert terminal.screen == ["word", "picture"]


def test_after_its_end_words_are_shown_at_once() -> None:
    """
    Nobody draws any more.
    """
    terminal = Terminal(20, 5)
    region = Region(terminal.console)
    region.draw(picture("picture"))
    region.close()
    region.close()

    region.write("summary\n")
    region.flush()

    assert terminal.screen == ["summary"]


@pytest.mark.parametrize("colours", [True, False])
def test_colours_are_left_out_where_they_are_not_wanted(monkeypatch: pytest.MonkeyPatch, *, colours: bool) -> None:
    """
    NO_COLOR takes the colours and leaves bold and faint.
    """
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal(20, 5)
    line: Line = [("red", "red"), ("bold", "bold red"), ("faint", "dim")]

    Region(terminal.console).draw([line])

    assert ("\x1b[31m" in terminal.raw) is colours
    assert "\x1b[2m" in terminal.raw
    assert terminal.screen == [plain(line)]


def test_streams_are_known_for_what_they_are() -> None:
    """
    The same terminal twice, two of them, a pipe, and what is no file at all.
    """
    ends = [*pty.openpty(), *pty.openpty(), *os.pipe()]
    streams = [
        os.fdopen(end, "wb", buffering=0) if end != ends[4] else os.fdopen(end, "rb", buffering=0) for end in ends
    ]
    try:
        tty.setraw(ends[1])
        assert same_terminal(streams[1], streams[1])
        assert not same_terminal(streams[1], streams[3])
        assert not same_terminal(streams[1], streams[5])
        assert not same_terminal(io.StringIO(), streams[1])
        assert [is_pipe(streams[5]), is_pipe(streams[1]), is_pipe(io.StringIO())] == [True, False, False]
    finally:
        for stream in streams:
            stream.close()
