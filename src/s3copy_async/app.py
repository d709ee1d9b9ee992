"""
Runs one job: connects, lists, copies or compares, and shows it to the views.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from enum import StrEnum
from itertools import count
from typing import Final

from s3copy_async import pipeline
from s3copy_async.advice import with_remedy
from s3copy_async.candidates import Candidates
from s3copy_async.checking import Checker
from s3copy_async.cleaning import Cleaner
from s3copy_async.compare import Scope
from s3copy_async.connect import Guards, OpenS3, OpenStore, Stores, connect, grant_parameters
from s3copy_async.copying.direct import Direct
from s3copy_async.copying.experiments import Place
from s3copy_async.copying.job import CopyJob
from s3copy_async.copying.known import Website
from s3copy_async.copying.lanes import LanePool
from s3copy_async.copying.probe import PATIENCE, Capabilities
from s3copy_async.crew import Crew, Tools
from s3copy_async.deleting import Deleter
from s3copy_async.errors import FatalError
from s3copy_async.events import Event, Notice, RunEnded, RunStarted, Stopping
from s3copy_async.filters import Sieve
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.judging import Sides
from s3copy_async.keys import Rule, RuleIndex, WorkArea, hidden_prefixes
from s3copy_async.lacking import Lacking
from s3copy_async.limiting import limited
from s3copy_async.lister import DestinationHeads, Lister
from s3copy_async.model import Batch
from s3copy_async.options import Options
from s3copy_async.patience import Meter, RetryPolicy
from s3copy_async.planning import Planner
from s3copy_async.selection import Work, folder_of, work_of
from s3copy_async.sifting import Sifter
from s3copy_async.state import RunState
from s3copy_async.stop import Stop
from s3copy_async.there import DestinationSide
from s3copy_async.views import View

_TICK: Final = 0.11
_TICKS_PER_COUNT: Final = 4
_WORKERS: Final = 256
_TOLD: Final = 10
"""Prefixes inside others that are named one by one: there may be a million."""


class Action(StrEnum):
    """
    What to do with a selection.
    """

    COPY = "copy"
    DRY_RUN = "dry-run"
    CHECK = "check"
    CLEAN = "clean"


class Run:
    """
    One run: its options, its state and those who watch it.

    Args:
        views: shown every event; one that breaks is switched off.
        stop: set from outside to end the run early.
        open_store: makes the store for a set of credentials.
        policy: how requests are repeated; by default for ``limits.retry_for`` seconds.
        pace: awaited before more is listed or copied: those who watch may be slower than the run.
    """

    def __init__(
        self,
        options: Options,
        state: RunState,
        views: Sequence[View] = (),
        stop: Stop | None = None,
        open_store: OpenStore | None = None,
        policy: RetryPolicy | None = None,
        pace: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self.options = options
        self.state = state
        self.stop = stop or Stop()
        self._views = list(views)
        self._open_store = open_store or OpenS3(lambda text: self.emit(Notice(text, warning=False)))
        self._policy = policy or RetryPolicy(budget=options.limits.retry_for)
        limits = options.limits
        self._meter = Meter(clock=self._policy.clock)
        self._flow = Flow(limits.at_first, limits.at_most, limits.max_rate)
        self._crew: Crew | None = None
        self._pace = pace

    def emit(self, event: Event) -> None:
        """
        Counts an event and shows it.
        """
        self.state.apply(event)
        self._each(lambda view: view.handle(event))

    def _each(self, show: Callable[[View], None]) -> None:
        for view in tuple(self._views):
            try:
                show(view)
            except Exception as error:  # noqa: BLE001 - whatever a view does wrong, copying goes on
                self._switch_off(view, error)

    def _switch_off(self, view: View, error: Exception) -> None:
        self._views.remove(view)
        # Of these actions, what stands on standard output is all that was asked for.
        only_answers = self.state.action in (Action.DRY_RUN, Action.CHECK)
        if isinstance(error, BrokenPipeError):
            self.state.broken_pipe = True
            if only_answers:
                self.stop.interrupt(0)
            return
        if only_answers and view.answers:
            self.stop.fail(FatalError(f"the answers cannot be written ({type(error).__name__}: {error})"))
        self.emit(Notice(f"{type(view).__name__} is switched off, it failed with {type(error).__name__}: {error}"))

    @property
    def _shows(self) -> bool:
        """
        Whether anybody follows each single object.
        """
        return any(getattr(view, "follows_objects", True) for view in self._views)

    @property
    def is_shown(self) -> bool:
        """
        Whether a view is left that says how the run ended.
        """
        return any(view.answers for view in self._views)

    async def execute(self, action: Action) -> RunState:
        """
        Does `action` and returns the final state. Why a run could not go on is in the state, as its error.
        """
        selection = self.options.selection
        started = time.monotonic()
        self.emit(RunStarted(action, selection.source_text, str(selection.dest)))
        for warning in self.options.warnings:
            self.emit(Notice(warning))
        ticker = asyncio.create_task(self._tick())
        error = ""
        try:
            async with AsyncExitStack() as stack:
                await self._job(action, stack)
        except FatalError as fatal:
            error = with_remedy(fatal)
        except Exception as bug:
            # The numbers are shown before the bug is.
            error = f"internal error ({type(bug).__name__}: {bug}): please report it"
            raise
        finally:
            ticker.cancel()
            self._flow.close()
            self._meter.flush(self.emit)
            self.emit(RunEnded(time.monotonic() - started, error, self.stop.signal))
            await self._close_views()
            if self.stop.error and not error:
                # That the answers could not be written came to light only with the last of them.
                self.state.apply(RunEnded(self.state.seconds, str(self.stop.error), self.stop.signal))
        return self.state

    async def _close_views(self) -> None:
        for view in tuple(self._views):
            try:
                await view.close()
            except Exception as error:  # noqa: BLE001 - as above
                self._switch_off(view, error)

    async def _tick(self) -> None:
        said = False
        for number in count():
            await asyncio.sleep(_TICK)
            if self.stop.signal and not said:
                said = True
                self.emit(Stopping(self.stop.signal, self.options.limits.grace))
            self._flow.tick()
            if self._crew:
                self._crew.tick()
            if number % _TICKS_PER_COUNT == 0:
                self._meter.flush(self.emit)
            self._each(lambda view: view.tick())

    async def _job(self, action: Action, stack: AsyncExitStack) -> None:
        options = self.options
        guards = Guards(self._flow, self._policy, self._meter, self.emit)
        if action is Action.CLEAN:
            stores = await connect(options, guards, stack, self._open_store)
            await self._clean(stores)
            return
        work = work_of(options.selection)
        self._tell_merged(work)
        stores = await connect(options, guards, stack, self._open_store)
        scope = _scope(options, work.rules)
        heads = DestinationHeads(stores.dest, self.emit)
        side = DestinationSide(stores.dest, scope.dest_bucket, self.emit)
        extras: Candidates | None = None
        if options.deletion.wanted and action is not Action.CHECK:
            shows = action is Action.DRY_RUN
            extras = stack.enter_context(Candidates(work.rules, scope, options.deletion.limit, keeps_all=shows))
        sifter = Sifter(Sieve(options.filter), work.root, whole=options.deletion.excluded)
        lister = Lister(stores.main, side, heads, scope, self.emit, options.compare, sifter, extras)
        self.stop.graceful = True
        if action is Action.CHECK:
            checker = Checker(_sides(options, stores, scope), self.emit, sifter)
            await self._pipe(self._paced(checker.batches(work.rules, lister.named(work))), checker.look)
            return
        job = await self._copy_job(action, stores, scope, heads)
        batches = lister.batches(work)
        if limit := options.filter.limit:
            batches = limited(batches, limit, self.emit)
        # Here, before anything is taken out: what is done by the page knows no pace of its own.
        batches = self._paced(batches)
        if action is Action.DRY_RUN:
            planner = Planner(job, self.state, self.emit, shows=self._shows)
            await self._pipe(planner.through(batches), planner.plan)
        else:
            await self._copy_all(batches, job, stores.main)
        if extras:
            lacking = Lacking(stores.main, scope, sifter)
            deleter = Deleter(
                stores.main, extras, scope, self.state, self.stop, self.emit, lacking.lacks, options.limits.at_most,
                self._pace,
            )  # fmt: skip
            await self._delete(action, deleter)

    async def _delete(self, action: Action, deleter: Deleter) -> None:
        job = deleter.show() if action is Action.DRY_RUN else deleter.delete()
        await pipeline.alone(job, self.stop, self.options.limits.grace)

    def _tell_merged(self, work: Work) -> None:
        renamed = [pair for pair in work.inside if pair[0].cut != pair[1].cut]
        for inner, outer in renamed[:_TOLD]:
            self.emit(Notice(f"prefix {inner.prefix!r} lies inside {outer.prefix!r}: it is copied as a part of that"))
        if len(renamed) > _TOLD:
            self.emit(Notice(f"{len(renamed) - _TOLD:,} more prefixes lie inside others"))

    async def _clean(self, stores: Stores) -> None:
        options, place = self.options, self.options.selection.dest
        work = WorkArea(options.parts.work_prefix)
        lanes = LanePool(options.limits.at_most)
        self.stop.graceful = True
        await Cleaner(stores.main, place.bucket, work, options.clean, lanes, self.emit).clean(
            place.path, lambda: self.stop.wanted
        )

    async def _copy_job(self, action: Action, stores: Stores, scope: Scope, heads: DestinationHeads) -> CopyJob:
        grants = () if action is Action.DRY_RUN else self.options.grants
        parameters = await grant_parameters(grants, stores.main, self.emit)
        options, parts = self.options, self.options.parts
        place = Place(stores.main.brief(PATIENCE), parts.work_bucket or scope.dest_bucket, parts.work_prefix)
        is_known = stores.main.is_aws() or action is Action.DRY_RUN
        return CopyJob(
            store=stores.main,
            dest=heads,
            source_bucket=scope.source_bucket,
            dest_bucket=scope.dest_bucket,
            limits=options.limits,
            dest_lists=tuple(store for store in stores.dest if store is not stores.main),
            grants=parameters,
            parts=parts,
            lanes=LanePool(options.limits.at_most + min(options.limits.at_most, _WORKERS)),
            emit=self.emit,
            stopping=lambda: self.stop.wanted,
            probe=Capabilities(None if is_known else place, self.emit),
            direct=Direct(stores.main, parts.work_bucket or scope.dest_bucket, parts.method, self.emit),
            redirects=Website(stores.main, scope.source_bucket, self.emit),
            carry=options.carry,
            compare=options.compare,
            verify=options.verify,
            if_exists=options.if_exists,
            is_aws=stores.main.is_aws(),
        )

    def _paced(self, batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
        return pipeline.paced(batches, self._pace) if self._pace else batches

    async def _pipe(self, batches: AsyncGenerator[Batch, None], work: pipeline.Work) -> None:
        limits = self.options.limits
        if self._pace:
            work = pipeline.paced_work(work, self._pace)
        # Twice as many workers as permits: one that waits before it repeats a request idles no permit.
        await pipeline.run(batches, work, 2 * (limits.permits or _WORKERS), self.stop, limits.grace)

    async def _copy_all(self, batches: AsyncGenerator[Batch, None], job: CopyJob, store: Guarded) -> None:
        tools = Tools(job, store, self._flow, self._meter)
        crew = self._crew = Crew(tools, self.state, self.stop, self.emit, shows=self._shows)
        # A cancelled run waits for nothing; however else it ends, what is under way may arrive.
        grace = 0.0
        try:
            await self._pipe(crew.bulk.through(batches), crew.copy)
            grace = self.options.limits.grace
        except FatalError:
            grace = self.options.limits.grace
            raise
        finally:
            await crew.bulk.finish(grace)
            crew.tick()


def _scope(options: Options, rules: tuple[Rule, ...]) -> Scope:
    selection = options.selection
    source, dest = selection.source.bucket, selection.dest.bucket
    base = folder_of(selection.dest.path)
    hidden = hidden_prefixes(rules, base) if source == dest else ()
    return Scope(source, dest, base, RuleIndex(rules), WorkArea(options.parts.work_prefix), hidden)


def _sides(options: Options, stores: Stores, scope: Scope) -> Sides:
    return Sides(
        stores.main, stores.dest[0], scope, options.one_way, options.compare, options.deep, parts=options.parts
    )
