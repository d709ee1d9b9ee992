"""
What a run looks like: lines, JSON lines, log, summary.
"""

from __future__ import annotations

import io
import json
import logging
import math
import re
import tracemalloc
import unicodedata
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3copy_async.cli.runner import views_for
from s3copy_async.events import (
    Checked,
    CheckedSame,
    Event,
    LeftoverFound,
    Listed,
    ListingDone,
    Notice,
    ObjectDone,
    ObjectStarted,
    PartDone,
    Planned,
    RequestsMade,
    Retrying,
    RunEnded,
    RunStarted,
    Skipped,
    Stage,
)
from s3copy_async.model import CheckResult, CopyResult, Finding, Outcome, SkipReason
from s3copy_async.options import Display, Progress
from s3copy_async.state import RunState
from s3copy_async.views import View
from s3copy_async.views.jsonl import JsonLines, to_json
from s3copy_async.views.lines import SHOWN_FAILURES, Lines, Streams
from s3copy_async.views.log import Log
from s3copy_async.views.summary import summary_lines
from samples import COPIED, EVENTS, FAILED, HOSTILE, STARTED

HARMFUL: Final = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
SHOWN: Final = "a\\x0a\\x1b[31m\\x9b2J\\u202e\\udcff[red]\\x23#[error]::stop-commands::x"


def is_harmless(text: str) -> bool:
    """
    Whether no line of `text` moves a cursor, or is a command for a CI service.
    """
    lines = text.split("\n")
    commands = any(line.lstrip().startswith("::") or "##[" in line for line in lines)
    return not commands and not {unicodedata.category(char) for line in lines for char in line} & HARMFUL


class Screen:
    """
    The plain view, and what it wrote.
    """

    def __init__(self, interval: float = 10.0, verbosity: int = 0, command: str = "") -> None:
        self.now = 0.0
        self.data, self.words = io.StringIO(), io.StringIO()
        self.state = RunState()
        display = Display(verbosity=verbosity, command=command)
        self.view = Lines(self.state, Streams(self.data, self.words), display, interval, lambda: self.now)

    def show(self, *events: Event) -> None:
        """
        Counts and shows events, as a run does.
        """
        for event in events:
            self.state.apply(event)
            self.view.handle(event)

    @property
    def both(self) -> str:
        """
        Everything written.
        """
        return self.data.getvalue() + self.words.getvalue()


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_one_line_of_json_with_a_stable_type(name: str) -> None:
    """
    Programs know an event by its type; a line is ASCII, and keys come back as they were.
    """
    data = io.StringIO()
    view = JsonLines(RunState(), data)

    view.handle(EVENTS[name])

    line = data.getvalue().splitlines()[0]
    document = json.loads(line)
    assert name == document["type"]
    assert line.isascii()
    assert is_harmless(line)
    if "key" in document:
        assert document["key"] == HOSTILE


def test_a_result_stands_flat_beside_its_type() -> None:
    """
    Every field of the result, and the names of its enumerations.
    """
    document = json.loads(json.dumps(to_json(COPIED)))

    assert {"type", *CopyResult._fields} == set(document)
    assert tuple(document[name] for name in ("key", "size", "outcome", "proof", "etag")) == (
        HOSTILE,
        7,
        "copied",
        "etag",
        "e",
    )


async def test_the_last_json_line_is_the_summary() -> None:
    """
    Every number of the run, and its exit code.
    """
    data = io.StringIO()
    state = RunState()
    view = JsonLines(state, data)
    for event in (STARTED, Listed(2, 12), COPIED, FAILED, RequestsMade((("CopyObject", 2),)), RunEnded(1.5)):
        state.apply(event)
        view.handle(event)
    view.tick()
    await view.close()

    summary = json.loads(data.getvalue().splitlines()[-1])

    assert tuple(summary[name] for name in ("type", "action", "copied", "copied_bytes", "failed", "exit_code")) == (
        "summary",
        "copy",
        1,
        7,
        1,
        3,
    )
    assert (
        summary["failures"],
        summary["proofs"],
        summary["requests"],
    ) == ({"AccessDenied": 1}, {"etag": 1}, {"CopyObject": 2})


