"""
What waits to be deleted: on disk, in full, and gone afterwards.
"""

from __future__ import annotations

import errno
import io
import tempfile
from pathlib import Path

import pytest

from s3copy_async.candidates import Candidate, Candidates, Total, is_deletable
from s3copy_async.compare import Scope
from s3copy_async.delete_rules import endangered
from s3copy_async.errors import FatalError
from s3copy_async.keys import Rule, RuleIndex, WorkArea, hidden_prefixes, path_rule
from s3copy_async.model import ObjectInfo

HOSTILE = ["x\ny", "x\0", "\udcff", "\ud800", "\U0010ffff", "x\r\n", " ", "a" * 2000]


def scope_of(*paths: str, base: str = "", same: bool = False) -> Scope:
    """
    A run from ``in`` to ``out``, or inside one bucket.
    """
    rules = tuple(path_rule(path) for path in paths)
    hidden = hidden_prefixes(rules, base) if same else ()
    return Scope("in", "in" if same else "out", base, RuleIndex(rules), WorkArea("temp/"), hidden)


def candidates(
    *paths: str, base: str = "", limit: int | None = None, keeps_all: bool = False, folder: str | None = None
) -> Candidates:
    """
    Those of a run with these source paths.
    """
    rules = [path_rule(path) for path in paths]
    return Candidates(rules, scope_of(*paths, base=base), limit, keeps_all=keeps_all, folder=folder)


def objects(*keys: str, size: int = 3) -> list[ObjectInfo]:
    """
    What a listing shows.
    """
    return [ObjectInfo(key, size, "e") for key in keys]


def all_of(found: Candidates) -> list[Candidate]:
    """
    Every candidate.
    """
    return [one for batch in found.batches() for one in batch]


def test_keys_come_back_as_they_were_in_the_order_in_which_they_came() -> None:
    """
    Line ends, NUL, and what is not even Unicode.
    """
    with candidates("*") as found:
        found.has_source(0)
        for at, key in enumerate(HOSTILE):
            found.add(0, objects(key, size=at << 40))

        assert all_of(found) == [Candidate(key, at << 40) for at, key in enumerate(HOSTILE)]
        assert found.total == Total(len(HOSTILE), sum(at << 40 for at in range(len(HOSTILE))))


def test_batches_are_as_large_as_one_request_can_be() -> None:
    """
    1,000, and the rest.
    """
    with candidates("*") as found:
        found.has_source(0)
        for page in range(5):
            found.add(0, objects(*(f"{page}-{number:03}" for number in range(450))))

        assert [len(batch) for batch in found.batches()] == [1000, 1000, 250]
        assert [len(batch) for batch in found.batches()] == [1000, 1000, 250]


def test_a_rule_without_a_source_has_no_candidates() -> None:
    """
    It is known, and how much it leaves; a source that shows itself late counts all the same.
    """
    with candidates("a", "b", "c", base="x/") as found:
        found.add(0, objects("x/a/1"))
        found.add(1, objects("x/b/1", "x/b/2", size=5))
        found.has_source(2)
        assert (found.total, [rule.prefix for rule, _ in found.without_source()]) == (Total(), ["a/", "b/"])
        assert all_of(found) == []

        found.has_source(1)
        found.has_source(1)
        found.add(1, objects("x/b/3", size=5))

        assert found.total == Total(3, 15)
        assert [(rule.prefix, number) for rule, number in found.without_source()] == [("a/", 1)]
        assert [key for key, _ in all_of(found)] == ["x/b/1", "x/b/2", "x/b/3"]


def test_above_the_limit_they_are_only_counted() -> None:
    """
    All are counted, and those on disk are bounded.
    """
    with candidates("*", limit=10) as found:
        found.has_source(0)
        found.add(0, objects(*(f"{number:02}" for number in range(10))))
        assert not found.is_over
        found.add(0, objects("10"))
        assert found.is_over
        found.add(0, objects("11", "12", size=7))

        assert found.total == Total(13, 47)
        assert len(all_of(found)) == 10


def test_a_rule_without_a_source_does_not_use_up_the_limit() -> None:
    """
    Nor does it hide that another is over it, once its source is seen.
    """
    with candidates("a", "b", base="x/", limit=2) as found:
        for number in range(5):
            found.add(0, objects(f"x/a/{number}"))
        found.add(1, objects("x/b/1", "x/b/2"))
        found.has_source(1)
        assert (found.is_over, [key for key, _ in all_of(found)]) == (False, ["x/b/1", "x/b/2"])

        found.has_source(0)

        assert (found.is_over, found.total.objects) == (True, 7)


def test_a_dry_run_keeps_all() -> None:
    """
    However many.
    """
    with candidates("*", limit=1, keeps_all=True) as found:
        found.has_source(0)
        for number in range(5):
            found.add(0, objects(f"{number}"))

        assert (found.is_over, [key for key, _ in all_of(found)]) == (True, ["0", "1", "2", "3", "4"])


def test_without_a_limit_there_is_never_too_much() -> None:
    """
    None is any number.
    """
    with candidates("*") as found:
        found.has_source(0)
        found.add(0, objects(*map(str, range(5000))))

        assert not found.is_over


