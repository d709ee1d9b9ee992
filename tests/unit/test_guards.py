"""
Permits inside, retries outside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from s3copy_async.errors import UNREACHABLE, AccessDenied, FatalError, NotFound, S3Error, TransientError
from s3copy_async.events import Event, RequestsMade, Retrying
from s3copy_async.flow import Flow, Kind
from s3copy_async.guards import Guarded
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import CopyRequest, ObjectInfo
from s3copy_async.patience import Meter, RetryPolicy
from support import Clock, patient


class Bench:
    """
    A guarded store over one in memory, with its clock and its events.
    """

    def __init__(self, fault: Callable[[Call], Fault | None], budget: float = 900.0, permits: int = 4) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        self.meter = Meter()
        self.memory = MemoryStore(fault=fault)
        self.memory.fill("in", {"a": b"hello"})
        self.memory.fill("out", {})
        self.permits = Flow(permits)
        self.store = Guarded(self.memory, self.permits, patient(self.clock, budget), self.meter, self.events.append)

    @property
    def request(self) -> CopyRequest:
        """
        A copy of the one object.
        """
        return CopyRequest("in", "a", self.memory.buckets["in"]["a"].etag, 5, "out", "b")

    @property
    def retries(self) -> list[Retrying]:
        """
        The repetitions announced so far.
        """
        return [event for event in self.events if isinstance(event, Retrying)]


def first(number: int, fault: Fault, operation: str = "") -> Callable[[Call], Fault | None]:
    """
    The first `number` requests of an operation (of each, if empty) go wrong.
    """
    return lambda call: fault if call.number <= number and operation in ("", call.operation) else None


def always(fault: Fault, operation: str = "") -> Callable[[Call], Fault | None]:
    """
    Every request goes wrong.
    """
    return first(1_000_000_000, fault, operation)


@pytest.mark.parametrize("code", ["InternalError", "SlowDown", "OperationAborted"])
async def test_repeats_until_success(code: str) -> None:
    """
    A transient error is repeated, each time announced, and the caller sees only the success.
    """
    bench = Bench(first(3, Fault(code, 500)))

    found = await bench.store.head_object("in", "a")

    assert found.size == 5
    assert [event.attempt for event in bench.retries] == [1, 2, 3]
    assert {("HeadObject", "a", code)} == {(event.operation, event.key, event.code) for event in bench.retries}
    assert bench.clock.naps == [event.wait for event in bench.retries]


async def test_waits_double_and_throttling_waits_longer() -> None:
    """
    Waits grow up to a bound, and start higher where S3 asks for fewer requests.
    """
    usual, throttled = Bench(first(10, Fault("InternalError"))), Bench(first(10, Fault("SlowDown", 503)))

    await usual.store.head_object("in", "a")
    await throttled.store.head_object("in", "a")

    for naps in (usual.clock.naps, throttled.clock.naps):
        assert sorted(naps) == naps
        assert max(naps) == 20
    assert throttled.clock.naps[0] > usual.clock.naps[0]
    assert [event.throttled for event in throttled.retries] == [True] * 10


def test_waits_are_drawn_from_zero_up() -> None:
    """
    Full jitter: whoever fails together does not come back together.
    """
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    policy = RetryPolicy(uniform=uniform)

    assert policy.wait(1, throttled=False) == 0
    assert drawn[0][0] == 0 < drawn[0][1]


@pytest.mark.parametrize(("code", "kind"), [("AccessDenied", AccessDenied), ("NoSuchKey", NotFound)])
async def test_what_cannot_succeed_is_not_repeated(code: str, kind: type[S3Error]) -> None:
    """
    A refusal is final after one request.
    """
    bench = Bench(always(Fault(code, 400)))

    with pytest.raises(kind):
        await bench.store.head_object("in", "a")

    assert (bench.memory.count("HeadObject"), bench.clock.naps) == (1, [])


async def test_gives_one_request_up_after_its_budget() -> None:
    """
    While others succeed, a request that keeps failing fails alone, as what S3 said last.
    """
    bench = Bench(always(Fault("InternalError"), "HeadObject"), budget=100)
    sleep = bench.clock.sleep

    async def sleep_while_others_succeed(seconds: float) -> None:
        await sleep(seconds)
        await bench.store.list_page("in", "")

    policy = RetryPolicy(100, clock=bench.clock, sleep=sleep_while_others_succeed, uniform=lambda _low, high: high)
    store = Guarded(bench.memory, bench.permits, policy, bench.meter, bench.events.append)

    with pytest.raises(TransientError) as caught:
        await store.head_object("in", "a")

    assert not isinstance(caught.value, FatalError)
    assert 100 <= bench.clock.now - 1000 < 130


async def test_stops_the_run_when_nothing_succeeds() -> None:
    """
    Without any success for as long as the budget, the run cannot go on.
    """
    bench = Bench(always(Fault("InternalError")), budget=100)

    with pytest.raises(FatalError, match="no request has succeeded"):
        await bench.store.head_object("in", "a")

    assert 100 <= bench.clock.now - 1000 < 130


async def test_an_endpoint_that_nobody_reached_is_given_up_early() -> None:
    """
    A misspelt endpoint is told after half a minute, not after a quarter of an hour.
    """
    bench = Bench(always(Fault(UNREACHABLE, 500)))

    with pytest.raises(FatalError, match="check the endpoint"):
        await bench.store.head_object("in", "a")

    assert 30 <= bench.clock.now - 1000 <= 60


async def test_an_endpoint_that_was_reached_is_waited_for() -> None:
    """
    Once a request has succeeded, an interruption of the network may last as long as any other trouble.
    """
    bench = Bench(lambda call: Fault(UNREACHABLE, 500) if call.operation == "HeadObject" else None)
    await bench.store.list_page("in", "")

    with pytest.raises(FatalError):
        await bench.store.head_object("in", "a")

    assert bench.clock.now - 1000 >= 900


async def test_no_permit_is_held_while_waiting() -> None:
    """
    Whoever waits before it repeats a request lets others work.
    """
    bench = Bench(first(1, Fault("InternalError"), "HeadObject"), permits=1)
    others: list[ObjectInfo] = []

    async def sleep(_seconds: float) -> None:
        page = await bench.store.list_page("in", "")
        others.extend(page.objects)

    policy = RetryPolicy(clock=bench.clock, sleep=sleep)
    store = Guarded(bench.memory, bench.permits, policy, bench.meter, bench.events.append)

    async with asyncio.timeout(5):
        await store.head_object("in", "a")

    assert [item.key for item in others] == ["a"]


async def test_permits_come_back_after_success_failure_and_cancellation() -> None:
    """
    However a request ends, its permit is free again.
    """
    bench = Bench(first(1, Fault("AccessDenied", 403), "HeadObject"), permits=1)
    with pytest.raises(AccessDenied):
        await bench.store.head_object("in", "a")
    await bench.store.head_object("in", "a")
    await bench.permits.enter(Kind.LOOK)
    waiting = asyncio.create_task(bench.store.head_object("in", "a"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    bench.permits.leave()

    assert bench.permits.in_flight == 0
    assert waiting.cancelled()


@pytest.mark.parametrize("number", [1, 3])
async def test_no_more_requests_at_once_than_permits(number: int) -> None:
    """
    The permits are the limit, whatever is asked for.
    """
    running: list[int] = []
    peak: list[int] = []

    class Slow(MemoryStore):
        async def head_object(self, bucket: str, key: str, *, version: str = "") -> ObjectInfo:
            running.append(1)
            peak.append(len(running))
            await asyncio.sleep(0)
            running.pop()
            return await super().head_object(bucket, key, version=version)

    memory = Slow()
    memory.fill("in", {"a": b""})
    store = Guarded(memory, Flow(number), patient(Clock()), Meter(), lambda _: None)

    await asyncio.gather(*(store.head_object("in", "a") for _ in range(20)))

    assert number == max(peak)


async def test_a_lost_answer_to_a_copy_is_recognised_and_not_repeated() -> None:
    """
    The copy was made and its answer lost: a look at the destination tells, and the bytes are copied once.
    """
    bench = Bench(first(1, Fault("ConnectionClosedError", after_effect=True), "CopyObject"))

    answer = await bench.store.copy_object(bench.request)

    assert bench.request.source_etag == answer.etag
    assert (bench.memory.count("CopyObject"), bench.memory.count("HeadObject")) == (1, 1)


async def test_a_copy_that_was_not_made_is_repeated_after_the_look() -> None:
    """
    Another object under the destination's name is not taken for the copy.
    """
    bench = Bench(first(1, Fault("InternalError", after_effect=True), "CopyObject"))
    bench.memory.corrupt = lambda call: call.number == 1

    answer = await bench.store.copy_object(bench.request)

    assert bench.request.source_etag == answer.etag
    assert bench.memory.buckets["out"]["b"].body == b"hello"
    assert bench.memory.count("CopyObject") == 2


async def test_a_copy_that_was_never_sent_is_repeated_without_a_look() -> None:
    """
    Where the request surely had no effect there is nothing to see.
    """
    bench = Bench(first(2, Fault("SlowDown", 503), "CopyObject"))

    await bench.store.copy_object(bench.request)

    assert (bench.memory.count("CopyObject"), bench.memory.count("HeadObject")) == (3, 0)


async def test_an_encrypted_copy_is_not_recognised_by_its_etag() -> None:
    """
    An ETag that is no MD5 proves nothing: the copy is made again.
    """
    bench = Bench(first(1, Fault("InternalError", after_effect=True), "CopyObject"))
    bench.memory.buckets["in"]["a"].opaque = True

    await bench.store.copy_object(bench.request)

    assert bench.memory.count("CopyObject") == 2


async def test_a_destination_that_may_not_be_looked_at_gets_the_copy_again() -> None:
    """
    Copying the same bytes twice is harmless; giving up is not.
    """
    faults = {
        ("CopyObject", 1): Fault("InternalError", after_effect=True),
        ("HeadObject", 1): Fault("AccessDenied", 403),
    }
    bench = Bench(lambda call: faults.get((call.operation, call.number)))

    answer = await bench.store.copy_object(bench.request)

    assert bench.request.source_etag == answer.etag
    assert bench.memory.count("CopyObject") == 2


async def test_every_request_is_counted_once() -> None:
    """
    Repetitions are requests too; a count that was said is not said again.
    """
    bench = Bench(first(2, Fault("InternalError"), "HeadObject"))
    await bench.store.head_object("in", "a")
    await bench.store.list_page("in", "")

    bench.meter.flush(bench.events.append)
    bench.meter.flush(bench.events.append)

    made = [event for event in bench.events if isinstance(event, RequestsMade)]
    assert [dict(event.counts) for event in made] == [{"HeadObject": 3, "ListObjectsV2": 1}]
