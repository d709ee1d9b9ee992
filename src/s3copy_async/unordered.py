"""
Compares where a listing has no order: buckets of which one is a directory bucket.

There is nothing to be merged then. The destination is listed first, into a file (`shelf`), and each page of the source
is looked up in it: what comes out is what `compare` makes of buckets in order, and memory stays at a few pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Final, NamedTuple

from s3copy_async.compare import Scope, sort_out
from s3copy_async.errors import AccessDenied, ListingError, S3Error
from s3copy_async.events import Emit, Notice
from s3copy_async.keys import Rule
from s3copy_async.listing import EMPTY_PAGES, pages
from s3copy_async.model import Batch, ObjectInfo, Page
from s3copy_async.shelf import Shelf
from s3copy_async.store import ListsObjects
from s3copy_async.text import shown
from s3copy_async.uri import is_directory_bucket

Extras = Callable[[Sequence[ObjectInfo]], Awaitable[None]]
"""Told what the destination has and the source lacks, up to 1,000 objects at once, in key order."""

BARREN_PAGES: Final = EMPTY_PAGES
"""So many pages in a row may show no new key, be they empty or not."""


class Looked(NamedTuple):
    """
    One page of the source: its tasks, in key order, and what the destination holds under the key of each.
    """

    tasks: Batch
    there: list[ObjectInfo | None]


def is_unordered(scope: Scope) -> bool:
    """
    Whether the buckets of a run can only be compared here.
    """
    return is_directory_bucket(scope.source_bucket) or is_directory_bucket(scope.dest_bucket)


class Unordered:
    """
    Args:
        source: lists the source.
        readers: list the destination, the first of them that may.
        unseen: called once, where none of them may; then nothing is known of the destination, and nothing is extra.
        extras: awaited at the end of each rule with what its source lacks; None where nobody asks.
    """

    def __init__(
        self,
        source: ListsObjects,
        readers: Sequence[ListsObjects],
        scope: Scope,
        emit: Emit,
        unseen: Callable[[], None] = lambda: None,
        extras: Extras | None = None,
    ) -> None:
        self._source = source
        self._readers = list(readers)
        self._scope = scope
        self._emit = emit
        self._unseen = unseen
        self._extras = extras
        self._said = False

    async def compared(self, rule: Rule) -> AsyncGenerator[Looked, None]:
        """
        Every page of a rule's source that has tasks; what has none is said with events, as by `compare.sort_out`. Close
        it (``contextlib.aclosing``).

        Raises:
            AccessDenied: the source may not be listed.
            ListingError: a listing failed or cannot be trusted.
            FatalError: the listing of the destination cannot be kept.
        """
        scope = self._scope
        async with Shelf() as shelf, aclosing(_listed(self._source, scope.source_bucket, rule.prefix)) as listing:
            is_known = await self._fill(shelf, rule.image(scope.base))
            async for objects in listing:
                if tasks := sort_out(objects, rule, scope, self._emit):
                    names = [task.dest_key for task in tasks]
                    yield Looked(tasks, await shelf.take(names) if is_known else [None] * len(names))
            if self._extras and is_known:
                await self._tell(self._extras, shelf)

    async def _fill(self, shelf: Shelf, prefix: str) -> bool:
        """
        Keeps the listing of the destination. Whether there is one.
        """
        bucket = self._scope.dest_bucket
        while self._readers:
            if not self._said:
                self._said = True
                words = (
                    "a directory bucket has no order, so the destination is listed whole before any object is looked at"
                )
                self._emit(Notice(words, warning=False))
            try:
                async with aclosing(_listed(self._readers[0], bucket, prefix)) as listing:
                    async for objects in listing:
                        await shelf.put(objects)
            except AccessDenied:
                # Of its first page, before anything was kept: a later one ends the run.
                self._readers.pop(0)
                if not self._readers:
                    self._unseen()
            else:
                return True
        return False

    async def _tell(self, extras: Extras, shelf: Shelf) -> None:
        work = self._scope.work
        async with aclosing(shelf.left()) as left:
            async for some in left:
                if found := [item for item in some if item.key not in work]:
                    await extras(found)


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
                raise ListingError(f"{_where(bucket, folder)}: {barren:,} pages in a row showed no new key")
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
        if ahead and not ahead.done():
            ahead.cancel()
            await asyncio.wait([ahead])
        elif ahead and not ahead.cancelled():
            # Seen here, so that a failure behind a closed generator is not reported as lost.
            ahead.exception()


async def _loose_page(store: ListsObjects, bucket: str, folder: str, token: str | None) -> Page:
    try:
        page = await store.list_page(bucket, folder, token=token)
    except S3Error as error:
        if token is None and isinstance(error, AccessDenied):
            raise
        how = "failed" if token is None else "broke off"
        raise ListingError(f"{_where(bucket, folder)} {how}: {error}") from error
    if token is not None and page.next_token == token:
        raise ListingError(f"{_where(bucket, folder)}: the store repeats a page for ever")
    for found in page.objects:
        if not found.key.startswith(folder):
            raise ListingError(f"{_where(bucket, folder)}: the store answered with '{shown(found.key)}'")
    return page


def _where(bucket: str, prefix: str) -> str:
    return f"listing s3://{bucket}/{shown(prefix)}"
