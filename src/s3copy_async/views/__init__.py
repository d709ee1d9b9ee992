"""
Ways to show a run. A view reads `RunState` and events; nothing in the core knows of it.
"""

from __future__ import annotations

from typing import Protocol

from s3copy_async.events import Event


class View(Protocol):
    """
    Shows a run. What it raises switches it off, and copying goes on.

    ``answers`` tells whether it writes what a dry run or a check is asked for. A view that needs no event of each
    object copied in bulk says so with ``follows_objects = False``; without one that does, they are only counted.
    """

    answers: bool

    def handle(self, event: Event) -> None:
        """
        Takes one event; the state has counted it already.
        """

    def tick(self) -> None:
        """
        Called about twice a second: time to draw.
        """

    async def close(self) -> None:
        """
        The run is over: write what is left.
        """
