"""
Lists many ranges of keys side by side, the source along with the destination, and hands out what each page comes to.

One lane lists one range from its start to its end; it asks for the next page while the last one is used. While whoever
takes the results has to wait, ranges are cut in two and more lanes begin; a full queue stops them all.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from typing import Any, Final, Generic, NamedTuple, TypeVar

from s3copy_async.columns import EMPTY, Columns
from s3copy_async.errors import AccessDenied, FatalError, ListingError, S3Error
from s3copy_async.keys import Rule, in_bytes, place_of
from s3copy_async.listing import dropped, first_page, next_page
from s3copy_async.model import Page
from s3copy_async.spans import Cutter, Root, Span
from s3copy_async.store import ListsObjects
from s3copy_async.stretch import Place, Plan, Stretch
from s3copy_async.there import DestinationSide, Image, There

T = TypeVar("T")
LANES: Final = 64
"""Ranges that are listed at once, at most."""
_AT_ONCE: Final = 4
"""Prefixes that are begun at once before it is known how long the store takes."""
_QUEUED: Final = 2
_FEW: Final = 8
"""Up to so many lanes ask for their next page while they use the last. More are many because the store takes long: then
that saves next to no time, and would hold a page more for each."""
_AMPLE: Final = 1.5
_LEAST_WORK: Final = 0.0005
"""Seconds that a page costs at least."""


class _Mark(NamedTuple):
    """
    The last lane has ended, or one with an error.
    """

    error: BaseException | None = None


class Scan(Generic[T]):
    """
    Args:
        source: lists the source.
        side: lists the destination.
        clock: injected for tests.
    """

    def __init__(
        self,
        source: ListsObjects,
        side: DestinationSide,
        plan: Plan[T],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._bucket = plan.scope.source_bucket
        self._side = side
        self._plan = plan
        self._clock = clock
        self._queue: asyncio.Queue[T | _Mark] = asyncio.Queue(_QUEUED)
        self._tasks: set[asyncio.Task[None]] = set()
        self._places: deque[Place] = deque()
        self._images: dict[Root, tuple[Place, Image]] = {}
        self._cutter = Cutter()
        self._may_cut = True
        self._is_waiting = self._is_closed = False
        self._fastest = math.inf
        self._began = time.process_time()
        self._pages = 0

    async def results(self, rules: Iterable[Rule]) -> AsyncGenerator[T, None]:
        """
        What the keys of all rules come to, in no order. Close it (``contextlib.aclosing``): requests may be under way.

        Raises:
            FatalError: a side may not be listed that must be.
            ListingError: a page failed, or the pages break S3's rules, so the listing cannot be trusted to be complete.
        """
        self._places.extend(self._plan.places(rules))
        try:
            while self._places or self._tasks or not self._queue.empty():
                self._is_waiting = self._queue.empty()
                self._fill()
                found = await self._queue.get()
                self._is_waiting = False
                if not isinstance(found, _Mark):
                    yield found
                elif found.error:
                    raise found.error
        finally:
            self._is_waiting = False
            self._is_closed = True
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    @property
    def _wanted(self) -> int:
        """
        How many lanes are worth while: so many pages can be worked through while one is under way.
        """
        if math.isinf(self._fastest):
            return _AT_ONCE
        work = max(_LEAST_WORK, (time.process_time() - self._began) / max(1, self._pages))
        return min(LANES, max(2, math.ceil(_AMPLE * self._fastest / work)))

    def _fill(self) -> None:
        """
        Begins more lanes, while somebody waits for what they find.
        """
        wanted = self._wanted
        while self._is_waiting and len(self._tasks) < wanted:
            if self._places:
                self._begin(self._root(self._places.popleft()))
            elif not self._may_cut or not (found := self._cutter.choose(self._side.pages)):
                return
            else:
                span, guess, depth = found
                span.is_probed = True
                self._start(self._probe(span, guess, depth))

    def _root(self, place: Place) -> Span:
        root = Root(place.prefix)
        self._images[root] = place, Image(place.rule.dest_key(self._plan.scope.base, place.prefix))
        return Span(root, "")

    def _begin(self, span: Span, page: Page | None = None) -> None:
        self._cutter.spans.add(span)
        self._start(self._lane(span, page))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(work))
        # A task that is cancelled before its first step would leave it behind.
        task.add_done_callback(lambda _: work.close())
        self._tasks.add(task)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            await work
            self._tasks.discard(task)
            self._fill()
        except asyncio.CancelledError:
            self._tasks.discard(task)
            if self._is_closed:
                raise
            await self._queue.put(_Mark(ListingError("a listing was cancelled from outside")))
        except BaseException as error:  # noqa: BLE001 - raised where the results are taken
            self._tasks.discard(task)
            if not self._is_closed:
                await self._queue.put(_Mark(error))
        if not self._tasks and self._queue.empty():
            # Whoever waits for a result must not wait for one that never comes.
            self._queue.put_nowait(_Mark())

    async def _timed(self, request: Awaitable[Page]) -> Page:
        began = self._clock()
        page = await request
        self._fastest = min(self._fastest, self._clock() - began)
        self._pages += 1
        self._cutter.pages += 1
        return page

    async def _probe(self, span: Span, guess: str, depth: int) -> None:
        """
        Cuts a range in two where there are keys behind `guess`.
        """
        prefix = span.root.prefix
        try:
            page = await self._timed(first_page(self._source, self._bucket, prefix, guess))
        except (FatalError, S3Error):
            # Whatever it is: without cuts the same keys are listed, and what is really wrong is met again.
            self._may_cut = False
            return
        finally:
            span.is_probed = False
        keys = Columns.of(page.objects).keys
        if span not in self._cutter.spans or in_bytes(span.after) >= in_bytes(guess):
            self._cutter.wasted += 1  # the range has been listed beyond it meanwhile
        elif not keys or (span.end is not None and place_of(keys[:1], span.end) == 0):
            self._cutter.wasted += 1
            span.shorten(guess, depth)
            self._fill()
        else:
            self._begin(span.cut(guess, depth), page)
            self._fill()

    async def _lane(self, span: Span, page: Page | None) -> None:
        """
        Lists one range, from its start or from its first page on.
        """
        place, image = self._images[span.root]
        there = There(self._side, image, self._dest(place, span.after), every=self._plan.every)
        if self._side.is_seen:
            there.begin()
        ahead: asyncio.Task[Page] | None = None
        exact: asyncio.Task[T | None] | None = None
        try:
            if page is None:
                exact = asyncio.create_task(self._plan.exact(place))
                page = await self._timed(first_page(self._source, self._bucket, place.prefix, span.after))
                if (found := await exact) is not None:
                    await self._queue.put(found)
            while True:
                objects, is_last = self._claim(span, page)
                if not is_last and len(self._tasks) <= _FEW and not self._queue.full():
                    ahead = asyncio.create_task(self._following(place, page))
                    self._fill()
                await self._compare(place, span, objects, there, is_last=is_last)
                if is_last:
                    break
                page, ahead = await (ahead or self._following(place, page)), None
        except AccessDenied as error:
            raise self._plan.denied(place, error) from error
        finally:
            self._cutter.spans.discard(span)
            if all(other.root is not span.root for other in self._cutter.spans):
                # There may be a million prefixes.
                self._images.pop(span.root, None)
            await dropped(ahead)
            await dropped(exact)
            await there.close()

    async def _following(self, place: Place, page: Page) -> Page:
        return await self._timed(next_page(self._source, self._bucket, place.prefix, page))

    def _claim(self, span: Span, page: Page) -> tuple[Columns, bool]:
        """
        The objects of a page that belong to the range, and whether they are its last.
        """
        objects = Columns.of(page.objects)
        keys = objects.keys
        span.root.pages += 1
        span.root.alphabet.learn(keys)
        # By the end, not by `until`: what was written behind that meanwhile belongs to nobody else.
        to = len(keys) if span.end is None else place_of(keys, span.end)
        is_last = page.next_token is None or to < len(keys)
        if to < len(keys):
            self._cutter.saw_seam(1 - to / len(keys))
            objects = objects[:to]
        if to:
            span.came(keys[0], keys[to - 1])
        if is_last:
            # Nobody cuts it any more.
            self._cutter.spans.discard(span)
        return objects, is_last

    async def _compare(self, place: Place, span: Span, objects: Columns, there: There, *, is_last: bool) -> None:
        plan = self._plan
        stretch = Stretch(place, objects, *plan.sorted_out(place, objects), EMPTY)
        if self._side.is_seen and (stretch.mapped.dest_keys or plan.every):
            end = None if span.end is None else self._dest(place, span.end)
            bound = end if is_last else self._dest(place, span.after)
            found, known = await there.upto(stretch.mapped.dest_keys, bound, end)
            while known is not None:
                # The destination has much that the source has not: memory holds a few pages of it.
                first, stretch = stretch.split(known, plan.scope.base)
                await self._hand_out(first._replace(there=found))
                found, known = await there.upto(stretch.mapped.dest_keys, bound, end)
            stretch = stretch._replace(there=found)
        await self._hand_out(stretch)

    async def _hand_out(self, stretch: Stretch) -> None:
        result = self._plan.digest(stretch)
        if result is not None:
            await self._queue.put(result)

    def _dest(self, place: Place, key: str) -> str:
        return place.rule.dest_key(self._plan.scope.base, key) if key else ""
