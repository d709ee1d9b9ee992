"""
How fast a run is, how much of it is done, and when it may be over.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from s3copy_async.events import Event, ObjectDone, Skipped
from s3copy_async.state import Row, RunState

_NOW: Final = 5.0
"""Seconds that a rate "now" is taken over."""
_LATELY: Final = 15.0
"""Seconds that tell how long the rest may take: a guess that jumps is of no use."""
_OBJECT: Final = 1 << 20
"""S3 takes about as long for a request as for copying so many bytes three times, which is what parts need: an object is
so much work, and its bytes more."""
_NEVER: Final = 30 * 86_400.0
"""A guess of more than a month says nothing."""


class Speed:
    """
    A rate over the last seconds.

    Args:
        window: how many.
    """

    def __init__(self, window: float = _NOW) -> None:
        self._window = window
        self._samples: deque[tuple[float, float]] = deque()

    def add(self, now: float, total: float) -> None:
        """
        Notes that by `now` the count was `total`.
        """
        self._samples.append((now, total))
        while len(self._samples) > 2 and now - self._samples[0][0] > self._window:
            self._samples.popleft()

    @property
    def per_second(self) -> float:
        """
        The rate, 0 as long as nothing is known.
        """
        if len(self._samples) < 2:
            return 0.0
        (start, before), (end, after) = self._samples[0], self._samples[-1]
        return max(0.0, (after - before) / (end - start)) if end > start else 0.0


class Flights:
    """
    How long each object has been in flight, and how fast its parts move.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._begun: dict[str, float] = {}
        self._speeds: dict[str, Speed] = {}

    def sample(self, now: float, rows: Mapping[str, Row]) -> None:
        """
        Notes how far the objects in flight are by `now`, and forgets all others.
        """
        self._now = now
        self._begun = {key: self._begun.get(key, now) for key in rows}
        self._speeds = {key: self._speeds.get(key) or Speed() for key, row in rows.items() if row.parts}
        for key, speed in self._speeds.items():
            speed.add(now, rows[key].progress)

    def seconds(self, row: Row) -> float:
        """
        Seconds since the object was first seen in flight.
        """
        return self._now - self._begun.get(row.key, self._now)

    def rate(self, row: Row) -> float:
        """
        Bytes per second of an object in parts.
        """
        speed = self._speeds.get(row.key)
        return speed.per_second if speed else 0.0


class Pace:
    """
    The rates of one run. What was there already, or is left out, takes no time and counts in none of them.

    Args:
        clock: injected for tests.
    """

    def __init__(self, state: RunState, clock: Callable[[], float] = time.monotonic) -> None:
        self._state = state
        self._clock = clock
        self._started = clock()
        self._passed = self._done_in_parts = 0
        self._in_flight = self._in_flight_left = 0
        self._work = Speed(_LATELY)
        self._in_parts = Speed(_LATELY)
        self.objects = Speed()
        self.bytes = Speed()
        self.requests = Speed()
        self.sample()

    def handle(self, event: Event) -> None:
        """
        Takes one event; the state has counted it already.
        """
        if isinstance(event, Skipped):
            self._passed += event.objects
        elif isinstance(event, ObjectDone) and event.result.method not in ("", "whole"):
            self._done_in_parts += event.result.size

    def sample(self) -> float:
        """
        Notes how far the run is, also for what else is asked here. Returns the time.
        """
        now = self._clock()
        rows = [row for row in self._state.rows.values() if row.parts]
        self._in_flight = sum(row.progress for row in rows)
        self._in_flight_left = sum(row.size for row in rows) - self._in_flight
        self.objects.add(now, self.handled)
        self.bytes.add(now, self.handled_bytes)
        self.requests.add(now, self._state.requests.total())
        self._work.add(now, self._work_of(self.handled, self.handled_bytes))
        if in_parts := self._done_in_parts + self._in_flight:
            self._in_parts.add(now, in_parts)
        return now

    @property
    def elapsed(self) -> float:
        """
        Seconds since the start.
        """
        return self._clock() - self._started

    @property
    def handled(self) -> int:
        """
        Objects that the run has brought to their end one by one.
        """
        return self._state.finished - self._passed

    @property
    def handled_bytes(self) -> int:
        """
        Bytes copied, those of objects in flight as far as their parts have come.
        """
        state = self._state
        return state.copied_bytes + state.planned_bytes + self._in_flight

    @property
    def mean_objects(self) -> float:
        """
        Objects per second since the start.
        """
        return self.handled / max(0.001, self.elapsed)

    @property
    def mean_bytes(self) -> float:
        """
        Bytes per second since the start.
        """
        return self.handled_bytes / max(0.001, self.elapsed)

    @property
    def done_bytes(self) -> int:
        """
        Bytes that are at the destination, or need not be.
        """
        return self._state.finished_bytes - self._state.failed_bytes + self._in_flight

    @property
    def share(self) -> float:
        """
        How much of the known work is done, 0 to 1.
        """
        done, total = self._done_and_total()
        return min(1.0, done / total) if total else 0.0

    @property
    def left(self) -> float | None:
        """
        Seconds that the rest may take; None where nobody can tell yet.
        """
        done, total = self._done_and_total()
        if not self._state.listing_done or not self._work.per_second:
            return None
        left = max(0, total - done) / self._work.per_second
        if self._in_parts.per_second:
            # Of objects in parts it is known how fast they are; what went before may have been quite different.
            left = max(left, self._in_flight_left / self._in_parts.per_second)
        return left if left < _NEVER else None

    def _work_of(self, objects: int, nbytes: int) -> int:
        """
        Only a copy takes longer for larger objects.
        """
        return objects * _OBJECT + (nbytes if self._state.action == "copy" else 0)

    def _done_and_total(self) -> tuple[int, int]:
        state = self._state
        done = state.finished_bytes + self._in_flight
        # Sizes of named keys are known only when they are done, or in flight in parts.
        known = max(state.listed_bytes, done + self._in_flight_left)
        return self._work_of(state.finished, done), self._work_of(state.listed, known)
