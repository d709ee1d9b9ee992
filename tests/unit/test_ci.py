"""
What continuous integration is told.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3copy_async.events import Checked, Notice, ObjectDone, RunEnded, RunStarted
from s3copy_async.model import CheckResult, CopyResult, Finding, Outcome
from s3copy_async.views.ci import ANNOTATIONS, GitHub, GitLab, ci_view
from samples import EVENTS

STARTED = RunStarted("copy", "s3://in/a", "s3://out")


def failed(key: str, reason: str = "100 % denied") -> ObjectDone:
    """
    An object that failed.
    """
    return ObjectDone(CopyResult(key, key, 1, Outcome.FAILED, reason, "AccessDenied"))


@dataclass(frozen=True)
class Command:
    """
    A workflow command as GitHub's runner reads it.
    """

    name: str
    properties: dict[str, str]
    data: str


def parsed(line: str) -> Command:
    """
    What GitHub's runner makes of a line: ``ActionCommand.TryParseV2`` in actions/runner.
    """
    found = re.fullmatch(r"::(\w+)(?: (.*?))?::(.*)", line.lstrip())
    assert found, line
    name, words, data = found.groups()
    pairs = dict(pair.split("=", 1) for pair in (words or "").split(",") if "=" in pair)
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        data = data.replace(code, char)
    return Command(name, pairs, data)


def test_github_gets_a_group_and_an_error_for_a_failure() -> None:
    """
    Both as workflow commands on lines of their own, with percent signs and line breaks escaped.
    """
    words = io.StringIO()
    view = GitHub(words)

    for event in (STARTED, failed("k\n::endgroup::"), Notice("careful"), RunEnded(1.0, "no bucket")):
        view.handle(event)

    assert words.getvalue().splitlines() == [
        "::group::s3copy copy: s3://in/a -> s3://out",
        "::error title=s3copy::k\\x0a::endgroup::: AccessDenied: 100 %25 denied",
        "::warning title=s3copy::careful",
        "::endgroup::",
        "::error title=s3copy::no bucket",
    ]


@given(st.text(), st.text())
def test_no_key_gets_out_of_its_command(key: str, reason: str) -> None:
    """
    Percent signs, line breaks, colons and commas of keys and messages arrive as text of one command.
    """
    words = io.StringIO()
    view = GitHub(words)

    for text in (key, f"::error::{key}", f"%0A::stop-commands::{key}", f"\r\n::add-mask::{key}", f"a,b:{key}=c"):
        view.handle(failed(text, reason))

    lines = words.getvalue().split("\n")[:-1]
    assert len(lines) == 5
    for line in lines:
        command = parsed(line)
        assert (command.name, command.properties) == ("error", {"title": "s3copy"})
        assert not {"\r", "\n"} & set(command.data)
    assert parsed(lines[2]).data.startswith("%0A::stop-commands::")


def test_github_gets_no_more_annotations_than_it_shows() -> None:
    """
    Thousands of failures make ten errors, of which the last two tell how many more there were and why the run ended.
    """
    words = io.StringIO()
    view = GitHub(words)
    for number in range(1000):
        view.handle(failed(str(number)))
        view.handle(Notice(str(number)))
    view.handle(RunEnded(1.0, "no bucket"))

    lines = [parsed(line) for line in words.getvalue().splitlines()]
    errors = [line.data for line in lines if line.name == "error"]
    assert len(errors) == ANNOTATIONS
    assert errors[-2:] == ["992 more objects failed", "no bucket"]
    assert sum(line.name == "warning" for line in lines) == ANNOTATIONS


def test_github_gets_an_error_for_what_a_check_found() -> None:
    """
    One for all differences; what cannot be compared is none.
    """
    words = io.StringIO()
    view = GitHub(words)
    findings = [Finding.MISSING, Finding.EXTRA, Finding.MISSING, Finding.NOT_COMPARABLE]
    for finding in findings:
        view.handle(Checked(CheckResult("k", "k", finding)))
    view.handle(RunEnded(1.0))

    assert words.getvalue().splitlines() == ["::endgroup::", "::error title=s3copy::2 missing, 1 extra"]


def test_github_gets_no_error_of_a_good_run() -> None:
    """
    Only the group.
    """
    words = io.StringIO()
    view = GitHub(words)
    for event in (STARTED, Notice("by the way", warning=False), RunEnded(1.0)):
        view.handle(event)

    assert [parsed(line).name for line in words.getvalue().splitlines()] == ["group", "endgroup"]


def test_gitlab_gets_a_section() -> None:
    """
    Its start and its end, with the time of each.
    """
    words = io.StringIO()
    view = GitLab(words, lambda: 5.2, "s3copy_1")

    for event in (STARTED, failed("k"), RunEnded(1.0)):
        view.handle(event)

    start, end = words.getvalue().split("\n")[:2]
    assert start == "\x1b[0Ksection_start:5:s3copy_1\r\x1b[0Ks3copy copy: s3://in/a -> s3://out"
    assert end == "\x1b[0Ksection_end:5:s3copy_1\r\x1b[0K"


def test_each_section_has_a_name_of_its_own() -> None:
    """
    A job may run the program twice; GitLab takes letters, digits, points, dashes and underscores.
    """
    names = set()
    for _ in range(5):
        words = io.StringIO()
        view = GitLab(words)
        view.handle(STARTED)
        view.handle(RunEnded(1.0))
        names |= set(re.findall(r"section_(?:start|end):[0-9]+:([A-Za-z0-9_.-]+)\r\x1b\[0K", words.getvalue()))

    assert len(names) == 5


@pytest.mark.parametrize("kind", [GitHub, GitLab])
def test_hostile_text_is_harmless_in_marks(kind: type[GitHub | GitLab]) -> None:
    """
    The only control characters are GitLab's own.
    """
    words = io.StringIO()
    view = kind(words)
    hostile = RunStarted("copy", "s3://in/\x1b[31m\nsection_end:1:x\r\x1b[0K", "s3://out/##[error]")
    for event in (hostile, *list(EVENTS.values())[1:]):
        view.handle(event)

    for line in words.getvalue().split("\n"):
        text = re.sub(r"\x1b\[0Ksection_(start|end):\d+:[\w.-]+\r\x1b\[0K", "", line)
        assert text == "" or text.isprintable()
        assert "##[" not in text


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"GITHUB_ACTIONS": "true"}, GitHub),
        ({"GITLAB_CI": "true"}, GitLab),
        ({}, type(None)),
        ({"CI": "1"}, type(None)),
    ],
)
def test_only_a_service_that_says_so_gets_its_marks(environment: dict[str, str], kind: type) -> None:
    """
    Anywhere else a log holds plain lines and no control character.
    """
    assert isinstance(ci_view(environment, io.StringIO()), kind)
