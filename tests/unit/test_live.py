"""
The live view draws from a state; nothing here needs a terminal.
"""

from __future__ import annotations

import io
import locale
import os
import pty
import unicodedata
from itertools import groupby
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from golden import matches_golden
from s3copy_async.events import (
    Checked,
    CheckedSame,
    CopyStarted,
    Event,
    LeftoverFound,
    LeftoverRemoved,
    Listed,
    ListingDone,
    Notice,
    ObjectDone,
    ObjectStarted,
    PartDone,
    PartFailed,
    Planned,
    RequestsMade,
    Retrying,
    RunEnded,
    RunStarted,
    Skipped,
    Stage,
    Stopping,
    UploadFound,
)
from s3copy_async.model import CheckResult, CopyResult, Finding, Outcome, Proof, SkipReason
from s3copy_async.options import Display
from s3copy_async.state import PartState, RunState
from s3copy_async.views.lines import Lines, Streams
from s3copy_async.views.live import LiveView, live_view
from s3copy_async.views.picture import ROWS
from s3copy_async.views.region import Region
from s3copy_async.views.strip import ASCII, UNICODE, Glyphs, furthest_behind, glyphs_for, strip
from samples import EVENTS
from support import Clock
from terminal import Terminal

GOLDEN: Final = Path(__file__).parent / "golden"
MIB: Final = 1 << 20
HARMFUL: Final = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
COPY: Final = RunStarted("copy", "s3://source/photos", "s3://backup/2026")


class Live:
    """
    The live view on a terminal in memory, with a clock of its own.
    """

    def __init__(self, width: int = 80, height: int = 24, *, piped: bool = False) -> None:
        self.terminal = Terminal(width, height)
        self.state = RunState()
        self.clock = Clock()
        self.data = io.StringIO()
        region = Region(self.terminal.console)
        words = Lines(self.state, Streams(self.data, region), Display(), 2.0, self.clock)
        self.view = LiveView(self.state, self.terminal.console, region, words, self.clock, piped=piped)

    def show(self, *events: Event) -> None:
        """
        Counts and shows events, as a run does.
        """
        for event in events:
            self.state.apply(event)
            self.view.handle(event)

    def frame(self, seconds: float = 1.0) -> list[str]:
        """
        What the terminal shows after a while.
        """
        self.clock.now += seconds
        self.view.tick()
        return self.terminal.screen

    @property
    def text(self) -> str:
        """
        The screen as one text.
        """
        return "\n".join(self.terminal.screen)


def in_parts(key: str, parts: int, part: int, *done: int) -> list[Event]:
    """
    An object of which so many parts are in place, are part objects, are temp objects.
    """
    size = parts * part
    events: list[Event] = [CopyStarted(key, key, size), ObjectStarted(key, key, size, parts, parts)]
    number = 1
    for stage, count in zip((Stage.COMPOSED, Stage.PART, Stage.TEMP), done, strict=True):
        events += [PartDone(key, number + more, stage, part) for more in range(count)]
        number += count
    return events


