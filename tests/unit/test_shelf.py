"""
Objects kept on disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from s3copy_async import shelf as module
from s3copy_async.errors import FatalError
from s3copy_async.model import ObjectInfo
from s3copy_async.shelf import Shelf

STRANGE = ("a", "a/", "\u00e9", "e\u0301", "\U0001f600", "a\x00b", "a\nb", "a\udcff", "'; DROP TABLE object")


def info(key: str, size: int = 1) -> ObjectInfo:
    """
    An object with every field that a listing tells.
    """
    return ObjectInfo(key, size, f"etag-{size}", 1.5, "EXPRESS_ONEZONE")


async def left(shelf: Shelf, at_once: int = 2) -> list[ObjectInfo]:
    """
    What was never taken.
    """
    return [item async for some in shelf.left(at_once) for item in some]


async def test_what_was_put_there_is_found() -> None:
    """
    Whole and exactly, whatever its key.
    """
    async with Shelf() as shelf:
        await shelf.put([info(key) for key in STRANGE])

        assert [info(key) for key in STRANGE] == await shelf.take(STRANGE)
        assert await shelf.take(["b", "A", "a\x00", "a"]) == [None, None, None, info("a")]


async def test_what_was_never_taken_is_left_in_order() -> None:
    """
    In that of UTF-8, in pieces of any size.
    """
    async with Shelf() as shelf:
        await shelf.put([info(key) for key in reversed(STRANGE)])
        await shelf.take(["a", "nothing"])
        expected = sorted(STRANGE[1:], key=lambda key: key.encode("utf-8", "surrogateescape"))

        for at_once in (1, 3, 1000):
            assert expected == [item.key for item in await left(shelf, at_once)]


async def test_the_last_object_of_a_key_counts() -> None:
    """
    A listing that shows a key again shows what it is by now.
    """
    async with Shelf() as shelf:
        await shelf.put([info("a", 1)])
        await shelf.put([info("b", 1), info("a", 2), info("b", 3)])

        assert await shelf.take(["a", "b"]) == [info("a", 2), info("b", 3)]


async def test_keys_that_came_before_are_known() -> None:
    """
    Also when there are more of them than fit one query.
    """
    keys = [f"{number:05}" for number in range(2500)]
    async with Shelf() as shelf:
        assert await shelf.came(keys) == set()
        assert await shelf.came([*keys[:1700], "new"]) == set(keys[:1700])
        assert await shelf.came(["new"]) == {"new"}


def files_of_sqlite() -> list[str]:
    """
    The temporary files of SQLite that this process has open; Linux adds "(deleted)" to those without a name.
    """
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("what files are open is only to be seen on Linux")
    targets = [str(link.readlink()) for link in folder.iterdir() if link.is_symlink()]
    return [target for target in targets if "etilqs" in target]


async def test_the_file_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    So it is gone however the program ends: while it is in use there is nothing to be seen of it either.
    """
    monkeypatch.setattr(module, "_CACHE", 16)
    async with Shelf() as shelf:
        for at in range(0, 20_000, 1000):
            await shelf.put([info(f"{number:0200}") for number in range(at, at + 1000)])
        (name,) = files_of_sqlite()

    assert name.endswith(" (deleted)")
    assert files_of_sqlite() == []


async def test_a_file_that_cannot_be_written_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    With what to do about it.
    """
    async with Shelf() as shelf:

        def full(*_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(Shelf, "_many", full)
        with pytest.raises(FatalError, match=r"disk is full\): make room for it, or set TMPDIR"):
            await shelf.put([info("a")])


async def test_it_may_be_closed_while_a_thread_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Who is cancelled does not wait for the disk, and nothing breaks.
    """
    begun, many = Event(), Shelf._many

    def told(shelf: Shelf, *args: Any) -> None:
        begun.set()
        many(shelf, *args)

    monkeypatch.setattr(Shelf, "_many", told)
    async with Shelf() as shelf:
        task = asyncio.create_task(shelf.put([info(f"{number}") for number in range(50_000)]))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # What comes later waits for the thread, which keeps what it was given.
        assert all(await shelf.take(["0", "49999"]))

    assert files_of_sqlite() == []


async def test_a_size_that_no_store_can_mean_ends_the_run() -> None:
    """
    In one line, as all that cannot be kept.
    """
    async with Shelf() as shelf:
        with pytest.raises(FatalError, match="cannot be kept"):
            await shelf.put([ObjectInfo("a", 1 << 63, "")])
