"""
What a run came to, as one frozen value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from s3copy_async.errors import FatalError
from s3copy_async.events import DeleteFailed, Stage
from s3copy_async.model import CopyResult, Finding, Proof, SkipReason
from s3copy_async.state import RunState


@dataclass(frozen=True, slots=True)
class Summary:
    """
    What a run came to. The numbers are those of the last line of ``--progress json`` (docs/json.md). Mappings hold only
    what occurred: a missing name stands for 0.

    Args:
        action: ``copy``, ``dry-run``, ``check`` or ``clean``.
        source: the source as ``s3://bucket/path``.
        destination: the destination likewise.
        listed: objects that were listed or named.
        listed_bytes: bytes of those that were listed.
        planned: dry run: objects that would be copied.
        planned_bytes: their bytes.
        planned_requests: dry run: about how many requests they would take.
        copied: objects that were copied.
        copied_bytes: their bytes.
        skipped: reason (a `SkipReason`) to number of objects.
        skipped_bytes: bytes of the skipped objects.
        failed: objects that failed.
        failed_bytes: their bytes, as far as known.
        failures: the first 1,000 objects that failed.
        failure_codes: S3's error code, or a name of ours, to number of failed objects.
        parts: stage (a `Stage`) to number of parts that reached it.
        moved_bytes: bytes that S3 moved for parts, each step counted.
        lost: what could not be carried over, in words, to number of objects.
        findings: check: a `Finding` to number of keys.
        leftovers: clean: objects found in the work area.
        leftover_bytes: their bytes.
        open_uploads: clean: open uploads found.
        removed: clean: objects removed.
        to_delete: objects that the source lacks, once their deletion began; dry run: those that would be deleted.
        to_delete_bytes: their bytes.
        deleted: those of them that were deleted.
        deleted_bytes: their bytes.
        delete_failed: those that could not be deleted.
        delete_failures: the first 1,000 of these.
        delete_failure_codes: S3's error code, or a name of ours, to number of them.
        proofs: a `Proof` to number of copies.
        kept_proofs: a `Proof` to number of objects that needed no copy, because their destination is the same.
        requests: S3 operation to number of requests, repeated ones included.
        retries: requests that were repeated.
        throttled: those of them that S3 had throttled.
        seconds: from start to end.
        error: why the run could not go on; empty otherwise.
        signal: number of the signal that interrupted it; 0 otherwise.
        exit_code: what the program ends with: 0, 1, 3, 4 or 128 and the signal (README, exit codes).
    """

    action: str
    source: str
    destination: str
    listed: int
    listed_bytes: int
    planned: int
    planned_bytes: int
    planned_requests: int
    copied: int
    copied_bytes: int
    skipped: Mapping[SkipReason, int]
    skipped_bytes: int
    failed: int
    failed_bytes: int
    failures: tuple[CopyResult, ...]
    failure_codes: Mapping[str, int]
    parts: Mapping[Stage, int]
    moved_bytes: int
    lost: Mapping[str, int]
    findings: Mapping[Finding, int]
    leftovers: int
    leftover_bytes: int
    open_uploads: int
    removed: int
    to_delete: int
    to_delete_bytes: int
    deleted: int
    deleted_bytes: int
    delete_failed: int
    delete_failures: tuple[DeleteFailed, ...]
    delete_failure_codes: Mapping[str, int]
    proofs: Mapping[Proof, int]
    kept_proofs: Mapping[Proof, int]
    requests: Mapping[str, int]
    retries: int
    throttled: int
    seconds: float
    error: str
    signal: int
    exit_code: int

    @property
    def ok(self) -> bool:
        """
        Whether everything is as it was asked for (all copied or already there, or no difference found).
        """
        return not self.exit_code


class RunFailed(FatalError):
    """
    A run could not go on. ``summary`` says how far it came; the same call continues it once the cause is gone.
    """

    def __init__(self, summary: Summary) -> None:
        super().__init__(summary.error)
        self.summary = summary


def summary_of(state: RunState) -> Summary:
    """
    The numbers of `state`, which may still change, as they are now.
    """
    return Summary(
        action=state.action,
        source=state.source,
        destination=state.destination,
        listed=state.listed,
        listed_bytes=state.listed_bytes,
        planned=state.planned,
        planned_bytes=state.planned_bytes,
        planned_requests=state.planned_requests,
        copied=state.copied,
        copied_bytes=state.copied_bytes,
        skipped=dict(state.skipped),
        skipped_bytes=state.skipped_bytes,
        failed=state.failed,
        failed_bytes=state.failed_bytes,
        failures=tuple(state.failures),
        failure_codes=dict(state.failure_codes),
        parts=dict(state.parts),
        moved_bytes=state.moved_bytes,
        lost=dict(state.lost),
        findings=dict(state.findings),
        leftovers=state.leftovers,
        leftover_bytes=state.leftover_bytes,
        open_uploads=state.open_uploads,
        removed=state.removed,
        to_delete=state.to_delete,
        to_delete_bytes=state.to_delete_bytes,
        deleted=state.deleted,
        deleted_bytes=state.deleted_bytes,
        delete_failed=state.delete_failed,
        delete_failures=tuple(state.delete_failures),
        delete_failure_codes=dict(state.delete_failure_codes),
        proofs=dict(state.proofs),
        kept_proofs=dict(state.kept_proofs),
        requests=dict(state.requests),
        retries=state.retries,
        throttled=state.throttled,
        seconds=round(state.seconds, 3),
        error=state.error,
        signal=state.signal,
        exit_code=state.exit_code,
    )
