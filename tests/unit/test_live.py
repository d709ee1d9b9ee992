"""
The live view draws from a state; nothing here needs a terminal.
"""

from __future__ import annotations

import io
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from s3copy_async.events import (
    CopyStarted,
    Event,
    Listed,
    ListingDone,
    Notice,
    ObjectDone,
    ObjectStarted,
    PartDone,
    RequestsMade,
    RunEnded,
    RunStarted,
    Stage,
)
from s3copy_async.model import CopyResult, Outcome, Proof
from s3copy_async.options import Display
from s3copy_async.state import PartState, RunState
from s3copy_async.views.lines import Lines, Streams
from s3copy_async.views.live import Above, LiveView, Speed
from s3copy_async.views.strip import ASCII, furthest_behind, shortened, strip
from support import Clock

SIZES = [(40, 15), (80, 24), (200, 50), (250, 60)]


class Terminal:
    """
    The live view on a terminal in memory.
    """

    def __init__(self, width: int = 80, height: int = 24, encoding: str = "utf-8") -> None:
        self.bytes = io.BytesIO()
        file = io.TextIOWrapper(self.bytes, encoding, errors="strict", write_through=True)
        self.console = Console(
            file=file, force_terminal=True, width=width, height=height, color_system=None, legacy_windows=False
        )
        self.state = RunState()
        self.clock = Clock()
        words = Lines(self.state, Streams(io.StringIO(), Above(self.console)), Display(), float("inf"), self.clock)
        self.view = LiveView(self.state, self.console, words, self.clock)
        self.encoding = encoding

    def show(self, *events: Event) -> None:
        """
        Counts and shows events, as a run does.
        """
        for event in events:
            self.state.apply(event)
            self.view.handle(event)

    def frame(self) -> list[str]:
        """
        The lines of one picture.
        """
        self.clock.now += 1
        self.view.tick()
        paper = Console(file=io.StringIO(), width=self.console.width, color_system=None)
        with paper.capture() as capture:
            paper.print(self.view.frame())
        return capture.get().splitlines()

    @property
    def text(self) -> str:
        """
        Everything written so far.
        """
        return self.bytes.getvalue().decode(self.encoding)


def busy(terminal: Terminal, objects: int = 40, parts: int = 10_000) -> None:
    """
    A run with many small objects and two giants in flight.
    """
    terminal.show(RunStarted("copy", "s3://source/path", "s3://dest/path"), Listed(5000, 1 << 40), ListingDone())
    for number in range(objects):
        terminal.show(CopyStarted(f"small/{number:05}", "x", 1000))
    for name in ("giant/" + "long" * 50, "giant/[red]\x1b[31m"):
        terminal.show(CopyStarted(name, "x", 1 << 39), ObjectStarted(name, "x", 1 << 39, parts, parts))
        terminal.show(PartDone(name, 1, Stage.TEMP, 5), PartDone(name, 2, Stage.COMPOSED, 5))
    terminal.show(RequestsMade((("CopyObject", 100),), 40))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_frame_fits_its_terminal(width: int, height: int) -> None:
    """
    No line is wider than the terminal, and the picture is no higher, whatever is in flight.
    """
    terminal = Terminal(width, height)
    busy(terminal)

    lines = terminal.frame()

    assert max(map(len, lines)) < width
    assert len(lines) <= min(height - 1, 18)


def test_a_frame_names_what_is_going_on() -> None:
    """
    Totals, the requests in flight, the giants first with their stage, and how much more there is.
    """
    terminal = Terminal(120, 24)
    busy(terminal)

    text = "\n".join(terminal.frame())

    assert "s3://source/path -> s3://dest/path" in text
    assert "0 of 5,000 objects" in text
    assert "40 in flight" in text
    assert "temp" in text
    assert "small/00000" in text
    assert "and 32 more" in text


def test_totals_are_at_least_until_the_listing_has_ended() -> None:
    """
    No total is shown as final before it is.
    """
    terminal = Terminal()
    terminal.show(RunStarted("copy", "s3://source", "s3://dest"), Listed(1000, 10))

    before = "\n".join(terminal.frame())
    terminal.show(ListingDone())
    after = "\n".join(terminal.frame())

    assert "at least 1,000" in before
    assert "at least" not in after


