"""
How long and how often failed requests are repeated, and what the guards of a run count together.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from s3copy_async.events import Emit, RequestsMade


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """
    How failed requests are repeated: full jitter, doubling from `first` up to `longest` seconds.

    Args:
        budget: seconds one request is repeated for; without any success in the run for as long, the run stops.
        unreachable_budget: seconds to wait for an endpoint that nobody has reached yet: it may be misspelt.
        throttle_first: where doubling starts after a throttled request, seconds.
        ends_run: whether the run stops as said above; else only the request fails.
        clock, sleep, uniform: time and chance, injected so that tests take no time.
    """

    budget: float = 900.0
    unreachable_budget: float = 30.0
    first: float = 0.1
    throttle_first: float = 0.5
    longest: float = 20.0
    ends_run: bool = True
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    uniform: Callable[[float, float], float] = random.uniform

    def wait(self, attempt: int, *, throttled: bool) -> float:
        """
        Seconds before repetition number `attempt`, counted from 1.
        """
        first = self.throttle_first if throttled else self.first
        return self.uniform(0.0, min(self.longest, first * 2 ** min(attempt, 16)))


@dataclass(slots=True)
class Meter:
    """
    What the guards of one run share: request counts, and when a request last succeeded.
    """

    counts: Counter[str] = field(default_factory=Counter)
    last_success: float | None = None
    in_flight: int = 0
    clock: Callable[[], float] = time.monotonic

    def flush(self, emit: Emit) -> None:
        """
        Emits and forgets the counts so far: one event now and then, not one per request.
        """
        if self.counts:
            emit(RequestsMade(tuple(self.counts.items()), self.in_flight))
            self.counts.clear()
