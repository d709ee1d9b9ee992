"""
Turns events into numbers. Nothing else counts.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, assert_never

from s3copy_async.events import (
    Checked,
    CheckedSame,
    CopyStarted,
    Deleted,
    DeleteFailed,
    DeletePlanned,
    DeletionEvent,
    DeletionStarted,
    Event,
    LeftoverFound,
    LeftoverRemoved,
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
    UploadFound,
)
from s3copy_async.model import PROOF_OF, CheckResult, CopyResult, CopyTask, Finding, Outcome, Proof, SkipReason

KEPT_FAILURES: Final = 1000
"""So many failures are kept whole; more are only counted, so that memory stays bounded."""
KEPT_ROWS: Final = 2
"""Of so many objects that failed last, the states of the parts are kept."""


class PartState(IntEnum):
    """
    How far one part is, in the order in which a part goes through them.
    """

    WAITING = 0
    TEMP = 1
    PART = 2
    COMPOSED = 3
    FAILED = 4


_STAGES: Final = {Stage.TEMP: PartState.TEMP, Stage.PART: PartState.PART, Stage.COMPOSED: PartState.COMPOSED}


@dataclass(slots=True)
class Row:
    """
    One object in flight.

    Args:
        parts: a `PartState` for each part, empty for an object that is copied whole.
        moved: bytes copied so far, each step counted.
    """

    key: str
    size: int
    parts: bytearray = field(default_factory=bytearray)
    moved: int = 0

    @property
    def progress(self) -> int:
        """
        How many of its bytes are as good as there: a third of a part's for each of its three steps.
        """
        if not self.parts:
            return 0
        steps = sum(state * self.parts.count(state) for state in (PartState.TEMP, PartState.PART, PartState.COMPOSED))
        return self.size * steps // (PartState.COMPOSED * len(self.parts))


@dataclass(slots=True)
class RunState:
    """
    The numbers of one run. Owned by the event loop; views read it, only `apply` writes.
    """

    action: str = ""
    source: str = ""
    destination: str = ""
    listed: int = 0
    listed_bytes: int = 0
    listing_done: bool = False
    planned: int = 0
    planned_bytes: int = 0
    planned_requests: int = 0
    in_parts: int = 0
    parts: Counter[Stage] = field(default_factory=Counter)
    moved_bytes: int = 0
    copied: int = 0
    copied_bytes: int = 0
    failed: int = 0
    failed_bytes: int = 0
    retries: int = 0
    throttled: int = 0
    skipped: Counter[SkipReason] = field(default_factory=Counter)
    skipped_bytes: int = 0
    leftovers: int = 0
    leftover_bytes: int = 0
    open_uploads: int = 0
    removed: int = 0
    to_delete: int = 0
    to_delete_bytes: int = 0
    deleted: int = 0
    deleted_bytes: int = 0
    delete_failed: int = 0
    delete_failures: list[DeleteFailed] = field(default_factory=list)
    delete_failure_codes: Counter[str] = field(default_factory=Counter)
    findings: Counter[Finding] = field(default_factory=Counter)
    proofs: Counter[Proof] = field(default_factory=Counter)
    kept_proofs: Counter[Proof] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    rows: dict[str, Row] = field(default_factory=dict)
    failed_rows: deque[Row] = field(default_factory=lambda: deque(maxlen=KEPT_ROWS))
    failures: list[CopyResult] = field(default_factory=list)
    failure_codes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    error: str = ""
    signal: int = 0
    broken_pipe: bool = False
    _glimpsed: set[str] = field(default_factory=set)

    def apply(self, event: Event) -> None:
        """
        Counts one event in.
        """
        match event:
            case ObjectDone():
                self._object(event.result)
            case Listed():
                self.listed += event.objects
                self.listed_bytes += event.nbytes
            case Skipped():
                self.skipped[event.reason] += event.objects
                if proof := PROOF_OF.get(event.reason):
                    self.kept_proofs[proof] += event.objects
                self.skipped_bytes += event.nbytes
            case Planned():
                self.planned += 1
                self.planned_bytes += event.size
                self.planned_requests += event.requests
            case CopyStarted():
                self._glimpsed.discard(event.key)
                self.rows[event.key] = Row(event.key, event.size)
            case ObjectStarted():
                self._started(event)
            case PartDone():
                self._part(event)
            case PartFailed():
                self._mark(event.key, event.number, PartState.FAILED)
            case RequestsMade():
                for operation, number in event.counts:
                    self.requests[operation] += number
                self.in_flight = event.in_flight
            case Retrying():
                self.retries += 1
                self.throttled += event.throttled
            case CheckedSame():
                self.findings[Finding.SAME] += event.objects
            case Checked():
                self._check(event.result)
            case DeletePlanned() | DeletionStarted() | Deleted() | DeleteFailed():
                self._deletion(event)
            case LeftoverFound() | UploadFound() | LeftoverRemoved():
                self._leftover(event)
            case RunStarted() | Notice() | ListingDone() | Stopping() | RunEnded():
                self._course(event)
            case _:
                assert_never(event)

    def apply_copied(self, number: int, nbytes: int) -> None:
        """
        Counts objects in that were copied with an equal ETag, as so many `ObjectDone` would.
        """
        self.copied += number
        self.copied_bytes += nbytes
        self.proofs[Proof.ETAG] += number

    def apply_planned(self, number: int, nbytes: int) -> None:
        """
        Counts objects in that would be copied whole, as so many `Planned` would.
        """
        self.planned += number
        self.planned_bytes += nbytes
        self.planned_requests += number

    def glimpse(self, tasks: Sequence[CopyTask]) -> None:
        """
        Shows objects in flight that were not announced, in the stead of those of the last time.
        """
        for key in self._glimpsed:
            if (row := self.rows.get(key)) and not row.parts:
                del self.rows[key]
        self._glimpsed = {task.key for task in tasks if task.key not in self.rows}
        for task in tasks:
            self.rows.setdefault(task.key, Row(task.key, task.source.size if task.source else 0))

    def _object(self, result: CopyResult) -> None:
        row = self.rows.pop(result.key, None)
        match result.outcome:
            case Outcome.COPIED:
                self.copied += 1
                self.copied_bytes += result.size
                if result.proof:
                    self.proofs[result.proof] += 1
                self.lost.update(result.lost)
            case Outcome.SKIPPED:
                self.skipped[SkipReason(result.reason)] += 1
                if result.proof:
                    self.kept_proofs[result.proof] += 1
                self.skipped_bytes += result.size
            case Outcome.FAILED:
                self.failed += 1
                self.failed_bytes += result.size
                self.failure_codes[result.code] += 1
                if len(self.failures) < KEPT_FAILURES:
                    self.failures.append(result)
                if row and row.parts:
                    self.failed_rows.append(row)
            case _:
                assert_never(result.outcome)

    def _course(self, event: RunStarted | Notice | ListingDone | Stopping | RunEnded) -> None:
        """
        What happens once or seldom in a run, and to no single object.
        """
        match event:
            case RunStarted():
                self.action, self.source, self.destination = event.action, event.source, event.destination
            case Notice():
                pass  # said, not counted
            case ListingDone():
                self.listing_done = True
            case Stopping():
                self.signal = event.signal
            case RunEnded():
                self.seconds, self.error = event.seconds, event.error
                self.signal = event.signal or self.signal
            case _:
                assert_never(event)

    def _deletion(self, event: DeletionEvent) -> None:
        match event:
            case Deleted():
                self.deleted += 1
                self.deleted_bytes += event.size
            case DeletePlanned():
                self.to_delete += 1
                self.to_delete_bytes += event.size
            case DeletionStarted():
                self.to_delete, self.to_delete_bytes = event.objects, event.nbytes
            case DeleteFailed():
                self.delete_failed += 1
                self.delete_failure_codes[event.code] += 1
                if len(self.delete_failures) < KEPT_FAILURES:
                    self.delete_failures.append(event)
            case _:
                assert_never(event)

    def _leftover(self, event: LeftoverFound | UploadFound | LeftoverRemoved) -> None:
        match event:
            case LeftoverFound():
                self.leftovers += event.objects
                self.leftover_bytes += event.nbytes
            case UploadFound():
                self.open_uploads += 1
            case LeftoverRemoved():
                self.removed += 1
            case _:
                assert_never(event)

    def _started(self, event: ObjectStarted) -> None:
        self.in_parts += 1
        if row := self.rows.get(event.key):
            row.size = event.size
            row.parts = bytearray([PartState.PART]) * (event.total - event.parts) + bytearray(event.parts)

    def _part(self, event: PartDone) -> None:
        self.parts[event.stage] += 1
        self.moved_bytes += event.nbytes
        if row := self.rows.get(event.key):
            row.moved += event.nbytes
        self._mark(event.key, event.number, _STAGES[event.stage])

    def _mark(self, key: str, number: int, state: PartState) -> None:
        row = self.rows.get(key)
        if row and number <= len(row.parts):
            row.parts[number - 1] = state

    def _check(self, result: CheckResult) -> None:
        self.findings[result.finding] += 1

    @property
    def finished(self) -> int:
        """
        Objects that reached their end, whatever the run does with them.
        """
        compared = self.findings.total() - self.findings[Finding.EXTRA]
        return self.copied + self.failed + self.skipped.total() + self.planned + compared

    @property
    def finished_bytes(self) -> int:
        """
        Their bytes, as far as known.
        """
        return self.copied_bytes + self.failed_bytes + self.skipped_bytes + self.planned_bytes

    @property
    def exit_code(self) -> int:
        """
        The exit code that these numbers stand for (README, exit codes).
        """
        if self.signal:
            return 128 + self.signal
        if self.error:
            return 1
        if self.broken_pipe and self.action in ("dry-run", "check"):
            return 141
        if self.failed or self.delete_failed:
            return 3
        different = (Finding.MISSING, Finding.DIFFERENT, Finding.EXTRA, Finding.METADATA)
        return 4 if any(self.findings[finding] for finding in different) else 0
