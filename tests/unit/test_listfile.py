"""
Lists of keys: however their bytes arrive, the same keys come out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3copy_async import listfile
from s3copy_async.errors import FatalError
from s3copy_async.listfile import parse_lines, read_keys

BOM = b"\xef\xbb\xbf"
LINES = st.lists(st.sampled_from([b"a", b"b c", b"# no", b"", b'"\\u00e9"', b"caf\xc3\xa9", b"\xff", b"d\r", BOM]))


async def keys_of(path: str) -> list[str]:
    """
    All keys of a list.
    """
    return [key async for batch in read_keys(path) for key in batch]


@settings(deadline=None, max_examples=60)
@given(lines=LINES, chunk=st.integers(1, 7), mark=st.booleans(), ended=st.booleans())
async def test_wherever_a_chunk_ends_the_keys_are_the_same(
    lines: list[bytes], chunk: int, *, mark: bool, ended: bool
) -> None:
    """
    A cut in a line, in a character, in the byte order mark: no key is lost, made or changed.
    """
    data = b"\n".join(lines) + (b"\n" if ended else b"")
    data = BOM + data if mark else data
    expected = parse_lines(data.removeprefix(BOM).split(b"\n"))

    with TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        path = Path(place) / "list"
        path.write_bytes(data)
        patch.setattr(listfile, "_CHUNK", chunk)

        assert await keys_of(str(path)) == expected


class Stdin:
    """
    Standard input that is a file descriptor.
    """

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        """
        The descriptor.
        """
        return self._number


def feed(pieces: Sequence[bytes], monkeypatch: pytest.MonkeyPatch) -> Thread:
    """
    Standard input on which these pieces arrive, one after the other.
    """
    reading, writing = os.pipe()
    monkeypatch.setattr("sys.stdin", Stdin(reading))

    def write() -> None:
        for piece in pieces:
            os.write(writing, piece)
        os.close(writing)

    thread = Thread(target=write)
    thread.start()
    return thread


@pytest.mark.parametrize("chunk", [1, 5, 1 << 16])
async def test_standard_input_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """
    Also byte by byte, with a byte order mark, and without a line break at the end.
    """
    monkeypatch.setattr(listfile, "_CHUNK", chunk)
    thread = feed([BOM[:1], BOM[1:], b"a\nb", b" c\n# no\n", b"caf\xc3", b"\xa9"], monkeypatch)

    assert await keys_of("-") == ["a", "b c", "caf\u00e9"]
    thread.join()


async def test_a_long_list_on_standard_input_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The reading thread waits for its reader, and nothing is lost.
    """
    keys = [f"key-{number}" for number in range(20_000)]
    thread = feed(["\n".join(keys).encode()], monkeypatch)

    assert await keys_of("-") == keys
    thread.join()


async def test_standard_input_that_cannot_be_read_ends_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """
    A read error is never taken for the end of the list.
    """
    number = os.open(tmp_path, os.O_RDONLY)
    monkeypatch.setattr("sys.stdin", Stdin(number))
    try:
        with pytest.raises(FatalError, match="- cannot be read"):
            await keys_of("-")
    finally:
        os.close(number)


async def test_what_is_no_list_is_not_held_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """
    A file without line breaks is refused early, whatever its size.
    """
    monkeypatch.setattr(listfile, "_LONGEST", 100)
    monkeypatch.setattr(listfile, "_CHUNK", 10)
    path = tmp_path / "film"
    path.write_bytes(b"a\n" + b"x" * 100 + b"\n" + b"y" * 1000)

    with pytest.raises(FatalError, match=r"film is no list of keys: it has a line of more than 100 bytes"):
        await keys_of(str(path))

    path.write_bytes(b"a\n" + b"x" * 100 + b"\nb\n")
    assert await keys_of(str(path)) == ["a", "x" * 100, "b"]