def busy_copy(live: Live) -> None:
    """
    A copy on its way: small objects, objects of 2 to 10,000 parts, what was there, failures, repeats.
    """
    live.show(COPY, Listed(5000, 900 << 30), Skipped(SkipReason.SAME, 120, 4 << 30), ListingDone())
    live.frame()
    live.show(*[ObjectDone(CopyResult(f"a/{n}", "x", 1_500_000, Outcome.COPIED)) for n in range(1500)])
    live.show(*in_parts("video/archive-2025.tar", 10_000, 64 * MIB, 2000, 500, 700))
    live.show(
        *in_parts("video/two-parts.mov", 2, 8 * MIB, 1, 0, 0), *in_parts("video/thirteen.mov", 13, 8 * MIB, 5, 2, 3)
    )
    live.show(*in_parts("video/again.mov", 30, 8 * MIB, 10, 10, 5), PartFailed("video/again.mov", 12, "disagree"))
    live.show(*in_parts("video/broken.mov", 20, 8 * MIB, 0, 6, 3), PartFailed("video/broken.mov", 8, "denied"))
    refused = CopyResult("video/broken.mov", "x", 160 * MIB, Outcome.FAILED, "UploadPartCopy failed", "AccessDenied")
    hostile = CopyResult("esc\x1b[31mred", "x", 9, Outcome.FAILED, "the source has no such key", "NoSuchKey")
    live.show(ObjectDone(refused), ObjectDone(hostile))
    live.show(*[CopyStarted(f"2026/11/24/IMG_{n:04}.jpg", "x", 2_000_000 - n) for n in range(40)])
    live.show(*[Retrying("CopyObject", "a", 1, 0.5, "SlowDown", throttled=n < 12) for n in range(17)])
    live.show(RequestsMade((("CopyObject", 1900), ("UploadPartCopy", 9000)), 40))
    live.frame()
    live.show(*[PartDone("video/archive-2025.tar", 3201 + n, Stage.TEMP, 64 * MIB) for n in range(30)])
    live.show(PartDone("video/two-parts.mov", 2, Stage.TEMP, 8 * MIB))
    live.frame()


def busy_check(live: Live) -> None:
    """
    A check that has found something.
    """
    live.show(RunStarted("check", "s3://source", "s3://backup"), Listed(5000, 1 << 30), CheckedSame(2500, 1 << 29))
    for finding in (Finding.MISSING, Finding.DIFFERENT, Finding.NOT_COMPARABLE):
        live.show(Checked(CheckResult("a", "a", finding)))
    live.show(Checked(CheckResult("", "z", Finding.EXTRA)), RequestsMade((("ListObjectsV2", 8),), 2))
    live.frame()


def busy_dry_run(live: Live) -> None:
    """
    A dry run in the middle of its listing.
    """
    live.show(RunStarted("dry-run", "s3://source", "s3://backup"), Listed(3000, 1 << 30))
    live.show(Skipped(SkipReason.SAME, 2990, 1 << 29), *[Planned(f"k{n}", "x", MIB) for n in range(5)])
    live.show(RequestsMade((("ListObjectsV2", 4),), 1))
    live.frame()


def busy_clean(live: Live) -> None:
    """
    A clean that removes.
    """
    live.show(
        RunStarted("clean", "s3://backup", "s3://backup"), LeftoverFound("temp/a/1234567/parts/", 26, 200 * MIB, 9.0)
    )
    live.show(UploadFound("backup", "a", "id"), *[LeftoverRemoved(f"k{n}") for n in range(7)])
    live.show(RequestsMade((("DeleteObject", 7),), 12))
    live.frame()


SCENES: Final = {"copy": busy_copy, "check": busy_check, "dry-run": busy_dry_run, "clean": busy_clean}


@pytest.mark.parametrize(
    ("scene", "width", "height"),
    [
        ("copy", 40, 15), ("copy", 80, 24), ("copy", 200, 50), ("copy", 80, 5),
        ("check", 80, 24), ("dry-run", 80, 24), ("clean", 80, 24),
    ],
)  # fmt: skip
def test_golden_frames(scene: str, width: int, height: int) -> None:
    """
    What a terminal of this size shows is that of the golden file. S3COPY_TEST_UPDATE_GOLDEN=1 writes it anew.
    """
    live = Live(width, height)
    SCENES[scene](live)

    assert matches_golden(GOLDEN / f"live-{scene}-{width}x{height}.txt", live.text + "\n")


