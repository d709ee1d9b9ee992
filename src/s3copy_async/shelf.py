"""
Objects by key, on disk, in bounded memory: where a listing has no order, it has to be kept to be looked into.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from threading import Lock
from typing import Any, Final, Self, TypeVar

from s3copy_async.errors import FatalError
from s3copy_async.keys import in_bytes
from s3copy_async.model import ObjectInfo

T = TypeVar("T")
_CACHE: Final = 16 * 1024
"""KiB of the file that are kept in memory."""
_AT_ONCE: Final = 500
"""Keys in one query: SQLite takes 999 parameters, newer ones more."""
_TABLES: Final = (
    "CREATE TABLE object (key BLOB PRIMARY KEY, size INTEGER, etag TEXT, modified REAL, class TEXT, taken INTEGER)",
    "CREATE TABLE came (key BLOB PRIMARY KEY)",
)
_PUT: Final = "INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?, ?, 0)"
_GET: Final = "SELECT key, size, etag, modified, class FROM object WHERE key"
_LEFT: Final = f"{_GET} > ? AND taken = 0 ORDER BY key LIMIT ?"


class Shelf:
    """
    Objects in a temporary file, which has no name and so is gone however the program ends. An asynchronous context
    manager; its methods run in a thread each, one after the other.

    Every method raises FatalError where the file cannot be written or read.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._base: sqlite3.Connection | None = None

    async def __aenter__(self) -> Self:
        await self._do(self._open)
        return self

    async def __aexit__(self, *exc: object) -> None:
        # A thread may still be at work where its caller was cancelled; it has one page to go.
        await asyncio.to_thread(self._close)

    async def put(self, objects: Sequence[ObjectInfo]) -> None:
        """
        Keeps `objects`; of those with one key the last.
        """
        rows = [(in_bytes(item.key), item.size, item.etag, item.modified, item.storage_class) for item in objects]
        await self._do(lambda: self._many(_PUT, rows))

    async def take(self, keys: Sequence[str]) -> list[ObjectInfo | None]:
        """
        What is kept under each of `keys`, which is not left then; None where there is nothing.
        """
        names = [in_bytes(key) for key in keys]

        def taken() -> dict[str, ObjectInfo]:
            rows = self._among(_GET, names)
            self._among("UPDATE object SET taken = 1 WHERE key", names)
            return {item.key: item for item in map(_object, rows)}

        found = await self._do(taken)
        return [found.get(key) for key in keys]

    async def left(self, at_once: int = 1000) -> AsyncGenerator[list[ObjectInfo], None]:
        """
        What was never taken, in key order, at most so many at once.
        """
        after = b""
        while True:
            rows = await self._do(lambda after=after: self._rows(_LEFT, (after, at_once)))  # type: ignore[misc]
            if not rows:
                return
            yield [_object(row) for row in rows]
            after = rows[-1][0]

    async def came(self, keys: Sequence[str]) -> set[str]:
        """
        Those of `keys` that were asked about before.
        """
        names = [in_bytes(key) for key in keys]

        def known() -> set[str]:
            before = {_text(name) for (name,) in self._among("SELECT key FROM came WHERE key", names)}
            self._many("INSERT OR IGNORE INTO came VALUES (?)", [(name,) for name in names])
            return before

        return await self._do(known)

    async def _do(self, work: Callable[[], T]) -> T:
        def locked() -> T:
            with self._lock:
                return work()

        try:
            return await asyncio.to_thread(locked)
        except (sqlite3.Error, OverflowError) as error:
            raise FatalError(
                f"a listing cannot be kept in a temporary file ({error}): make room for it, or set TMPDIR to a folder "
                "that has some"
            ) from error

    def _close(self) -> None:
        with self._lock:
            if self._base:
                self._base.close()

    def _open(self) -> None:
        # A database without a name is a file that SQLite removes as soon as it has opened it.
        base = self._base = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        # Nobody reads this file after us: it needs no way back, and is never committed.
        for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE}"):
            base.execute(f"PRAGMA {setting}")
        for table in _TABLES:
            base.execute(f"{table} WITHOUT ROWID")
        base.execute("BEGIN")

    def _many(self, query: str, rows: Iterable[tuple[Any, ...]]) -> None:
        assert self._base
        self._base.executemany(query, rows)

    def _rows(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        assert self._base
        return self._base.execute(query, values).fetchall()

    def _among(self, query: str, names: Sequence[bytes]) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for at in range(0, len(names), _AT_ONCE):
            some = names[at : at + _AT_ONCE]
            found += self._rows(f"{query} IN ({', '.join('?' * len(some))})", some)
        return found


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _object(row: tuple[Any, ...]) -> ObjectInfo:
    return ObjectInfo(_text(row[0]), *row[1:])
