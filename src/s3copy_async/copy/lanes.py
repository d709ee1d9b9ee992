"""
Works through the parts of one object in a few lanes that share one iterator.

Lanes beyond an object's first come out of a pool that all objects share, so that one giant uses every permit while it
is alone, and many giants do not make a task for every part of theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from s3copy_async.errors import FatalError, Interrupted

T = TypeVar("T")


class LanePool:
    """
    Counts the lanes that may still be opened.
    """

    def __init__(self, lanes: int) -> None:
        self._free = lanes

    def take(self) -> bool:
        """
        Takes one lane if there is one.
        """
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    def give(self) -> None:
        """
        Gives one lane back.
        """
        self._free += 1


async def in_lanes(
    items: Iterator[T], work: Callable[[T], Awaitable[None]], pool: LanePool, stopping: Callable[[], bool]
) -> None:
    """
    Calls `work` for every item, several at a time; when one fails, the others are cancelled.

    Raises:
        Interrupted: `stopping` turned true before the last item.
        Exception: the first failure of `work`; a FatalError before all others.
    """
    try:
        async with asyncio.TaskGroup() as group:
            await _lane(items, work, pool, stopping, group)
    except BaseExceptionGroup as failures:
        raise _foremost(failures) from None


async def _lane(
    items: Iterator[T],
    work: Callable[[T], Awaitable[None]],
    pool: LanePool,
    stopping: Callable[[], bool],
    group: asyncio.TaskGroup,
) -> None:
    for item in items:
        if stopping():
            raise Interrupted
        if pool.take():
            group.create_task(_extra(items, work, pool, stopping, group))
        await work(item)


async def _extra(
    items: Iterator[T],
    work: Callable[[T], Awaitable[None]],
    pool: LanePool,
    stopping: Callable[[], bool],
    group: asyncio.TaskGroup,
) -> None:
    try:
        await _lane(items, work, pool, stopping, group)
    finally:
        pool.give()


def _foremost(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    leaves = list(_leaves(failures))
    ranked = (*(leaf for leaf in leaves if isinstance(leaf, FatalError)), *leaves)
    return ranked[0]


def _leaves(failures: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for failure in failures.exceptions:
        if isinstance(failure, BaseExceptionGroup):
            yield from _leaves(failure)
        else:
            yield failure
