"""
The report and the list of failures, as files that other programs read.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3copy_async.cli.retry import failures_command
from s3copy_async.cli.tokens import Names
from s3copy_async.events import Listed, ObjectDone, Skipped
from s3copy_async.listfile import parse_lines
from s3copy_async.model import CopyResult, CopyTask, ObjectInfo, Outcome, Proof, SkipReason
from s3copy_async.options import SOURCE_MARK, Display
from s3copy_async.state import RunState
from s3copy_async.views import report as reports
from s3copy_async.views.report import listed
from s3copy_async.views.summary import summary_lines

HOSTILE = 'a\n"b\x1b[31m\u202e'
COPIED = CopyResult(
    "in/k",
    "out/k",
    7,
    Outcome.COPIED,
    proof=Proof.ETAG,
    etag="e",
    source_etag="e",
    method="whole",
    requests=1,
    seconds=0.5,
)
FAILED = CopyResult(
    f"in/{HOSTILE}", f"out/{HOSTILE}", 5, Outcome.FAILED, "denied", "AccessDenied", request_id="R1", extended_id="R2"
)
NAMES = Names(frozenset({"-F", "--failures", "-t"}), frozenset({"-f"}))


async def test_the_report_has_a_line_for_every_object(tmp_path: Path) -> None:
    """
    Copied, failed and skipped objects, also those that a whole page was skipped with, each with its facts.
    """
    path = tmp_path / "report.jsonl"
    report = reports.report(str(path))
    info = ObjectInfo("in/s", 3, "x")
    same = CopyTask("in/s", "out/s", info, info)

    for event in (Listed(3, 15), Skipped(SkipReason.SAME, 1, 3, (same,)), ObjectDone(COPIED), ObjectDone(FAILED)):
        report.handle(event)
    await report.close()

    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["outcome"] for line in lines] == ["skipped", "copied", "failed"]
    assert lines[0] | {"key": "in/s", "etag": "x", "source_etag": "x", "reason": "already there"} == lines[0]
    assert lines[1] | {"size": 7, "proof": "etag", "method": "whole", "requests": 1, "seconds": 0.5} == lines[1]
    assert lines[2] | {"key": FAILED.key, "code": "AccessDenied", "request_id": "R1", "extended_id": "R2"} == lines[2]


async def test_what_is_finished_is_in_the_file_before_the_run_is_over(tmp_path: Path) -> None:
    """
    A tick writes whole lines, so a killed run leaves a report that can be read.
    """
    path = tmp_path / "report.jsonl"
    report = reports.report(str(path))
    report.handle(ObjectDone(COPIED))

    report.tick()
    while not path.exists() or not path.read_text():
        report.tick()
        await _turn()

    assert json.loads(path.read_text())["key"] == "in/k"
    await report.close()


async def test_a_report_begins_anew_and_is_private(tmp_path: Path) -> None:
    """
    What an earlier run wrote is gone, also when this one has nothing to say; only its owner can read a new file.
    """
    path = tmp_path / "report.jsonl"
    path.write_text("old\n")
    await reports.report(str(path)).close()
    fresh = tmp_path / "fresh.jsonl"
    await reports.report(str(fresh)).close()

    assert path.read_text() == ""
    assert fresh.stat().st_mode & 0o077 == 0


async def test_failures_are_listed_relative_to_the_destination_folder(tmp_path: Path) -> None:
    """
    The list holds only what failed, in the form that -F reads.
    """
    path = tmp_path / "failed.txt"
    failures = reports.failures(str(path), "out/")

    for result in (COPIED, FAILED):
        failures.handle(ObjectDone(result))
    await failures.close()

    assert parse_lines(path.read_bytes().splitlines(keepends=True)) == [HOSTILE]


async def test_a_report_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """
    The error reaches whoever owns the view, which is then switched off.
    """
    report = reports.report(str(tmp_path / "missing" / "report.jsonl"))
    report.handle(ObjectDone(COPIED))

    with pytest.raises(OSError, match="missing"):
        await report.close()


@given(st.text(min_size=1))
def test_any_key_survives_a_list_of_failures(key: str) -> None:
    """
    What is written is one line, and is read back as the same key.
    """
    line = listed(key).encode("utf-8", "surrogateescape")

    assert b"\n" not in line
    assert parse_lines([line + b"\n"]) == [key]


def test_the_command_for_the_failures_has_another_selection() -> None:
    """
    Lists and the file of failures are left out, everything else stays, and the folder is filled in at the end.
    """
    args = ["-t", "5", "s3://in/a/b", "s3://out/x", "-f", "k1", "k2", "--failures", "f.txt"]

    command = failures_command(args, NAMES, "s3://out/x", "f.txt")

    assert command == f"s3copy -t 5 {SOURCE_MARK} s3://out/x -F f.txt"


def test_the_summary_prints_the_command_for_the_failures() -> None:
    """
    With the folder that all of them are relative to; where there is none for all, only the whole command.
    """
    display = Display(command="s3copy all", failures_command=f"s3copy {SOURCE_MARK} s3://out/x -F f.txt")
    state = RunState(action="copy", source="s3://inn/a/b", destination="s3://out/x")
    failed = CopyResult("a/b/c", "x/b/c", 1, Outcome.FAILED, "no", "No")
    state.apply(ObjectDone(failed))

    one = "\n".join(summary_lines(state, display))
    state.apply(ObjectDone(failed._replace(key="z/q", dest_key="x/q")))
    two = "\n".join(summary_lines(state, display))

    assert "only what failed: s3copy s3://inn/a/ s3://out/x -F f.txt" in one
    assert "only what failed" not in two
    assert "to continue: s3copy all" in two


def test_the_summary_names_what_was_written() -> None:
    """
    The report, the page and the log; the list of failures only where there are any.
    """
    display = Display(report="r.jsonl", failures="f.txt", html="a page.html", log_file="log")
    state = RunState(action="copy", source="s3://in", destination="s3://out")

    good = list(summary_lines(state, display))
    state.apply(ObjectDone(FAILED))
    bad = list(summary_lines(state, display))

    assert "  report in r.jsonl, page in 'a page.html', log in log" in good
    assert "  report in r.jsonl, failures in f.txt, page in 'a page.html', log in log" in bad
    assert not any("in r.jsonl" in line for line in summary_lines(state, Display(verbosity=-1, report="r.jsonl")))


async def _turn() -> None:
    import asyncio

    await asyncio.sleep(0)
