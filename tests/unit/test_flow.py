"""
Places in flight, and the pace of what begins.
"""

from __future__ import annotations

import asyncio
import itertools

import pytest

from flowing import Load, SimulatedStore, in_virtual_time
from s3copy_async.flow import CEILING, Flow, Growth, Kind, Pace
from support import Clock


def taken(pace: Pace, start: float, seconds: float) -> int:
    """
    How many may begin in this time, for somebody who asks all the time.
    """
    return sum(pace.take(start + step / 2000) for step in range(int(seconds * 2000)))


def throttled(pace: Pace, now: float, done: int, goodput: int, refused: int) -> bool:
    """
    A quarter of a second in which the store does and refuses so many a second; whether that cuts the pace.
    """
    number = refused // 4
    cuts = [pace.refused(now + step / refused, done + goodput * step // refused) for step in range(number + 1)]
    return any(cuts)


# Pace


def test_a_pace_is_off_until_the_store_throttles() -> None:
    """
    Unless one was given.
    """
    assert not Pace().is_on
    assert Pace(10).is_on


def test_a_cut_leaves_nine_tenths_of_what_the_store_does() -> None:
    """
    From there the pace is back at that after two seconds, a tenth above after four, and then it doubles each second.
    """
    pace = Pace()
    pace.cut(100, 1000)

    assert [round(pace.rate(100 + seconds)) for seconds in (0, 1, 2, 3, 4)] == [900, 988, 1000, 1012, 1100]
    assert [round(pace.rate(100 + seconds)) for seconds in (5, 6, 7)] == [2200, 4400, 8800]


def test_the_pace_climbs_without_a_step_down() -> None:
    """
    Whatever is asked, also very late.
    """
    pace = Pace()
    pace.cut(0, 50)
    rates = [pace.rate(step / 10) for step in range(2000)]

    assert rates == sorted(rates)
    assert pace.rate(1e9) >= rates[-1]


def test_a_pace_far_beyond_anything_is_off() -> None:
    """
    Then nobody counts any more, until the store throttles again.
    """
    pace = Pace()
    pace.cut(0, 1000)

    assert pace.take(60)
    assert not pace.is_on


def test_what_is_refused_at_once_is_one_cut() -> None:
    """
    The first refusals are measured, then cut by; what had been sent before the cut may be refused for half a second.
    """
    pace = Pace()

    assert throttled(pace, 10, 0, 2000, 400)
    assert pace.rate(10.25) == pytest.approx(1800, rel=0.02)
    assert not throttled(pace, 10.3, 500, 2000, 400)
    assert pace.rate(10.25) == pytest.approx(1800, rel=0.02)
    assert throttled(pace, 10.8, 1000, 1000, 400)
    assert pace.rate(11.05) == pytest.approx(900, rel=0.02)


def test_one_refusal_cuts_nothing() -> None:
    """
    Nor do some, among so many that they come by chance.
    """
    pace = Pace()

    assert not pace.refused(1, 0)
    assert not throttled(pace, 10, 0, 4000, 100)
    assert not pace.is_on


def test_refusals_far_apart_cut_nothing() -> None:
    """
    They begin a new measurement each time.
    """
    pace = Pace()

    assert not any(pace.refused(3.0 * number, 10 * number) for number in range(50))


def test_few_requests_are_measured_for_longer() -> None:
    """
    Up to a second: two in a fifth of one say nothing.
    """
    pace = Pace()
    found = [pace.refused(5 + step / 20, step // 2) for step in range(21)]

    assert found.index(True) == 20
    assert round(pace.rate(6)) == 9


def test_a_store_that_refuses_everything_is_tried_ever_more_slowly() -> None:
    """
    Down to two requests a second; each cut leaves nearly a quarter.
    """
    pace = Pace()
    rates = []
    for number in range(20):
        throttled(pace, number * 10.0, 0, 0, 400)
        rates.append(pace.rate(number * 10.0 + 0.25))

    assert rates[0] == pytest.approx(90, rel=0.02)
    assert min(rates) >= 2
    empty = Pace()
    empty.cut(0, 0)
    assert empty.rate(0) == 2
    assert empty.rate(2) == 2


def test_a_fixed_rate_is_never_exceeded() -> None:
    """
    In no second, but for one that may begin at once; and hardly missed.
    """
    pace = Pace(100)
    times = [step / 2000 for step in range(20_000) if pace.take(step / 2000)]

    assert len(times) >= 99 * 10
    for first, later in zip(times, times[102:], strict=False):
        assert later - first > 0.999


def test_a_rate_below_one_is_possible() -> None:
    """
    One request in ten seconds.
    """
    pace = Pace(0.1)

    assert taken(pace, 0, 25) == 3


def test_what_was_not_used_is_not_saved_up() -> None:
    """
    After a long rest, no more than a fiftieth of a second's begins at once.
    """
    pace = Pace(1000)
    taken(pace, 0, 0.1)

    assert sum(pace.take(500) for _ in range(100)) == 20


def test_one_that_is_given_back_may_begin() -> None:
    """
    It was taken for nothing.
    """
    pace = Pace(1)
    assert pace.take(0)
    assert not pace.take(0)
    pace.give_back()

    assert pace.take(0)


def test_the_wait_is_until_the_next() -> None:
    """
    And never nothing, so that nobody spins.
    """
    pace = Pace(10)
    pace.take(0)

    assert pace.wait(0) == pytest.approx(0.1)
    assert Pace(10).wait(0) == 0.001


# Growth


class Course:
    """
    Looks four times a second at a store that does `rate` per second for each in flight, up to `most`.
    """

    def __init__(self, growth: Growth, latency: float = 0.1, most: float = 1e9) -> None:
        self.growth = growth
        self._latency = latency
        self._most = most
        self._now = self._done = 0.0

    def goes(self, seconds: float, *, wanted: bool = True, throttled: bool = False) -> list[int]:
        """
        The limits in this time.
        """
        found = []
        for _ in range(round(seconds * 4)):
            self.growth.look(self._now, round(self._done), wanted=wanted, throttled=throttled)
            found.append(self.growth.limit)
            self._now += 0.25
            self._done += 0.25 * min(self._most, self.growth.limit / self._latency)
        return found


def test_doubles_while_more_gets_done() -> None:
    """
    Up to the ceiling, and not beyond.
    """
    assert Course(Growth(40, 1024)).goes(3)[:8] == [40, 80, 160, 320, 640, 1024, 1024, 1024]


def test_takes_back_what_does_not_pay() -> None:
    """
    And rests, then tries again.
    """
    course = Course(Growth(40, 1024), most=1500)

    limits = course.goes(3)
    assert limits[:4] == [40, 80, 160, 320]
    assert limits[-4:] == [160] * 4
    assert set(course.goes(20)) == {160, 320}


def test_what_takes_long_is_given_time() -> None:
    """
    With three seconds a request, nobody can tell after half a second what more in flight are worth.
    """
    limits = Course(Growth(40, 1024), latency=3).goes(12)

    assert [len(list(same)) for _, same in itertools.groupby(limits)][:2] >= [20, 20]


def test_a_limit_that_is_given_stays() -> None:
    """
    From start to end.
    """
    assert set(Course(Growth(7, 7)).goes(30)) == {7}
    assert Growth(40, 10).limit == 10


@pytest.mark.parametrize(("wanted", "is_throttled"), [(False, False), (True, True)])
def test_nothing_grows_where_it_is_of_no_use(wanted: bool, is_throttled: bool) -> None:
    """
    Nobody waits for a place, or the store throttles.
    """
    assert set(Course(Growth(40, 1024)).goes(10, wanted=wanted, throttled=is_throttled)) == {40}


def test_a_store_that_throttled_between_two_decisions_throttles() -> None:
    """
    Though it has stopped when the decision comes.
    """
    growth = Growth(40, 1024)
    growth.look(0, 0, wanted=True, throttled=False)
    growth.look(0.1, 100, wanted=True, throttled=True)
    growth.look(0.3, 300, wanted=True, throttled=False)

    assert growth.limit == 40


def test_a_place_that_was_wanted_between_two_decisions_counts() -> None:
    """
    Though nobody waits when the decision comes.
    """
    growth = Growth(40, 1024)
    growth.look(0, 0, wanted=False, throttled=False)
    growth.look(0.1, 100, wanted=True, throttled=False)
    growth.look(0.3, 300, wanted=False, throttled=False)

    assert growth.limit == 80


# Flow


async def settled() -> None:
    """
    Lets everybody run who can.
    """
    for _ in range(5):
        await asyncio.sleep(0)


async def test_never_more_in_flight_than_the_limit() -> None:
    """
    And at the end nothing.
    """
    flow = Flow(3)
    seen = []

    async def request(kind: Kind) -> None:
        await flow.enter(kind)
        seen.append(flow.in_flight)
        await asyncio.sleep(0)
        flow.leave()

    await asyncio.gather(*(request(Kind(number % 2)) for number in range(50)))

    assert max(seen) == 3 == flow.limit
    assert flow.in_flight == 0


async def test_who_waits_longest_comes_first() -> None:
    """
    Within a kind; lookups are before copies.
    """
    flow = Flow(1)
    await flow.enter(Kind.COPY)
    order: list[str] = []

    async def request(name: str, kind: Kind) -> None:
        await flow.enter(kind)
        order.append(name)
        flow.leave()

    async with asyncio.TaskGroup() as group:
        for name in ("copy 1", "copy 2", "look 1", "look 2"):
            group.create_task(request(name, Kind.COPY if name.startswith("copy") else Kind.LOOK))
        await settled()
        assert order == []
        flow.leave()

    assert order == ["look 1", "look 2", "copy 1", "copy 2"]


async def test_who_comes_later_does_not_overtake() -> None:
    """
    Not even when a place becomes free in between.
    """
    flow = Flow(1)
    await flow.enter(Kind.COPY)
    first = asyncio.create_task(flow.enter(Kind.COPY))
    await settled()
    second = asyncio.create_task(flow.enter(Kind.COPY))
    flow.leave()
    await settled()

    assert first.done()
    assert not second.done()
    flow.leave()
    await second
    flow.leave()


async def test_who_is_cancelled_while_waiting_takes_no_place() -> None:
    """
    The next in the line gets it.
    """
    flow = Flow(1)
    await flow.enter(Kind.COPY)
    first, second = (asyncio.create_task(flow.enter(Kind.COPY)) for _ in range(2))
    await settled()
    first.cancel()
    await settled()
    flow.leave()
    await second

    assert flow.in_flight == 1
    flow.leave()
    assert flow.in_flight == 0


async def test_who_is_cancelled_with_a_place_gives_it_back() -> None:
    """
    It was given in the moment of the cancellation.
    """
    flow = Flow(1)
    await flow.enter(Kind.COPY)
    first, second = (asyncio.create_task(flow.enter(Kind.COPY)) for _ in range(2))
    await settled()
    flow.leave()
    first.cancel()
    await second

    assert first.cancelled()
    assert flow.in_flight == 1
    flow.leave()
    assert flow.in_flight == 0


def test_the_place_of_a_refused_request_stays_taken() -> None:
    """
    For a quarter of a second.
    """

    async def job() -> None:
        loop = asyncio.get_running_loop()
        flow = Flow(1, clock=loop.time)
        await flow.enter(Kind.COPY)
        flow.refused(Kind.COPY)
        await flow.enter(Kind.COPY)

        assert loop.time() == pytest.approx(0.25)
        flow.leave()
        assert flow.in_flight == 0

    in_virtual_time(job())


def test_lookups_and_copies_have_paces_of_their_own() -> None:
    """
    Throttled copies do not slow the listing down.
    """

    async def job() -> None:
        loop = asyncio.get_running_loop()
        flow = Flow(100, clock=loop.time)
        flow._paces[Kind.COPY].cut(0, 2)
        began = []

        async def request(kind: Kind) -> None:
            await flow.enter(kind)
            began.append((kind, loop.time()))
            flow.leave()

        await asyncio.gather(*(request(kind) for kind in (Kind.COPY, Kind.LOOK) for _ in range(5)))

        assert {at for kind, at in began if kind is Kind.LOOK} == {0}
        copies = [at for kind, at in began if kind is Kind.COPY]
        assert all(later - first >= 0.45 for first, later in itertools.pairwise(copies))

    in_virtual_time(job())


def test_the_rate_that_is_given_holds_for_all_together() -> None:
    """
    Lookups, copies one by one and copies in bulk.
    """

    async def job() -> None:
        loop = asyncio.get_running_loop()
        flow = Flow(100, max_rate=50, clock=loop.time)
        began: list[float] = []

        def pump(number: int) -> int:
            begun = 0
            while begun < number and loop.time() < 4 and flow.begin(Kind.COPY):
                begun += 1
                began.append(loop.time())
                loop.call_later(0.01, flow.leave)
            return begun

        async def requests(kind: Kind) -> None:
            while loop.time() < 4:
                await flow.enter(kind)
                began.append(loop.time())
                loop.call_later(0.01, flow.leave)

        flow.feed(pump)
        flow.wake()
        await asyncio.gather(*(requests(kind) for kind in Kind for _ in range(3)))
        await asyncio.sleep(1)

        assert 0.95 * 200 <= len(began) <= 207
        for first, later in zip(began, began[52:], strict=False):
            assert later - first > 0.99
        assert flow.in_flight == 0

    in_virtual_time(job())


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_copies_in_bulk_and_others_take_turns(limit: int) -> None:
    """
    However few places there are, and though one is free at a time, none of the two waits for the other to be ready.
    """

    async def job() -> None:
        loop = asyncio.get_running_loop()
        flow = Flow(limit, clock=loop.time)
        begun = {"bulk": 0, "other": 0}

        def pump(number: int) -> int:
            count = 0
            while count < number and loop.time() < 10 and flow.begin(Kind.COPY):
                count += 1
                begun["bulk"] += 1
                loop.call_later(0.05 + 0.001 * begun["bulk"] % 0.01, flow.leave)
            return count

        async def other() -> None:
            while loop.time() < 10:
                await flow.enter(Kind.COPY)
                begun["other"] += 1
                await asyncio.sleep(0.05)
                flow.leave()

        flow.feed(pump)
        flow.wake()
        await asyncio.gather(*(other() for _ in range(20)))
        flow.feed(None)
        await asyncio.sleep(1)

        assert 0.8 < begun["bulk"] / begun["other"] < 1.25
        assert flow.in_flight == 0

    in_virtual_time(job())


async def test_who_pumps_may_be_done_at_once() -> None:
    """
    A copy in bulk that ends before its start returns confuses nobody.
    """
    flow = Flow(2)
    left = [100]

    def pump(number: int) -> int:
        begun = 0
        while begun < number and left[0] and flow.begin(Kind.COPY):
            left[0] -= 1
            begun += 1
            flow.succeeded(Kind.COPY)
            flow.leave()
        return begun

    flow.feed(pump)
    while left[0]:
        flow.wake()

    assert flow.in_flight == 0


async def test_close_stops_the_timer() -> None:
    """
    Nothing wakes up later.
    """
    clock = Clock()
    flow = Flow(5, max_rate=1, clock=clock)
    assert flow.begin(Kind.COPY)
    assert not flow.begin(Kind.COPY)
    timer = flow._timer
    assert timer

    flow.close()

    assert timer.cancelled()


# A store in virtual time


def course(store: SimulatedStore, seconds: float, start: int = 40, ceiling: int = CEILING) -> Load:
    """
    A load on a store for so long.
    """
    found: list[Load] = []

    async def job() -> None:
        flow = Flow(start, ceiling, clock=asyncio.get_running_loop().time)
        load = Load(flow, store)
        await load.run(seconds)
        found.append(load)
        assert flow.in_flight == 0

    in_virtual_time(job())
    return found[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("latency", [0.01, 0.06])
def test_a_limit_of_the_store_is_used_and_hardly_exceeded(seed: int, latency: float) -> None:
    """
    At 3,500 a second: after five seconds 95 % of it, and under 3 % of all requests refused.
    """
    load = course(SimulatedStore(latency, 3500, seed=seed, reserve=875), 17)

    assert load.between(5, 17) >= 0.95 * 3500
    assert load.refused_share < 0.03


@pytest.mark.parametrize("reserve", [0, 875])
def test_a_limit_is_found_too_where_a_thousand_begin_at_once(reserve: int) -> None:
    """
    As with ``-t 1000``.
    """
    load = course(SimulatedStore(0.06, 3500, reserve=reserve), 20, 1000, 1000)

    assert load.between(7, 20) >= 0.95 * 3500
    assert load.refused_share < 0.05


def test_a_low_limit_is_found_too() -> None:
    """
    At 20 a second.
    """
    load = course(SimulatedStore(0.06, 20), 30)

    assert load.between(5, 30) >= 0.95 * 20


def test_without_a_limit_the_ceiling_is_reached_in_two_seconds() -> None:
    """
    At a latency of 60 ms.
    """
    load = course(SimulatedStore(0.06), 4)

    assert next(at for at, limit in load.limits if limit == CEILING) <= 2
    assert load.most_in_flight == CEILING
    assert load.between(2, 4) >= 0.95 * CEILING / 0.06


def test_refusals_by_chance_cost_no_speed() -> None:
    """
    One request in a hundred, at any pace.
    """
    load = course(SimulatedStore(0.06, sporadic=0.01), 10)

    assert load.between(3, 10) >= 0.9 * CEILING / 0.06


def test_what_a_store_lets_through_may_rise() -> None:
    """
    From 500 to 5,000 a second: the pace follows within some seconds.
    """
    store = SimulatedStore(0.06, 500)

    async def job() -> None:
        loop = asyncio.get_running_loop()
        load = Load(Flow(256, clock=loop.time), store)
        loop.call_later(10, setattr, store, "rate", 4000)
        await load.run(30)

        assert 450 < load.between(5, 10) < 550
        assert load.between(22, 30) >= 0.95 * 4000

    in_virtual_time(job())