def test_what_may_not_be_deleted_is_left_out_whoever_names_it() -> None:
    """
    The work area, and what lies elsewhere.
    """
    with candidates("a/b", base="foo/") as found:
        found.has_source(0)
        found.add(0, objects("foo/b", "foo/bb", "foo/b/1", "foo/c/1", "b/1", "temp/b/1234567/parts/temp-00001"))

        assert (found.total.objects, [key for key, _ in all_of(found)]) == (1, ["foo/b/1"])


def test_nothing_is_on_disk_before_there_is_something_to_keep(tmp_path: Path) -> None:
    """
    A run whose destination has nothing more than its source needs no place.
    """
    with candidates("*", folder=str(tmp_path / "missing")) as found:
        found.has_source(0)
        found.add(0, [])
        found.check()

        assert all_of(found) == []


@pytest.mark.parametrize("ends", ["close", "error"])
def test_the_file_is_gone_afterwards(tmp_path: Path, ends: str) -> None:
    """
    Where the system has files without a name, nobody ever sees it; and it is closed, however the run ends.
    """
    found = candidates("*", folder=str(tmp_path))
    with pytest.raises(KeyError) if ends == "error" else found, found:
        found.add(0, objects("a"))
        file = found._file
        assert file is not None
        if ends == "error":
            raise KeyError

    assert file.closed
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_no_end_of_the_listing(tmp_path: Path) -> None:
    """
    What can be copied is; but then it is said, and nothing is deleted.
    """
    with candidates("*", folder=str(tmp_path / "missing")) as found:
        found.has_source(0)
        found.add(0, objects("a"))
        found.add(0, objects("b"))

        with pytest.raises(FatalError, match=r"nothing was deleted: .*missing.*No such file.*TMPDIR"):
            found.check()
        with pytest.raises(FatalError):
            all_of(found)
        assert found.total.objects == 2


class Full(io.BytesIO):
    """
    A disk with room for some bytes, or a file that cannot be read again.
    """

    def __init__(self, room: int, *, readable: bool = True) -> None:
        super().__init__()
        self._room = room
        self._readable = readable

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        """
        Fails once it is full.
        """
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)

    def read(self, size: int | None = -1, /) -> bytes:
        """
        Fails if it is to.
        """
        if not self._readable:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


@pytest.mark.parametrize(
    ("file", "words"), [(Full(30), "No space left"), (Full(10**6, readable=False), "Input/output")]
)
def test_a_full_or_broken_disk_deletes_nothing(monkeypatch: pytest.MonkeyPatch, file: Full, words: str) -> None:
    """
    Not even what was kept before.
    """
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: file)
    with candidates("*") as found:
        found.has_source(0)
        found.add(0, objects("a"))
        found.add(0, objects("b"))

        with pytest.raises(FatalError, match=f"nothing was deleted: .*{words}"):
            all_of(found)


def test_who_cannot_know_what_there_is_says_so() -> None:
    """
    The first reason is the one that is told.
    """
    with candidates("*") as found:
        found.has_source(0)
        found.add(0, objects("a"))
        found.give_up("s3://out may not be listed")
        found.give_up("another")

        with pytest.raises(FatalError, match=r"nothing was deleted: s3://out may not be listed$"):
            found.check()


@pytest.mark.parametrize(
    ("paths", "base", "key", "expected"),
    [
        (["*"], "backup/", "backup/x", True),  # below the source, and hidden from it
        (["*"], "backup/", "x", False),  # not where this run writes
        (["a"], "b/", "b/a/x", True),
        (["a"], "b/", "b/x", False),
        (["a/b/*"], "a/", "a/b/x", False),  # the destination covers the source
        (["a/b/*"], "a/", "a/x", True),
        (["a", "out/*"], "out/", "out/a/x", False),  # where one rule writes, another reads
        (["a", "z"], "temp/", "temp/a/k/1234567/parts/part-00001", False),
    ],
)
def test_inside_one_bucket_a_source_is_never_deleted(paths: list[str], base: str, key: str, *, expected: bool) -> None:
    """
    Whatever a rule covers stays, unless it is hidden because this run writes there.
    """
    scope = scope_of(*paths, base=base, same=True)

    assert is_deletable(key, path_rule(paths[0]), scope) is expected


def test_between_two_buckets_a_source_of_that_name_does_not_matter() -> None:
    """
    They are other objects.
    """
    scope = scope_of("a/b/*", base="a/")

    assert is_deletable("a/b/x", path_rule("a/b/*"), scope)


@pytest.mark.parametrize(
    ("paths", "base", "found"),
    [
        (["*"], "backup/", None),
        (["a"], "temp/dest/", None),
        (["a"], "", ("a/", "a/")),  # onto itself
        (["*"], "", ("", "")),
        (["a/b/*"], "a/", ("a/", "a/b/")),
        (["a/b/*"], "", ("", "a/b/")),
        (["a/b"], "a/x/", None),
        (["a/b*"], "a/b/c/", None),
        (["a", "b"], "b/x/", None),  # hidden: below what is listed
        (["a", "out/*"], "out/", ("out/a/", "out/")),
        (["x/a*"], "y/", None),
        (["y/a*"], "y/", ("y/a", "y/a")),
    ],
)
def test_a_destination_and_a_source_that_cover_one_another_are_found(
    paths: list[str], base: str, found: tuple[str, str] | None
) -> None:
    """
    With the two places that do.
    """
    rules: list[Rule] = [path_rule(path) for path in paths]

    assert endangered(rules, base, hidden_prefixes(rules, base)) == found
