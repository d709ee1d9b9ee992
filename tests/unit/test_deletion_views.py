"""
How a deletion is shown.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from s3copy_async.events import (
    Deleted,
    DeleteFailed,
    DeletePlanned,
    DeletionStarted,
    Event,
    Listed,
    ListingDone,
    RunEnded,
    RunStarted,
)
from s3copy_async.options import Deletion, Display, Options, Selection
from s3copy_async.state import KEPT_FAILURES, RunState
from s3copy_async.summary import summary_of
from s3copy_async.uri import S3Uri
from s3copy_async.views import facts
from s3copy_async.views import report as reports
from s3copy_async.views.ci import GitHub
from s3copy_async.views.html import HtmlPage
from s3copy_async.views.jsonl import JsonLines
from s3copy_async.views.lines import SHOWN_FAILURES, Lines, Streams
from s3copy_async.views.settings import settings_of
from s3copy_async.views.summary import summary_lines
from samples import HOSTILE
from schema import problems

COPY = RunStarted("copy", "s3://in/a", "s3://out/b")
DRY = RunStarted("dry-run", "s3://in/a", "s3://out/b")
FAILED = DeleteFailed("b/k2", 4, "AccessDenied", "DeleteObjects failed with AccessDenied", "REQ", "ID2")
LISTED = (COPY, Listed(1, 3), ListingDone())
RUN: tuple[Event, ...] = (
    *LISTED,
    DeletionStarted(3, 12),
    Deleted("b/k1", 4),
    FAILED,
    Deleted("b/k3", 4),
    RunEnded(2.0),
)
PLAN: tuple[Event, ...] = (DRY, DeletePlanned("b/k1", 4), DeletePlanned("b/k2", 5), RunEnded(2.0))


def state_of(*events: Event) -> RunState:
    """
    The numbers after these events.
    """
    state = RunState()
    for event in events:
        state.apply(event)
    return state


class Screen:
    """
    The plain view, and what it wrote.
    """

    def __init__(self, verbosity: int = 0) -> None:
        self.data, self.words = io.StringIO(), io.StringIO()
        self.state = RunState()
        self.view = Lines(self.state, Streams(self.data, self.words), Display(verbosity=verbosity), 10.0)

    def show(self, *events: Event) -> Screen:
        """
        Takes events as a run does.
        """
        for event in events:
            self.state.apply(event)
            self.view.handle(event)
        return self


def test_it_is_counted() -> None:
    """
    What was begun, what was done, what was not, and exit code 3.
    """
    state = state_of(*RUN)

    assert (state.to_delete, state.to_delete_bytes, state.deleted, state.deleted_bytes) == (3, 12, 2, 8)
    assert (state.delete_failed, state.delete_failures, state.exit_code) == (1, [FAILED], 3)
    assert (state.failed, state.finished) == (0, 0)
    summary = summary_of(state)
    assert (summary.deleted, summary.delete_failures, summary.ok) == (2, (FAILED,), False)
    assert dict(summary.delete_failure_codes) == {"AccessDenied": 1}


def test_memory_stays_bounded_when_none_can_be_deleted() -> None:
    """
    All are counted, the first are kept.
    """
    state = state_of(COPY, *[FAILED] * (KEPT_FAILURES + 5))

    assert (state.delete_failed, len(state.delete_failures)) == (KEPT_FAILURES + 5, KEPT_FAILURES)


@pytest.mark.parametrize(("verbosity", "lines"), [(-1, []), (0, ["b/k1", "b/k2"])])
def test_a_dry_run_has_a_line_for_each(verbosity: int, lines: list[str]) -> None:
    """
    On standard output, beside those of the copies.
    """
    screen = Screen(verbosity).show(*PLAN)

    assert screen.data.getvalue().splitlines() == [
        f"delete s3://out/{key} ({size} bytes)" for key, size in zip(lines, (4, 5), strict=False)
    ]


@pytest.mark.parametrize("verbosity", [0, 1])
def test_a_run_shows_what_was_not_deleted_and_the_rest_when_asked(verbosity: int) -> None:
    """
    As it does with copies.
    """
    said = Screen(verbosity).show(*RUN).words.getvalue().splitlines()

    failed = "not deleted: b/k2: DeleteObjects failed with AccessDenied"
    assert said == ([failed] if not verbosity else ["deleted: b/k1", failed, "deleted: b/k3"])


def test_many_that_were_not_deleted_are_shown_up_to_a_bound() -> None:
    """
    The others are counted.
    """
    said = Screen().show(COPY, *[FAILED] * (SHOWN_FAILURES + 5)).words.getvalue().splitlines()

    assert len(said) == SHOWN_FAILURES + 1
    assert said[-1].startswith("further failures are counted")


def test_the_summary_says_what_was_deleted_and_what_was_not() -> None:
    """
    With the code, the remedy and the request.
    """
    lines = list(summary_lines(state_of(*RUN), Display()))

    assert lines[0] == "0 objects copied (0 B) in 2.0 s, 2 deleted (8 B), 1 not deleted"
    assert lines[1].startswith("  1 not deleted: AccessDenied: the credentials need s3:DeleteObject on the destination")
    assert lines[2] == "    - b/k2: DeleteObjects failed with AccessDenied [request REQ, x-amz-id-2 ID2]"


def test_the_summary_of_a_dry_run_says_what_would_be_deleted() -> None:
    """
    Objects and bytes.
    """
    (line,) = summary_lines(state_of(*PLAN), Display())

    assert line == "dry run: would copy 0 objects, 0 B, with 0 copy requests, would delete 2 objects, 9 B"


def test_progress_says_how_far_it_is() -> None:
    """
    Of how many; nothing where there is nothing to delete.
    """
    words = [text for text, _ in facts.outcomes(state_of(*RUN))]

    assert words == ["0 copied", "2 of 3 deleted", "1 not deleted"]
    assert [text for text, _ in facts.outcomes(state_of(*PLAN))] == ["0 would be copied", "2 would be deleted"]
    assert [text for text, _ in facts.outcomes(state_of(COPY))] == ["0 copied"]


async def test_json_has_a_line_for_each_and_the_sums() -> None:
    """
    As the schema says.
    """
    state, data = RunState(), io.StringIO()
    view = JsonLines(state, data)
    for event in RUN:
        state.apply(event)
        view.handle(event)
    await view.close()

    lines = data.getvalue().splitlines()
    documents = [json.loads(line) for line in lines]
    assert [problem for line in lines for problem in problems(line)] == []
    types = [document["type"] for document in documents[3:7]]
    assert types == ["deletion-started", "deleted", "delete-failed", "deleted"]
    sums = {"to_delete": 3, "to_delete_bytes": 12, "deleted": 2, "deleted_bytes": 8, "delete_failed": 1}
    assert documents[-1] | sums | {"delete_failures": {"AccessDenied": 1}, "exit_code": 3} == documents[-1]


async def test_the_report_has_a_line_for_each_and_the_list_of_failures_none(tmp_path: Path) -> None:
    """
    What has no source cannot be copied again by its name.
    """
    report, failures = reports.report(str(tmp_path / "report")), reports.failures(str(tmp_path / "failures"), "b/")
    for event in (*RUN, DeleteFailed(HOSTILE, 4, "InternalError", "said")):
        report.handle(event)
        failures.handle(event)
    await report.close()
    await failures.close()

    lines = (tmp_path / "report").read_text().splitlines()
    assert [problem for line in lines for problem in problems(line, "report")] == []
    documents = [json.loads(line) for line in lines]
    assert [(found["key"], found["destination"], found["outcome"], found["method"]) for found in documents] == [
        ("", "b/k1", "deleted", "delete"),
        ("", "b/k2", "failed", "delete"),
        ("", "b/k3", "deleted", "delete"),
        ("", HOSTILE, "failed", "delete"),
    ]
    denied = {"code": "AccessDenied", "request_id": "REQ", "extended_id": "ID2", "size": 4, "reason": FAILED.reason}
    assert documents[1] | denied == documents[1]
    assert (tmp_path / "failures").read_text() == ""


def test_ci_services_get_an_error_for_each_that_was_not_deleted() -> None:
    """
    Up to as many as they show.
    """
    words = io.StringIO()
    view = GitHub(words)
    events: tuple[Event, ...] = (COPY, *[FAILED] * 21, RunEnded(1.0))
    for event in events:
        view.handle(event)

    said = words.getvalue().splitlines()
    assert said[1] == "::error title=s3copy::b/k2: AccessDenied: DeleteObjects failed with AccessDenied"
    assert sum(line.startswith("::error") for line in said) == 9


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (
            RUN,
            ["<b>2 of 3</b><span>deleted</span>", "<b>1</b><span>not deleted</span>", "s3:DeleteObject", "b/k2", "REQ"],
        ),
        (PLAN, ["<b>2</b><span>would be deleted</span>", "<b>9 B</b>"]),
    ],
)
async def test_the_page_shows_it(tmp_path: Path, events: tuple[Event, ...], words: list[str]) -> None:
    """
    In its tiles and among the failures.
    """
    state = RunState()
    page = HtmlPage(str(tmp_path / "page.html"), state)
    for event in events:
        state.apply(event)
        page.handle(event)
    await page.close()

    text = (tmp_path / "page.html").read_text()
    assert [word for word in words if word not in text] == []


def test_it_is_among_the_settings() -> None:
    """
    Where it was asked for.
    """
    chosen = Selection(S3Uri("in"), S3Uri("out"))

    assert ("deletion.wanted", "True") in settings_of(Options(chosen, deletion=Deletion(wanted=True, at_most=5)))
    assert ("deletion.at_most", "5") in settings_of(Options(chosen, deletion=Deletion(wanted=True, at_most=5)))
    assert not [name for name, _ in settings_of(Options(chosen)) if name.startswith("deletion")]
