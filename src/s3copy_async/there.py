"""
The destination's side of a comparison: listed in key order along with the source, each range by itself.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from s3copy_async.columns import EMPTY, Columns, joined
from s3copy_async.errors import AccessDenied
from s3copy_async.events import Emit, Notice
from s3copy_async.keys import MAX_KEY_BYTES, in_bytes, place_of
from s3copy_async.listing import dropped, first_page, next_page
from s3copy_async.model import Page
from s3copy_async.store import ListsObjects

T = TypeVar("T")
UNSEEN: Final = "cannot be looked at with these credentials: copying without the check for what is already there"
_HIGHEST: Final = "\U0010ffff"
_MANY: Final = 4
"""So many pages are handed out at once at most."""
_NOTHING: Final = Page(EMPTY, None)


def before(key: str) -> str:
    """
    A string that sorts before `key` with next to no possible key between the two: where ``start-after`` finds `key`.
    """
    stem, last = key[:-1], ord(key[-1])
    if last == 0:
        return stem
    # The predecessor of U+E000 is U+D7FF: between them lie the surrogates, which UTF-8 cannot hold.
    lower = stem + chr(0xD7FF if last == 0xE000 else last - 1)
    padded = lower + _HIGHEST
    return padded if len(padded.encode("utf-8", "surrogateescape")) <= MAX_KEY_BYTES else lower


class DestinationSide:
    """
    The destination as far as it may be listed: by the first of several sets of credentials that may, or not at all.

    Args:
        must: that nobody may list it is an error, not a notice.
    """

    def __init__(self, readers: Sequence[ListsObjects], bucket: str, emit: Emit, *, must: bool = False) -> None:
        self._readers = list(readers)
        self._bucket = bucket
        self._emit = emit
        self._must = must
        self.pages = 0

    @property
    def is_seen(self) -> bool:
        """
        Whether it can be listed, as far as is known.
        """
        return bool(self._readers)

    async def ask(self, request: Callable[[ListsObjects], Awaitable[T]]) -> T | None:
        """
        What the first that may list answers to `request`; None where nobody may, and that is said once.

        Raises:
            AccessDenied: nobody may list it, but somebody must.
            ListingError: the listing failed or cannot be trusted.
        """
        while self._readers:
            reader = self._readers[0]
            try:
                return await request(reader)
            except AccessDenied:
                # Another range may have found that out meanwhile.
                if self._readers and self._readers[0] is reader:
                    if self._must and len(self._readers) == 1:
                        raise
                    self._readers.pop(0)
                    if not self._readers:
                        self._emit(Notice(f"s3://{self._bucket} {UNSEEN}"))
        return None

    async def first(self, prefix: str, after: str) -> Page:
        """
        The page that follows `after`; a store that cannot start there may answer with earlier keys. Without the right
        to list: an empty one. Raises as `ask` does.
        """
        page = await self.ask(lambda reader: first_page(reader, self._bucket, prefix, after, strict=False))
        if page is None:
            return _NOTHING
        self.pages += 1
        return page

    async def following(self, prefix: str, page: Page) -> Page:
        """
        The page after `page`.

        Raises:
            ListingError: it failed or cannot be trusted.
        """
        if not self._readers:
            return _NOTHING
        self.pages += 1
        return await next_page(self._readers[0], self._bucket, prefix, page)


@dataclass(eq=False, slots=True)
class Image:
    """
    What all ranges of one prefix know of the destination.

    Args:
        prefix: of everything that is written.
        end: no key follows this one; None where that is not known.
        can_jump: as far as is known, the store can begin anywhere.
    """

    prefix: str
    end: str | None = None
    can_jump: bool = True


class There:
    """
    What the destination holds of one range, in key order and in the memory of two pages.

    Args:
        after: the range starts after this key of the destination; empty for the start of the prefix.
        every: all objects are wanted, and not only those that the source has too.
    """

    def __init__(self, side: DestinationSide, image: Image, after: str, *, every: bool) -> None:
        self._side = side
        self._image = image
        self._every = every
        self._seen = after
        self._page: Page | None = None
        self._buffer = EMPTY
        self._at = 0
        self._ahead: asyncio.Task[Page] | None = None
        self._jumped = False
        self._is_dense = False
        if image.end is not None and in_bytes(after) >= in_bytes(image.end):
            self._page = _NOTHING

    def begin(self) -> None:
        """
        Asks for the first page, so that it may come along with the source's.
        """
        if self._page is None and self._ahead is None:
            self._ahead = asyncio.create_task(self._side.first(self._image.prefix, self._seen))

    async def upto(self, wanted: Sequence[str], bound: str | None, end: str | None) -> tuple[Columns, str | None]:
        """
        What there is up to `bound`, or to the end: of `wanted`, which ascend, also from one call to the next; other
        keys may be among it. Where all is wanted and that is much, only a part, and up to which key that is everything;
        else None.

        Args:
            end: of the range: pages behind it are not asked for ahead.

        Raises:
            AccessDenied: the destination may not be listed, and must be.
            ListingError: a page failed or cannot be trusted.
        """
        pieces: list[Columns] = []
        while True:
            keys = self._buffer.keys
            to = place_of(keys, bound) if bound is not None else len(keys)
            if to > self._at:
                pieces.append(self._piece(to, wanted))
                self._at = to
            if to < len(keys) or (self._page and self._page.next_token is None):
                break
            if self._every and len(pieces) >= _MANY:
                return joined(pieces), self._seen
            # Only what is wanted and not seen yet is worth another request.
            target = place_of(wanted, self._seen)
            if target == len(wanted) and not self._every:
                break
            await self._more("" if self._every else wanted[target], wanted)
            self._look_ahead(end)
        return joined(pieces), None

    def _piece(self, to: int, wanted: Sequence[str]) -> Columns:
        """
        What the page holds up to that place, or of it only what is wanted, where that is little.
        """
        page = self._buffer
        piece = page[self._at : to] if self._at or to < len(page.keys) else page
        if self._every or self._is_dense:
            return piece
        names = set(wanted)
        return piece.pick([at for at, key in enumerate(piece.keys) if key in names])

    async def _more(self, target: str, wanted: Sequence[str]) -> None:
        jump = before(target) if target else ""
        if self._ahead is not None:
            page, self._ahead, self._jumped = await self._ahead, None, False
        elif self._page is None:
            page = await self._side.first(self._image.prefix, self._seen)
        elif self._jumped or not self._image.can_jump or in_bytes(jump) <= in_bytes(self._seen):
            page, self._jumped = await self._side.following(self._image.prefix, self._page), False
        else:
            page, self._jumped = await self._side.first(self._image.prefix, jump), True
            if page.objects and in_bytes(Columns.of(page.objects).keys[0]) <= in_bytes(jump):
                # It passed over where to begin, and would do so each time.
                self._image.can_jump = False
        self._page = page
        self._buffer = Columns.of(page.objects)
        keys = self._buffer.keys
        # What a store sent that cannot start just anywhere is passed over.
        self._at = place_of(keys, self._seen)
        if page.next_token is None:
            last = keys[-1] if keys else max(self._seen, jump, key=in_bytes)
            self._image.end = last if self._image.end is None else min(last, self._image.end, key=in_bytes)
        if keys:
            self._seen = max(self._seen, keys[-1], key=in_bytes)
            hits = bisect_right(wanted, keys[-1]) - bisect_right(wanted, keys[0])
            self._is_dense = self._every or 2 * hits >= len(keys)

    def _look_ahead(self, end: str | None) -> None:
        """
        Asks for the next page while this one is being used, where the source has most of what the destination has.
        """
        page = self._page
        if page is None or page.next_token is None or not self._is_dense:
            return
        if end is not None and in_bytes(self._seen) >= in_bytes(end):
            return
        self._ahead = asyncio.create_task(self._side.following(self._image.prefix, page))

    async def close(self) -> None:
        """
        Gives up what was asked for ahead.
        """
        await dropped(self._ahead)