@pytest.mark.parametrize("action", ["copy", "dry-run", "check", "clean"])
@pytest.mark.parametrize("verbosity", [-1, 0, 1])
async def test_no_view_lets_a_hostile_key_through(tmp_path: Path, action: str, verbosity: int) -> None:
    """
    Lines, summary and log show keys, reasons, codes and ids without a control character or a command, each on one line.
    """
    screen = Screen(verbosity=verbosity, interval=2.0)
    log = Log(logging.DEBUG, str(tmp_path / "log"), io.StringIO())
    coded = ObjectDone(FAILED.result._replace(code=HOSTILE))
    for event in (RunStarted(action, "s3://in/a", "s3://out/b"), *list(EVENTS.values())[1:], FAILED, coded):
        screen.show(event)
        log.handle(event)
        screen.now += 1.0
        screen.view.tick()
    await screen.view.close()
    await log.close()

    assert is_harmless(screen.both)
    assert f"said {SHOWN}" in screen.both
    logged = (tmp_path / "log").read_text("utf-8")
    assert is_harmless(logged)
    assert f"said {SHOWN}" in logged


@given(st.text(min_size=1), st.text())
async def test_no_text_is_taken_for_a_command(key: str, reason: str) -> None:
    """
    Whatever keys and messages are: no line begins with ``::``, and none holds ``##[``.
    """
    for text in (key, f"::{key}", f"##[{key}", f"#{key}##vso[x]"):
        screen = Screen(verbosity=1)
        result = CopyResult(text, text, 1, Outcome.FAILED, f"{reason}{text}", text, request_id=text)
        screen.show(STARTED, ObjectDone(result), Planned(text, text, 1), Notice(text), RunEnded(1.0, text))
        await screen.view.close()

        assert is_harmless(screen.both)
        assert not re.search(r"##\w*\[", screen.both)


def test_data_goes_to_standard_output_and_words_to_standard_error() -> None:
    """
    Plans and findings are data; notices and failures are words.
    """
    screen = Screen()

    screen.show(
        STARTED, Planned("a/1", "b/1", 9), Checked(CheckResult("a/2", "b/2", Finding.MISSING)), Notice("careful")
    )

    assert screen.data.getvalue() == "s3://in/a/1 -> s3://out/b/1 (9 bytes)\nmissing: s3://out/b/2\n"
    assert screen.words.getvalue() == "warning: careful\n"


@pytest.mark.parametrize(("verbosity", "lines"), [(-1, 0), (0, 0), (1, 2)])
def test_every_object_is_shown_only_when_asked_for(verbosity: int, lines: int) -> None:
    """
    ``-v`` shows copies and notes; without it they are counted.
    """
    screen = Screen(verbosity=verbosity)

    screen.show(COPIED, Notice("by the way", warning=False))

    assert lines == len(screen.both.splitlines())


def test_failures_are_shown_up_to_a_bound() -> None:
    """
    The first are shown as they happen, then one line says where to find the others.
    """
    screen = Screen()

    screen.show(*[FAILED] * (SHOWN_FAILURES + 50))

    lines = screen.words.getvalue().splitlines()
    assert len(lines) == SHOWN_FAILURES + 1
    assert lines[-1].startswith("further failures are counted")


def test_progress_comes_at_a_sane_pace() -> None:
    """
    One line an interval, however often the view is asked to draw; the total is a lower bound until listing ends.
    """
    screen = Screen(interval=10)
    screen.show(STARTED, Listed(5, 35), COPIED)
    for now in range(25):
        screen.now = now
        screen.view.tick()
    screen.show(ListingDone())
    screen.now = 30
    screen.view.tick()

    lines = screen.words.getvalue().splitlines()
    assert len(lines) == 3
    assert "1 of at least 5 objects done" in lines[0]
    assert "20 %, 1 of 5 objects done" in lines[2]


