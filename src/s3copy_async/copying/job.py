"""
What every copy of a run shares, and the results it ends in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from s3copy_async.copying.known import Known
from s3copy_async.copying.lanes import LanePool
from s3copy_async.copying.plan import NO_PARTS, Method, cannot_fit, plan
from s3copy_async.copying.probe import Capabilities
from s3copy_async.errors import AccessDenied, Failure, FatalError, S3Error
from s3copy_async.events import Emit, Notice, ignore
from s3copy_async.faults import ARCHIVED
from s3copy_async.model import CopyResult, CopyTask, ObjectInfo, Outcome, Pairs, Proof, SkipReason
from s3copy_async.options import MAX_COPY, Carry, Compare, IfExists, Limits, PartOptions, Verify
from s3copy_async.store import Heads, ListsObjects, Stages
from s3copy_async.uri import is_directory_bucket


async def _in_steps() -> bool:
    return False


async def _is_no_website() -> bool:
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
        direct: whether copies in parts make no temp and part objects.
        redirects: whether the source is a website, whose objects may redirect; asked at most once.
        known: what these copies find out for one another.
        probe: what the store can do.
    """

    store: Stages
    dest: Heads
    source_bucket: str
    dest_bucket: str
    limits: Limits
    dest_lists: tuple[ListsObjects, ...] = ()
    grants: Pairs = ()
    parts: PartOptions = field(default_factory=PartOptions)
    lanes: LanePool = field(default_factory=lambda: LanePool(0))
    emit: Emit = ignore
    stopping: Callable[[], bool] = lambda: False
    direct: Callable[[], Awaitable[bool]] = _in_steps
    redirects: Callable[[], Awaitable[bool]] = _is_no_website
    said: set[str] = field(default_factory=set)
    known: Known = field(default_factory=Known)
    probe: Capabilities = field(default_factory=Capabilities)
    carry: Carry = field(default_factory=Carry)
    compare: Compare = Compare.AUTO
    verify: Verify = Verify.AUTO
    if_exists: IfExists = IfExists.OVERWRITE
    is_aws: bool = False

    @property
    def splits(self) -> bool:
        """
        Whether objects can be copied in parts: not where what is left of an earlier run could not be listed in order.
        """
        buckets = (self.dest_bucket, self.parts.work_bucket or self.dest_bucket)
        return not any(map(is_directory_bucket, buckets))

    def method(self, source: ObjectInfo) -> Method:
        """
        How an object is copied: see `plan.plan`. Where nothing is split, whole, whatever its size.
        """
        return plan(source, self.limits.large_file) if self.splits else Method.WHOLE

    def cannot_fit(self, source: ObjectInfo) -> str | None:
        """
        Why S3 cannot hold a copy, or None.
        """
        if not self.splits:
            return NO_PARTS if source.size > MAX_COPY else None
        return cannot_fit(source, self.limits.large_file, self.parts.size)

    def say_once(self, text: str, *, warning: bool = True) -> None:
        """
        Warns of something that would come up again with many objects, or only mentions it.
        """
        if text not in self.said:
            self.said.add(text)
            self.emit(Notice(text, warning))

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
    task: CopyTask, source: ObjectInfo, etag: str, proof: Proof, lost: tuple[str, ...] = (), method: str = "whole"
) -> CopyResult:
    """
    The object is at its destination, as `proof` shows. `lost` is what the copy could not carry over.
    """
    result = CopyResult(task.key, task.dest_key, source.size, Outcome.COPIED, proof=proof, etag=etag)
    return result._replace(lost=lost, source_etag=source.etag, method=method)


def skipped(task: CopyTask, reason: SkipReason, size: int = 0, proof: Proof | None = None) -> CopyResult:
    """
    The object needs no copy. `proof` shows that its destination is the same already.
    """
    result = CopyResult(task.key, task.dest_key, size, Outcome.SKIPPED, reason, proof=proof)
    if proof is None:
        return result
    source, there = task.source, task.there
    return result._replace(source_etag=source.etag if source else "", etag=there.etag if there else "")


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
    if error.code in ARCHIVED:
        return failed(task, "Archived", reason, error.failure)
    if isinstance(error, AccessDenied):
        if task.version:
            reason += " (a version needs s3:GetObjectVersion)"
        if task.source is None:
            reason += " (without the right to list, S3 says so of missing keys too)"
    return failed(task, error.code, reason, error.failure)
