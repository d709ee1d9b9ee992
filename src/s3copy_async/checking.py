"""
Compares two places by ETag and size: what is missing, different, extra, or cannot be compared.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from s3copy_async.compare import Scope, sort_out
from s3copy_async.copying.source import source_of
from s3copy_async.errors import AccessDenied, FatalError, NotFound, S3Error
from s3copy_async.etag import Verdict, compare, part_count
from s3copy_async.events import Checked, CheckedSame, Emit, Listed, ListingDone, ObjectDone
from s3copy_async.keys import Rule
from s3copy_async.listing import pages
from s3copy_async.model import Batch, CheckResult, CopyResult, CopyTask, Finding, ObjectInfo, Outcome
from s3copy_async.store import Compares, LooksUp


@dataclass(frozen=True, slots=True)
class Sides:
    """
    The two readers of a check and what it looks at.

    Args:
        one_way: objects that only the destination has are no difference.
    """

    source: Compares
    dest: Compares
    scope: Scope
    one_way: bool = False


class Checker:
    """
    Compares listings directly; what they leave in doubt becomes a task that `look` settles.
    """

    def __init__(self, sides: Sides, emit: Emit) -> None:
        self._sides = sides
        self._emit = emit
        self._same = 0
        self._same_bytes = 0

    async def batches(self, rules: tuple[Rule, ...], named: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
        """
        The pairs that need a look: equal size and different ETag, exact keys, and every named key.

        Raises:
            FatalError: one side cannot be listed.
        """
        async with aclosing(named):
            async for batch in named:
                yield batch
        for rule in rules:
            if rule.exact is not None and (task := await self._exact(rule.exact, rule)):
                yield (task,)
            async with aclosing(self._joined(rule)) as doubts:
                async for batch in doubts:
                    yield batch
        self._emit(ListingDone())

    async def _exact(self, key: str, rule: Rule) -> CopyTask | None:
        task = CopyTask(key, rule.dest_key(self._sides.scope.base, key))
        try:
            await self._sides.source.head_object(self._sides.scope.source_bucket, key)
        except (NotFound, AccessDenied):
            return None
        except FatalError:
            raise
        except S3Error as error:
            self._unseen(task, error, "the source cannot be looked at")
            return None
        self._emit(Listed(1, 0))
        return task

    async def _joined(self, rule: Rule) -> AsyncGenerator[Batch, None]:
        sides, scope = self._sides, self._sides.scope
        try:
            async with (
                aclosing(pages(sides.source, scope.source_bucket, rule.prefix)) as source,
                aclosing(_objects(sides.dest, scope.dest_bucket, rule.image(scope.base))) as dest,
            ):
                there = await anext(dest, None)
                async for page in source:
                    doubts: list[CopyTask] = []
                    for task in sort_out(page.objects, rule, scope, self._emit):
                        while there is not None and there.key < task.dest_key:
                            self._extra(there)
                            there = await anext(dest, None)
                        if there is None or there.key != task.dest_key:
                            self._found(task, Finding.MISSING)
                            continue
                        if self._doubtful(task, there):
                            doubts.append(task)
                        there = await anext(dest, None)
                    self._report_same()
                    yield tuple(doubts)
                while there is not None:
                    self._extra(there)
                    there = await anext(dest, None)
        except AccessDenied as error:
            raise FatalError(f"both sides must be listed to be checked ({error}): ask for s3:ListBucket") from error

    def _doubtful(self, task: CopyTask, there: ObjectInfo) -> bool:
        """
        Settles what a listing can: equal pairs, and unequal sizes. Equal sizes with different ETags are a doubt.
        """
        source = task.source
        assert source is not None  # tasks of a listing know their source
        if source.size != there.size:
            self._found(task, Finding.DIFFERENT, f"{source.size:,} bytes, and {there.size:,} at the destination")
            return False
        if compare(source, there) is not Verdict.SAME:
            return True
        self._same += 1
        self._same_bytes += source.size
        return False

    def _report_same(self) -> None:
        if self._same:
            self._emit(CheckedSame(self._same, self._same_bytes))
            self._same = self._same_bytes = 0

    async def look(self, task: CopyTask) -> None:
        """
        Settles one pair by looking both objects up: a HEAD also tells of encryption, which makes ETags incomparable.
        """
        sides, scope = self._sides, self._sides.scope
        try:
            source = await source_of(sides.source, scope.source_bucket, task)
        except FatalError:
            raise
        except S3Error as error:
            self._unseen(task, error, "the source cannot be looked at")
            return
        if isinstance(source, CopyResult):
            self._emit(ObjectDone(source))
            return
        try:
            there = await sides.dest.head_object(scope.dest_bucket, task.dest_key)
        except NotFound:
            self._found(task, Finding.MISSING)
            return
        except FatalError:
            raise
        except S3Error as error:
            self._unseen(task, error, "the destination cannot be looked at")
            return
        match compare(source, there):
            case Verdict.SAME:
                self._emit(CheckedSame(1, source.size))
            case Verdict.NOT_COMPARABLE:
                self._found(
                    task, Finding.NOT_COMPARABLE, f"equal size; ETag {source.etag}, and {there.etag} at the destination"
                )
            case Verdict.DIFFERENT if part_count(source.etag) > 1 and not await self._same_boundaries(task):
                reason = f"equal size, uploaded in other parts; ETag {source.etag}, and {there.etag} at the destination"
                self._found(task, Finding.NOT_COMPARABLE, reason)
            case Verdict.DIFFERENT:
                self._found(task, Finding.DIFFERENT, f"ETag {source.etag}, and {there.etag} at the destination")

    async def _same_boundaries(self, task: CopyTask) -> bool:
        """
        Whether two multipart objects are known to be cut alike: as many parts, and the first of one size.
        """
        sides, scope = self._sides, self._sides.scope
        try:
            source = await sides.source.head_details(scope.source_bucket, task.key, 1, version=task.version)
            there = await sides.dest.head_details(scope.dest_bucket, task.dest_key, 1)
        except FatalError:
            raise
        except S3Error:
            return False
        return bool(source.parts) and (source.parts, source.part_size) == (there.parts, there.part_size)

    def _unseen(self, task: CopyTask, error: S3Error, what: str) -> None:
        failure = error.failure
        result = CopyResult(task.key, task.dest_key, 0, Outcome.FAILED, f"{what}: {error}", error.code)
        self._emit(ObjectDone(result._replace(request_id=failure.request_id, extended_id=failure.extended_id)))

    def _found(self, task: CopyTask, finding: Finding, reason: str = "") -> None:
        self._emit(Checked(CheckResult(task.key, task.dest_key, finding, reason)))

    def _extra(self, there: ObjectInfo) -> None:
        if not self._sides.one_way and there.key not in self._sides.scope.work:
            self._emit(Checked(CheckResult("", there.key, Finding.EXTRA)))


async def _objects(store: LooksUp, bucket: str, prefix: str) -> AsyncGenerator[ObjectInfo, None]:
    async with aclosing(pages(store, bucket, prefix)) as listing:
        async for page in listing:
            for found in page.objects:
                yield found