def test_progress_comes_with_every_twentieth_of_a_known_total() -> None:
    """
    Before its time, but not before the listing has ended, and not more often than every two seconds.
    """
    screen = Screen(interval=10)
    screen.show(STARTED, Listed(400, 0))
    done = ObjectDone(CopyResult("k", "k", 0, Outcome.COPIED))
    for now in range(10, 90):
        screen.now = now / 10
        screen.show(done)
        screen.view.tick()
    assert screen.words.getvalue() == ""
    screen.show(ListingDone())
    for now in range(90, 410):
        screen.now = now / 10
        screen.show(done)
        screen.view.tick()

    lines = screen.words.getvalue().splitlines()
    times = [float(line.split(" s: ")[0]) for line in lines]
    shares = [int(re.findall(r"(\d+) %", line)[0]) for line in lines]
    assert 15 <= len(lines) <= 20
    assert min(later - earlier for earlier, later in pairwise(times)) >= 2.0
    assert all(later // 5 > earlier // 5 for earlier, later in pairwise(shares))


def test_without_progress_there_is_no_share_either() -> None:
    """
    ``--progress none`` and ``json`` show failures and the summary only.
    """
    screen = Screen(interval=math.inf)
    screen.show(STARTED, Listed(5, 0), ListingDone(), COPIED)
    for now in range(100):
        screen.now = now
        screen.view.tick()

    assert screen.both == ""


def progress_after(seconds: int, *events: Event) -> str:
    """
    The last line of progress of a run in which these events take so many seconds.
    """
    screen = Screen(interval=10)
    for second in range(seconds + 1):
        screen.now = second
        if second < len(events):
            screen.show(events[second])
        screen.view.tick()
    return screen.words.getvalue().splitlines()[-1]


def test_a_line_of_progress_says_what_the_live_view_says() -> None:
    """
    Objects and bytes of how many, how fast, parts by their steps, repeats, and how long it may take.
    """
    line = progress_after(
        25, STARTED, Listed(10, 1000), Skipped(SkipReason.SAME, 4, 400), ListingDone(), EVENTS["copy-started"],
        ObjectStarted(HOSTILE, "b", 300, 3, 3), PartDone(HOSTILE, 1, Stage.TEMP, 100), COPIED, FAILED,
        *[Retrying("CopyObject", "a", 1, 0.5, "SlowDown", throttled=True)] * 2, COPIED,
    )  # fmt: skip

    assert line == (
        "21.0 s: 69 %, 7 of 10 objects done, 2 copied, 4 already there, 1 failed, 0/s, 414 B of 1000 B, 0 B/s, "
        "parts: 1 temp 0 part 0 composed (100 B moved), 2 repeats (2 throttled), ETA 0:15, waiting: CopyObject SlowDown"
    )


def test_a_check_and_a_clean_count_what_they_do() -> None:
    """
    Pairs compared and what was found; leftovers found and removed.
    """
    checked = progress_after(
        10, RunStarted("check", "s3://in", "s3://out"), Listed(10, 9), CheckedSame(6, 6),
        Checked(CheckResult("k", "k", Finding.MISSING)), Checked(CheckResult("", "x", Finding.EXTRA)),
    )  # fmt: skip
    cleaned = progress_after(10, RunStarted("clean", "s3://out", "s3://out"), LeftoverFound("p", 26, 1024, 1.0))

    assert checked == "10.0 s: 7 of at least 10 objects done, 6 same, 1 missing, 1 extra, 0/s"
    assert cleaned == "10.0 s: 26 objects found (1.0 KiB), 0 open uploads"


def test_a_standstill_says_what_it_waits_for() -> None:
    """
    A run that only repeats requests looks different from one that hangs.
    """
    screen = Screen(interval=10)
    screen.show(Retrying("CopyObject", "a", 1, 20.0, "SlowDown", throttled=True))
    screen.now = 10
    screen.view.tick()

    assert "waiting: CopyObject SlowDown" in screen.words.getvalue()


def test_quiet_means_quiet() -> None:
    """
    ``-q``: no progress and no plan, and of a good run no summary.
    """
    screen = Screen(interval=1, verbosity=-1)
    screen.show(STARTED, Listed(1, 7), COPIED, ListingDone(), RunEnded(1.0))
    screen.now = 10
    screen.view.tick()

    assert screen.both == ""
    assert list(summary_lines(screen.state, Display(verbosity=-1))) == []


def summary_of(*events: Event, command: str = "s3copy s3://in s3://out") -> str:
    """
    The closing words after these events.
    """
    state = RunState()
    for event in (STARTED, *events):
        state.apply(event)
    return "\n".join(summary_lines(state, Display(command=command)))


def test_the_summary_says_what_happened_and_what_it_cost() -> None:
    """
    Copied, skipped, bytes, seconds, proofs and requests.
    """
    words = summary_of(
        Listed(3, 17), Skipped(SkipReason.SAME, 2, 10), COPIED, RequestsMade((("CopyObject", 1),)), RunEnded(4.2)
    )

    assert words.startswith("1 object copied (7 B) in 4.2 s, 2 already there")
    assert "1 by etag" in words
    assert "1 request: 1 CopyObject" in words
    assert "to continue" not in words


def test_the_summary_groups_failures_and_says_how_to_go_on() -> None:
    """
    By code, with a remedy, some examples and the request for S3 support; then the command that retries.
    """
    words = summary_of(Listed(9, 0), *[FAILED] * 9, RunEnded(1.0))

    assert "9 failed with AccessDenied: the credentials need" in words
    assert "[request REQ\\x1b, x-amz-id-2 ID2\\x1b]" in words
    assert "and 6 more" in words
    assert words.endswith("to continue: s3copy s3://in s3://out")


def test_nothing_matched_is_said() -> None:
    """
    An empty source is no silence.
    """
    assert "Nothing to copy" in summary_of(ListingDone(), RunEnded(1.0))


def test_an_error_ends_the_summary_with_the_way_on() -> None:
    """
    Why the run could not go on, and the same command again.
    """
    words = summary_of(Listed(9, 0), RunEnded(1.0, "no bucket"))

    assert words.endswith("error: no bucket\nto continue: s3copy s3://in s3://out")


def test_an_interrupted_run_says_so() -> None:
    """
    With the command that continues.
    """
    words = summary_of(Listed(9, 0), COPIED, RunEnded(1.0, signal=2))

    assert "; interrupted" in words
    assert "to continue: " in words


async def test_the_log_is_appended_for_its_owner_only(tmp_path: Path) -> None:
    """
    Records of one run follow those of the last, in a file that others cannot read.
    """
    path = tmp_path / "log"
    for _ in range(2):
        log = Log(logging.INFO, str(path), io.StringIO())
        log.handle(STARTED)
        log.tick()
        log.handle(COPIED)
        await log.close()

    lines = path.read_text().splitlines()
    assert len(lines) == 4
    assert [line.split(" ", 2)[2] for line in lines[::2]] == ["INFO copy: s3://in/a -> s3://out/b"] * 2
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("level", "names"),
    [(logging.DEBUG, {"DEBUG", "INFO", "ERROR"}), (logging.INFO, {"INFO", "ERROR"}), (logging.CRITICAL, set())],
)
async def test_the_log_keeps_to_its_level(tmp_path: Path, level: int, names: set[str]) -> None:
    """
    Pages are DEBUG, copies INFO, failures ERROR.
    """
    path = tmp_path / "log"
    path.touch()
    log = Log(level, str(path), io.StringIO())
    for event in (Listed(1, 1), COPIED, FAILED):
        log.handle(event)
    await log.close()

    assert names == {line.split(" ")[2] for line in path.read_text().splitlines()}


