"""
The live view: totals, a row for each object in flight with a strip of its parts, and the last failures.

It draws from `RunState` when it is told that time has passed, at most a dozen rows, and never for every event.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from s3copy_async.events import Event, ListingDone, RunStarted
from s3copy_async.model import CopyResult
from s3copy_async.options import Display
from s3copy_async.state import PartState, Row, RunState
from s3copy_async.text import clock_text, shown, size_text
from s3copy_async.views.lines import Lines, Streams
from s3copy_async.views.strip import ASCII, UNICODE, furthest_behind, shortened, strip

FRAMES: Final = 8
_WINDOW: Final = 5.0
_ROWS: Final = 10
_FAILURES: Final = 2
_WIDE: Final = 60
_NEVER: Final = 30 * 86_400.0  # a guess of more than a month says nothing
_LONGEST_NAME: Final = 60
_STYLES: Final = {
    PartState.WAITING: "dim",
    PartState.TEMP: "yellow",
    PartState.PART: "cyan",
    PartState.COMPOSED: "green",
    PartState.FAILED: "bold red",
}


_STEPS: Final = {PartState.WAITING: "temp", PartState.TEMP: "part", PartState.PART: "compose"}


class Above:
    """
    A text stream whose lines appear above the live region.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        """
        Prints `text` as it is: no markup, no wrapping of ours.
        """
        self._console.print(Text(text.removesuffix("\n")), soft_wrap=True)
        return len(text)

    def flush(self) -> None:
        """
        Nothing is held back.
        """