def test_golden_frame_without_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where the locale knows only ASCII, there is nothing else.
    """
    monkeypatch.setattr(locale, "getencoding", lambda: "ANSI_X3.4-1968")
    live = Live()
    busy_copy(live)
    live.show(CopyStarted("caf\u00e9/\u65e5\u672c", "x", 1 << 60))
    live.frame()

    assert live.text.isascii()
    assert "caf\\xe9/\\u65e5\\u672c" in live.text
    assert matches_golden(GOLDEN / "live-copy-ascii.txt", live.text + "\n")


@pytest.mark.parametrize("scene", SCENES)
@given(st.integers(5, 250), st.integers(2, 60))
def test_a_frame_fits_its_terminal(scene: str, width: int, height: int) -> None:
    """
    The picture is no wider and no higher than the terminal, and has a dozen rows of objects at most.
    """
    live = Live(width, height)
    SCENES[scene](live)

    picture = live.view._region._picture
    assert len(picture) < height
    assert max(sum(cell_len(words) for words, _ in line) for line in picture) < max(width, 21)
    assert sum("iB" in row and "/s" not in row for row in live.terminal.screen) <= ROWS + 3


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=5), st.integers(40, 250))
def test_any_key_leaves_the_columns_where_they_are(keys: list[str], width: int) -> None:
    """
    Wide characters, marks and controls in keys: every row has the width that it should, and moves no cursor.
    """
    live = Live(width, 24)
    live.show(COPY, *[CopyStarted(key, "x", 1) for key in dict.fromkeys(keys)])
    live.clock.now += 1
    live.view.tick()

    lines = ["".join(words for words, _ in line) for line in live.view._region._picture]
    rows = [line for line in lines if " 1 B" in line and "/s" not in line]
    assert len(rows) == len(set(keys))
    assert len({cell_len(line) for line in rows}) == 1
    assert not {unicodedata.category(char) for line in lines for char in line} & HARMFUL


def test_totals_are_at_least_until_the_listing_has_ended() -> None:
    """
    No total is shown as final before it is, and no guess is made.
    """
    live = Live()
    live.show(COPY)
    assert "nothing listed yet" in "\n".join(live.frame())
    live.show(Listed(1000, 10_000), ObjectDone(CopyResult("k", "k", 10, Outcome.COPIED)))

    before = "\n".join(live.frame())
    live.show(ListingDone())
    after = "\n".join(live.frame())

    assert "of at least 1,000 objects" in before
    assert "of at least 9.8 KiB" in before
    assert "listing" in before
    assert "ETA" not in before
    assert "at least" not in after
    assert "ETA" in after


def test_a_run_that_is_interrupted_makes_no_guess() -> None:
    """
    It says that it is stopping.
    """
    live = Live()
    live.show(COPY, Listed(1000, 0), ListingDone(), ObjectDone(CopyResult("k", "k", 10, Outcome.COPIED)))
    live.frame()
    live.show(Stopping(2, 30.0))

    text = "\n".join(live.frame())

    assert "stopping" in text
    assert "ETA" not in text


def test_a_failed_part_is_shown_as_failed() -> None:
    """
    In the strip of an object that goes on, and in that of one that failed, which keeps its row.
    """
    live = Live(120, 24)
    live.show(COPY, *in_parts("going-on", 4, 8 * MIB, 1, 1, 1), PartFailed("going-on", 3, "disagree"))
    live.show(*in_parts("given-up", 4, 8 * MIB, 0, 2, 0), PartFailed("given-up", 4, "denied"))
    live.show(ObjectDone(CopyResult("given-up", "x", 32 * MIB, Outcome.FAILED, "denied", "AccessDenied")))

    going_on, given_up = [line for line in live.frame() if line.endswith(("█▅✗·", "▅▅·✗"))]

    assert going_on.startswith("going-on")
    assert "temp" in going_on
    assert given_up.startswith("given-up")
    assert "failed" in given_up
    live.show(PartDone("going-on", 3, Stage.TEMP, 8 * MIB))
    assert any(line.endswith("█▅▂·") for line in live.frame())


@pytest.mark.parametrize(
    ("done", "stage"),
    [((0, 0, 0), "temp"), ((1, 1, 1), "temp"), ((2, 1, 1), "part"), ((2, 2, 0), "compose"), ((4, 0, 0), "complete")],
)
def test_the_stage_is_that_of_the_part_that_is_furthest_behind(done: tuple[int, ...], stage: str) -> None:
    """
    Of an object in parts; a small one is being copied, and says for how long.
    """
    live = Live(120)
    live.show(COPY, *in_parts("large", 4, 8 * MIB, *done), CopyStarted("small", "x", 10))
    live.frame(0.5)

    *_, large, small = live.frame(2.5)

    assert large.startswith("large")
    assert small.startswith("small")

    assert f" {stage} " in large
    assert "copy" in small
    assert "2.5 s" in small


def test_words_appear_above_the_moving_part_and_stay() -> None:
    """
    A notice, a failure, and what others write, such as the log.
    """
    live = Live()
    live.show(COPY, Notice("look [out]"))
    live.frame()
    live.show(ObjectDone(CopyResult("k[1]", "k", 1, Outcome.FAILED, "denied", "AccessDenied")))
    live.view.above.write("2026-11-24 INFO a line of the log\n")

    screen = live.frame()

    assert screen[:3] == ["warning: look [out]", "failed: k[1]: denied", "2026-11-24 INFO a line of the log"]
    assert screen[3].startswith("copy s3://source/photos")


async def test_the_summary_stays_when_the_run_is_over() -> None:
    """
    The moving part goes, the summary remains.
    """
    live = Live()
    live.show(COPY, Listed(1, 1), ObjectDone(CopyResult("k", "k", 1, Outcome.COPIED, proof=Proof.ETAG)))
    live.frame()
    live.show(RunEnded(1.0))

    await live.view.close()

    assert live.terminal.screen == ["1 object copied (1 B) in 1.0 s", "  proof: 1 by etag"]


def test_it_draws_no_more_often_than_it_should() -> None:
    """
    Eight to ten times a second, however often it is told that time passes, and however much happens.
    """
    live = Live()
    live.show(COPY, Listed(10**6, 0))
    for _ in range(1000):
        live.show(ObjectDone(CopyResult("k", "k", 1, Outcome.COPIED)))
        live.frame(0.01)

    assert 80 <= live.terminal.raw.count("copy s3://") <= 100


@pytest.mark.parametrize("scene", SCENES)
def test_a_view_that_breaks_goes_on_in_lines(scene: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It says so once, leaves no picture behind, and everything else is said as it is elsewhere.
    """
    live = Live()
    SCENES[scene](live)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("no \x1b[31mwidth")

    monkeypatch.setattr(live.view._painter, "picture", broken)
    live.frame()
    live.show(Notice("careful"))
    for _ in range(3):
        live.frame()

    text = live.text
    assert text.count("the live view is switched off (ZeroDivisionError: no \\x1b[31mwidth)") == 1
    assert "warning: careful" in text
    assert "requests/s" not in text
    assert " s: " in text


