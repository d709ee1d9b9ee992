"""
The wish to end a run early, and its cause.
"""

from __future__ import annotations

import asyncio

from s3copy_async.errors import FatalError


class Stop:
    """
    Set once, by a signal or by the first fatal error; then no new object is begun.

    ``graceful`` turns True when there is something in flight that is worth waiting for.
    """

    def __init__(self) -> None:
        self._wanted = asyncio.Event()
        self.signal = 0
        self.error: FatalError | None = None
        self.graceful = False

    @property
    def wanted(self) -> bool:
        """
        Whether the run is to end.
        """
        return self._wanted.is_set()

    def interrupt(self, signal: int) -> None:
        """
        A signal asks for the end.
        """
        self.signal = self.signal or signal
        self._wanted.set()

    def fail(self, error: FatalError) -> None:
        """
        The run cannot go on.
        """
        self.error = self.error or error
        self._wanted.set()

    async def wait(self) -> None:
        """
        Returns once the run is to end.
        """
        await self._wanted.wait()
