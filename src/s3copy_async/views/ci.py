"""
Groups and error annotations for continuous integration, where its environment says that it reads them.

Sources: GitHub, "Workflow commands for GitHub Actions"; GitLab, "Custom collapsible sections".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from s3copy_async.events import Event, ObjectDone, RunEnded, RunStarted
from s3copy_async.model import CopyResult, Outcome
from s3copy_async.text import harmless, shown
from s3copy_async.views.lines import Writes

ANNOTATIONS: Final = 10
"""GitHub shows so many errors of one step."""
_SECTION: Final = "s3copy_run"


def ci_view(environment: Mapping[str, str], words: Writes) -> GitHub | GitLab | None:
    """
    The view for the service that `environment` names, None for a terminal or an unknown service.
    """
    if environment.get("GITHUB_ACTIONS") == "true":
        return GitHub(words)
    if environment.get("GITLAB_CI") == "true":
        return GitLab(words)
    return None


def _title(event: RunStarted) -> str:
    return f"s3copy {event.action}: {shown(event.source)} -> {shown(event.destination)}"


def _failure(result: CopyResult) -> str:
    return f"{shown(result.key)}: {result.code}: {harmless(result.reason)}"


class GitHub:
    """
    A group around the run, and an annotation for each of the first failures and for what ended the run.
    """

    answers = False

    def __init__(self, words: Writes) -> None:
        self._words = words
        self._annotated = 0

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        match event:
            case RunStarted():
                self._command("group", _title(event))
            case ObjectDone(result) if result.outcome is Outcome.FAILED and self._annotated < ANNOTATIONS:
                self._annotated += 1
                self._command("error title=s3copy", _failure(result))
            case RunEnded():
                self._command("endgroup", "")
                if event.error:
                    self._command("error title=s3copy", harmless(event.error))

    def _command(self, name: str, text: str) -> None:
        data = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        self._words.write(f"::{name}::{data}\n")
        self._words.flush()

    def tick(self) -> None:
        """
        See `views.View`.
        """

    async def close(self) -> None:
        """
        See `views.View`.
        """


class GitLab:
    """
    A section around the run. GitLab's log knows no annotations.

    Args:
        clock: seconds since the epoch, injected for tests.
    """

    answers = False

    def __init__(self, words: Writes, clock: Callable[[], float] = time.time) -> None:
        self._words = words
        self._clock = clock

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        if isinstance(event, RunStarted):
            self._section("start", _title(event))
        elif isinstance(event, RunEnded):
            self._section("end", "")

    def _section(self, edge: str, title: str) -> None:
        # These control characters are GitLab's own marks; it takes them out of what it shows.
        self._words.write(f"\x1b[0Ksection_{edge}:{self._clock():.0f}:{_SECTION}\r\x1b[0K{title}\n")
        self._words.flush()

    def tick(self) -> None:
        """
        See `views.View`.
        """

    async def close(self) -> None:
        """
        See `views.View`.
        """
