"""
Plain lines: progress now and then, failures as they happen, a summary at the end. Data goes to standard output.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from s3copy_async.events import (
    Checked,
    Deleted,
    DeleteFailed,
    DeletePlanned,
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
from s3copy_async.text import clock_text, count_text, harmless, seconds_text, shown, size_text
from s3copy_async.uri import S3Uri
from s3copy_async.views import facts
from s3copy_async.views.pace import Pace
from s3copy_async.views.summary import summary_lines

SHOWN_FAILURES: Final = 20
"""So many failures are shown as they happen; the summary groups them all."""
STEPS: Final = 20
"""Once the total is known, a progress line comes with each such share of it, if that is before its time."""
LEAST_INTERVAL: Final = 2.0
"""Seconds between progress lines at least."""
_SAMPLES: Final = 1.0


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
        interval: seconds between progress lines at most; infinite: there are none.
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
        self._pace = Pace(state, clock)
        self._last = self._sampled = clock()
        self._done_before = self._step = 0
        self._trouble = ""
        self._source = self._dest = ""

    @property
    def follows_objects(self) -> bool:
        """
        See `views.View`.
        """
        verbosity = self._display.verbosity
        return verbosity > 0 or (verbosity == 0 and self._state.action == "dry-run")

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        self._pace.handle(event)
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
            case DeletePlanned():
                if self._display.verbosity >= 0:
                    self._data(f"delete s3://{self._dest}/{shown(event.key)} ({event.size} bytes)")
            case Deleted():
                if self._display.verbosity > 0:
                    self._say(f"deleted: {shown(event.key)}")
            case DeleteFailed():
                self._failure("not deleted", event.key, event.reason, self._state.delete_failed)
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
            more = f"; {event.note}" if event.note else ""
            self._data(f"{source} -> s3://{self._dest}/{shown(event.dest_key)} ({event.size} bytes{more})")

    def _object(self, result: CopyResult) -> None:
        if result.outcome is Outcome.FAILED:
            self._failure("failed", result.key, result.reason, self._state.failed)
        elif self._display.verbosity > 0:
            self._say(f"{result.outcome}: {shown(result.key)}" + (f" ({result.reason})" if result.reason else ""))

    def _failure(self, what: str, key: str, reason: str, number: int) -> None:
        """
        The first of a kind are shown; `number` counts them.
        """
        if number <= SHOWN_FAILURES or self._display.verbosity > 0:
            self._say(f"{what}: {shown(key)}: {harmless(reason)}")
        elif number == SHOWN_FAILURES + 1:
            self._say("further failures are counted; -v, -L FILE or --progress json show each")

    def tick(self) -> None:
        """
        See `views.View`.
        """
        self.flush()
        now = self._clock()
        if self._display.verbosity < 0 or math.isinf(self._interval) or now - self._sampled < _SAMPLES:
            return
        self._sampled = self._pace.sample()
        step = int(STEPS * self._pace.share) if self._state.listing_done else 0
        early = self._step < step < STEPS and now - self._last >= LEAST_INTERVAL
        if early or now - self._last >= self._interval:
            self._last, self._step = now, step
            self._say(f"{seconds_text(self._pace.elapsed)}: {', '.join(self._progress())}")

    def flush(self) -> None:
        """
        Lets go of the data so far.
        """
        self._streams.data.flush()

    def _progress(self) -> Iterator[str]:
        state, pace = self._state, self._pace
        if state.action == "clean":
            yield from (words for words, _ in facts.outcomes(state))
        else:
            if state.listing_done:
                yield f"{int(100 * pace.share)} %"
            yield facts.objects(state)
            yield from (words for words, _ in facts.outcomes(state))
            yield f"{pace.objects.per_second:,.0f}/s"
        if state.action == "copy":
            yield facts.nbytes(state, pace.done_bytes)
            yield f"{size_text(pace.bytes.per_second)}/s"
        if state.in_parts:
            steps = " ".join(f"{state.parts[stage]:,} {stage}" for stage in Stage)
            yield f"parts: {steps} ({size_text(state.moved_bytes)} moved)"
        yield from (words for words, _ in facts.repeats(state))
        if (left := pace.left) is not None:
            yield f"ETA {clock_text(left)}"
        done = state.finished + state.parts.total() + state.removed + state.deleted
        if self._trouble and done == self._done_before:
            yield f"waiting: {harmless(self._trouble)}"
        self._done_before = done

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
