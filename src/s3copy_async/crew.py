"""
Copies the tasks of a run: the plain ones in bulk, the others one by one, and says what became of each.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from s3copy_async.advice import remedy
from s3copy_async.copying.bulk import Bulk
from s3copy_async.copying.job import CopyJob, failed
from s3copy_async.copying.one import copy_one
from s3copy_async.errors import FatalError, Interrupted
from s3copy_async.events import CopyStarted, Emit, ObjectDone
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.model import CopyResult, CopyTask, SkipReason
from s3copy_async.patience import Meter
from s3copy_async.state import RunState
from s3copy_async.stop import Stop
from s3copy_async.tally import TALLY, Tally

_HOPELESS: Final = 1000
_GLIMPSE: Final = 12
"""So many objects that are copied in bulk are shown in flight: no view has more rows."""


class Tools(NamedTuple):
    """
    What copies are made with.
    """

    job: CopyJob
    store: Guarded
    flow: Flow
    meter: Meter


class Crew:
    """
    Args:
        shows: whether anybody follows each single object; else those in bulk are only counted.
    """

    def __init__(self, tools: Tools, state: RunState, stop: Stop, emit: Emit, *, shows: bool) -> None:
        self._job, self._store, flow, meter = tools
        self._state = state
        self._stop = stop
        self._emit = emit
        self._shows = shows
        watchers = (self._announce, None) if shows else (None, state.apply_copied)
        self.bulk = Bulk(self._job, self._store, flow, meter, self._copied, *watchers)

    async def copy(self, task: CopyTask) -> None:
        """
        Brings one object to its end, from the start or from where a copy in bulk left it.
        """
        outcome = self.bulk.outcome_of(task)
        if outcome is None or not self._shows:
            self._announce(task)
        tally = Tally(1 if outcome else 0)
        TALLY.set(tally)  # a worker's own: nobody else reads it
        started = time.monotonic()
        job = replace(self._job, store=self._store.resuming(outcome)) if outcome else self._job
        try:
            result = await copy_one(task, job)
        except Interrupted:
            # Not done and not failed: the same command continues it.
            return
        except (FatalError, asyncio.CancelledError):
            raise
        except Exception as bug:  # noqa: BLE001 - one object must never stop the others
            result = failed(task, "InternalError", f"a bug, please report it: {type(bug).__name__}: {bug}")
        seconds = round(time.monotonic() - started, 3)
        self._emit(ObjectDone(result._replace(requests=tally.requests, seconds=seconds)))
        self._give_up_if_hopeless()

    def tick(self) -> None:
        """
        Tells how far the copies in bulk are; to be called some times a second.
        """
        self.bulk.flush()
        if not self._shows:
            self._state.glimpse(self.bulk.glimpse(_GLIMPSE))

    def _announce(self, task: CopyTask) -> None:
        self._emit(CopyStarted(task.key, task.dest_key, task.source.size if task.source else 0))

    def _copied(self, results: Sequence[CopyResult]) -> None:
        """
        What was copied in bulk, shown one by one to those who follow each object.
        """
        for result in results:
            self._emit(ObjectDone(result))

    def _give_up_if_hopeless(self) -> None:
        """
        Stops when S3 has denied every one of the first objects: the rest would only cost time and requests.
        """
        state = self._state
        succeeded = state.copied or state.skipped[SkipReason.SAME]
        if state.failure_codes["AccessDenied"] == state.failed == _HOPELESS and not succeeded:
            self._stop.fail(
                FatalError(f"access was denied to all of the first {_HOPELESS:,} objects: {remedy('AccessDenied')}")
            )
