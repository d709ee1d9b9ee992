"""
Plain lines: progress now and then, failures as they happen, a summary at the end. Data goes to standard output.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from s3copy_async.events import (
    Checked,
    Event,
    LeftoverFound,
    Notice,
    ObjectDone,
    Planned,
    Retrying,
    RunStarted,
    Stage,
    Stopping,
    UploadFound,
)
from s3copy_async.model import CheckResult, CopyResult, Outcome
from s3copy_async.options import Display
from s3copy_async.state import RunState
from s3copy_async.text import count_text, harmless, seconds_text, shown, size_text
from s3copy_async.uri import S3Uri
from s3copy_async.views.summary import summary_lines

SHOWN_FAILURES: Final = 20
"""So many failures are shown as they happen; the summary groups them all."""


class Writes(Protocol):
    """
    The part of a text stream that is needed here.
    """

    def write(self, text: str, /) -> int:
        """
        Takes text.
        """

    def flush(self) -> None:
        """
        Shows what was taken.
        """


class Nowhere:
    """
    A stream that keeps nothing.
    """

    def write(self, text: str, /) -> int:
        """
        Drops `text`.
        """
        return len(text)

    def flush(self) -> None:
        """
        There is nothing to show.
        """


@dataclass(frozen=True, slots=True)
class Streams:
    """
    Where lines go: `data` for what another program may read, `words` for people.
    """

    data: Writes
    words: Writes


class Lines:
    """
    The plain view.

    Args:
        interval: seconds between progress lines.
        clock: injected for tests.
    """

    answers = True

    def __init__(
        self,
        state: RunState,
        streams: Streams,
        display: Display,
        interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = state
        self._streams = streams
        self._display = display
        self._interval = interval
        self._clock = clock
        self._started = self._last = clock()
        self._done_before = self._finished_before = 0
        self._trouble = ""
        self._source = self._dest = ""

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        match event:
            case RunStarted():
                self._source = S3Uri.parse(event.source).bucket
                self._dest = S3Uri.parse(event.destination).bucket
            case Planned():
                self._planned(event)
            case Checked():
                self._data(_finding(event.result, self._dest))
            case LeftoverFound():
                what = (
                    f"{count_text(event.objects, 'object')}, {size_text(event.nbytes)}, {seconds_text(event.age)} old"
                )
                self._data(f"s3://{self._dest}/{shown(event.prefix)}: {what}")
            case UploadFound():
                self._data(f"open upload of s3://{event.bucket}/{shown(event.key)}")
            case ObjectDone():
                self._object(event.result)
            case Notice():
                if event.warning or self._display.verbosity > 0:
                    self._say(f"{'warning' if event.warning else 'note'}: {harmless(event.text)}")
            case Retrying():
                self._trouble = f"{event.operation} {event.code}"
            case Stopping():
                if event.signal:
                    self._say(
                        f"interrupted: finishing what is in flight (up to {seconds_text(event.grace)}); "
                        "interrupt again to stop now"
                    )

    def _planned(self, event: Planned) -> None:
        if self._display.verbosity >= 0:
            source = f"s3://{self._source}/{shown(event.key)}"
            self._data(f"{source} -> s3://{self._dest}/{shown(event.dest_key)} ({event.size} bytes)")

    def _object(self, result: CopyResult) -> None:
        name = shown(result.key)
        if result.outcome is Outcome.FAILED:
            if self._state.failed <= SHOWN_FAILURES or self._display.verbosity > 0:
                self._say(f"failed: {name}: {harmless(result.reason)}")
            elif self._state.failed == SHOWN_FAILURES + 1:
                self._say("further failures are counted; -v, -L FILE or --progress json show each")
        elif self._display.verbosity > 0:
            self._say(f"{result.outcome}: {name}" + (f" ({result.reason})" if result.reason else ""))

    def tick(self) -> None:
        """
        See `views.View`.
        """
        self._streams.data.flush()
        now = self._clock()
        if self._display.verbosity < 0 or now - self._last < self._interval:
            return
        state = self._state
        done = state.finished + state.parts.total()
        rate = (state.finished - self._finished_before) / (now - self._last)
        stuck = done == self._done_before
        self._last, self._done_before, self._finished_before = now, done, state.finished
        known = f"{state.listed:,}" if state.listing_done else f"at least {state.listed:,}"
        words = f"{seconds_text(now - self._started)}: {state.finished:,} of {known} objects done, "
        words += f"{state.copied:,} copied ({size_text(state.copied_bytes)}), {rate:,.0f}/s"
        if state.in_parts:
            steps = " ".join(f"{state.parts[stage]:,} {stage}" for stage in Stage)
            words += f", parts: {steps} ({size_text(state.moved_bytes)} moved)"
        if state.failed:
            words += f", {state.failed:,} failed"
        if state.retries:
            words += f", {state.retries:,} repeats"
        if self._trouble and stuck:
            words += f" (waiting: {harmless(self._trouble)})"
        self._say(words)

    async def close(self) -> None:
        """
        See `views.View`.
        """
        self._streams.data.flush()
        for line in summary_lines(self._state, self._display):
            self._say(line)

    def _data(self, line: str) -> None:
        self._streams.data.write(line + "\n")

    def _say(self, line: str) -> None:
        self._streams.words.write(line + "\n")
        self._streams.words.flush()


def _finding(result: CheckResult, dest_bucket: str) -> str:
    reason = f" ({harmless(result.reason)})" if result.reason else ""
    return f"{result.finding}: s3://{dest_bucket}/{shown(result.dest_key)}{reason}"
