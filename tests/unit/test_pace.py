"""
Rates, shares and guesses.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3copy_async.events import (
    Checked,
    CheckedSame,
    CopyStarted,
    Event,
    Listed,
    ListingDone,
    ObjectDone,
    ObjectStarted,
    PartDone,
    Planned,
    RunStarted,
    Skipped,
    Stage,
)
from s3copy_async.model import CheckResult, CopyResult, Finding, Outcome, SkipReason
from s3copy_async.state import RunState
from s3copy_async.views.pace import Flights, Pace, Speed
from support import Clock

MIB = 1 << 20


class Watch:
    """
    A run whose pace is taken once a second.
    """

    def __init__(self, action: str = "copy") -> None:
        self.clock = Clock()
        self.state = RunState()
        self.pace = Pace(self.state, self.clock)
        self.show(RunStarted(action, "s3://in", "s3://out"))

    def show(self, *events: Event) -> None:
        """
        Counts events.
        """
        for event in events:
            self.state.apply(event)
            self.pace.handle(event)

    def second(self, *events: Event) -> None:
        """
        Events of one second.
        """
        self.pace.sample()
        self.show(*events)
        self.clock.now += 1
        self.pace.sample()


def copied(size: int, key: str = "k", method: str = "whole") -> ObjectDone:
    """
    A copied object.
    """
    return ObjectDone(CopyResult(key, key, size, Outcome.COPIED, method=method))


def test_speed_is_that_of_the_last_seconds() -> None:
    """
    What was long ago does not count any more.
    """
    speed = Speed()
    speed.add(0.0, 0)
    assert speed.per_second == 0
    for second in range(1, 20):
        speed.add(float(second), 1000 + second * 10)

    assert speed.per_second == pytest.approx(10.0)


def test_rates_are_those_of_now_and_of_the_whole_run() -> None:
    """
    Objects and bytes, each with its mean.
    """
    watch = Watch()
    watch.show(Listed(200, 200 * MIB), ListingDone())
    for number in range(40):
        watch.second(*[copied(MIB)] * (1 if number < 20 else 3))

    pace = watch.pace
    assert (pace.objects.per_second, pace.bytes.per_second) == (3, 3 * MIB)
    assert (pace.mean_objects, pace.mean_bytes) == (2, 2 * MIB)
    assert pace.share == pytest.approx(0.4)
    assert pace.left == pytest.approx(120 / 3)


def test_nobody_can_tell_before_the_listing_has_ended() -> None:
    """
    Nor while nothing has been done.
    """
    watch = Watch()
    watch.second(Listed(100, 100), copied(1))
    assert watch.pace.left is None
    watch.show(ListingDone())
    assert watch.pace.left is not None

    idle = Watch()
    idle.second(Listed(100, 100), ListingDone())
    assert idle.pace.left is None


def test_what_was_there_already_makes_the_rest_no_faster() -> None:
    """
    A million objects that a listing shows to be there are no measure for those that have to be copied.
    """
    watch = Watch()
    watch.second(Listed(1_000_010, 0), Skipped(SkipReason.SAME, 1_000_000, 0), ListingDone())
    for _ in range(5):
        watch.second(copied(0))

    assert watch.pace.left == pytest.approx(5 * 6 / 5)
    assert watch.pace.objects.per_second == pytest.approx(1, rel=0.1)


def test_when_all_was_there_nothing_is_left() -> None:
    """
    No guess, and all is done.
    """
    watch = Watch()
    watch.second(Listed(1000, 5000), Skipped(SkipReason.SAME, 1000, 5000), ListingDone())

    assert (watch.pace.share, watch.pace.left, watch.pace.mean_bytes) == (1.0, None, 0.0)


def test_an_object_in_parts_counts_as_far_as_its_parts_have_come() -> None:
    """
    S3 moves its bytes three times, and they count once; its end adds nothing that was counted before.
    """
    watch = Watch()
    watch.show(Listed(1, 300), ListingDone(), CopyStarted("k", "k", 300), ObjectStarted("k", "k", 300, 3, 3))
    seen = []
    for stage in Stage:
        for number in (1, 2, 3):
            watch.second(PartDone("k", number, stage, 100))
            seen.append(watch.pace.done_bytes)
    watch.second(copied(300, method="staged"))

    assert seen == [33, 66, 100, 133, 166, 200, 233, 266, 300]
    assert watch.pace.done_bytes == 300
    assert watch.pace.mean_bytes == pytest.approx(30)


def test_a_part_that_is_copied_again_counts_once() -> None:
    """
    Progress is what the parts are, not what was moved.
    """
    watch = Watch()
    watch.show(Listed(1, 300), ListingDone(), CopyStarted("k", "k", 300), ObjectStarted("k", "k", 300, 3, 3))
    for _ in range(9):
        watch.second(PartDone("k", 1, Stage.TEMP, 100))

    assert watch.pace.done_bytes == 33


def test_the_guess_follows_large_objects_after_many_small_ones() -> None:
    """
    Ten thousand small objects a second say little of the giant that is still in flight; its own parts do.
    """
    watch = Watch()
    giant = 1000 * MIB
    watch.show(Listed(30_001, giant), ListingDone())
    watch.show(CopyStarted("giant", "g", giant), ObjectStarted("giant", "g", giant, 100, 100))
    for _ in range(3):
        watch.second(*[copied(0)] * 10_000)
    for number in range(1, 11):
        watch.second(*(PartDone("giant", number, stage, 10 * MIB) for stage in Stage))

    assert watch.pace.left == pytest.approx(90, rel=0.15)


def test_sizes_of_named_keys_are_no_total() -> None:
    """
    They become known with the copies; the share is that of the objects.
    """
    watch = Watch()
    watch.second(Listed(10, 0), ListingDone(), *[copied(0)] * 5)

    assert watch.pace.share == pytest.approx(0.5)


def test_a_named_key_in_flight_is_work_that_is_known() -> None:
    """
    One small key of two is done, and one percent of the giant: that is not nearly all.
    """
    watch = Watch()
    giant = 1000 * MIB
    watch.second(Listed(2, 0), ListingDone(), copied(5), CopyStarted("giant", "g", 0))
    watch.second(ObjectStarted("giant", "g", giant, 100, 100))
    watch.second(*(PartDone("giant", 1, stage, 10 * MIB) for stage in Stage))

    assert watch.pace.share == pytest.approx(0.01, abs=0.002)


@pytest.mark.parametrize(
    ("action", "events"),
    [
        ("check", (CheckedSame(3, 3 * MIB), Checked(CheckResult("k", "k", Finding.MISSING)))),
        ("dry-run", (Planned("k", "k", MIB), Planned("l", "l", MIB), Planned("m", "m", 0), Planned("n", "n", 0))),
    ],
)
def test_a_check_and_a_dry_run_have_a_share_too(action: str, events: tuple[Event, ...]) -> None:
    """
    What is compared or planned is done; what only the destination has was never listed.
    """
    watch = Watch(action)
    watch.second(Listed(8, 10 * MIB), ListingDone(), *events, Checked(CheckResult("", "x", Finding.EXTRA)))

    assert watch.pace.share == pytest.approx(0.5)
    assert watch.pace.left == pytest.approx(1.0)


def test_a_guess_of_years_is_none() -> None:
    """
    It would say nothing.
    """
    watch = Watch()
    watch.second(Listed(10**9, 0), ListingDone(), copied(0))

    assert watch.pace.left is None


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1 << 40)), max_size=30))
def test_a_share_is_a_share(steps: list[tuple[int, int]]) -> None:
    """
    Between nothing and all, whatever sizes turn out to be, and no time is negative.
    """
    watch = Watch()
    watch.show(Listed(40, 1 << 30), ListingDone())
    for number, size in steps:
        watch.second(*[copied(size)] * (number % 2), ObjectDone(CopyResult("f", "f", size, Outcome.FAILED, "no", "No")))

        assert 0.0 <= watch.pace.share <= 1.0
        assert watch.pace.left is None or watch.pace.left >= 0.0
        assert watch.pace.bytes.per_second >= 0.0


def test_flights_know_their_age_and_speed() -> None:
    """
    And are forgotten with the object.
    """
    state = RunState()
    state.apply(CopyStarted("k", "k", 300))
    state.apply(ObjectStarted("k", "k", 300, 3, 3))
    row = state.rows["k"]
    flights = Flights()
    flights.sample(10.0, state.rows)
    state.apply(PartDone("k", 1, Stage.COMPOSED, 100))
    flights.sample(12.0, state.rows)

    assert (flights.seconds(row), flights.rate(row)) == (2.0, 50.0)
    flights.sample(13.0, {})
    assert (flights.seconds(row), flights.rate(row)) == (0.0, 0.0)
