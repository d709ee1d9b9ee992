"""
Reads lists of keys, from files and from standard input, in bounded memory.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from threading import Thread
from typing import Final

import aiofiles

from s3copy_async.errors import FatalError
from s3copy_async.text import shown

BATCH: Final = 1000
_CHUNK: Final = 1 << 16
_AHEAD: Final = 4
_LONGEST: Final = 1 << 20
"""Bytes of a line: far more than any key takes, however it is written."""
_BOM: Final = b"\xef\xbb\xbf"


async def read_keys(path: str) -> AsyncGenerator[list[str], None]:
    """
    The keys of a list file (``-`` for standard input), in batches.

    Raises:
        FatalError: the file cannot be read, or is no list.
    """
    keys: list[str] = []
    chunks = _stdin_chunks() if path == "-" else _file_chunks(path)
    try:
        async with aclosing(_lines(chunks)) as lines:
            async for some in lines:
                keys += parse_lines(some)
                while len(keys) >= BATCH:
                    yield keys[:BATCH]
                    del keys[:BATCH]
    except OSError as error:
        raise FatalError(f"{shown(path)} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise FatalError(f"{shown(path)} is no list of keys: {error}") from error
    if keys:
        yield keys


async def _lines(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[list[bytes], None]:
    rest = b""
    mark = _BOM
    async with aclosing(chunks):
        async for chunk in chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            if lines:
                # Only of a whole line is it certain whether it begins with the mark.
                lines[0], mark = lines[0].removeprefix(mark), b""
                yield lines
            if len(rest) > _LONGEST:
                # Else all of a file that is something else would be held, and copied with each chunk.
                raise ValueError(f"it has a line of more than {_LONGEST:,} bytes")
    yield [rest.removeprefix(mark)]


async def _file_chunks(path: str) -> AsyncGenerator[bytes, None]:
    async with aiofiles.open(path, "rb") as file:
        while data := await file.read(_CHUNK):
            yield data


async def _stdin_chunks() -> AsyncGenerator[bytes, None]:
    """
    Standard input, read in a thread of its own that nobody waits for: an interrupt must not hang until input comes.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | OSError] = asyncio.Queue(_AHEAD)
    number = sys.stdin.fileno()

    def hand_over(data: bytes | OSError) -> bool:
        put = queue.put(data)
        try:
            asyncio.run_coroutine_threadsafe(put, loop).result()
        except (RuntimeError, asyncio.CancelledError):
            put.close()  # the loop is gone, and nobody reads any more
            return False
        return True

    def pump() -> None:
        data: bytes | OSError = b"."
        while data and not isinstance(data, OSError):
            try:
                data = os.read(number, _CHUNK)
            except OSError as error:
                data = error
            if not hand_over(data):
                return

    Thread(target=pump, name="stdin", daemon=True).start()
    while data := await queue.get():
        if isinstance(data, OSError):
            raise data
        yield data


def parse_list(data: bytes) -> list[str]:
    """
    The keys of a whole list, as `parse_lines` reads them. A byte order mark is left out.
    """
    return parse_lines(data.removeprefix(_BOM).split(b"\n"))


def parse_lines(lines: Iterable[bytes]) -> list[str]:
    r"""
    The keys in the lines of a list: empty lines and those that begin with ``#`` are left out.

    A line that is a JSON string stands for its value: so a key may hold a line break or begin with ``#`` or ``"``.
    """
    keys: list[str] = []
    for line in lines:
        text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")
        if not text or text.startswith("#"):
            continue
        keys.append(_from_json(text) if text.startswith('"') else text)
    return keys


def _from_json(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text
