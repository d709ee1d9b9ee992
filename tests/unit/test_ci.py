"""
What continuous integration is told.
"""

from __future__ import annotations

import io

import pytest

from s3copy_async.events import ObjectDone, RunEnded, RunStarted
from s3copy_async.model import CopyResult, Outcome
from s3copy_async.views.ci import ANNOTATIONS, GitHub, GitLab, ci_view

STARTED = RunStarted("copy", "s3://in/a", "s3://out")


def failed(key: str) -> ObjectDone:
    """
    An object that failed.
    """
    return ObjectDone(CopyResult(key, key, 1, Outcome.FAILED, "100 % denied", "AccessDenied"))


def test_github_gets_a_group_and_an_error_for_a_failure() -> None:
    """
    Both as workflow commands on lines of their own, with percent signs and line breaks escaped.
    """
    words = io.StringIO()
    view = GitHub(words)

    for event in (STARTED, failed("k\n::endgroup::"), RunEnded(1.0, "no bucket")):
        view.handle(event)

    assert words.getvalue().splitlines() == [
        "::group::s3copy copy: s3://in/a -> s3://out",
        "::error title=s3copy::k\\x0a::endgroup::: AccessDenied: 100 %25 denied",
        "::endgroup::",
        "::error title=s3copy::no bucket",
    ]


def test_github_gets_no_more_annotations_than_it_shows() -> None:
    """
    Thousands of failures make ten annotations.
    """
    words = io.StringIO()
    view = GitHub(words)
    for number in range(1000):
        view.handle(failed(str(number)))

    assert len(words.getvalue().splitlines()) == ANNOTATIONS


def test_gitlab_gets_a_section() -> None:
    """
    Its start and its end, with the time of each.
    """
    words = io.StringIO()
    view = GitLab(words, lambda: 5.2)

    for event in (STARTED, failed("k"), RunEnded(1.0)):
        view.handle(event)

    start, end = words.getvalue().split("\n")[:2]
    assert start == "\x1b[0Ksection_start:5:s3copy_run\r\x1b[0Ks3copy copy: s3://in/a -> s3://out"
    assert end == "\x1b[0Ksection_end:5:s3copy_run\r\x1b[0K"


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
