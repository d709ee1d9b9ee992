"""
Compares where a listing has no order: buckets of which one is a directory bucket.

There is nothing to be merged then. The destination is listed first, into a file (`shelf`), and each page of the source
is looked up in it: what comes out is what `scan` makes of buckets in order, and memory stays at a few pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Final, Generic, TypeVar

from s3copy_async.columns import EMPTY, Columns
from s3copy_async.compare import Mapped
from s3copy_async.errors import AccessDenied, ListingError, S3Error
from s3copy_async.events import Notice
from s3copy_async.keys import Rule
from s3copy_async.listing import EMPTY_PAGES, dropped, named, pages
from s3copy_async.model import ObjectInfo, Page
from s3copy_async.shelf import Shelf
from s3copy_async.store import ListsObjects
from s3copy_async.stretch import Place, Plan, Stretch
from s3copy_async.text import shown
from s3copy_async.there import DestinationSide
from s3copy_async.uri import is_directory_bucket

T = TypeVar("T")
BARREN_PAGES: Final = EMPTY_PAGES
"""So many pages in a row may show no new key, be they empty or not."""
_NO_ORDER: Final = "a directory bucket has no order, so the destination is listed whole before any object is looked at"


class Unordered(Generic[T]):
    """
    Args:
        source: lists the source.
        side: lists the destination.
    """

    def __init__(self, source: ListsObjects, side: DestinationSide, plan: Plan[T]) -> None:
        self._source = source
        self._side = side
        self._plan = plan
        self._said = False

    async def results(self, rules: Iterable[Rule]) -> AsyncGenerator[T, None]:
        """
        What the keys of all rules come to, as `scan.Scan.results` hands it out; what only the destination has comes at
        the end of each rule. Close it (``contextlib.aclosing``).

        Raises:
            FatalError: a side may not be listed that must be, or the listing of the destination cannot be kept.
            ListingError: a listing failed or cannot be trusted.
        """
        plan = self._plan
        for number, rule in enumerate(rules):
            # Whole: each narrower prefix in a folder would list the folder again.
            place = Place(number, rule, rule.prefix, rule.exact)
            if (found := await plan.exact(place)) is not None:
                yield found
            try:
                async with aclosing(self._compared(place)) as stretches:
                    async for stretch in stretches:
                        if (result := plan.digest(stretch)) is not None:
                            yield result
            except AccessDenied as error:
                raise plan.denied(place, error) from error

    async def _compared(self, place: Place) -> AsyncGenerator[Stretch, None]:
        plan, rule = self._plan, place.rule
        source = _listed(self._source, plan.scope.source_bucket, place.prefix)
        async with Shelf() as shelf, aclosing(source) as listing:
            is_known = await self._fill(shelf, rule.dest_key(plan.scope.base, place.prefix))
            async for objects in listing:
                listed = Columns.of(objects)
                chosen, mapped = plan.sorted_out(place, listed)
                names = rule.dest_keys(plan.scope.base, listed.keys)
                there = Columns.of([one for one in await shelf.take(names) if one]) if is_known else EMPTY
                yield Stretch(place, listed, chosen, mapped, there)
            if plan.every and is_known:
                async with aclosing(shelf.left()) as left:
                    async for some in left:
                        yield Stretch(place, EMPTY, EMPTY, Mapped(EMPTY, ()), Columns.of(some))

    async def _fill(self, shelf: Shelf, prefix: str) -> bool:
        """
        Keeps the listing of the destination. Whether there is one.
        """
        if self._side.is_seen and not self._said:
            self._said = True
            self._plan.emit(Notice(_NO_ORDER, warning=False))
        return bool(await self._side.ask(lambda reader: self._keep(shelf, reader, prefix)))

    async def _keep(self, shelf: Shelf, reader: ListsObjects, prefix: str) -> bool:
        # Access is denied for the first page, before anything was kept; a later one ends the run.
        async with aclosing(_listed(reader, self._plan.scope.dest_bucket, prefix)) as listing:
            async for objects in listing:
                await shelf.put(objects)
        return True


async def _listed(store: ListsObjects, bucket: str, prefix: str) -> AsyncGenerator[Sequence[ObjectInfo], None]:
    """
    Every object below `prefix` once, by pages. Raises as `listing.pages` does.
    """
    if not is_directory_bucket(bucket):
        async with aclosing(pages(store, bucket, prefix)) as ordered:
            async for page in ordered:
                yield page.objects
        return
    # Directory buckets know only prefixes that end with a slash.
    folder = prefix[: prefix.rfind("/") + 1]
    barren = 0
    async with Shelf() as met, aclosing(_loose_pages(store, bucket, folder)) as loose:
        async for page in loose:
            by_key = {found.key: found for found in page.objects}
            known = await met.came(list(by_key))
            barren = barren + 1 if len(known) == len(by_key) else 0
            if barren >= BARREN_PAGES:
                raise ListingError(f"{named(bucket, folder)}: {barren:,} pages in a row showed no new key")
            yield [by_key[key] for key in sorted(by_key) if key.startswith(prefix) and key not in known]


async def _loose_pages(store: ListsObjects, bucket: str, folder: str) -> AsyncGenerator[Page, None]:
    """
    Every page below a folder, in whatever order, with the next asked for while the last is being used.
    """
    ahead: asyncio.Task[Page] | None = asyncio.create_task(_loose_page(store, bucket, folder, None))
    try:
        while ahead:
            page = await ahead
            ahead = None
            if page.next_token is not None:
                ahead = asyncio.create_task(_loose_page(store, bucket, folder, page.next_token))
            yield page
    finally:
        await dropped(ahead)


async def _loose_page(store: ListsObjects, bucket: str, folder: str, token: str | None) -> Page:
    try:
        page = await store.list_page(bucket, folder, token=token)
    except S3Error as error:
        if token is None and isinstance(error, AccessDenied):
            raise
        how = "failed" if token is None else "broke off"
        raise ListingError(f"{named(bucket, folder)} {how}: {error}") from error
    if token is not None and page.next_token == token:
        raise ListingError(f"{named(bucket, folder)}: the store repeats a page for ever")
    for found in page.objects:
        if not found.key.startswith(folder):
            raise ListingError(f"{named(bucket, folder)}: the store answered with '{shown(found.key)}'")
    return page
