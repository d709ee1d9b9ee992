"""
How many requests may be in flight, and how many may begin in a second.

The number in flight grows while more of them get more done. A store that throttles sets a pace: nine tenths of what it
does while it refuses the rest, from where the pace climbs again, slowly near the old limit and faster beyond it. Copies
share one pace, whatever they copy; listing and lookups have another.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Final

CEILING: Final = 1024
"""In flight at most, where nobody says how many."""
_HELD: Final = 0.25
"""Seconds for which the place of a refused request stays taken: else the next one is refused at once."""
_CUT: Final = 0.9
_CLIMB: Final = 2.0
"""Seconds from a cut until the pace is again what the store last let through."""
_SETTLES: Final = 0.5
"""Seconds after a cut, in which what had been sent before it may be refused."""
_MEASURED: Final = 0.2
"""Seconds from a first refusal for which is counted what the store does and refuses, before the pace is cut; longer
where that is less than `_ENOUGH`, up to a second."""
_ENOUGH: Final = 50
_FORGOTTEN: Final = 2.0
_CHANCE: Final = 0.03
_FEW: Final = 4
"""A store that refuses a smaller share, or fewer, does so by chance, and not because there are too many."""
_QUARTER: Final = 0.25
_SLOWEST: Final = 2.0
"""Requests per second, however often a store throttles."""
_FREE: Final = 1e5
_BURST: Final = 0.02
_INTERVAL: Final = 0.25
_LONGEST_INTERVAL: Final = 5.0
_WORTH: Final = 1.1
"""More in flight must get so much more done, or it is taken back."""
_REST: Final = 5.0
"""Seconds until more is tried again."""


class Kind(IntEnum):
    """
    Requests that are throttled together.
    """

    LOOK = 0
    COPY = 1


class Pace:
    """
    How many requests of a kind may begin: a token bucket whose rate climbs.

    Args:
        fixed: requests per second that are never exceeded; None for none.
    """

    def __init__(self, fixed: float | None = None) -> None:
        self._fixed = fixed
        self._known = 0.0
        self._cut_at = 0.0
        self._tokens = 1.0
        self._at = 0.0
        self._since: float | None = None
        self._done_at = 0
        self._refused = 0
        self.is_on = fixed is not None

    def rate(self, now: float) -> float:
        """
        Requests per second that may begin.
        """
        if self._fixed is not None:
            return self._fixed
        at = (now - self._cut_at) / _CLIMB - 1
        if at < 1:
            return max(_SLOWEST, self._known * (1 + (1 - _CUT) * at**3))
        # Whatever the store's limit was, it is higher now: doubled every second.
        return max(_SLOWEST, self._known) * (2 - _CUT) * math.exp2(min(_CLIMB * (at - 1), 40))

    def refused(self, now: float, done: int) -> bool:
        """
        The store refused one, and `done` is how many it did since the start. Whether the pace is cut for that: to less
        than what was done since the first refusal of late, if others were refused too.
        """
        if self.is_on and now - self._cut_at < _SETTLES:
            return False
        if self._since is None or now - self._since > _FORGOTTEN:
            self._since, self._done_at, self._refused = now, done, 0
            return False
        self._refused += 1
        passed, did = now - self._since, done - self._done_at
        tried = did + self._refused
        if passed < _MEASURED or (tried < _ENOUGH and passed < 1):
            return False
        if self._refused < max(_FEW, _CHANCE * tried):
            self._since = self._since if passed < 1 else None
            return False
        self._since = None
        self.cut(now, max(did, tried * _QUARTER) / passed)
        return True

    def cut(self, now: float, goodput: float) -> None:
        """
        The store throttles, and lets `goodput` requests per second through.
        """
        self.is_on = True
        self._known = max(_SLOWEST, goodput)
        self._cut_at = self._at = now
        self._tokens = 0.0

    def take(self, now: float) -> bool:
        """
        Whether one may begin now; then it counts as begun.
        """
        rate = self.rate(now)
        if rate > _FREE and self._fixed is None:
            self.is_on = False
            return True
        self._tokens = min(max(1.0, rate * _BURST), self._tokens + (now - self._at) * rate)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def give_back(self) -> None:
        """
        The one that was just taken does not begin.
        """
        self._tokens += 1.0

    def wait(self, now: float) -> float:
        """
        Seconds until the next may begin.
        """
        return max(0.001, (1.0 - self._tokens) / self.rate(now))


class Growth:
    """
    Finds out how many in flight are worth while: doubles them as long as that gets a tenth more done, and tries again
    now and then.
    """

    def __init__(self, start: int, ceiling: int) -> None:
        self.limit = min(start, ceiling)
        self._ceiling = ceiling
        self._before = self.limit
        self._rate_before = 0.0
        self._at: float | None = None
        self._done_at = 0
        self._rest_until = 0.0
        self._is_trying = True
        self._wanted = False
        self._throttled = False

    def look(self, now: float, done: int, *, wanted: bool, throttled: bool) -> None:
        """
        Decides anew, if it is time.

        Args:
            done: requests that succeeded since the start.
            wanted: whether a request had to wait for a place since the last look.
            throttled: whether the store throttled since then: more in flight are of no use.
        """
        self._wanted |= wanted
        self._throttled |= throttled
        if self._at is None:
            self._at, self._done_at = now, done
            return
        passed = now - self._at
        rate = (done - self._done_at) / passed if passed > 0 else 0.0
        # What is in flight longer than we look cannot show yet what it is worth.
        latency = self.limit / rate if rate else _LONGEST_INTERVAL
        if passed < min(_LONGEST_INTERVAL, max(_INTERVAL, 2 * latency)):
            return
        self._at, self._done_at = now, done
        is_held = self._wanted and not self._throttled
        self._wanted = self._throttled = False
        if not is_held:
            self._is_trying = False
            return
        if self._is_trying and rate < self._rate_before * _WORTH:
            self.limit, self._is_trying, self._rest_until = self._before, False, now + _REST
        elif now >= self._rest_until and self.limit < self._ceiling:
            self._before, self._rate_before, self._is_trying = self.limit, rate, True
            self.limit = min(self._ceiling, 2 * self.limit)


class Flow:
    """
    Gives requests their places.

    Args:
        limit: in flight at first.
        ceiling: in flight at most; None leaves it at `limit`.
        max_rate: requests of all kinds that may begin in a second; None for no limit.
        clock: injected for tests.
    """

    def __init__(
        self,
        limit: int,
        ceiling: int | None = None,
        max_rate: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._growth = Growth(limit, ceiling or limit)
        self._limit = limit
        self._clock = clock
        self._waiting: tuple[deque[asyncio.Future[None]], ...] = (deque(), deque())
        self._paces = (Pace(), Pace())
        self._total = Pace(max_rate)
        self._timer: asyncio.TimerHandle | None = None
        self._done = [0, 0]
        self._wanted = False
        self._throttled = False
        self._pump: Callable[[int], int] | None = None
        self._is_pumping = False
        self._is_pumps_turn = False
        self.in_flight = 0

    @property
    def limit(self) -> int:
        """
        How many may be in flight now.
        """
        return self._limit

    def feed(self, pump: Callable[[int], int] | None) -> None:
        """
        From now on, `pump` is asked to begin copies where there is room: at most so many, and tells how many it began,
        each by `begin`.
        """
        self._pump = pump

    async def enter(self, kind: Kind) -> None:
        """
        Returns when a request of `kind` may begin; `leave` must follow.
        """
        waiting = self._waiting[kind]
        if not waiting and self.begin(kind):
            return
        future = asyncio.get_running_loop().create_future()
        waiting.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave()
            raise

    def begin(self, kind: Kind) -> bool:
        """
        Whether a request of `kind` may begin at once; then it has begun, and `leave` must follow.
        """
        if self.in_flight >= self._limit:
            self._wanted = True
            return False
        pace, total = self._paces[kind], self._total
        if pace.is_on or total.is_on:
            now = self._clock()
            if pace.is_on and not pace.take(now):
                self._wake_after(pace.wait(now))
                return False
            if total.is_on and not total.take(now):
                if pace.is_on:
                    pace.give_back()
                self._wake_after(total.wait(now))
                return False
        self.in_flight += 1
        return True

    def leave(self) -> None:
        """
        A request is over: its place is free.
        """
        self.in_flight -= 1
        self.wake()

    def done(self, kind: Kind) -> None:
        """
        A request succeeded, and its place is free.
        """
        self._done[kind] += 1
        self.leave()

    def succeeded(self, kind: Kind, number: int = 1) -> None:
        """
        Counts requests that the store did.
        """
        self._done[kind] += number

    def refused(self, kind: Kind) -> None:
        """
        The store refused a request of `kind`, because there are too many. Its place is free after a while, in the
        stead of `leave`.
        """
        self._throttled |= self._paces[kind].refused(self._clock(), self._done[kind])
        asyncio.get_running_loop().call_later(_HELD, self.leave)

    def tick(self) -> None:
        """
        Looks at the course of things; to be called some times a second.
        """
        self._growth.look(self._clock(), sum(self._done), wanted=self._wanted, throttled=self._throttled)
        self._wanted = self._throttled = False
        if self._growth.limit != self._limit:
            self._limit = self._growth.limit
            self.wake()

    def wake(self) -> None:
        """
        Gives free places to those who wait: lookups first, which are few and feed all others, then copies in turns with
        those of `feed`.
        """
        looks, copies = self._waiting
        while looks and self._grant(looks, Kind.LOOK):
            pass
        if not self._pump or self._is_pumping:
            while copies and self._grant(copies, Kind.COPY):
                pass
            return
        self._is_pumping = True
        try:
            if not copies:
                self._pump(self._limit)
                return
            in_vain = 0
            while in_vain < 2:
                # Whose turn it is outlasts this call: mostly there is but one place to give.
                self._is_pumps_turn = not self._is_pumps_turn
                given = self._pump(1) if self._is_pumps_turn else self._grant(copies, Kind.COPY)
                in_vain = 0 if given else in_vain + 1
        finally:
            self._is_pumping = False

    def _grant(self, waiting: deque[asyncio.Future[None]], kind: Kind) -> bool:
        while waiting and waiting[0].done():
            del waiting[0]  # its request was cancelled
        if not waiting or not self.begin(kind):
            return False
        waiting[0].set_result(None)
        del waiting[0]
        return True

    def _wake_after(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(max(0.002, seconds), self._wake_now)

    def _wake_now(self) -> None:
        self._timer = None
        self.wake()

    def close(self) -> None:
        """
        Stops the timer.
        """
        if self._timer:
            self._timer.cancel()
