"""
Yields the batches of a run: listed prefixes, compared page by page, and keys that were named.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from typing import TypeVar

from s3copy_async.candidates import Candidates, tell_extras
from s3copy_async.columns import Columns
from s3copy_async.compare import Joined, Scope, join, sort_out
from s3copy_async.comparing import compared
from s3copy_async.copying.job import refused
from s3copy_async.errors import AccessDenied, FatalError, NotFound, S3Error
from s3copy_async.events import Emit, Listed, ListingDone, Notice, ObjectDone, Skipped
from s3copy_async.keys import Rule, key_problem
from s3copy_async.listfile import BATCH, read_keys
from s3copy_async.listing import head_if_seen
from s3copy_async.model import Batch, CopyResult, CopyTask, Head, ObjectInfo, Outcome, SkipReason
from s3copy_async.options import Compare
from s3copy_async.selection import Work
from s3copy_async.sifting import EVERYTHING, Sifter
from s3copy_async.store import Heads, HeadsObjects, LooksUp
from s3copy_async.stretch import Place, Plan, Stretch
from s3copy_async.text import shown
from s3copy_async.there import UNSEEN, DestinationSide

T = TypeVar("T")


class DestinationHeads:
    """
    Looks single objects of the destination up with the first of several sets of credentials that may.
    """

    def __init__(self, readers: Sequence[Heads], emit: Emit) -> None:
        self._readers = tuple(readers)
        self._emit = emit
        self._said = False

    async def head_object(self, bucket: str, key: str, *, version: str = "") -> ObjectInfo:
        """
        See `store.HeadsObjects`. That nobody may look is said once; then it is AccessDenied, as from S3.
        """
        try:
            return await self._first(lambda reader: reader.head_object(bucket, key, version=version))
        except AccessDenied:
            if not self._said:
                self._said = True
                self._emit(Notice(f"s3://{bucket} {UNSEEN}"))
            raise

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        See `store.HeadsDetails`.
        """
        return await self._first(lambda reader: reader.head_details(bucket, key, part, version=version))

    async def _first(self, look: Callable[[Heads], Awaitable[T]]) -> T:
        for reader in self._readers[:-1]:
            with suppress(AccessDenied):
                return await look(reader)
        return await look(self._readers[-1])


class Lister:
    """
    Yields batches of what still has to be copied.

    Args:
        source: lists and looks up the source.
        dest: lists the destination.
        dest_heads: looks single objects of the destination up.
        mode: what tells that a destination is its source already.
        sifter: which objects are wanted.
        extras: told what the destination has and the source lacks, and which rules have a source at all.
    """

    def __init__(
        self,
        source: LooksUp,
        dest: DestinationSide,
        dest_heads: HeadsObjects,
        scope: Scope,
        emit: Emit,
        mode: Compare = Compare.AUTO,
        sifter: Sifter = EVERYTHING,
        extras: Candidates | None = None,
    ) -> None:
        self._source = source
        self._dest = dest
        self._dest_heads = dest_heads
        self._scope = scope
        self._emit = emit
        self._mode = mode
        self._sifter = sifter
        self._extras = extras

    async def batches(self, work: Work) -> AsyncGenerator[Batch, None]:
        """
        Everything that `work` names, and an event for everything left out.

        Raises:
            FatalError: the source cannot be listed, or a list of keys cannot be read.
        """
        async with aclosing(self.named(work)) as named:
            async for batch in named:
                yield batch
        async with aclosing(self._compared(work.rules)) as batches:
            async for batch in batches:
                yield batch
        if self._extras and not self._dest.is_seen:
            self._extras.give_up(f"s3://{self._scope.dest_bucket} may not be listed with these credentials")
        self._emit(ListingDone())

    async def named(self, work: Work) -> AsyncGenerator[Batch, None]:
        """
        The keys that `work` names, as tasks whose source is still to be looked up.

        Raises:
            FatalError: a list of keys cannot be read.
        """
        for at in range(0, len(work.files), BATCH):
            yield self._name(work.files[at : at + BATCH], work)
        if work.files_from is not None:
            async with aclosing(read_keys(work.files_from)) as batches:
                async for keys in batches:
                    yield self._name(keys, work)

    def _name(self, keys: Sequence[str], work: Work) -> Batch:
        scope = self._scope
        tasks: list[CopyTask] = []
        for name in self._sifter.names(keys, self._emit):
            key = work.folder + name
            dest_key = scope.base + name if work.exact_dest is None else work.exact_dest
            problem = scope.problem(dest_key) or key_problem(key)
            if rule := scope.rules.clash(scope.base, key, dest_key):
                problem = f"prefix {rule.prefix!r} writes to its destination too: copy it in a run of its own"
            if problem:
                self._emit(ObjectDone(CopyResult(key, dest_key, 0, Outcome.FAILED, problem, "InvalidKey")))
            elif scope.same_bucket and key == dest_key and not work.version:
                self._emit(Skipped(SkipReason.ITSELF, 1, 0))
            else:
                tasks.append(CopyTask(key, dest_key, version=work.version))
        self._emit(Listed(len(keys), 0))
        return tuple(tasks)

    async def _exact(self, place: Place) -> Batch | None:
        """
        The object whose key is the source path itself, if there is one.
        """
        key, rule = place.exact, place.rule
        if key is None:
            return None
        try:
            found = await self._source.head_object(self._scope.source_bucket, key)
        except NotFound:
            return None
        except AccessDenied:
            where = f"s3://{self._scope.source_bucket}/{shown(key)}"
            self._emit(Notice(f"{where}: access denied to an object of this very name, if there is one", warning=False))
            return None
        except FatalError:
            raise
        except S3Error as error:
            self._emit(ObjectDone(refused(CopyTask(key, rule.dest_key(self._scope.base, key)), error)))
            return None
        wanted = self._sifter.source(Columns.of((found,)), self._emit)
        mapped = sort_out(wanted, rule, self._scope, self._emit)
        dest = self._scope.dest_bucket
        there = [await head_if_seen(self._dest_heads, dest, dest_key) for dest_key in mapped.dest_keys]
        return self._todo(join(mapped, Columns.of([info for info in there if info]), self._mode))

    async def _compared(self, rules: Sequence[Rule]) -> AsyncGenerator[Batch, None]:
        every = self._extras is not None
        plan = Plan(self._scope, self._emit, self._digest, self._exact, self._denied, self._sifter, every=every)
        async with aclosing(compared(self._source, self._dest, plan, rules)) as batches:
            async for batch in batches:
                yield batch

    def _denied(self, place: Place, error: AccessDenied) -> FatalError:
        return FatalError(
            f"s3://{self._scope.source_bucket}/{shown(place.prefix)} may not be listed with these credentials "
            f"({error}): ask for s3:ListBucket, or name the keys with -f or -F"
        )

    def _digest(self, stretch: Stretch) -> Batch | None:
        if self._extras:
            tell_extras(self._extras, stretch, self._sifter, self._scope)
        return self._todo(join(stretch.mapped, stretch.there, self._mode))

    def _todo(self, joined: Joined) -> Batch | None:
        for same in joined.same:
            self._emit(Skipped(same.reason, len(same.tasks), same.nbytes, same.tasks))
        return joined.todo or None
