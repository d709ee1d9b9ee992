"""
One picture of a run: totals, a row for each object in flight with a strip of its parts, and the last failures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final, TypeVar

from rich.cells import cell_len, set_cell_size

from s3copy_async.events import DeleteFailed
from s3copy_async.model import CopyResult
from s3copy_async.state import PartState, Row, RunState
from s3copy_async.text import clock_text, harmless, shown, size_text
from s3copy_async.views import facts
from s3copy_async.views.facts import GOOD, Fact
from s3copy_async.views.pace import Flights, Pace
from s3copy_async.views.region import Line
from s3copy_async.views.strip import ASCII, Glyphs, furthest_behind, strip

T = TypeVar("T")

ROWS: Final = 12
"""Objects that have a row at most."""
_FAILURES: Final = 2
_BAR: Final = 50
_NARROWEST: Final = 20
_WIDE: Final = 60
_WIDER: Final = 100
_LONGEST_NAME: Final = 60
_FAINT: Final = "dim"
_STYLES: Final = {
    PartState.WAITING: _FAINT,
    PartState.TEMP: "yellow",
    PartState.PART: "cyan",
    PartState.COMPOSED: "green",
    PartState.FAILED: "bold red",
}
_STEPS: Final = {
    PartState.WAITING: "temp",
    PartState.TEMP: "part",
    PartState.PART: "compose",
    PartState.COMPOSED: "complete",
    PartState.FAILED: "repeat",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """
    All that a picture shows.

    Args:
        trouble: the last request that had to be repeated; empty when that is long ago.
    """

    state: RunState
    pace: Pace
    flights: Flights
    trouble: str = ""


class Painter:
    """
    Makes pictures that fit a terminal.
    """

    def __init__(self, glyphs: Glyphs) -> None:
        self._glyphs = glyphs
        self._columns = _NARROWEST
        # The column of names grows and never shrinks, so that it does not jump. Lines that are no longer than they must
        # be are seldom broken by a terminal that becomes narrower.
        self._longest = 0

    def picture(self, scene: Scene, width: int, height: int) -> list[Line]:
        """
        A picture for a terminal of this size: at most as high as it is without its last line, where the cursor rests.
        """
        # The last column stays free too: some terminals break the line when it is written to.
        self._columns = max(_NARROWEST, width - 1)
        room = max(1, height - 1)
        head = self._shortened_head(list(self._head(scene)), max(1, room * 2 // 3))
        return [*head[:room], *self._body(scene, room - len(head))]

    # Totals

    @staticmethod
    def _shortened_head(groups: list[list[Line]], most: int) -> list[Line]:
        """
        Without the last lines of the largest groups, where all of them would leave too little for the objects.
        """
        groups.reverse()  # of two groups of the same size, the lower one gives way
        while sum(map(len, groups)) > most and len(longest := max(groups, key=len)) > 1:
            longest.pop()
        groups.reverse()
        return [line for group in groups for line in group]

    def _head(self, scene: Scene) -> Iterator[list[Line]]:
        """
        Lines that belong together; the first of each is the one that matters most.
        """
        state, pace = scene.state, scene.pace
        yield [self._title(scene)]
        if state.action != "clean":
            yield [self._bar(scene)]
            speed = f"{pace.objects.per_second:,.0f}/s (mean {pace.mean_objects:,.0f}/s)"
            yield self._flow([(facts.objects(state), GOOD), (speed, GOOD), *facts.outcomes(state)])
        else:
            yield self._flow(facts.outcomes(state))
        if state.action in ("copy", "dry-run"):
            yield self._flow(self._bytes(scene))
        asked = f"{pace.requests.per_second:,.0f} requests/s"
        work: list[Fact] = [(asked, _FAINT), (f"{state.in_flight:,} in flight", _FAINT), *facts.repeats(state)]
        if scene.trouble:
            work.append((self._fitting(f"last: {scene.trouble}", self._columns), facts.ODD))
        yield self._flow(work)

    def _title(self, scene: Scene) -> Line:
        state = scene.state
        clock = f"  {clock_text(scene.pace.elapsed)}"
        places = state.source if state.source == state.destination else f"{state.source} -> {state.destination}"
        title = self._fitting(f"{state.action} {shown(places)}", self._columns - len(clock))
        return [(title, "bold"), (clock, _FAINT)]

    def _bar(self, scene: Scene) -> Line:
        share = scene.pace.share
        words = f" {int(100 * share)} %" if scene.state.listing_done else " listing"
        if scene.state.signal:
            words += "  stopping"
        elif (left := scene.pace.left) is not None:
            words += f"  ETA {clock_text(left)}"
        # Nothing of a dry run or a check takes time but the listing, and how long that is nobody knows.
        known = scene.state.listing_done or scene.state.action == "copy"
        columns = max(0, min(_BAR, self._columns - len(words))) if known else 0
        full = int(columns * share)
        bar = [(self._glyphs.bar * full, "green"), (self._glyphs.rest * (columns - full), _FAINT)]
        return [*bar, (words, GOOD)] if columns else [(words.strip(), GOOD)]

    def _bytes(self, scene: Scene) -> list[Fact]:
        state, pace = scene.state, scene.pace
        words = [(facts.nbytes(state, pace.done_bytes), GOOD)]
        if state.action == "copy":
            speed = f"{size_text(pace.bytes.per_second)}/s (mean {size_text(pace.mean_bytes)}/s)"
            words.append((speed, GOOD))
        return words

    def _flow(self, words: Iterable[Fact]) -> list[Line]:
        """
        Facts beside one another, as many in a line as it has room for.
        """
        lines: list[Line] = [[]]
        used = 0
        for text, style in words:
            if lines[-1] and used + 2 + cell_len(text) > self._columns:
                lines.append([])
                used = 0
            if lines[-1]:
                lines[-1].append(("  ", GOOD))
                used += 2
            lines[-1].append((self._fitting(text, self._columns), style))
            used += cell_len(text)
        return lines

    # Objects

    def _body(self, scene: Scene, room: int) -> list[Line]:
        """
        Rows of what is in flight, largest first, then what failed last.
        """
        state = scene.state
        # What is in flight keeps at least half of the room.
        # Where an object failed, none is deleted.
        failed: Sequence[CopyResult | DeleteFailed] = state.failures or state.delete_failures
        failures = _last(failed, min(_FAILURES, room // 4))
        fallen = _last(state.failed_rows, min(_FAILURES, room // 4))
        room -= len(failures)
        room = min(ROWS, room) - len(fallen)
        count = len(state.rows)
        visible = count if count <= room else max(0, room - 1)
        rows = nsmallest(visible, state.rows.values(), key=lambda row: (not row.parts, -row.size))
        names = [cell_len(self._printable(shown(row.key))) for row in (*rows, *fallen)]
        self._longest = max(self._longest, min(_LONGEST_NAME, max(names, default=0)))
        strips = any(row.parts for row in (*rows, *fallen))
        lines = [self._row(row, scene.flights, strips=strips) for row in rows]
        if count > visible and room > 0:
            lines.append([(f"{self._glyphs.ellipsis} and {count - visible:,} more", _FAINT)])
        lines += [self._row(row, scene.flights, strips=strips, failed=True) for row in fallen]
        for failure in failures:
            lines.append([(self._failure(failure), "red")])
        return lines

    def _failure(self, failure: CopyResult | DeleteFailed) -> str:
        """
        The key and the beginning of the reason, which both have room in any terminal.
        """
        words = f"failed: {self._fitting(shown(failure.key), max(8, self._columns // 2 - len('failed: ')))}: "
        reason = self._printable(harmless(failure.reason))
        room = self._columns - cell_len(words)
        if cell_len(reason) > room:
            reason = set_cell_size(reason, max(0, room - len(self._glyphs.ellipsis))) + self._glyphs.ellipsis
        return words + reason

    def _row(self, row: Row, flights: Flights, *, strips: bool, failed: bool = False) -> Line:
        """
        `strips` says whether some row of the picture has one, so that all leave the same room for it.
        """
        what = f" {size_text(row.size) if row.size else '':>10}"
        if self._columns >= _WIDE:
            speed = f"{size_text(flights.rate(row))}/s" if row.parts else f"{flights.seconds(row):.1f} s"
            what += f" {'failed':<8} {'':>12}" if failed else f" {_stage(row):<8} {speed:>12}"
        if self._columns >= _WIDER and strips:
            # One column of a strip may stand for gigabytes.
            what += f" {f'{100 * row.progress // max(1, row.size)} %' if row.parts else '':>5}"
        room = self._columns - len(what) - 1
        name = min(self._longest, max(8, room * 3 // 5) if strips else room)
        line: Line = [(set_cell_size(self._fitting(shown(row.key), name), name) + what + " ", GOOD)]
        for state, columns in strip(row.parts, room - name):
            line.append((self._glyphs.states[state] * columns, _STYLES[state]))
        return line

    def _fitting(self, text: str, width: int) -> str:
        """
        `text` in characters that the terminal has, no wider than `width`.
        """
        return self._glyphs.shortened(self._printable(text), width)

    def _printable(self, text: str) -> str:
        return text.encode("ascii", "backslashreplace").decode("ascii") if self._glyphs is ASCII else text


def _last(items: Sequence[T], count: int) -> list[T]:
    return [items[number] for number in range(max(0, len(items) - count), len(items))]


def _stage(row: Row) -> str:
    """
    The step that the parts of an object are at: that of the one which is furthest behind.
    """
    if not row.parts:
        return "copy"
    state = furthest_behind(row.parts)
    return _STEPS[PartState.FAILED if state is PartState.COMPOSED and PartState.FAILED in row.parts else state]
