"""
Groups and error annotations for continuous integration, where its environment says that it reads them.

Sources: GitHub, "Workflow commands for GitHub Actions", and the parser in actions/runner, ``ActionCommand.cs``; GitLab,
"Custom collapsible sections". That no key is taken for a command is the business of `text`.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from s3copy_async.events import Checked, DeleteFailed, Event, Notice, ObjectDone, RunEnded, RunStarted
from s3copy_async.model import CopyResult, Finding, Outcome
from s3copy_async.text import count_text, harmless, shown
from s3copy_async.views.lines import Writes

ANNOTATIONS: Final = 10
"""GitHub shows so many errors of one step, and so many warnings. The last two errors are kept for how the run ended."""
_FAILURES: Final = ANNOTATIONS - 2


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
    places = event.source if event.source == event.destination else f"{event.source} -> {event.destination}"
    return f"s3copy {event.action}: {shown(places)}"


class GitHub:
    """
    A group around the run, and an annotation for each of the first failures and warnings and for how the run ended.
    """

    answers = False
    follows_objects = False

    def __init__(self, words: Writes) -> None:
        self._words = words
        self._failed = self._warned = 0
        self._found: Counter[Finding] = Counter()

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        match event:
            case RunStarted():
                self._command("group", _title(event))
            case ObjectDone(result) if result.outcome is Outcome.FAILED:
                self._failure(result)
            case DeleteFailed():
                self._failure(event)
            case Notice() if event.warning and self._warned < ANNOTATIONS:
                self._warned += 1
                self._annotate("warning", harmless(event.text))
            case Checked(result) if result.finding is not Finding.NOT_COMPARABLE:
                self._found[result.finding] += 1
            case RunEnded():
                self._end(event)

    def _failure(self, failure: CopyResult | DeleteFailed) -> None:
        self._failed += 1
        if self._failed <= _FAILURES:
            self._annotate("error", f"{shown(failure.key)}: {harmless(failure.code)}: {harmless(failure.reason)}")

    def _end(self, event: RunEnded) -> None:
        self._command("endgroup", "")
        more = self._failed - _FAILURES
        ends = [f"{count_text(more, 'more object')} failed"] if more > 0 else []
        ends += [", ".join(f"{number:,} {finding}" for finding, number in self._found.items())] if self._found else []
        if ends:
            self._annotate("error", "; ".join(ends))
        if event.error:
            self._annotate("error", harmless(event.error))

    def _annotate(self, level: str, text: str) -> None:
        self._command(f"{level} title=s3copy", text)

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
        name: of the section. A job may run this program more than once, and each section has a name of its own.
    """

    answers = False
    follows_objects = False

    def __init__(self, words: Writes, clock: Callable[[], float] = time.time, name: str = "") -> None:
        self._words = words
        self._clock = clock
        self._name = name or f"s3copy_{uuid.uuid4().hex[:8]}"

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
        self._words.write(f"\x1b[0Ksection_{edge}:{self._clock():.0f}:{self._name}\r\x1b[0K{title}\n")
        self._words.flush()

    def tick(self) -> None:
        """
        See `views.View`.
        """

    async def close(self) -> None:
        """
        See `views.View`.
        """
