"""
A store and its caller in virtual time, to see how places in flight are given out.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

from s3copy_async.flow import Flow, Kind
from s3copy_async.patience import RetryPolicy

_TICK: Final = 0.11


class VirtualLoop(asyncio.SelectorEventLoop):
    """
    An event loop that does not wait: its time jumps to whatever is next.
    """

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0

    def time(self) -> float:
        """
        The time, in seconds.
        """
        return self._virtual

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined] # of asyncio.base_events
        if not ready and scheduled:
            first = scheduled[0]
            if first.cancelled():
                first = min((timer for timer in scheduled if not timer.cancelled()), default=first)
            self._virtual = max(self._virtual, first.when())
        super()._run_once()  # type: ignore[misc] # as above


def in_virtual_time(job: Coroutine[Any, Any, None]) -> None:
    """
    Runs `job` without waiting for anything.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(job)


@dataclass(slots=True)
class SimulatedStore:
    """
    Answers after `latency`, refusals after a tenth of it. It refuses more than `rate` requests per second, as soon as a
    reserve of a quarter of a second's is used up; and a share of `sporadic` for no reason.
    """

    latency: float = 0.06
    rate: float = 0.0
    sporadic: float = 0.0
    at: float = 0.0
    reserve: float = 0.0
    seed: int = 1

    def takes(self, now: float, chance: random.Random) -> bool:
        """
        Whether a request that arrives now is done.
        """
        if self.sporadic and chance.random() < self.sporadic:
            return False
        if not self.rate:
            return True
        self.reserve = min(self.rate / 4, self.reserve + (now - self.at) * self.rate)
        self.at = now
        if self.reserve < 1:
            return False
        self.reserve -= 1
        return True


class Load:
    """
    Copies without end, begun like those in bulk, and repeated one by one where they are refused.
    """

    def __init__(self, flow: Flow, store: SimulatedStore) -> None:
        self._flow = flow
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._chance = random.Random(store.seed)  # noqa: S311 - a simulation
        self._policy = RetryPolicy(uniform=self._chance.uniform)
        self._retries: set[asyncio.Task[None]] = set()
        self._ends = False
        self.done: list[float] = []
        self.refused: list[float] = []
        self.limits: list[tuple[float, int]] = []
        self.most_in_flight = 0

    async def run(self, seconds: float) -> None:
        """
        Keeps the store busy for so long, then lets what is in flight arrive.
        """
        self._flow.feed(self._pump)
        self._flow.wake()
        end = self._loop.time() + seconds
        while self._loop.time() < end:
            await asyncio.sleep(_TICK)
            self._flow.tick()
            self.limits.append((self._loop.time(), self._flow.limit))
        self._ends = True
        for task in self._retries:
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)
        self._flow.feed(None)
        await asyncio.sleep(5 + self._store.latency)

    def between(self, start: float, end: float) -> float:
        """
        Copies done per second of this time.
        """
        return sum(start <= at < end for at in self.done) / (end - start)

    @property
    def refused_share(self) -> float:
        """
        The refused requests among all.
        """
        return len(self.refused) / (len(self.refused) + len(self.done))

    def _pump(self, number: int) -> int:
        begun = 0
        while begun < number and not self._ends and self._flow.begin(Kind.COPY):
            begun += 1
            self._send(0)
        return begun

    def _send(self, attempt: int) -> None:
        self.most_in_flight = max(self.most_in_flight, self._flow.in_flight)
        takes = self._store.takes(self._loop.time(), self._chance)
        latency = self._store.latency * (1.0 if takes else 0.1)
        self._loop.call_later(latency, self._answered, attempt, takes)

    def _answered(self, attempt: int, takes: bool) -> None:
        if takes:
            self.done.append(self._loop.time())
            self._flow.succeeded(Kind.COPY)
            self._flow.leave()
            return
        self.refused.append(self._loop.time())
        self._flow.refused(Kind.COPY)
        if not self._ends:
            task = self._loop.create_task(self._repeat(attempt + 1))
            self._retries.add(task)
            task.add_done_callback(self._retries.discard)

    async def _repeat(self, attempt: int) -> None:
        await asyncio.sleep(self._policy.wait(attempt, throttled=True))
        await self._flow.enter(Kind.COPY)
        self._send(attempt)
