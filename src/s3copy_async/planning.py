"""
Says what a run would copy: what is plain by the page, the others one by one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from s3copy_async.compare import Pairs
from s3copy_async.copying.dry import is_plain, plan_one
from s3copy_async.copying.job import CopyJob
from s3copy_async.events import Emit, ObjectDone, Planned
from s3copy_async.model import Batch, CopyResult, CopyTask
from s3copy_async.state import RunState


class Planner:
    """
    Args:
        shows: whether anybody follows each single object; else those by the page are only counted.
    """

    def __init__(self, job: CopyJob, state: RunState, emit: Emit, *, shows: bool) -> None:
        self._job = job
        self._state = state
        self._emit = emit
        self._shows = shows

    async def through(self, batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
        """
        The batches that have to be looked at one by one; of the others it is said what would be copied.
        """
        async with aclosing(batches):
            async for batch in batches:
                if isinstance(batch, Pairs) and batch.there is None and is_plain(batch.mapped.objects, self._job):
                    self._say(batch)
                else:
                    yield batch

    def _say(self, batch: Pairs) -> None:
        mapped = batch.mapped
        sizes = mapped.objects.sizes
        if not self._shows:
            self._state.apply_planned(len(sizes), sum(sizes))
            return
        for key, dest_key, size in zip(mapped.objects.keys, mapped.dest_keys, sizes, strict=True):
            self._emit(Planned(key, dest_key, size, 1))

    async def plan(self, task: CopyTask) -> None:
        """
        Says what would become of one object.
        """
        planned = await plan_one(task, self._job)
        self._emit(ObjectDone(planned) if isinstance(planned, CopyResult) else planned)
