"""
The batches of a run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from s3copy_async.compare import Scope
from s3copy_async.errors import FatalError
from s3copy_async.events import Event, Listed, ListingDone, Notice, ObjectDone, Skipped
from s3copy_async.filters import Sieve
from s3copy_async.keys import RuleIndex, WorkArea
from s3copy_async.lister import DestinationHeads, Lister
from s3copy_async.listfile import parse_lines, read_keys
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import CopyTask, SkipReason
from s3copy_async.options import Compare, Filter, Selection, exclude, include
from s3copy_async.selection import folder_of, work_of
from s3copy_async.sifting import Sifter
from s3copy_async.there import DestinationSide
from s3copy_async.uri import S3Uri


class Bench:
    """
    A lister over stores in memory.
    """

    def __init__(self, source: dict[str, bytes], dest: dict[str, bytes] | None = None, page_size: int = 2) -> None:
        self.store = MemoryStore(page_size=page_size)
        self.store.fill("in", source)
        self.store.fill("out", dest or {})
        self.readers = [self.store]
        self.events: list[Event] = []
        self.filter = Filter()

    async def tasks(self, path: str = "", dest: str = "", **settings: object) -> list[CopyTask]:
        """
        Every task of a run.
        """
        selection = Selection(S3Uri("in", path), S3Uri("out", dest), **settings)  # type: ignore[arg-type]
        work = work_of(selection)
        scope = Scope("in", "out", folder_of(dest), RuleIndex(work.rules), WorkArea("temp/"))
        side = DestinationSide(self.readers, "out", self.events.append)
        heads = DestinationHeads(self.readers, self.events.append)
        sifter = Sifter(Sieve(self.filter), work.root)
        lister = Lister(self.store, side, heads, scope, self.events.append, Compare.AUTO, sifter)
        return [task async for batch in lister.batches(work) for task in batch]

    def said(self, kind: type[Event]) -> list[Event]:
        """
        The events of a kind.
        """
        return [event for event in self.events if isinstance(event, kind)]


def denied(*operations: str) -> Callable[[Call], Fault | None]:
    """
    Whoever asks for these is denied.
    """
    return lambda call: Fault("AccessDenied", 403) if call.operation in operations else None


async def test_lists_what_is_not_yet_there() -> None:
    """
    What differs becomes a task, what is equal is counted, and the end is said.
    """
    bench = Bench({"a/1": b"x", "a/2": b"yy", "a/3": b"zzz", "b": b""}, {"t/a/1": b"x", "t/a/2": b"other"})

    tasks = await bench.tasks("a", "t")

    assert [(task.key, task.dest_key) for task in tasks] == [("a/2", "t/a/2"), ("a/3", "t/a/3")]
    assert [(said.reason, said.objects, said.nbytes) for said in bench.said(Skipped) if isinstance(said, Skipped)] == [
        (SkipReason.SAME, 1, 1)
    ]
    assert sum(event.objects for event in bench.events if isinstance(event, Listed)) == 3
    assert ListingDone() == bench.events[-1]


async def test_a_path_that_is_a_key_copies_that_object_too() -> None:
    """
    ``a`` beside ``a/``: both belong.
    """
    tasks = await Bench({"a": b"x", "a/1": b"y", "ab": b"z"}).tasks("a", "t")

    assert [(task.key, task.dest_key) for task in tasks] == [("a", "t/a"), ("a/1", "t/a/1")]


async def test_an_exact_key_that_is_there_already_is_skipped() -> None:
    """
    The object of this very name is compared like every other.
    """
    bench = Bench({"a": b"x"}, {"t/a": b"x"})

    assert await bench.tasks("a", "t") == []
    assert [(said.reason, said.objects, said.nbytes) for said in bench.said(Skipped) if isinstance(said, Skipped)] == [
        (SkipReason.SAME, 1, 1)
    ]


async def test_an_exact_key_that_may_not_be_looked_at_is_no_failure() -> None:
    """
    Whether there is such an object is unknown: a note, and the folder is copied.
    """
    bench = Bench({"a/1": b""})
    bench.store.fault = denied("HeadObject")

    assert [task.key for task in await bench.tasks("a")] == ["a/1"]
    assert [event.warning for event in bench.events if isinstance(event, Notice)] == [False]


async def test_a_destination_that_may_not_be_listed_is_said_once() -> None:
    """
    Copying goes on without the check for what is already there.
    """
    bench = Bench({f"a/{number}": b"" for number in range(9)}, {"a/1": b""})
    bench.readers = [MemoryStore(fault=denied("ListObjectsV2", "HeadObject"))]

    tasks = await bench.tasks("a")

    assert len(tasks) == 9
    (notice,) = bench.said(Notice)
    assert isinstance(notice, Notice)
    assert notice.warning
    assert "without the check" in notice.text


async def test_the_second_set_of_credentials_lists_where_the_first_may_not() -> None:
    """
    The first that may list the destination is used from then on.
    """
    bench = Bench({f"a/{number}": b"" for number in range(9)}, {f"a/{number}": b"" for number in range(8)})
    first = MemoryStore(fault=denied("ListObjectsV2", "HeadObject"))
    bench.readers = [first, bench.store]

    assert [task.key for task in await bench.tasks("a/*", "a")] == ["a/8"]
    assert first.count("ListObjectsV2") == 1
    assert bench.said(Notice) == []


async def test_a_source_that_may_not_be_listed_ends_the_run() -> None:
    """
    With what to do about it.
    """
    bench = Bench({"a/1": b""})
    bench.store.fault = denied("ListObjectsV2")

    with pytest.raises(FatalError, match="name the keys with -f or -F"):
        await bench.tasks("a/")


async def test_named_keys_need_no_listing() -> None:
    """
    ``-f`` values are relative to the source as a folder, and keep their relative name.
    """
    bench = Bench({})
    bench.store.fault = denied("ListObjectsV2", "HeadObject")

    tasks = await bench.tasks("x", "t", files=("y.txt", "z/y"))

    assert [CopyTask("x/y.txt", "t/y.txt"), CopyTask("x/z/y", "t/z/y")] == tasks
    assert [Listed(2, 0)] == bench.said(Listed)
    assert bench.store.calls == []


async def test_an_exact_destination_is_the_whole_key() -> None:
    """
    ``-T``: one object, its destination taken as it is.
    """
    assert [CopyTask("a/b", "c")] == await Bench({}).tasks("a/b", "c", exact_dest=True)


async def test_a_named_key_that_s3_cannot_hold_fails_before_its_copy() -> None:
    """
    The destination's length counts, and the others go on.
    """
    bench = Bench({})

    tasks = await bench.tasks("", "t", files=("k" * 1023, "fine"))

    assert [task.key for task in tasks] == ["fine"]
    (failure,) = [event.result for event in bench.events if isinstance(event, ObjectDone)]
    assert failure.code == "InvalidKey"


async def test_a_named_key_fails_where_a_prefix_writes_to_its_name() -> None:
    """
    Two sources must not meet at one destination.
    """
    bench = Bench({"p/sub/a": b""})

    tasks = await bench.tasks("", "t", files=("sub/a",), prefixes=("p/sub",))

    assert [task.key for task in tasks] == ["p/sub/a"]
    (failure,) = [event.result for event in bench.events if isinstance(event, ObjectDone)]
    assert (failure.key, failure.code) == ("sub/a", "InvalidKey")


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"", []),
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb", ["a", "b"]),
        (b"\n\r\n a \n", [" a "]),
        (b"# comment\n#\na#b\n", ["a#b"]),
        (b'"#a"\n"a\\nb"\n"\\u00e9"\n', ["#a", "a\nb", "\u00e9"]),
        (b'"not json\n"a" b\n', ['"not json', '"a" b']),
        (b'"\\"quoted\\""\n', ['"quoted"']),
        (b"caf\xc3\xa9\n\xff\n", ["caf\u00e9", "\udcff"]),
        (b"a\x0bb\x0c\x1cc\xc2\x85d\n", ["a\x0bb\x0c\x1cc\x85d"]),
        (b"a\rb\n", ["a\rb"]),
    ],
)
async def test_reads_a_list_of_keys(tmp_path: Path, data: bytes, keys: list[str]) -> None:
    """
    One key a line; comments and empty lines are left out, JSON strings stand for their value, bytes are kept.
    """
    for mark in (b"", b"\xef\xbb\xbf"):
        path = tmp_path / "list"
        path.write_bytes(mark + data)

        assert keys == [key async for batch in read_keys(str(path)) for key in batch]


async def test_a_long_list_comes_in_batches(tmp_path: Path) -> None:
    """
    At most 1,000 keys a batch, none lost at the seams.
    """
    path = tmp_path / "list"
    path.write_text("".join(f"key-{number}\n" for number in range(12_345)))

    batches = [batch async for batch in read_keys(str(path))]

    assert [f"key-{number}" for number in range(12_345)] == [key for batch in batches for key in batch]
    assert max(map(len, batches)) == 1000


async def test_a_list_that_cannot_be_read_ends_the_run(tmp_path: Path) -> None:
    """
    The path is named.
    """
    with pytest.raises(FatalError, match="none cannot be read"):
        _ = [batch async for batch in read_keys(str(tmp_path / "none"))]


def test_json_that_is_no_string_is_a_key() -> None:
    """
    Only strings are JSON here: numbers and objects are keys as they stand.
    """
    assert parse_lines([b"12\n", b"{}\n", b"null\n"]) == ["12", "{}", "null"]


async def test_named_keys_are_sifted_by_what_they_are_called_below_the_source(tmp_path: Path) -> None:
    """
    Those of a list, too. What is left out counts as done, even if no object can have such a name.
    """
    bench = Bench({"a/x.jpg": b"", "a/b/y.jpg": b""})
    bench.filter = Filter((include("/*.jpg"), include("b/\n*"), exclude("z*")))
    keys = tmp_path / "keys"
    keys.write_text('x.jpg\nb/y.jpg\n"b/\\n1"\nz.jpg\n')

    tasks = await bench.tasks("a", "t", files=("x.jpg", "\udc80", "z.jpg"), files_from=str(keys))

    assert [task.key for task in tasks] == ["a/x.jpg", "a/x.jpg", "a/b/\n1"]
    assert [said.objects for said in bench.said(Skipped) if isinstance(said, Skipped)] == [2, 2]
    assert {said.reason for said in bench.said(Skipped) if isinstance(said, Skipped)} == {SkipReason.FILTERED}
    assert sum(event.objects for event in bench.events if isinstance(event, Listed)) == 7
