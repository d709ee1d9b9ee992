"""
The one reducer of events to numbers.
"""

from __future__ import annotations

import pytest

from s3copy_async.events import (
    Checked,
    CheckedSame,
    Event,
    Listed,
    ListingDone,
    Notice,
    ObjectDone,
    Planned,
    RequestsMade,
    Retrying,
    RunEnded,
    RunStarted,
    Skipped,
    Stopping,
)
from s3copy_async.model import CheckResult, CopyResult, Finding, Outcome, Proof, SkipReason
from s3copy_async.state import KEPT_FAILURES, RunState

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
