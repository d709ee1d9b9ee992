"""
The log: events as records of the standard logging module, appended to a file in chunks.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from typing import Final

import aiofiles

from s3copy_async.events import (
    Checked,
    CopyStarted,
    Deleted,
    DeleteFailed,
    DeletePlanned,
    DeletionEvent,
    DeletionStarted,
    Event,
    LeftoverFound,
    LeftoverRemoved,
    Listed,
    Notice,
    ObjectDone,
    ObjectStarted,
    PartDone,
    PartFailed,
    Planned,
    RequestsMade,
    Retrying,
    RunEnded,
    RunStarted,
    Skipped,
    Stopping,
    UploadFound,
)
from s3copy_async.model import Outcome
from s3copy_async.text import harmless, shown
from s3copy_async.views.facts import request_ids
from s3copy_async.views.lines import Writes

logger: Final = logging.getLogger("s3copy_async")
_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"
_CHUNK: Final = 1000
_TICKS: Final = 4


class _Buffer(logging.Handler):
    """
    Keeps formatted records until they are taken, so that no record waits for a disk.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._waited = 0

    def emit(self, record: logging.LogRecord) -> None:
        """
        Takes one record.
        """
        self._lines.append(self.format(record).replace("\n", "\\n") + "\n")

    def holds_enough(self) -> bool:
        """
        Whether a chunk is worth writing: many lines, or any that waited for some ticks.
        """
        self._waited = self._waited + 1 if self._lines else 0
        return len(self._lines) >= _CHUNK or self._waited >= _TICKS

    def take(self) -> str:
        """
        Everything since the last call.
        """
        text, self._lines, self._waited = "".join(self._lines), [], 0
        return text


class Log:
    """
    Logs a run.

    Args:
        level: a level of the logging module.
        path: appended to, made for the owner only; None logs to `words`.
        words: standard error, or what stands above a moving picture there.
    """

    answers = False

    def __init__(self, level: int, path: str | None, words: Writes) -> None:
        self.follows_objects = level <= logging.INFO
        self._path = path
        self._words = words
        self._buffer = _Buffer()
        self._buffer.setFormatter(logging.Formatter(_FORMAT))
        self._writing: asyncio.Task[None] | None = None
        logger.setLevel(level)
        logger.propagate = False
        logger.addHandler(self._buffer)

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        level, text = _record(event)
        if text:
            logger.log(level, "%s", text)

    def tick(self) -> None:
        """
        See `views.View`. A failed write is raised here, which switches the log off.
        """
        if self._writing is not None:
            if not self._writing.done():
                return
            self._writing.result()
            self._writing = None
        if not self._buffer.holds_enough():
            return
        self._writing = asyncio.get_running_loop().create_task(self._write(self._buffer.take()))

    async def close(self) -> None:
        """
        See `views.View`.
        """
        logger.removeHandler(self._buffer)
        with suppress(OSError):
            if self._writing is not None:
                await self._writing
            await self._write(self._buffer.take())

    async def _write(self, text: str) -> None:
        if not text:
            return
        if self._path is None:
            self._words.write(text)
            self._words.flush()
            return
        async with aiofiles.open(self._path, "a", encoding="utf-8", errors="backslashreplace", opener=private) as file:
            await file.write(text)


def private(path: str, flags: int) -> int:
    """
    Opens a file that, if it is made now, only its owner can read.
    """
    return os.open(path, flags, 0o600)


def _record(event: Event) -> tuple[int, str]:
    match event:
        case RunStarted():
            return logging.INFO, f"{event.action}: {shown(event.source)} -> {shown(event.destination)}"
        case Notice():
            return logging.WARNING if event.warning else logging.INFO, harmless(event.text)
        case Listed():
            return logging.DEBUG, f"listed {event.objects} objects, {event.nbytes} bytes"
        case Skipped():
            return logging.DEBUG, f"skipped {event.objects} objects, {event.nbytes} bytes: {event.reason}"
        case Planned():
            return logging.INFO, f"would copy {shown(event.key)} -> {shown(event.dest_key)}"
        case CopyStarted():
            return logging.DEBUG, f"copying {shown(event.key)}"
        case ObjectStarted():
            return logging.INFO, f"copying {shown(event.key)} in {event.parts} parts"
        case PartDone():
            return logging.DEBUG, f"{shown(event.key)} part {event.number}: {event.stage}"
        case PartFailed():
            return logging.WARNING, f"{shown(event.key)} part {event.number}: {harmless(event.reason)}"
        case Retrying():
            what = f"{event.operation} {shown(event.key)}: {harmless(event.code)}"
            return logging.DEBUG, f"{what}, attempt {event.attempt}, again in {event.wait:.2f} s"
        case ObjectDone(result) if result.outcome is Outcome.FAILED:
            request = f" [{ids}]" if (ids := request_ids(result)) else ""
            words = f"failed {shown(result.key)}: {harmless(result.code)}: {harmless(result.reason)}{request}"
            return logging.ERROR, words
        case ObjectDone(result):
            proof = f", proof {result.proof}" if result.proof else ""
            return logging.INFO, f"{result.outcome} {shown(result.key)} -> {shown(result.dest_key)}{proof}"
        case LeftoverFound() | UploadFound() | LeftoverRemoved():
            return logging.INFO, _leftover(event)
        case Checked(result):
            return logging.WARNING, f"{result.finding}: {shown(result.dest_key)}"
        case DeletePlanned() | DeletionStarted() | Deleted() | DeleteFailed():
            return _deletion(event)
        case Stopping():
            return logging.WARNING, f"stopping on signal {event.signal}"
        case RequestsMade():
            return logging.DEBUG, "requests: " + ", ".join(
                f"{number} {operation}" for operation, number in event.counts
            )
        case RunEnded():
            words = f"ended after {event.seconds:.1f} s"
            return (logging.ERROR, f"{words}: {harmless(event.error)}") if event.error else (logging.INFO, words)
        case _:
            return logging.DEBUG, ""


def _leftover(event: LeftoverFound | UploadFound | LeftoverRemoved) -> str:
    match event:
        case LeftoverFound():
            return f"found {shown(event.prefix)}: {event.objects} objects, {event.nbytes} bytes"
        case UploadFound():
            return f"found open upload of s3://{event.bucket}/{shown(event.key)}"
        case LeftoverRemoved():
            return f"removed {shown(event.key)}"


def _deletion(event: DeletionEvent) -> tuple[int, str]:
    match event:
        case DeletePlanned():
            return logging.INFO, f"would delete {shown(event.key)}"
        case DeletionStarted():
            return logging.INFO, f"deleting {event.objects} objects, {event.nbytes} bytes"
        case Deleted():
            return logging.INFO, f"deleted {shown(event.key)}"
        case DeleteFailed():
            request = f" [{ids}]" if (ids := request_ids(event)) else ""
            words = f"not deleted {shown(event.key)}: {harmless(event.code)}: {harmless(event.reason)}{request}"
            return logging.ERROR, words