def test_a_terminal_that_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Then nobody can be told: the run switches the view off.
    """
    live = Live()
    live.show(COPY)
    live.frame()

    def gone(_text: str) -> int:
        raise OSError("gone")

    monkeypatch.setattr(live.terminal, "write", gone)
    with pytest.raises(OSError, match="gone"):
        live.frame()


@pytest.mark.parametrize(("action", "draws"), [("copy", True), ("dry-run", False), ("check", False), ("clean", False)])
def test_answers_for_another_program_are_not_drawn_over(action: str, *, draws: bool) -> None:
    """
    ``s3copy -n ... | less``: the reader of the pipe has the terminal. A copy has no answers.
    """
    live = Live(piped=True)
    live.show(RunStarted(action, "s3://in", "s3://out"), Listed(1, 1))
    live.frame()
    live.frame(5.0)

    assert ("requests/s" in live.text) is draws


def test_data_is_let_go_while_the_run_goes_on() -> None:
    """
    ``s3copy -n ... > file``: whoever looks into the file sees what there is.
    """
    live = Live()
    flushed = []
    live.data.flush = lambda: flushed.append(live.data.getvalue())  # type: ignore[method-assign]
    live.show(RunStarted("dry-run", "s3://in", "s3://out"), Planned("k", "k", 1))
    live.frame()

    assert flushed[-1] == "s3://in/k -> s3://out/k (1 bytes)\n"


def test_data_for_the_same_terminal_stands_above() -> None:
    """
    Two streams, one screen: what goes to standard output must not be drawn over, and so it is shown with a picture.
    """
    master, slave = pty.openpty()
    with (
        os.fdopen(slave, "w") as words,
        os.fdopen(os.dup(slave), "w") as data,
        os.fdopen(master, "rb", buffering=0) as seen,
    ):
        os.set_blocking(master, False)
        state = RunState()
        view = live_view(state, Console(file=words, force_terminal=True, width=80, height=24), Display(), data)
        for event in (RunStarted("dry-run", "s3://in", "s3://out"), Planned("k", "k", 1)):
            state.apply(event)
            view.handle(event)
        data.flush()
        assert seen.read(10_000) is None

        view.tick()

        assert b"s3://in/k -> s3://out/k (1 bytes)" in (seen.read(10_000) or b"")


def test_every_event_is_shown_harmlessly() -> None:
    """
    In the picture and in the words: no control of a key reaches the terminal.
    """
    live = Live(250, 60)
    for event in EVENTS.values():
        live.show(event)
        live.frame()

    shown = live.terminal.history + live.terminal.screen
    assert any("\\x1b[31m\\x9b2J\\u202e\\udcff[red]\\x23#[error]" in line for line in shown)
    assert all(line.isprintable() for line in shown)


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


@pytest.mark.parametrize("parts", [2, 100, 10_000])
def test_a_strip_scales(parts: int) -> None:
    """
    From two parts to S3's limit: one part that is behind can be seen, and where it is.
    """
    states = bytearray([PartState.COMPOSED]) * parts
    states[parts // 2] = PartState.TEMP

    columns = "".join(UNICODE.states[state] * count for state, count in strip(states, 50))

    assert len(columns) == min(parts, 50)
    assert columns.index(UNICODE.states[PartState.TEMP]) == len(columns) // 2


@given(st.binary(min_size=1, max_size=100))
def test_the_furthest_behind_is_the_least(raw: bytes) -> None:
    """
    An object is as far as the part that has the longest way to go.
    """
    states = bytearray(byte % 5 for byte in raw)

    assert min(states) == furthest_behind(states)


@pytest.mark.parametrize("glyphs", [ASCII, UNICODE])
@given(st.text(max_size=100), st.integers(1, 50))
def test_shortened_text_fits(glyphs: Glyphs, text: str, width: int) -> None:
    """
    Never wider than asked for, in columns and not in characters, and unchanged where it fits.
    """
    short = glyphs.shortened(text, width)

    assert cell_len(short) <= width
    assert cell_len(text) > width or short == text


@pytest.mark.parametrize(
    ("encoding", "of_locale", "glyphs"),
    [
        ("utf-8", "UTF-8", UNICODE), ("utf-8", "ANSI_X3.4-1968", ASCII), ("ascii", "UTF-8", ASCII),
        ("utf-8", "US-ASCII", ASCII), ("latin-1", "ISO-8859-1", ASCII), ("utf-8", "cp1252", UNICODE),
    ],
)  # fmt: skip
def test_characters_are_those_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, encoding: str, of_locale: str, glyphs: Glyphs
) -> None:
    """
    Both the stream and the locale must know more than ASCII; on Windows the locale says nothing of the terminal.
    """
    monkeypatch.setattr(locale, "getencoding", lambda: of_locale)

    assert glyphs_for(encoding) is glyphs


def test_finished_objects_leave_no_row() -> None:
    """
    Memory holds rows only of what is in flight, and of a few that failed in parts.
    """
    live = Live()
    live.show(COPY)
    for number in range(100):
        live.show(*in_parts(f"k{number}", 2, 8 * MIB, 0, 0, 0))
        live.frame()
        live.show(ObjectDone(CopyResult(f"k{number}", "k", 1, Outcome.FAILED, "no", "No")))
    live.frame()

    assert not live.state.rows
    assert len(live.state.failed_rows) == 2
    assert not live.view._flights._begun
    assert not live.view._flights._speeds
