"""
What every copy of a run shares, and the results it ends in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from s3copy_async.copying.lanes import LanePool
from s3copy_async.errors import AccessDenied, Failure, FatalError, S3Error
from s3copy_async.events import Emit, Notice, ignore
from s3copy_async.model import CopyResult, CopyTask, ObjectInfo, Outcome, Pairs, Proof, SkipReason
from s3copy_async.options import Carry, Compare, IfExists, Limits, PartOptions, Verify
from s3copy_async.store import HeadsObjects, ListsObjects, Stages


async def _reads_once() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class CopyJob:
    """
    Args:
        store: copies, and looks the source up again where needed.
        dest: looks the destination up; another set of credentials where one was given.
        dest_lists: may list the work area, in the order of trying.
        grants: ``x-amz-grant-*`` parameters for every object made.
        parts: how objects are copied in parts.
        lanes: shared by all objects that are copied in parts.
        stopping: whether the run is to end: then no further part is begun.
        said: warnings that were given already.
        carry, compare, verify, if_exists: see `options.Options`.
        is_aws: the store is Amazon's own: what it can do need not be found out.
        reads_twice: whether the store decodes the source keys of part copies twice; asked at most once.
    """

    store: Stages
    dest: HeadsObjects
    source_bucket: str
    dest_bucket: str
    limits: Limits
    dest_lists: tuple[ListsObjects, ...] = ()
    grants: Pairs = ()
    parts: PartOptions = field(default_factory=PartOptions)
    lanes: LanePool = field(default_factory=lambda: LanePool(0))
    emit: Emit = ignore
    stopping: Callable[[], bool] = lambda: False
    reads_twice: Callable[[], Awaitable[bool]] = _reads_once
    said: set[str] = field(default_factory=set)
    carry: Carry = Carry()
    compare: Compare = Compare.AUTO
    verify: Verify = Verify.AUTO
    if_exists: IfExists = IfExists.OVERWRITE
    is_aws: bool = False

    def say_once(self, text: str) -> None:
        """
        Warns of something that would come up again with many objects.
        """
        if text not in self.said:
            self.said.add(text)
            self.emit(Notice(text))

    async def tidy(self, bucket: str, key: str) -> None:
        """
        Removes an object of ours that is not needed any more. What cannot be removed is no failure of the copy.

        Raises:
            FatalError: the run cannot go on.
        """
        try:
            await self.store.delete_object(bucket, key)
        except FatalError:
            raise
        except S3Error as error:
            self.say_once(f"work in progress cannot be removed from s3://{bucket} ({error}): it needs s3:DeleteObject")


def copied(
    task: CopyTask, source: ObjectInfo, etag: str, proof: Proof, lost: tuple[str, ...] | None = None
) -> CopyResult:
    """
    The object is at its destination, as `proof` shows. `lost` is what a copy in parts could not carry over; None stands
    for a whole copy, with which S3 carries all that it can.
    """
    method = "whole" if lost is None else "staged"
    result = CopyResult(task.key, task.dest_key, source.size, Outcome.COPIED, proof=proof, etag=etag)
    return result._replace(lost=lost or (), source_etag=source.etag, method=method)


def skipped(task: CopyTask, reason: SkipReason, size: int = 0) -> CopyResult:
    """
    The object needs no copy.
    """
    return CopyResult(task.key, task.dest_key, size, Outcome.SKIPPED, reason)


def failed(task: CopyTask, code: str, reason: str, failure: Failure | None = None) -> CopyResult:
    """
    The object could not be copied, because of `failure` where a request was the reason.
    """
    size = task.source.size if task.source else 0
    result = CopyResult(task.key, task.dest_key, size, Outcome.FAILED, reason, code)
    return result._replace(request_id=failure.request_id, extended_id=failure.extended_id) if failure else result


def refused(task: CopyTask, error: S3Error) -> CopyResult:
    """
    S3 refused a request for the object.
    """
    reason = str(error)
    if isinstance(error, AccessDenied) and task.source is None:
        reason += " (without the right to list, S3 says so of missing keys too)"
    return failed(task, error.code, reason, error.failure)
