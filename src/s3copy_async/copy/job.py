"""
What every copy of a run shares, and the results it ends in.
"""

from __future__ import annotations

from dataclasses import dataclass

from s3copy_async.errors import AccessDenied, S3Error
from s3copy_async.model import CopyResult, CopyTask, ObjectInfo, Outcome, Proof, SkipReason
from s3copy_async.options import Limits
from s3copy_async.store import Copies, HeadsObjects


@dataclass(frozen=True, slots=True)
class CopyJob:
    """
    Args:
        store: copies, and looks the source up again where needed.
        dest: looks the destination up; another set of credentials where one was given.
        grants: ``x-amz-grant-*`` parameters for every object made.
    """

    store: Copies
    dest: HeadsObjects
    source_bucket: str
    dest_bucket: str
    limits: Limits
    grants: tuple[tuple[str, str], ...] = ()


def copied(task: CopyTask, source: ObjectInfo, etag: str, proof: Proof) -> CopyResult:
    """
    The object is at its destination, as `proof` shows.
    """
    return CopyResult(task.key, task.dest_key, source.size, Outcome.COPIED, proof=proof, etag=etag)


def skipped(task: CopyTask, reason: SkipReason, size: int = 0) -> CopyResult:
    """
    The object needs no copy.
    """
    return CopyResult(task.key, task.dest_key, size, Outcome.SKIPPED, reason)


def failed(task: CopyTask, code: str, reason: str, request_id: str = "") -> CopyResult:
    """
    The object could not be copied.
    """
    size = task.source.size if task.source else 0
    return CopyResult(task.key, task.dest_key, size, Outcome.FAILED, reason, code, request_id=request_id)


def refused(task: CopyTask, error: S3Error) -> CopyResult:
    """
    S3 refused a request for the object.
    """
    reason = str(error)
    if isinstance(error, AccessDenied) and task.source is None:
        reason += " (without the right to list, S3 says so of missing keys too)"
    return failed(task, error.code, reason, error.failure.request_id)