def test_hostile_keys_move_no_cursor() -> None:
    """
    Keys stand in the picture as plain text: no escape of theirs, no markup.
    """
    terminal = Terminal(200)
    busy(terminal, objects=0)

    text = "\n".join(terminal.frame())

    assert "\x1b" not in text
    assert r"giant/[red]\x1b[31m" in text


def test_a_locale_without_unicode_gets_plain_characters() -> None:
    """
    Nothing is written that the terminal's encoding cannot hold.
    """
    terminal = Terminal(encoding="ascii")
    busy(terminal)

    text = "\n".join(terminal.frame())

    assert text.isascii()
    assert ASCII.states == ".-=#x"
    assert terminal.text.isascii()


def test_words_appear_above_the_moving_part() -> None:
    """
    A notice and a failure are printed as lines that stay.
    """
    terminal = Terminal()
    terminal.show(RunStarted("copy", "s3://source", "s3://dest"), Notice("look [out]"))
    terminal.show(ObjectDone(CopyResult("k[1]", "k", 1, Outcome.FAILED, "denied", "AccessDenied")))

    assert "warning: look [out]" in terminal.text
    assert "failed: k[1]: denied" in terminal.text


async def test_the_summary_stays_when_the_run_is_over() -> None:
    """
    The moving part goes, the summary remains.
    """
    terminal = Terminal()
    busy(terminal)
    terminal.show(ObjectDone(CopyResult("k", "k", 1, Outcome.COPIED, proof=Proof.ETAG)), RunEnded(1.0))
    terminal.frame()

    await terminal.view.close()

    assert "1 object copied" in terminal.text.splitlines()[-3] + terminal.text.splitlines()[-2]


def test_it_draws_no_more_often_than_it_should() -> None:
    """
    Ticks that come too soon draw nothing.
    """
    terminal = Terminal()
    terminal.show(RunStarted("copy", "s3://source", "s3://dest"))
    terminal.view.tick()
    drawn = len(terminal.text)
    for _ in range(50):
        terminal.view.tick()

    assert drawn == len(terminal.text)


def test_finished_objects_leave_no_row() -> None:
    """
    Memory holds rows only of what is in flight.
    """
    terminal = Terminal()
    terminal.show(RunStarted("copy", "s3://source", "s3://dest"), CopyStarted("k", "k", 1))
    terminal.show(ObjectDone(CopyResult("k", "k", 1, Outcome.COPIED)))

    assert not terminal.state.rows


@given(st.binary(min_size=1, max_size=300), st.integers(1, 250))
def test_a_strip_shows_every_state_in_any_width(raw: bytes, width: int) -> None:
    """
    It fills the width or has one column for each part, hides no failed part, and is full only when all is composed.
    """
    states = bytearray(byte % 5 for byte in raw)

    runs = strip(states, width)

    assert sum(columns for _, columns in runs) == min(len(states), width)
    assert (PartState.FAILED in states) == any(state is PartState.FAILED for state, _ in runs)
    done = {state for state, _ in runs} == {PartState.COMPOSED}
    assert done == (set(states) == {PartState.COMPOSED})
    if len(states) <= width:
        assert [(PartState(value), len(list(group))) for value, group in groupby(states)] == runs


@given(st.binary(min_size=1, max_size=100))
def test_the_stage_is_that_of_the_last_part(raw: bytes) -> None:
    """
    An object is as far as the part that is furthest behind.
    """
    states = bytearray(byte % 5 for byte in raw)

    assert min(states) == furthest_behind(states)


@given(st.text(max_size=100), st.integers(1, 50))
def test_shortened_text_fits(text: str, width: int) -> None:
    """
    Never wider than asked for, and unchanged where it fits.
    """
    short = shortened(text, width, "...")

    assert len(short) <= width
    assert len(text) > width or short == text


def test_speed_is_that_of_the_last_seconds() -> None:
    """
    What was long ago does not count any more.
    """
    speed = Speed()
    speed.add(0.0, 0)
    assert speed.per_second == 0
    for second in range(1, 20):
        speed.add(float(second), 1000 + second * 10)

    assert speed.per_second == pytest.approx(10.0)
