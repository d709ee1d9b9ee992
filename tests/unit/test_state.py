"""
The one reducer of events to numbers.
"""

from __future__ import annotations

import pytest

from s3copy_async.events import (
    Checked,
    CheckedSame,
    CopyStarted,
    Event,
    Listed,
    ListingDone,
    Notice,
    ObjectDone,
    ObjectStarted,
    PartDone,
    PartFailed,
    Planned,
    RequestsMade,
    Retrying,
    RunEnded,
    RunStarted,
    Skipped,
    Stage,
    Stopping,
)
from s3copy_async.model import CheckResult, CopyResult, Finding, Outcome, Proof, SkipReason
from s3copy_async.state import KEPT_FAILURES, KEPT_ROWS, PartState, RunState

COPIED = CopyResult("a", "b", 7, Outcome.COPIED, proof=Proof.ETAG)
FAILED = CopyResult("a", "b", 5, Outcome.FAILED, "why", "AccessDenied")
VANISHED = CopyResult("a", "b", 3, Outcome.SKIPPED, SkipReason.VANISHED)


def after(*events: Event) -> RunState:
    """
    The state after these events.
    """
    state = RunState()
    for event in events:
        state.apply(event)
    return state


def test_counts_what_happens() -> None:
    """
    Objects and bytes by outcome, proofs, skips by reason, requests by operation.
    """
    state = after(
        RunStarted("copy", "s3://in", "s3://out"),
        Listed(4, 100),
        Skipped(SkipReason.SAME, 2, 40),
        ObjectDone(COPIED),
        ObjectDone(FAILED),
        ObjectDone(VANISHED),
        RequestsMade((("CopyObject", 2), ("HeadObject", 1))),
        RequestsMade((("CopyObject", 3),)),
        Retrying("CopyObject", "a", 1, 0.1, "SlowDown", throttled=True),
        Retrying("CopyObject", "a", 2, 0.1, "InternalError", throttled=False),
        Notice("careful"),
        Notice("by the way", warning=False),
        ListingDone(),
        RunEnded(1.5),
    )

    assert (state.listed, state.listed_bytes, state.listing_done) == (4, 100, True)
    assert (state.copied, state.copied_bytes, state.failed, state.failed_bytes) == (1, 7, 1, 5)
    assert (dict(state.skipped), state.skipped_bytes) == ({SkipReason.SAME: 2, SkipReason.VANISHED: 1}, 43)
    assert dict(state.proofs) == {Proof.ETAG: 1}
    assert dict(state.requests) == {"CopyObject": 5, "HeadObject": 1}
    assert (state.retries, state.throttled) == (2, 1)
    assert (state.seconds, state.finished) == (1.5, 5)
    assert (state.failures, dict(state.failure_codes)) == ([FAILED], {"AccessDenied": 1})


def test_a_dry_run_is_counted() -> None:
    """
    What would be copied, and its bytes.
    """
    state = after(Planned("a", "b", 3), Planned("c", "d", 4))

    assert (state.planned, state.planned_bytes) == (2, 7)
    assert (state.finished, state.finished_bytes) == (2, 7)


def test_what_a_check_compared_is_finished() -> None:
    """
    Whatever it found; but what only the destination has was never listed.
    """
    found = [Checked(CheckResult("a", "b", finding)) for finding in Finding if finding is not Finding.SAME]

    assert after(CheckedSame(5, 50), *found).finished == 9


STARTED = (CopyStarted("a", "b", 400), ObjectStarted("a", "b", 400, 4, 4))


def test_parts_are_known_by_their_state() -> None:
    """
    As far as each has come; a failed one may come further again.
    """
    stages = [
        PartDone("a", 1, Stage.TEMP, 100),
        PartDone("a", 2, Stage.PART, 100),
        PartDone("a", 3, Stage.COMPOSED, 100),
    ]
    state = after(
        *STARTED, *stages, PartFailed("a", 2, "why"), PartFailed("unknown", 2, "why"), PartFailed("a", 9, "why")
    )

    row = state.rows["a"]
    assert list(row.parts) == [PartState.TEMP, PartState.FAILED, PartState.COMPOSED, PartState.WAITING]
    assert row.progress == 400 * 4 // 12
    state.apply(PartDone("a", 2, Stage.TEMP, 100))
    assert row.parts[1] == PartState.TEMP


def test_parts_of_an_earlier_run_count_as_progress() -> None:
    """
    They are only put in place.
    """
    state = after(CopyStarted("a", "b", 400), ObjectStarted("a", "b", 400, 1, 4))

    assert state.rows["a"].progress == 400 * 6 // 12


def test_rows_of_the_last_failures_are_kept() -> None:
    """
    Those of objects in parts, so that it can be seen which failed; of others there is nothing to see.
    """
    state = after(
        *STARTED, ObjectDone(FAILED), CopyStarted("small", "b", 1), ObjectDone(FAILED._replace(key="small")),
        *STARTED, ObjectDone(COPIED),
    )  # fmt: skip

    assert [row.key for row in state.failed_rows] == ["a"]
    for _ in range(10):
        for event in (*STARTED, ObjectDone(FAILED)):
            state.apply(event)
    assert len(state.failed_rows) == KEPT_ROWS
    assert not state.rows


def test_memory_stays_bounded_when_everything_fails() -> None:
    """
    All failures are counted, and so many are kept.
    """
    state = after(*[ObjectDone(FAILED)] * (KEPT_FAILURES + 5))

    assert (state.failed, len(state.failures)) == (KEPT_FAILURES + 5, KEPT_FAILURES)


DIFFERENT = Checked(CheckResult("a", "b", Finding.DIFFERENT))


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([], 0),
        ([ObjectDone(COPIED), RunEnded(1)], 0),
        ([ObjectDone(FAILED), RunEnded(1)], 3),
        ([RunEnded(1, "no bucket")], 1),
        ([ObjectDone(FAILED), RunEnded(1, "no bucket")], 1),
        ([RunEnded(1, signal=2)], 130),
        ([Stopping(15, 30)], 143),
        ([ObjectDone(FAILED), RunEnded(1, "no bucket", signal=15)], 143),
        ([DIFFERENT, RunEnded(1)], 4),
        ([Checked(CheckResult("a", "b", Finding.MISSING))], 4),
        ([Checked(CheckResult("", "b", Finding.EXTRA))], 4),
        ([Checked(CheckResult("a", "b", Finding.NOT_COMPARABLE)), CheckedSame(2, 5)], 0),
        ([DIFFERENT, ObjectDone(FAILED)], 3),
        ([DIFFERENT, RunEnded(1, "no bucket")], 1),
    ],
)
def test_numbers_make_an_exit_code(events: list[Event], code: int) -> None:
    """
    Interruption counts before errors, errors before failures, failures before differences.
    """
    assert code == after(*events).exit_code
