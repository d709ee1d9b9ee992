"""
Compares two places: what is missing, different, extra, or cannot be compared.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from s3copy_async.columns import Columns
from s3copy_async.compare import extras, join
from s3copy_async.comparing import compared
from s3copy_async.copying.evidence import looked_closely
from s3copy_async.copying.source import source_of
from s3copy_async.errors import AccessDenied, FatalError, NotFound, S3Error
from s3copy_async.events import Checked, CheckedSame, Emit, ListingDone, ObjectDone
from s3copy_async.judging import Judge, Sides, plainly_different
from s3copy_async.keys import Rule, in_bytes
from s3copy_async.model import Batch, CheckResult, CopyResult, CopyTask, Finding, Head, ObjectInfo, Outcome
from s3copy_async.sifting import EVERYTHING, Sifter
from s3copy_async.store import Heads
from s3copy_async.stretch import Place, Plan, Stretch
from s3copy_async.there import DestinationSide


class Checker:
    """
    Compares listings directly; what they leave in doubt becomes a task that `look` settles.
    """

    def __init__(self, sides: Sides, emit: Emit, sifter: Sifter = EVERYTHING) -> None:
        self._sides = sides
        self._emit = emit
        self._sifter = sifter
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
        sides, scope = self._sides, self._sides.scope
        plan = Plan(scope, self._emit, self._digest, self._exact, _denied, self._sifter, every=not sides.one_way)
        side = DestinationSide((sides.dest,), scope.dest_bucket, self._emit, must=True)
        async with aclosing(compared(sides.source, side, plan, rules)) as doubts:
            async for batch in doubts:
                yield batch
        self._emit(ListingDone())

    async def _exact(self, place: Place) -> Batch | None:
        key = place.exact
        if key is None:
            return None
        task = CopyTask(key, place.rule.dest_key(self._sides.scope.base, key))
        try:
            found = await self._sides.source.head_object(self._sides.scope.source_bucket, key)
        except (NotFound, AccessDenied):
            return None
        except FatalError:
            raise
        except S3Error as error:
            self._unseen(task, error, "the source cannot be looked at")
            return None
        return (task,) if self._sifter.source(Columns.of((found,)), self._emit) else None

    def _digest(self, stretch: Stretch) -> Batch | None:
        """
        Settles what listings can: equal pairs, unequal sizes, and what only one side has. The rest are doubts.
        """
        scope, mode = self._sides.scope, self._sides.mode
        doubts: list[CopyTask] = []
        findings: list[CheckResult] = []
        found = join(stretch.mapped, stretch.there, mode)
        for task in found.todo:
            if task.there is None or task.source is None:
                findings.append(CheckResult(task.key, task.dest_key, Finding.MISSING))
            elif reason := plainly_different(task.source, task.there, mode):
                findings.append(CheckResult(task.key, task.dest_key, Finding.DIFFERENT, reason))
            else:
                doubts.append(task)
        if not self._sides.one_way:
            rule = stretch.place.rule
            more = extras(stretch.there, rule.dest_keys(scope.base, stretch.listed.keys))
            more = self._sifter.dest(more, rule, scope.base)
            findings += [CheckResult("", key, Finding.EXTRA) for key in more.keys if key not in scope.work]
        findings.sort(key=lambda result: in_bytes(result.dest_key))
        last = in_bytes(stretch.mapped.dest_keys[-1]) if stretch.mapped.dest_keys else b""
        behind = bisect_right(findings, last, key=lambda result: in_bytes(result.dest_key))
        self._tell(findings[:behind])
        for same in found.same:
            if self._sides.deep:
                doubts += same.tasks
            else:
                self._emit(CheckedSame(len(same.tasks), same.nbytes))
        self._tell(findings[behind:])
        # A look is told nothing of the destination: it looks for itself.
        return tuple(task._replace(there=None) for task in doubts) or None

    def _tell(self, findings: Sequence[CheckResult]) -> None:
        for finding in findings:
            self._emit(Checked(finding))

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
        self._tell((CheckResult(task.key, task.dest_key, finding, reason),))


def _denied(_place: Place, error: AccessDenied) -> FatalError:
    return FatalError(f"both sides must be listed to be checked ({error}): ask for s3:ListBucket")


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
