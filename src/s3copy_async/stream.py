"""
The events of a run for one reader, who may be slower than the run.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from s3copy_async.events import Event

KEPT: Final = 10_000
"""So many unread events let the run wait."""


class EventStream:
    """
    Keeps events until they are read. `emit` never blocks; who makes more work asks for `room` first.

    Args:
        kept: unread events from which on there is no room.
    """

    answers = False

    def __init__(self, kept: int = KEPT) -> None:
        self._events: deque[Event] = deque()
        self._kept = kept
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._ended = False

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        if self._ended:
            return
        self._events.append(event)
        self._news.set()
        if len(self._events) >= self._kept:
            self._room.clear()

    def tick(self) -> None:
        """
        See `views.View`.
        """

    async def close(self) -> None:
        """
        See `views.View`: what is unread can still be read, and then the reader's loop ends.
        """
        self.end()

    def end(self) -> None:
        """
        Takes no more events, and lets nobody wait for room.
        """
        self._ended = True
        self._news.set()
        self._room.set()

    async def room(self) -> None:
        """
        Returns once the reader has caught up.
        """
        await self._room.wait()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        event = self._events.popleft()
        if not self._room.is_set() and 2 * len(self._events) < self._kept:
            self._room.set()
        return event