def test_the_views_are_views() -> None:
    """
    All of them take events, ticks and an end.
    """
    views: list[View] = [Screen().view, JsonLines(RunState(), io.StringIO())]

    for view in views:
        view.tick()


@pytest.mark.parametrize(("events", "words"), [((), "8 or more not finished"), ((ListingDone(),), "8 not finished")])
def test_an_interrupted_run_says_how_many_are_left(events: tuple[Event, ...], words: str) -> None:
    """
    Exactly where all was listed, at least so many where it was not; nothing where none is left.
    """
    assert f"; interrupted, {words}" in summary_of(Listed(9, 0), *events, COPIED, RunEnded(1.0, signal=2))
    assert "not finished" not in summary_of(Listed(1, 0), *events, COPIED, RunEnded(1.0, signal=2))


@pytest.mark.parametrize("removes", [True, False])
def test_a_clean_asks_for_yes_only_where_it_was_not_given(*, removes: bool) -> None:
    """
    With ``--yes`` the advice would be none, also where nothing could be removed; without leftovers it is none either.
    """
    for events, advice in (((LeftoverFound("temp/a/1234567/parts/", 2, 9, 1.0),), not removes), ((), False)):
        state = RunState()
        for event in (RunStarted("clean", "s3://out", "s3://out"), *events, RunEnded(1.0)):
            state.apply(event)

        words = "\n".join(summary_lines(state, Display(removes=removes)))

        assert ("add --yes" in words) is advice


def test_json_keeps_no_other_lines_in_memory() -> None:
    """
    Beside the view for programs, the one for people has nowhere to put its data, and must not collect it.
    """
    state = RunState()
    views = views_for(state, Display(progress=Progress.JSON))
    (lines,) = [view for view in views if isinstance(view, Lines)]
    line = Planned("k" * 1000, "k" * 1000, 9)
    lines.handle(STARTED)
    tracemalloc.start()
    for _ in range(2000):
        lines.handle(line)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert any(isinstance(view, JsonLines) for view in views)
    assert used < 1_000_000
