"""
``--html FILE``: one page about the run, for people who would rather look.

The page is written every few seconds and at the end, always whole: into another file that then takes its place.
"""

from __future__ import annotations

import asyncio
import heapq
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from s3copy_async.events import Checked, Event, ObjectDone, Planned, RunEnded
from s3copy_async.model import CheckResult, CopyResult, Outcome
from s3copy_async.state import RunState
from s3copy_async.views.log import private
from s3copy_async.views.page import Facts, render
from s3copy_async.views.series import Series

WRITTEN_EVERY: Final = 10.0
SLOWEST: Final = 20
FINDINGS: Final = 200


class HtmlPage:
    """
    Gathers what the page shows, in bounded memory, and writes it.

    Args:
        path: written anew; readable for its owner only.
        settings: names and values to show.
        clock: monotonic seconds, injected for tests.
        begun: the time of day.
        version: of this program.
    """

    answers = False

    def __init__(
        self,
        path: str,
        state: RunState,
        settings: Sequence[tuple[str, str]] = (),
        clock: Callable[[], float] = time.monotonic,
        begun: datetime | None = None,
        version: str = "",
    ) -> None:
        self._path = Path(path)
        self._state = state
        self._settings = tuple(settings)
        self._version = version
        self._clock = clock
        self._begun = begun or datetime.now(UTC)
        self._started = self._written = clock()
        self._series = Series()
        self._sizes: Counter[int] = Counter()
        self._bytes: Counter[int] = Counter()
        self._slowest: list[tuple[float, int, CopyResult]] = []
        self._seen = 0
        self._whole_bytes = 0
        self._findings: list[CheckResult] = []
        self._ended = False
        self._writing: asyncio.Task[None] | None = None

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        if isinstance(event, ObjectDone):
            self._object(event.result)
        elif isinstance(event, Planned):
            self._size(event.size)
        elif isinstance(event, Checked):
            if len(self._findings) < FINDINGS:
                self._findings.append(event.result)
        elif isinstance(event, RunEnded):
            self._ended = True

    def _object(self, result: CopyResult) -> None:
        if result.outcome is not Outcome.COPIED:
            return
        self._size(result.size)
        self._seen += 1
        if result.method == "whole":
            self._whole_bytes += result.size
        slow = self._slowest
        if len(slow) < SLOWEST:
            heapq.heappush(slow, (result.seconds, self._seen, result))
        elif result.seconds > slow[0][0]:
            heapq.heapreplace(slow, (result.seconds, self._seen, result))

    def _size(self, size: int) -> None:
        step = max(0, size - 1).bit_length()
        self._sizes[step] += 1
        self._bytes[step] += size

    def tick(self) -> None:
        """
        See `views.View`.

        Raises:
            OSError: the last write failed.
        """
        now = self._clock()
        self._look()
        if self._writing is not None:
            if not self._writing.done():
                return
            self._writing.result()
            self._writing = None
        if now - self._written >= WRITTEN_EVERY:
            self._written = now
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def close(self) -> None:
        """
        See `views.View`.

        Raises:
            OSError: a write failed.
        """
        if self._writing is not None:
            await self._writing
        self._look(last=True)
        await self._write()

    def _look(self, *, last: bool = False) -> None:
        nbytes = self._state.moved_bytes + self._whole_bytes
        self._series.look(self._state, self._clock() - self._started, nbytes, last=last)

    async def _write(self) -> None:
        text = render(self._facts())
        await asyncio.to_thread(self._replace, text)

    def _facts(self) -> Facts:
        slowest = [result for _, _, result in sorted(self._slowest, reverse=True)]
        sizes = [(step, self._sizes[step], self._bytes[step]) for step in sorted(self._sizes)]
        return Facts(
            self._state,
            self._settings,
            self._begun,
            self._clock() - self._started,
            tuple(self._series.rates()),
            tuple(sizes),
            tuple(slowest),
            tuple(self._findings),
            self._ended,
            self._version,
        )

    def _replace(self, text: str) -> None:
        if self._path.exists() and not self._path.is_file():
            # A pipe or a device: it cannot be replaced.
            self._path.write_text(text, "utf-8")
            return
        path = self._path.resolve()
        fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            with os.fdopen(private(str(fresh), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w", encoding="utf-8") as file:
                file.write(text)
            fresh.replace(path)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            raise


def html_page(path: str, state: RunState, settings: Sequence[tuple[str, str]] = (), version: str = "") -> HtmlPage:
    """
    ``--html FILE``.
    """
    return HtmlPage(path, state, settings, version=version)
