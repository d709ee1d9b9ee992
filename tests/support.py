"""
What tests share: S3 servers to test against, and ways to watch a run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field

from s3copy_async.app import Action, Run
from s3copy_async.events import Event
from s3copy_async.memory import MemoryStore
from s3copy_async.options import Access, Keys, Options
from s3copy_async.patience import RetryPolicy
from s3copy_async.state import RunState


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    An S3 server for tests. `name` is what it is: moto, sim, ceph, localstack, or env for any other.
    """

    name: str
    url: str
    access_key: str = "AKIATESTTESTTESTTEST"
    secret_key: str = "test-secret"

    @property
    def access(self) -> Access:
        """
        The endpoint as the program takes it.
        """
        return Access(Keys(self.access_key, self.secret_key), endpoint_url=self.url, region="us-east-1")


def endpoints_from_environment() -> list[Endpoint]:
    """
    ``S3COPY_TEST_ENDPOINT`` and ``S3COPY_TEST_ENDPOINT_<NAME>``, with ``_KEY`` and ``_SECRET`` beside each.
    """
    found = []
    for name, url in sorted(os.environ.items()):
        if not name.startswith("S3COPY_TEST_ENDPOINT") or name.endswith(("_KEY", "_SECRET")) or not url:
            continue
        label = name.removeprefix("S3COPY_TEST_ENDPOINT").strip("_").lower() or "env"
        key, secret = os.environ.get(f"{name}_KEY"), os.environ.get(f"{name}_SECRET")
        found.append(Endpoint(label, url, key or "AKIATESTTESTTESTTEST", secret or "test-secret"))
    return found


@contextmanager
def moto() -> Iterator[Endpoint]:
    """
    Moto's S3 server, in threads of this process, on a free port of 127.0.0.1.
    """
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Endpoint("moto", f"http://{host}:{port}")
    finally:
        server.stop()


@dataclass(slots=True)
class Clock:
    """
    Time that passes only when somebody sleeps.
    """

    now: float = 1000.0
    naps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """
        The time, in seconds.
        """
        return self.now

    async def sleep(self, seconds: float) -> None:
        """
        Lets `seconds` pass at once.
        """
        self.naps.append(seconds)
        self.now += seconds


def patient(clock: Clock, budget: float = 900.0) -> RetryPolicy:
    """
    A policy that waits the longest time each time, in no time.
    """
    return RetryPolicy(budget=budget, clock=clock, sleep=clock.sleep, uniform=lambda _low, high: high)


@dataclass(slots=True)
class Watched:
    """
    A finished run in memory: its state, and every event in order.
    """

    state: RunState
    events: list[Event]


class Recorder:
    """
    A view that keeps every event.
    """

    answers = False

    def __init__(self) -> None:
        self.events: list[Event] = []

    def handle(self, event: Event) -> None:
        """
        Keeps `event`.
        """
        self.events.append(event)

    def tick(self) -> None:
        """
        Nothing to draw.
        """

    async def close(self) -> None:
        """
        Nothing to close.
        """


async def run_in_memory(
    options: Options, store: MemoryStore, action: Action = Action.COPY, policy: RetryPolicy | None = None
) -> Watched:
    """
    Runs the whole program, but for the command line, against `store`.
    """

    async def open_store(_access: Access, _stack: AsyncExitStack, _permits: int) -> MemoryStore:
        return store

    recorder = Recorder()
    state = RunState()
    await Run(options, state, [recorder], open_store=open_store, policy=policy or patient(Clock())).execute(action)
    return Watched(state, recorder.events)
