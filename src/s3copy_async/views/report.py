"""
The report of a run: one JSON object per line for every object, and a list of the keys that failed.

Both are appended in chunks several times a second, whole lines only, so that even a killed run leaves what was
finished.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import aiofiles

from s3copy_async.events import Deleted, DeleteFailed, Event, ObjectDone, Skipped
from s3copy_async.model import PROOF_OF, CopyResult, Outcome
from s3copy_async.views.jsonl import encoded
from s3copy_async.views.log import private


class Appended:
    """
    A file that is written behind the program's back, in whole lines and in order.

    Args:
        path: emptied when the run starts; made for the owner only.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lines: list[str] = []
        self._fresh = True
        self._writing: asyncio.Task[None] | None = None

    def add(self, line: str) -> None:
        """
        Takes one line without its end.
        """
        self._lines.append(line + "\n")

    def tick(self) -> None:
        """
        Begins to write what there is, unless a write is under way.

        Raises:
            OSError: the last write failed.
        """
        if self._writing is not None:
            if not self._writing.done():
                return
            self._writing.result()
            self._writing = None
        if self._lines or self._fresh:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def close(self) -> None:
        """
        Writes what is left.

        Raises:
            OSError: a write failed.
        """
        if self._writing is not None:
            await self._writing
        await self._write()

    async def _write(self) -> None:
        text, self._lines = "".join(self._lines), []
        if self._fresh:
            self._fresh = False
            async with aiofiles.open(self._path, "w", encoding="utf-8", opener=private):
                pass
        async with aiofiles.open(self._path, "a", encoding="utf-8", opener=private) as file:
            await file.write(text)


def report_lines(event: Event) -> Iterator[dict[str, Any]]:
    """
    The lines of the report that one event stands for.
    """
    if isinstance(event, ObjectDone):
        yield _line(event.result)
    elif isinstance(event, Deleted):
        yield _line(CopyResult("", event.key, event.size, Outcome.COPIED, method="delete"), "deleted")
    elif isinstance(event, DeleteFailed):
        result = CopyResult("", event.key, event.size, Outcome.FAILED, event.reason, event.code, method="delete")
        yield _line(result._replace(request_id=event.request_id, extended_id=event.extended_id))
    elif isinstance(event, Skipped):
        for task in event.tasks:
            source, there = task.source, task.there
            result = CopyResult(task.key, task.dest_key, source.size if source else 0, Outcome.SKIPPED, event.reason)
            result = result._replace(proof=PROOF_OF.get(event.reason))
            yield _line(result._replace(source_etag=source.etag if source else "", etag=there.etag if there else ""))


def _line(result: CopyResult, outcome: str = "") -> dict[str, Any]:
    return {
        "key": result.key,
        "destination": result.dest_key,
        "outcome": outcome or result.outcome,
        "reason": result.reason,
        "code": result.code,
        "size": result.size,
        "source_etag": result.source_etag,
        "etag": result.etag,
        "proof": result.proof,
        "method": result.method,
        "requests": result.requests,
        "seconds": result.seconds,
        "request_id": result.request_id,
        "extended_id": result.extended_id,
        "lost": list(result.lost),
    }


class LineFile:
    """
    A file with the lines that `lines` makes of each event: ``--report`` and ``--failures``.

    Args:
        follows_objects: see `views.View`.
    """

    answers = False

    def __init__(self, path: str, lines: Callable[[Event], Iterator[str]], *, follows_objects: bool = True) -> None:
        self.follows_objects = follows_objects
        self._file = Appended(path)
        self._lines = lines

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        for line in self._lines(event):
            self._file.add(line)

    def tick(self) -> None:
        """
        See `views.View`.
        """
        self._file.tick()

    async def close(self) -> None:
        """
        See `views.View`.
        """
        await self._file.close()


def report(path: str) -> LineFile:
    """
    ``--report FILE``.
    """
    return LineFile(path, lambda event: map(encoded, report_lines(event)))


def failures(path: str, base: str) -> LineFile:
    """
    ``--failures FILE``: the failed keys, relative to what the path mapping keeps, as ``-F`` reads them.

    Args:
        base: the destination folder.
    """

    def lines(event: Event) -> Iterator[str]:
        if isinstance(event, ObjectDone) and event.result.outcome is Outcome.FAILED:
            yield listed(event.result.dest_key.removeprefix(base))

    return LineFile(path, lines, follows_objects=False)


def listed(key: str) -> str:
    """
    A key as a line of a list that ``-F`` reads: as a JSON string where the plain key would be read otherwise.
    """
    plain = key.isprintable() and not key.startswith(("#", '"')) and key.strip() == key and key
    return key if plain else json.dumps(key)
