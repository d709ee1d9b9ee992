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


def even(items: int, permits: int) -> int:
    """
    In how many lanes `items` of several steps each come to their end together, at least `permits` of them. 1,600 in 256
    lanes would leave 64 for a round of their own, which takes as long as a full one.
    """
    rounds = max(1, items // permits)
    return -(-items // rounds)


async def in_lanes(
    items: Iterator[T],
    work: Callable[[T], Awaitable[None]],
    pool: LanePool,
    stopping: Callable[[], bool],
    most: int | None = None,
) -> None:
    """
    Calls `work` for every item, several at a time but never more than `most`; when one fails, the others are cancelled.
    Once `stopping` is true, no further item is begun.

    Raises:
        Interrupted: `stopping` turned true before the last item was begun.
        Exception: the first failure of `work`; a FatalError before all others.
    """
    interrupted = False
    opened = 1

    async def lane(group: asyncio.TaskGroup) -> None:
        nonlocal interrupted, opened
        for item in items:
            if stopping():
                # The other lanes finish what they have begun.
                interrupted = True
                return
            if (most is None or opened < most) and pool.take():
                opened += 1
                # Given back by a callback: a task that is cancelled before its first step runs no code of its own.
                group.create_task(lane(group)).add_done_callback(lambda _: pool.give())
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            await lane(group)
    except BaseExceptionGroup as failures:
        raise _foremost(failures) from None
    if interrupted:
        raise Interrupted


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
