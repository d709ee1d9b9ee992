"""
Deletes what the source lacks, once all is listed and copied and nothing has failed; or shows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from s3copy_async.advice import deletion_remedy
from s3copy_async.candidates import Candidate, Candidates, Total
from s3copy_async.compare import Scope
from s3copy_async.copying.lanes import LanePool, in_lanes
from s3copy_async.errors import AccessDenied, BadAnswer, FatalError, Interrupted, S3Error
from s3copy_async.events import Deleted, DeleteFailed, DeletePlanned, DeletionStarted, Emit, Notice
from s3copy_async.keys import key_problem, travels_in_xml
from s3copy_async.state import RunState
from s3copy_async.stop import Stop
from s3copy_async.store import DeletesObjects
from s3copy_async.text import count_text, shown

BATCHES: Final = 4
"""So many batches are deleted at once; S3 counts each key of one as a request."""
HOPELESS: Final = 1000
"""After so many denied requests for single keys, and no success, the rest would only cost time and requests."""
_NAMED: Final = 5
"""So many empty sources are named."""


class Deleter:
    """
    The last step of a run.

    Args:
        store: deletes.
        candidates: what the listings found.
        state: whether anything failed. Only read.
        lacks: asked for each key, right before it is deleted, whether the source still lacks it.
        limit: requests in flight at most, where objects are looked up or deleted one by one.
        pace: awaited before each batch: those who watch may be slower.
    """

    def __init__(
        self,
        store: DeletesObjects,
        candidates: Candidates,
        scope: Scope,
        state: RunState,
        stop: Stop,
        emit: Emit,
        lacks: Callable[[str], Awaitable[bool]],
        limit: int = 1,
        pace: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._store = store
        self._candidates = candidates
        self._scope = scope
        self._state = state
        self._stop = stop
        self._emit = emit
        self._lacks = lacks
        self._singles = LanePool(limit)
        self._back = 0
        self._pace = pace or _at_once
        self._takes_batches: bool | None = None
        self._denied = 0

    async def delete(self) -> None:
        """
        Deletes the candidates, unless the run was interrupted or an object failed. What cannot be deleted is said, one
        by one, with `DeleteFailed`. Why the run cannot go on meanwhile is in its `Stop`.

        Raises:
            FatalError: there are more than may be deleted, or it is not known for certain what there is: nothing was
                deleted.
        """
        if self._stop.wanted:
            self._emit(Notice("nothing was deleted, because the run was interrupted"))
            return
        total = self._judged()
        if not total.objects:
            return
        if self._state.failed:
            self._spare("was")
            return
        if self._candidates.is_over:
            raise FatalError(f"nothing was deleted: {self._too_many()}; see which with -n, or {self._more()}")
        self._emit(DeletionStarted(total.objects, total.nbytes))
        with suppress(Interrupted):
            await in_lanes(self._candidates.batches(), self._batch, LanePool(BATCHES - 1), self._is_stopping)
        if self._back:
            self._emit(Notice(f"{count_text(self._back, 'object')} stayed: the source has them by now"))

    async def show(self) -> None:
        """
        Names each candidate and makes no request.

        Raises:
            FatalError: as `delete`, after all were named.
        """
        if self._stop.wanted:
            return
        total = self._judged()
        for batch in self._candidates.batches():
            await self._pace()
            if self._stop.wanted:
                return
            for one in batch:
                self._emit(DeletePlanned(one.key, one.size))
        if total.objects and self._state.failed:
            self._spare("would be")
        elif self._candidates.is_over:
            raise FatalError(f"nothing would be deleted: {self._too_many()}; {self._more()}")

    def _judged(self) -> Total:
        """
        What would be deleted; what is left because its source is empty is said.
        """
        if not self._state.listing_done:
            self._candidates.give_up("the listings did not come to their end")
        self._candidates.check()
        scope, empty = self._scope, self._candidates.without_source()
        for rule, objects in empty[:_NAMED]:
            source = f"s3://{scope.source_bucket}/{shown(rule.prefix)}"
            dest = f"s3://{scope.dest_bucket}/{shown(rule.image(scope.base))}"
            words = f"the source {source} is empty: nothing is deleted from {dest}"
            self._emit(Notice(f"{words}, which holds {count_text(objects, 'object')}"))
        if more := len(empty[_NAMED:]):
            self._emit(Notice(f"{count_text(more, 'more source')} of the run are empty: nothing is deleted for them"))
        return self._candidates.total

    def _spare(self, verb: str) -> None:
        """
        After a failure, what has no source any more may be the only good copy: that of a renamed object, for one.
        """
        failed, left = (count_text(n, "object") for n in (self._state.failed, self._candidates.total.objects))
        self._emit(Notice(f"nothing {verb} deleted, because {failed} failed; without failures it would be {left}"))

    def _too_many(self) -> str:
        limit = self._candidates.limit or 0
        return f"it would be {count_text(self._candidates.total.objects, 'object')}, and --max-delete is {limit:,}"

    def _more(self) -> str:
        return f"allow it with --max-delete {self._candidates.total.objects} (0 is no limit)"

    def _is_stopping(self) -> bool:
        return self._stop.wanted

    async def _batch(self, batch: Sequence[Candidate]) -> None:
        await self._pace()
        batch = await self._still_lacking(batch)
        left = batch if self._takes_batches is False else await self._together(batch)
        with suppress(Interrupted):  # whoever begins batches sees for himself that the run is to end
            await in_lanes(iter(left), self._alone, self._singles, self._is_stopping)

    async def _still_lacking(self, batch: Sequence[Candidate]) -> Sequence[Candidate]:
        """
        Those that the source has not got meanwhile: its listing may be hours old.
        """
        lacking: set[str] = set()

        async def look(one: Candidate) -> None:
            try:
                if await self._lacks(one.key):
                    lacking.add(one.key)
                else:
                    self._back += 1
            except FatalError as error:
                self._stop.fail(error)
            except S3Error as error:
                self._failed(one, error, "whether the source still lacks it cannot be told: ")

        with suppress(Interrupted):
            await in_lanes(iter(batch), look, self._singles, self._is_stopping)
        return [] if self._stop.wanted else [one for one in batch if one.key in lacking]

    async def _together(self, batch: Sequence[Candidate]) -> Sequence[Candidate]:
        """
        Deletes what it can of a batch with one request. Returns the others: those whose keys cannot travel so, and
        those of which the answer tells nothing.
        """
        sent = [one for one in batch if travels_in_xml(one.key)]
        if not sent:
            return batch
        try:
            undeleted = dict(await self._store.delete_objects(self._scope.dest_bucket, [one.key for one in sent]))
        except FatalError as error:
            # The run ends in order: what others have begun comes to its end.
            self._stop.fail(error)
            return ()
        except S3Error as error:
            self._takes_none(str(error))
            return batch
        untold = {key for key, error in undeleted.items() if isinstance(error, BadAnswer)}
        if len(untold) < len(sent):
            self._takes_batches = True
        else:
            self._takes_none("its answer names no key")
        for one in sent:
            if (refusal := undeleted.get(one.key)) is None:
                self._emit(Deleted(one.key, one.size))
            elif one.key not in untold:
                self._failed(one, refusal)
        return [one for one in batch if one.key in untold or not travels_in_xml(one.key)]

    def _takes_none(self, reason: str) -> None:
        """
        A store whose first batches fail as a whole has no such request. Later, it may be due to one of the keys.
        """
        if self._takes_batches is None:
            self._takes_batches = False
            words = f"the store does not delete many objects with one request ({reason}): they are deleted one by one"
            self._emit(Notice(words, warning=False))

    async def _alone(self, one: Candidate) -> None:
        if problem := key_problem(one.key):
            self._emit(DeleteFailed(one.key, one.size, "InvalidKey", problem))
            return
        try:
            await self._store.delete_object(self._scope.dest_bucket, one.key)
        except FatalError as error:
            self._stop.fail(error)
        except S3Error as error:
            self._failed(one, error)
            self._denied += isinstance(error, AccessDenied)
            if self._denied >= HOPELESS and not self._state.deleted:
                advice = deletion_remedy(error.code)
                self._stop.fail(FatalError(f"all of the first {HOPELESS:,} deletions were denied: {advice}"))
        else:
            self._emit(Deleted(one.key, one.size))

    def _failed(self, one: Candidate, error: S3Error, what: str = "") -> None:
        failure = error.failure
        ids = (failure.request_id, failure.extended_id)
        self._emit(DeleteFailed(one.key, one.size, error.code, f"{what}{error}", *ids))


async def _at_once() -> None:
    await asyncio.sleep(0)
