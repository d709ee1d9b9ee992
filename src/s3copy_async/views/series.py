"""
How a run went over time, in bounded memory however long it takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from s3copy_async.state import RunState

KEPT: Final = 240
"""So many moments are kept; then every second one is dropped, and they are taken half as often."""
_FIRST_STEP: Final = 0.5


class Moment(NamedTuple):
    """
    The sums of a run at one moment; `in_flight` is the most since the moment before.
    """

    seconds: float
    objects: int
    nbytes: int
    requests: int
    repeats: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Rates:
    """
    What happened per second between two moments, at the later of them.
    """

    seconds: float
    objects: float
    nbytes: float
    requests: float
    repeats: float
    in_flight: int


class Series:
    """
    Moments of one run.
    """

    def __init__(self) -> None:
        self._moments: list[Moment] = [Moment(0.0, 0, 0, 0, 0, 0)]
        self._step = _FIRST_STEP
        self._peak = 0
        self._requests = 0

    def look(self, state: RunState, seconds: float, nbytes: int, *, last: bool = False) -> None:
        """
        Notes how far the run is after so many seconds and bytes, if it is time to; `last` in any case.
        """
        self._peak = max(self._peak, state.in_flight)
        since = seconds - self._moments[-1].seconds
        requests = state.requests.total()
        # Requests are counted now and then: moments right after that make even rates.
        counted, self._requests = requests != self._requests, requests
        due = since >= self._step and (counted or since >= 2 * self._step)
        if not due and not (last and since > 0):
            return
        self._moments.append(Moment(seconds, state.finished, nbytes, requests, state.retries, self._peak))
        self._peak = 0
        if len(self._moments) > KEPT:
            self._halve()

    def _halve(self) -> None:
        kept = self._moments[:1]
        for one, other in zip(self._moments[1::2], self._moments[2::2], strict=False):
            kept.append(other._replace(in_flight=max(one.in_flight, other.in_flight)))
        self._moments = kept
        self._step *= 2

    def rates(self) -> Iterator[Rates]:
        """
        What happened per second, from one moment to the next.
        """
        for before, now in pairwise(self._moments):
            span = now.seconds - before.seconds
            yield Rates(
                now.seconds,
                (now.objects - before.objects) / span,
                (now.nbytes - before.nbytes) / span,
                (now.requests - before.requests) / span,
                (now.repeats - before.repeats) / span,
                now.in_flight,
            )
