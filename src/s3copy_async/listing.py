"""
Turns a prefix into checked pages, with the next page asked for while the last is being used.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from operator import lt
from typing import Final, TypeVar

from s3copy_async.columns import Columns
from s3copy_async.errors import AccessDenied, ListingError, NotFound, S3Error
from s3copy_async.keys import in_bytes
from s3copy_async.model import ObjectInfo, Page
from s3copy_async.store import HeadsObjects, ListsObjects
from s3copy_async.text import shown

T = TypeVar("T")
EMPTY_PAGES: Final = 1000
"""So many pages in a row may be without keys: stores pass over what was deleted. More are a listing without end."""


async def pages(store: ListsObjects, bucket: str, prefix: str) -> AsyncGenerator[Page, None]:
    """
    Every page below `prefix`, in order. Close it (``contextlib.aclosing``): a request may be under way.

    Raises:
        AccessDenied: the very first page was refused: nothing has been listed.
        ListingError: a page failed, or the pages break S3's rules, so the listing cannot be trusted to be complete.
    """
    page = await first_page(store, bucket, prefix)
    while page.next_token is not None:
        ahead = asyncio.create_task(next_page(store, bucket, prefix, page))
        try:
            yield page
            page = await ahead
        finally:
            await dropped(ahead)
    yield page


async def dropped(task: asyncio.Task[T] | None) -> None:
    """
    Gives up what is under way, if anything is.
    """
    if task is None:
        return
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # seen, so that it is not reported as lost


async def first_page(
    store: ListsObjects, bucket: str, prefix: str, start_after: str = "", *, strict: bool = True
) -> Page:
    """
    One page from `start_after` on, checked. Where that is only a guess, not `strict`, earlier keys do no harm.

    Raises:
        AccessDenied: the caller may not list here.
        ListingError: the page failed or breaks S3's rules.
    """
    try:
        page = await store.list_page(bucket, prefix, start_after=start_after)
    except AccessDenied:
        raise
    except S3Error as error:
        raise ListingError(f"{named(bucket, prefix)} failed: {error}") from error
    after = start_after if strict else ""
    check_page(page, bucket, prefix, after)
    return page if page.objects or page.next_token is None else await _beyond(store, bucket, prefix, page, after)


async def next_page(store: ListsObjects, bucket: str, prefix: str, page: Page) -> Page:
    """
    The next page with keys behind `page`, which must have a token, or the last; checked.

    Raises:
        ListingError: the page failed or breaks S3's rules.
    """
    return await _beyond(store, bucket, prefix, page, page.objects[-1].key if page.objects else "")


async def _beyond(store: ListsObjects, bucket: str, prefix: str, page: Page, after: str) -> Page:
    """
    The first page behind `page` that has keys, all of them after `after`, or the last.
    """
    where = named(bucket, prefix)
    for _ in range(EMPTY_PAGES):
        try:
            following = await store.list_page(bucket, prefix, token=page.next_token)
        except S3Error as error:
            raise ListingError(f"{where} broke off: {error}") from error
        if following.next_token is not None and following.next_token == page.next_token:
            raise ListingError(f"{where}: the store repeats a page for ever")
        check_page(following, bucket, prefix, after)
        if following.objects or following.next_token is None:
            return following
        page = following
    raise ListingError(f"{where}: {EMPTY_PAGES:,} pages in a row were empty, and none was the last")


def named(bucket: str, prefix: str) -> str:
    """
    What errors call a listing.
    """
    return f"listing s3://{bucket}/{shown(prefix)}"


def check_page(page: Page, bucket: str, prefix: str, after: str) -> None:
    """
    Checks what a complete listing rests on: every key below `prefix`, after `after`, and after the one before it.

    Raises:
        ListingError: a rule of ListObjectsV2 is broken.
    """
    keys = Columns.of(page.objects).keys
    if not keys:
        return
    is_after = not after or after < keys[0]
    if is_after and keys[0].startswith(prefix) and keys[-1].startswith(prefix) and all(map(lt, keys, keys[1:])):
        return
    last = after
    for key in keys:
        if last and key <= last and in_bytes(key) <= in_bytes(last):
            raise ListingError(
                f"{named(bucket, prefix)}: '{shown(key)}' came after '{shown(last)}'. This store does not list in "
                "UTF-8 order, so a listing cannot be proven complete"
            )
        if not key.startswith(prefix):
            raise ListingError(f"{named(bucket, prefix)}: the store answered with '{shown(key)}'")
        last = key


async def head_if_seen(store: HeadsObjects, bucket: str, key: str) -> ObjectInfo | None:
    """
    What stands under `key`; None where there is nothing, and where it may not be looked at.
    """
    try:
        return await store.head_object(bucket, key)
    except (NotFound, AccessDenied):
        return None
