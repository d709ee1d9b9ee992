"""
Places inside, retries outside: `Guarded` wraps a store and is a store itself.

A place in flight is held for one request only; a call that waits for its next attempt holds none. Before a write that
may have been done is repeated, the destination is looked at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from s3copy_async.errors import UNREACHABLE, AccessDenied, BadAnswer, FatalError, S3Error, Throttled, TransientError
from s3copy_async.events import Emit, Retrying
from s3copy_async.faults import SWITCHED
from s3copy_async.flow import Flow, Kind
from s3copy_async.model import (
    Acl,
    BucketInfo,
    CompleteRequest,
    CopyAnswer,
    CopyRequest,
    Head,
    ObjectInfo,
    OpenUpload,
    Page,
    Pairs,
    PartRequest,
    PartsPage,
    UploadsPage,
)
from s3copy_async.patience import Meter, RetryPolicy
from s3copy_async.store import BulkDone, BulkStart, HeadsObjects, Store, Undeleted
from s3copy_async.tally import count_request
from s3copy_async.text import seconds_text

T = TypeVar("T")
_COPYING: Final = frozenset(("CopyObject", "UploadPartCopy"))


class Guarded:
    """
    A store with limits and patience.

    Args:
        flow: gives places to everything that sends requests in this run.

    ``witness`` looks at the destination after a copy that may have been done: this store, unless another was set.
    """

    def __init__(self, store: Store, flow: Flow, policy: RetryPolicy, meter: Meter, emit: Emit) -> None:
        self._store = store
        self._flow = flow
        self._policy = policy
        self._meter = meter
        self._emit = emit
        self.witness: HeadsObjects = self

    def brief(self, budget: float) -> Guarded:
        """
        The same store behind the same permits, for requests that may fail: each is repeated for `budget` seconds at
        most, and never ends the run.
        """
        policy = replace(self._policy, budget=min(budget, self._policy.budget), ends_run=False)
        return Guarded(self._store, self._flow, policy, self._meter, self._emit)

    async def list_page(self, bucket: str, prefix: str, *, start_after: str = "", token: str | None = None) -> Page:
        """
        See `store.ListsObjects`.
        """
        return await self._call(
            "ListObjectsV2", prefix, lambda: self._store.list_page(bucket, prefix, start_after=start_after, token=token)
        )

    async def head_object(self, bucket: str, key: str, *, version: str = "") -> ObjectInfo:
        """
        See `store.HeadsObjects`.
        """
        return await self._call("HeadObject", key, lambda: self._store.head_object(bucket, key, version=version))

    async def head_bucket(self, bucket: str) -> BucketInfo:
        """
        See `store.HeadsBuckets`.
        """
        return await self._call("HeadBucket", bucket, lambda: self._store.head_bucket(bucket))

    def set_region(self, bucket: str, region: str) -> None:
        """
        See `store.HeadsBuckets`.
        """
        self._store.set_region(bucket, region)

    def set_owner(self, bucket: str, account: str) -> None:
        """
        See `store.HeadsBuckets`.
        """
        self._store.set_owner(bucket, account)

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        return await self._copy(request)

    async def _copy(self, request: CopyRequest, first: TransientError | None = None) -> CopyAnswer:
        return await self._call(
            "CopyObject",
            request.source_key,
            lambda: self._store.copy_object(request),
            lambda: self._copied(request),
            first,
        )

    async def bulk(self, sample: CopyRequest, done: BulkDone, /) -> BulkStart | None:
        """
        See `store.CopiesInBulk`. Who begins copies in bulk asks the flow itself.
        """
        return await self._store.bulk(sample, done)

    def resuming(self, outcome: CopyAnswer | S3Error) -> Guarded:
        """
        The same store for one object, whose first copy was made by others and ended so.
        """
        return _Resuming(self._store, self._flow, self._policy, self._meter, self._emit, self.witness, outcome)

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        See `store.HeadsDetails`.
        """
        return await self._call("HeadObject", key, lambda: self._store.head_details(bucket, key, part, version=version))

    async def get_tags(self, bucket: str, key: str, *, version: str = "") -> Pairs:
        """
        See `store.CarriesMore`.
        """
        return await self._call("GetObjectTagging", key, lambda: self._store.get_tags(bucket, key, version=version))

    async def put_tags(self, bucket: str, key: str, tags: Pairs) -> None:
        """
        See `store.CarriesMore`.
        """
        await self._call("PutObjectTagging", key, lambda: self._store.put_tags(bucket, key, tags))

    async def get_acl(self, bucket: str, key: str, *, version: str = "") -> Acl:
        """
        See `store.CarriesMore`.
        """
        return await self._call("GetObjectAcl", key, lambda: self._store.get_acl(bucket, key, version=version))

    def is_aws(self) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        return self._store.is_aws()

    async def has_versions(self, bucket: str) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        return await self._call("GetBucketVersioning", bucket, lambda: self._store.has_versions(bucket))

    async def has_lock(self, bucket: str) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        return await self._call("GetObjectLockConfiguration", bucket, lambda: self._store.has_lock(bucket))

    async def has_replication(self, bucket: str) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        return await self._call("GetBucketReplication", bucket, lambda: self._store.has_replication(bucket))

    async def has_website(self, bucket: str) -> bool:
        """
        See `store.KnowsBuckets`.
        """
        return await self._call("GetBucketWebsite", bucket, lambda: self._store.has_website(bucket))

    async def get_object(self, bucket: str, key: str) -> bytes:
        """
        See `store.ReadsObjects`.
        """
        return await self._call("GetObject", key, lambda: self._store.get_object(bucket, key))

    async def create_upload(self, bucket: str, key: str, settings: Pairs = (), metadata: Pairs = ()) -> str:
        """
        See `store.UploadsParts`.
        """
        return await self._call(
            "CreateMultipartUpload", key, lambda: self._store.create_upload(bucket, key, settings, metadata)
        )

    async def copy_part(self, request: PartRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        return await self._call("UploadPartCopy", request.key, lambda: self._store.copy_part(request))

    async def complete_upload(self, request: CompleteRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`. NoSuchUpload and InvalidPart may mean that an earlier attempt was completed.
        """
        try:
            return await self._call(
                "CompleteMultipartUpload",
                request.key,
                lambda: self._store.complete_upload(request),
                lambda: self._completed(request),
            )
        except S3Error:
            if done := await self._completed(request):
                return done
            raise

    async def abort_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """
        See `store.UploadsParts`.
        """
        await self._call("AbortMultipartUpload", key, lambda: self._store.abort_upload(bucket, key, upload_id))

    async def list_parts(self, bucket: str, key: str, upload_id: str, after: int = 0) -> PartsPage:
        """
        See `store.UploadsParts`.
        """
        return await self._call("ListParts", key, lambda: self._store.list_parts(bucket, key, upload_id, after))

    async def list_uploads(self, bucket: str, prefix: str, after: OpenUpload | None = None) -> UploadsPage:
        """
        See `store.UploadsParts`.
        """
        return await self._call("ListMultipartUploads", prefix, lambda: self._store.list_uploads(bucket, prefix, after))

    async def caller_id(self) -> str:
        """
        See `store.NamesCaller`.
        """
        return await self._call("ListBuckets", "", self._store.caller_id)

    async def create_bucket(self, bucket: str) -> None:
        """
        See `store.WritesObjects`.
        """
        await self._call("CreateBucket", bucket, lambda: self._store.create_bucket(bucket))

    async def put_object(self, bucket: str, key: str, body: bytes) -> str:
        """
        See `store.WritesObjects`.
        """
        return await self._call("PutObject", key, lambda: self._store.put_object(bucket, key, body))

    async def delete_object(self, bucket: str, key: str) -> None:
        """
        See `store.WritesObjects`.
        """
        await self._call("DeleteObject", key, lambda: self._store.delete_object(bucket, key))

    async def delete_objects(self, bucket: str, keys: Sequence[str]) -> Undeleted:
        """
        See `store.DeletesObjects`. Keys that were not deleted for a passing reason are asked for again, by themselves.
        """
        left = tuple(keys)
        passing: dict[str, S3Error] = {}
        failed: list[tuple[str, S3Error]] = []

        async def send() -> None:
            nonlocal left, passing
            found = await self._store.delete_objects(bucket, left)
            # The store is there, whatever it says of single keys.
            self._meter.last_success = self._policy.clock()
            passing = {key: error for key, error in found if _passes(error)}
            failed.extend((key, error) for key, error in found if key not in passing)
            left = tuple(passing)
            if passing:
                raise next((error for error in passing.values() if isinstance(error, Throttled)), passing[left[0]])

        try:
            await self._call("DeleteObjects", left[0], send)
        except TransientError as error:
            failed.extend((key, passing.get(key, error)) for key in left)
        return tuple(failed)

    async def _call(
        self,
        operation: str,
        key: str,
        send: Callable[[], Awaitable[T]],
        look: Callable[[], Awaitable[T | None]] | None = None,
        first: TransientError | None = None,
    ) -> T:
        """
        Sends until there is an answer. `first` is how a first attempt failed that somebody else made.
        """
        attempt = 0
        first_failure: float | None = None
        while True:
            try:
                if first:
                    raise first
                return await self._sent(operation, send)
            except TransientError as error:
                first = None
                attempt += 1
                if first_failure is None:
                    first_failure = self._policy.clock()
                if error.failure.code != SWITCHED:
                    self._give_up_in_time(error, first_failure)
                wait = self._policy.wait(attempt, throttled=isinstance(error, Throttled))
                self._emit(Retrying(operation, key, attempt, wait, error.code, isinstance(error, Throttled)))
                await self._policy.sleep(wait)
                if look and error.failure.maybe_done and (done := await look()) is not None:
                    return done

    async def _sent(self, operation: str, send: Callable[[], Awaitable[T]]) -> T:
        flow, meter = self._flow, self._meter
        kind = Kind.COPY if operation in _COPYING else Kind.LOOK
        await flow.enter(kind)
        meter.counts[operation] += 1
        count_request()
        meter.in_flight += 1
        leave: Callable[[], None] = flow.leave
        try:
            answer = await send()
            flow.succeeded(kind)
        except Throttled:
            leave = partial(flow.refused, kind)
            raise
        finally:
            meter.in_flight -= 1
            leave()
        meter.last_success = self._policy.clock()
        return answer

    def _give_up_in_time(self, error: TransientError, first_failure: float) -> None:
        policy = self._policy
        now = policy.clock()
        last_success = self._meter.last_success
        never_reached = last_success is None and error.failure.code == UNREACHABLE
        budget = min(policy.budget, policy.unreachable_budget) if never_reached else policy.budget
        if now - first_failure < budget:
            return
        if policy.ends_run and (last_success is None or now - last_success >= budget):
            raise FatalError(
                f"no request has succeeded for {seconds_text(budget)} ({error}): check the endpoint and the network; "
                "run the same command again when the store answers, or wait longer with --retry-for"
            ) from error
        raise error

    async def _copied(self, request: CopyRequest) -> CopyAnswer | None:
        """
        Whether an earlier attempt of this copy was done after all: then the destination has the pinned ETag and size.
        """
        return await self._made(request.dest_bucket, request.dest_key, request.source_etag, request.size)

    async def _completed(self, request: CompleteRequest) -> CopyAnswer | None:
        """
        Whether an earlier attempt was done after all: then the object has the ETag or checksum, and the size, that were
        foretold.
        """
        if request.etag is None:
            return await self._composed(request) if request.checksum else None
        return await self._made(request.bucket, request.key, request.etag, request.size)

    async def _composed(self, request: CompleteRequest) -> CopyAnswer | None:
        try:
            found = (await self.head_details(request.bucket, request.key)).info
        except S3Error:
            return None
        is_it = (found.checksum, found.size) == (request.checksum, request.size)
        return CopyAnswer(found.etag, found.opaque, found.checksum) if is_it else None

    async def _made(self, bucket: str, key: str, etag: str, size: int) -> CopyAnswer | None:
        for witness in (self, self.witness) if self.witness is not self else (self,):
            try:
                found = await witness.head_object(bucket, key)
            except AccessDenied:
                continue
            except S3Error:
                return None
            return CopyAnswer(found.etag) if (found.etag, found.size, found.opaque) == (etag, size, False) else None
        return None


def _passes(error: S3Error) -> bool:
    """
    Whether a key may be deleted by the same request in a while. An answer that leaves it out may do so for ever.
    """
    return isinstance(error, TransientError) and not isinstance(error, BadAnswer)


class _Resuming(Guarded):
    """
    A store whose first copy has been made already.
    """

    def __init__(
        self,
        store: Store,
        flow: Flow,
        policy: RetryPolicy,
        meter: Meter,
        emit: Emit,
        witness: HeadsObjects,
        outcome: CopyAnswer | S3Error,
    ) -> None:
        super().__init__(store, flow, policy, meter, emit)
        self.witness = witness
        self._outcome: CopyAnswer | S3Error | None = outcome

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        outcome, self._outcome = self._outcome, None
        if isinstance(outcome, CopyAnswer):
            return outcome
        if outcome is None or isinstance(outcome, TransientError):
            return await self._copy(request, outcome)
        raise outcome
