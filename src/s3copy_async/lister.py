"""
Yields the batches of a run: listed prefixes, compared page by page, and keys that were named.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from s3copy_async.candidates import Candidates
from s3copy_async.compare import Destination, Scope, not_there, sort_out
from s3copy_async.copying.job import refused
from s3copy_async.errors import AccessDenied, FatalError, NotFound, S3Error
from s3copy_async.events import Emit, Listed, ListingDone, Notice, ObjectDone, Skipped
from s3copy_async.keys import Rule, clash, key_problem
from s3copy_async.listfile import BATCH, read_keys
from s3copy_async.listing import head_if_seen, pages
from s3copy_async.model import Batch, CopyResult, CopyTask, Head, ObjectInfo, Outcome, SkipReason
from s3copy_async.options import Compare
from s3copy_async.selection import Work
from s3copy_async.store import Heads, HeadsObjects, LooksUp
from s3copy_async.text import shown

T = TypeVar("T")
_UNSEEN: Final = "cannot be looked at with these credentials: copying without the check for what is already there"


@dataclass(frozen=True, slots=True)
class Looked:
    """
    An answer of `DestinationSide`.
    """

    cursor: Destination | None
    objects: list[ObjectInfo | None]


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
                self._emit(Notice(f"s3://{bucket} {_UNSEEN}"))
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


class DestinationSide:
    """
    The destination as far as it may be looked at: the first of several sets of credentials that may list it, or none.
    """

    def __init__(self, readers: Sequence[LooksUp], bucket: str, emit: Emit) -> None:
        self._readers = list(readers)
        self._bucket = bucket
        self._emit = emit

    async def existing(self, cursor: Destination | None, prefix: str, keys: Sequence[str]) -> Looked:
        """
        What stands under `keys`, and the cursor to go on with. Without the right to list: nothing, said once.
        """
        while self._readers:
            cursor = cursor or Destination(self._readers[0], self._bucket, prefix)
            try:
                return Looked(cursor, await cursor.find(keys))
            except AccessDenied:
                self._readers.pop(0)
                cursor = None
                if not self._readers:
                    self._emit(Notice(f"s3://{self._bucket} {_UNSEEN}"))
        return Looked(None, [None] * len(keys))


class Lister:
    """
    Yields batches of what still has to be copied.

    Args:
        source: lists and looks up the source.
        dest: lists the destination.
        dest_heads: looks single objects of the destination up.
        mode: what tells that a destination is its source already.
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
        extras: Candidates | None = None,
    ) -> None:
        self._source = source
        self._dest = dest
        self._dest_heads = dest_heads
        self._scope = scope
        self._emit = emit
        self._mode = mode
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
        for rule in work.rules:
            if rule.exact is not None:
                yield await self._exact(rule.exact, rule)
            async with aclosing(self._compared(rule)) as batches:
                async for batch in batches:
                    yield batch
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
        for name in keys:
            key = work.folder + name
            dest_key = scope.base + name if work.exact_dest is None else work.exact_dest
            problem = scope.problem(dest_key) or key_problem(key)
            if rule := clash(work.rules, scope.base, key, dest_key):
                problem = f"prefix {rule.prefix!r} writes to its destination too: copy it in a run of its own"
            if problem:
                self._emit(ObjectDone(CopyResult(key, dest_key, 0, Outcome.FAILED, problem, "InvalidKey")))
            elif scope.same_bucket and key == dest_key and not work.version:
                self._emit(Skipped(SkipReason.ITSELF, 1, 0))
            else:
                tasks.append(CopyTask(key, dest_key, version=work.version))
        self._emit(Listed(len(keys), 0))
        return tuple(tasks)

    async def _exact(self, key: str, rule: Rule) -> Batch:
        """
        The object whose key is the source path itself, if there is one.
        """
        try:
            found = await self._source.head_object(self._scope.source_bucket, key)
        except NotFound:
            return ()
        except AccessDenied:
            where = f"s3://{self._scope.source_bucket}/{shown(key)}"
            self._emit(Notice(f"{where}: access denied to an object of this very name, if there is one", warning=False))
            return ()
        except FatalError:
            raise
        except S3Error as error:
            self._emit(ObjectDone(refused(CopyTask(key, rule.dest_key(self._scope.base, key)), error)))
            return ()
        tasks = sort_out((found,), rule, self._scope, self._emit)
        dest = self._scope.dest_bucket
        return self._todo(tasks, [await head_if_seen(self._dest_heads, dest, task.dest_key) for task in tasks])

    async def _compared(self, rule: Rule) -> AsyncGenerator[Batch, None]:
        scope = self._scope
        cursor: Destination | None = None
        try:
            async with aclosing(pages(self._source, scope.source_bucket, rule.prefix)) as listing:
                async for page in listing:
                    tasks = sort_out(page.objects, rule, scope, self._emit)
                    if tasks:
                        keys = [task.dest_key for task in tasks]
                        looked = await self._dest.existing(cursor, rule.image(scope.base), keys)
                        cursor = looked.cursor
                        yield self._todo(tasks, looked.objects)
        except AccessDenied as error:
            raise FatalError(
                f"s3://{scope.source_bucket}/{shown(rule.prefix)} may not be listed with these credentials ({error}): "
                "ask for s3:ListBucket, or name the keys with -f or -F"
            ) from error

    def _todo(self, tasks: Batch, existing: Sequence[ObjectInfo | None]) -> Batch:
        todo, done = not_there(tasks, existing, self._mode)
        for reason, found in done.items():
            nbytes = sum(task.source.size for task in found if task.source)
            self._emit(Skipped(reason, len(found), nbytes, found))
        return todo
