"""
The live view: a picture of the run that moves, below the lines that stay.

It draws from `RunState` when it is told that time has passed, and never for every event.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from rich.console import Console

from s3copy_async.events import Event, Retrying, RunStarted
from s3copy_async.options import Display
from s3copy_async.state import RunState
from s3copy_async.text import harmless
from s3copy_async.views.lines import Lines, Streams, Writes
from s3copy_async.views.pace import Flights, Pace
from s3copy_async.views.picture import Painter, Scene
from s3copy_async.views.region import Region, is_pipe, same_terminal
from s3copy_async.views.strip import glyphs_for

FRAMES: Final = 9
_TROUBLE: Final = 10.0
"""Seconds for which the last repeated request is named."""
_INTERVAL: Final = 2.0
"""Seconds between lines where drawing had to be given up."""


class LiveView:
    """
    The view for people at a terminal. What it says in words is what `Lines` says, above the moving part. Should drawing
    fail, the words go on without it.

    Args:
        region: draws.
        words: writes to `region`.
        piped: another program reads the answers of a dry run, a check or a clean, and may show them on this terminal.
        clock: injected for tests.
    """

    answers = True

    def __init__(
        self,
        state: RunState,
        console: Console,
        region: Region,
        words: Lines,
        clock: Callable[[], float] = time.monotonic,
        *,
        piped: bool = False,
    ) -> None:
        self._state = state
        self._console = console
        self._region = region
        self._words = words
        self._clock = clock
        self._painter = Painter(glyphs_for(console.encoding))
        self._pace = Pace(state, clock)
        self._last = float("-inf")
        self._flights = Flights()
        self._trouble = ""
        self._trouble_at = float("-inf")
        self._piped = piped
        self._draws = True

    @property
    def follows_objects(self) -> bool:
        """
        See `views.View`.
        """
        return self._words.follows_objects

    @property
    def above(self) -> Writes:
        """
        Where others write while this view draws: their lines stand above the moving part.
        """
        return self._region

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        if isinstance(event, RunStarted) and self._piped and event.action != "copy":
            self._stop_drawing()
        self._words.handle(event)
        self._pace.handle(event)
        if isinstance(event, Retrying):
            self._trouble = f"{event.operation} {harmless(event.code)}"
            self._trouble_at = self._clock()

    def tick(self) -> None:
        """
        See `views.View`.
        """
        if not self._draws:
            self._words.tick()
            return
        try:
            self._words.flush()
        except OSError:
            self._region.close()
            raise
        now = self._clock()
        if now - self._last < 1 / FRAMES - 0.01:
            return
        self._last = now
        try:
            self._draw()
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here, the words need no picture
            self._stop_drawing()
            reason = harmless(f"{type(error).__name__}: {error}")
            self._region.write(f"warning: the live view is switched off ({reason})\n")
            self._region.flush()

    def _stop_drawing(self) -> None:
        self._draws = False
        self._region.close()

    def _draw(self) -> None:
        now = self._pace.sample()
        self._flights.sample(now, self._state.rows)
        trouble = self._trouble if now - self._trouble_at < _TROUBLE else ""
        scene = Scene(self._state, self._pace, self._flights, trouble)
        size = self._console.size
        self._region.draw(self._painter.picture(scene, size.width, size.height))

    async def close(self) -> None:
        """
        See `views.View`. The summary stays where the moving part was.
        """
        self._region.close()
        await self._words.close()


def live_view(state: RunState, console: Console, display: Display, data: Writes) -> LiveView:
    """
    The live view on `console`. Data that goes to the same terminal stands above the moving part as well.
    """
    region = Region(console)
    stays = region if same_terminal(data, console.file) else data
    words = Lines(state, Streams(stays, region), display, _INTERVAL)
    return LiveView(state, console, region, words, piped=is_pipe(data))