class Speed:
    """
    Rates over the last few seconds.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, now: float, total: int) -> None:
        """
        Notes that by `now` the count was `total`.
        """
        self._samples.append((now, total))
        while len(self._samples) > 2 and now - self._samples[0][0] > _WINDOW:
            self._samples.popleft()

    @property
    def per_second(self) -> float:
        """
        The rate, 0 as long as nothing is known.
        """
        if len(self._samples) < 2:
            return 0.0
        (start, before), (end, after) = self._samples[0], self._samples[-1]
        return (after - before) / (end - start) if end > start else 0.0


class LiveView:
    """
    The view for people at a terminal. What it says in words is what `Lines` says, above the moving part.

    Args:
        console: of standard error.
        clock: injected for tests.
    """

    answers = True

    def __init__(
        self, state: RunState, console: Console, words: Lines, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._state = state
        self._console = console
        self._words = words
        self._clock = clock
        self._glyphs = UNICODE if console.encoding.lower().startswith("utf") else ASCII
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._started = clock()
        self._last = float("-inf")
        self._bytes, self._objects, self._requests = Speed(), Speed(), Speed()
        self._moving: dict[str, Speed] = {}

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        if isinstance(event, RunStarted):
            self._live.start()
        self._words.handle(event)
        if isinstance(event, ListingDone):
            self._last = float("-inf")

    def tick(self) -> None:
        """
        See `views.View`.
        """
        now = self._clock()
        if now - self._last < 1 / FRAMES - 0.01:
            return
        self._last = now
        self._sample(now)
        self._live.update(self.frame(), refresh=True)

    async def close(self) -> None:
        """
        See `views.View`. The summary stays where the moving part was.
        """
        self._live.stop()
        await self._words.close()

    def _sample(self, now: float) -> None:
        state = self._state
        self._bytes.add(now, state.copied_bytes + state.moved_bytes // 3)
        self._objects.add(now, state.finished)
        self._requests.add(now, state.requests.total())
        self._moving = {key: self._moving.get(key) or Speed() for key, row in state.rows.items() if row.parts}
        for key, speed in self._moving.items():
            speed.add(now, state.rows[key].moved)

    # Drawing

    def frame(self) -> Group:
        """
        One picture of the run, no wider than the terminal and about a dozen lines high.
        """
        width = max(20, self._console.width - 1)
        lines = [*self._head(width), *self._rows(width), *self._last_failures(width)]
        for line in lines:
            line.truncate(width, overflow="crop")
            line.no_wrap = True
        return Group(*lines)

    def _head(self, width: int) -> Iterator[Text]:
        state = self._state
        title = f"{state.source} -> {state.destination}"
        clock = clock_text(self._clock() - self._started)
        yield Text(shortened(shown(title), width - len(clock) - 1, self._glyphs.ellipsis), "bold").append(
            f" {clock}", "dim"
        )
        known = f"{state.listed:,}" if state.listing_done else f"at least {state.listed:,}"
        objects = f"{state.finished:,} of {known} objects  {self._objects.per_second:,.0f}/s"
        objects += f"  {state.copied:,} copied"
        if there := state.skipped.total():
            objects += f"  {there:,} skipped"
        line = Text(objects)
        if state.failed:
            line.append(f"  {state.failed:,} failed", "bold red")
        yield line
        yield self._bar(width)
        yield self._work()

    def _bar(self, width: int) -> Text:
        state = self._state
        done = state.copied_bytes + state.skipped_bytes + state.failed_bytes
        total = max(state.listed_bytes, done)
        moving = sum(row.moved // 3 for row in state.rows.values())
        share = min(1.0, (done + moving) / total) if total else 0.0
        words = f" {size_text(done + moving)} of {'' if state.listing_done else 'at least '}{size_text(total)}"
        words += f"  {size_text(self._bytes.per_second)}/s"
        mean = (state.copied_bytes + moving) / max(0.001, self._clock() - self._started)
        words += f" (mean {size_text(mean)}/s)"
        left = (total - done - moving) / mean if mean else _NEVER
        if state.listing_done and left < _NEVER:
            words += f"  ETA {clock_text(left)}"
        columns = max(0, min(30, width - len(words)))
        full = int(columns * share)
        return Text.assemble(
            (self._glyphs.bar * full, "green"),
            (self._glyphs.rest * (columns - full), "dim"),
            words.strip() if not columns else words,
        )

    def _work(self) -> Text:
        state = self._state
        line = Text(f"{self._requests.per_second:,.0f} requests/s  {state.in_flight:,} in flight", "dim")
        if state.retries:
            line.append(f"  {state.retries:,} repeats", "yellow")
        if state.throttled:
            line.append(f" ({state.throttled:,} throttled)", "yellow")
        return line

    def _rows(self, width: int) -> Iterator[Text]:
        rows = sorted(self._state.rows.values(), key=lambda row: (not row.parts, -row.size))
        room = max(1, min(_ROWS, self._console.height - 8))
        for row in rows[:room]:
            yield self._row(row, width)
        if len(rows) > room:
            yield Text(f"{self._glyphs.ellipsis} and {len(rows) - room:,} more", "dim")

    def _row(self, row: Row, width: int) -> Text:
        facts = f" {size_text(row.size):>10}"
        if row.parts and width >= _WIDE:
            speed = self._moving.get(row.key)
            facts += f" {_stage(row):<8} {size_text(speed.per_second if speed else 0.0):>10}/s"
        room = width - len(facts) - 1
        name_width = max(8, min(_LONGEST_NAME, room * 3 // 5 if row.parts else room))
        line = Text(f"{shortened(shown(row.key), name_width, self._glyphs.ellipsis):<{name_width}}{facts} ")
        for state, columns in strip(row.parts, max(0, room - name_width)):
            line.append(self._glyphs.states[state] * columns, _STYLES[state])
        return line

    def _last_failures(self, width: int) -> Iterator[Text]:
        failures: list[CopyResult] = self._state.failures[-_FAILURES:]
        for failure in failures:
            yield Text(
                shortened(f"failed: {shown(failure.key)}: {shown(failure.reason)}", width, self._glyphs.ellipsis), "red"
            )


def _stage(row: Row) -> str:
    """
    The step that the parts of an object are at: that of the one which is furthest behind.
    """
    return _STEPS.get(furthest_behind(row.parts), "complete")


def live_view(state: RunState, console: Console, display: Display, streams: Streams) -> LiveView:
    """
    The live view on `console`, its words printed above the moving part.
    """
    words = Lines(state, Streams(streams.data, Above(console)), display, interval=float("inf"))
    return LiveView(state, console, words)
