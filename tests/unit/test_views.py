"""
What a run looks like: lines, JSON lines, log, summary.
"""

from __future__ import annotations

import io
import json
import logging
import tracemalloc
from pathlib import Path
from typing import Final, get_args

import pytest

from s3copy_async.cli.runner import views_for
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
from s3copy_async.options import Display, Progress
from s3copy_async.state import RunState
from s3copy_async.views import View
from s3copy_async.views.jsonl import JsonLines, to_json
from s3copy_async.views.lines import SHOWN_FAILURES, Lines, Streams
from s3copy_async.views.log import Log
from s3copy_async.views.summary import summary_lines

HOSTILE: Final = "a\n\x1b[31m\u202e\udcff[red]"
STARTED: Final = RunStarted("copy", "s3://in/a", "s3://out/b")
COPIED: Final = ObjectDone(CopyResult(HOSTILE, "b", 7, Outcome.COPIED, proof=Proof.ETAG, etag="e"))
FAILED: Final = ObjectDone(
    CopyResult(HOSTILE, "b", 5, Outcome.FAILED, f"said {HOSTILE}", "AccessDenied", request_id="REQ\x1b")
)
EVENTS: Final[dict[str, Event]] = {
    "run-started": STARTED,
    "notice": Notice(f"careful {HOSTILE}"),
    "listed": Listed(2, 12),
    "listing-done": ListingDone(),
    "skipped": Skipped(SkipReason.SAME, 1, 3),
    "planned": Planned(HOSTILE, HOSTILE, 9),
    "copy-started": CopyStarted(HOSTILE, HOSTILE, 9),
    "object-started": ObjectStarted(HOSTILE, HOSTILE, 9, 2),
    "part-done": PartDone(HOSTILE, 1, next(iter(Stage)), 9),
    "retrying": Retrying("CopyObject", HOSTILE, 1, 0.25, "SlowDown", throttled=True),
    "object-done": COPIED,
    "checked": Checked(CheckResult(HOSTILE, HOSTILE, Finding.DIFFERENT, f"why {HOSTILE}")),
    "checked-same": CheckedSame(1, 2),
    "leftover-found": LeftoverFound(HOSTILE, 1, 2, 3.0),
    "leftover-removed": LeftoverRemoved(HOSTILE),
    "upload-found": UploadFound("out", HOSTILE, "id"),
    "requests-made": RequestsMade((("CopyObject", 2),)),
    "stopping": Stopping(2, 30.0),
    "run-ended": RunEnded(1.5, f"broke {HOSTILE}"),
}


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


def test_every_event_has_a_sample() -> None:
    """
    A new event is tested here too.
    """
    assert set(get_args(Event)) == {type(event) for event in EVENTS.values()}


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
    assert line.isprintable()
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


async def test_no_view_lets_a_hostile_key_through(tmp_path: Path) -> None:
    """
    Lines and log show keys, reasons and ids without a control character, each on one line.
    """
    screen = Screen(verbosity=1)
    log = Log(logging.DEBUG, str(tmp_path / "log"))
    for event in (STARTED, *EVENTS.values(), FAILED):
        screen.show(event)
        log.handle(event)
    await screen.view.close()
    await log.close()

    for text in (screen.both, (tmp_path / "log").read_text("utf-8")):
        assert "said a\\x0a\\x1b[31m\\u202e\\udcff[red]" in text
        assert all(line.isprintable() for line in text.split("\n"))


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
    screen.show(Listed(5, 35), COPIED)
    for now in range(25):
        screen.now = now
        screen.view.tick()
    screen.show(ListingDone())
    screen.now = 30
    screen.view.tick()

    lines = screen.words.getvalue().splitlines()
    assert len(lines) == 3
    assert "1 of at least 5 objects done" in lines[0]
    assert "1 of 5 objects done" in lines[2]


def test_a_standstill_says_what_it_waits_for() -> None:
    """
    A run that only repeats requests looks different from one that hangs.
    """
    screen = Screen(interval=10)
    screen.show(Retrying("CopyObject", "a", 1, 20.0, "SlowDown", throttled=True))
    screen.now = 10
    screen.view.tick()

    assert "(waiting: CopyObject SlowDown)" in screen.words.getvalue()


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
    assert "1 CopyObject" in words
    assert "to continue" not in words


def test_the_summary_groups_failures_and_says_how_to_go_on() -> None:
    """
    By code, with a remedy, some examples and the request for S3 support; then the command that retries.
    """
    words = summary_of(Listed(9, 0), *[FAILED] * 9, RunEnded(1.0))

    assert "9 failed with AccessDenied: the credentials need" in words
    assert "[request REQ\\x1b]" in words
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
        log = Log(logging.INFO, str(path))
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
    log = Log(level, str(path))
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
