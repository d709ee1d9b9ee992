"""
Compares two places: what is missing, different, extra, or cannot be compared.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from s3copy_async.compare import enough, sort_out
from s3copy_async.copying.evidence import looked_closely
from s3copy_async.copying.source import source_of
from s3copy_async.errors import AccessDenied, FatalError, NotFound, S3Error
from s3copy_async.events import Checked, CheckedSame, Emit, Listed, ListingDone, ObjectDone
from s3copy_async.judging import Judge, Sides, plainly_different
from s3copy_async.keys import Rule
from s3copy_async.listing import pages
from s3copy_async.model import Batch, CheckResult, CopyResult, CopyTask, Finding, Head, ObjectInfo, Outcome
from s3copy_async.store import Heads, LooksUp


class Checker:
    """
    Compares listings directly; what they leave in doubt becomes a task that `look` settles.
    """

    def __init__(self, sides: Sides, emit: Emit) -> None:
        self._sides = sides
        self._emit = emit
        self._same = 0
        self._same_bytes = 0
        self._judge = Judge(sides)

    async def batches(self, rules: tuple[Rule, ...], named: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
        """
        The pairs that need a look: equal size and different ETag, exact keys, and every named key; in a deep check, all
        that may be equal.

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
                    for task in sort_out(page.objects, rule, scope, self._emit).tasks:
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
        Settles what a listing can: equal pairs, and unequal sizes. The rest is a doubt.
        """
        source = task.source
        assert source is not None  # tasks of a listing know their source
        mode = self._sides.mode
        if reason := plainly_different(source, there, mode):
            self._found(task, Finding.DIFFERENT, reason)
            return False
        if self._sides.deep or not enough(source, there, mode):
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
        close = _Close(sides.source)
        try:
            source = await source_of(close, scope.source_bucket, task)
        except FatalError:
            raise
        except S3Error as error:
            self._unseen(task, error, "the source cannot be looked at")
            return
        if isinstance(source, CopyResult):
            self._emit(ObjectDone(source))
            return
        try:
            there = await looked_closely(sides.dest, scope.dest_bucket, task.dest_key)
        except NotFound:
            self._found(task, Finding.MISSING)
            return
        except FatalError:
            raise
        except S3Error as error:
            self._unseen(task, error, "the destination cannot be looked at")
            return
        finding, reason = await self._judge.finding(task, close.head, there)
        if finding is Finding.SAME:
            self._emit(CheckedSame(1, source.size))
        else:
            self._found(task, finding, reason)

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


class _Close:
    """
    Looks closely where a plain look is asked for, and keeps what it saw.
    """

    def __init__(self, store: Heads) -> None:
        self._store = store
        self.head = Head(ObjectInfo("", 0, ""))

    async def head_object(self, bucket: str, key: str, *, version: str = "") -> ObjectInfo:
        """
        See `store.HeadsObjects`.
        """
        self.head = await looked_closely(self._store, bucket, key, version)
        return self.head.info
