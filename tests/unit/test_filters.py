"""
Which objects are wanted.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from s3copy_async.columns import Columns
from s3copy_async.filter_rules import filter_problems, misplaced
from s3copy_async.filters import Sieve, narrowed
from s3copy_async.model import PROOF_OF, ObjectInfo, SkipReason
from s3copy_async.options import Filter, Glob, Options, Selection, exclude, include
from s3copy_async.selection import names_below, root_of, rules_of, work_of
from s3copy_async.uri import S3Uri
from s3copy_async.validate import problems


def wanted(globs: Sequence[Glob], *names: str) -> list[str]:
    """
    The names that globs select.
    """
    chosen = Sieve(Filter(tuple(globs))).mask_names(names)
    return [name for name, yes in zip(names, chosen, strict=True) if yes]


def chosen(filtered: Filter, *objects: ObjectInfo) -> list[str]:
    """
    The keys of the objects that a filter selects.
    """
    mask = Sieve(filtered).mask([found.key for found in objects], Columns.of(objects))
    return [found.key for found, yes in zip(objects, mask, strict=True) if yes]


def test_without_filters_everything_is_wanted() -> None:
    """
    And nobody has to look: neither at names nor at objects.
    """
    sieve = Sieve(Filter())

    assert (Filter().is_on, sieve.is_on, sieve.by_name, sieve.prefixes()) == (False, False, False, ("",))
    assert sieve.mask((), Columns.of([ObjectInfo("a", 1, "")] * 3)) == [True] * 3
    assert sieve.mask_names(["a", ""]) == [True, True]


def test_a_limit_alone_leaves_nothing_out() -> None:
    """
    It ends a run, and does not choose.
    """
    assert not Filter(limit=3).is_on
    assert not Sieve(Filter(limit=3)).is_on
    assert Filter(limit=3, min_size=1).is_on


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        ([include("*.jpg")], ["x.jpg", "tmp/y.jpg"]),
        ([exclude("*.jpg")], ["a", "tmp/b"]),
        ([exclude("tmp/")], ["a", "x.jpg"]),
        ([include("*.jpg"), exclude("tmp/")], ["x.jpg"]),
        ([exclude("tmp/"), include("*.jpg")], ["a", "x.jpg", "tmp/y.jpg"]),
        ([exclude("*"), include("*.jpg")], ["x.jpg", "tmp/y.jpg"]),
        ([include("*.jpg"), exclude("**")], []),
        ([include("*.jpg"), exclude("**"), include("a")], ["a"]),
        ([exclude("*.jpg"), include("**")], ["a", "x.jpg", "tmp/b", "tmp/y.jpg"]),
        ([include("**"), exclude("a")], ["x.jpg", "tmp/b", "tmp/y.jpg"]),
        ([exclude("*"), exclude("x.jpg"), include("*.jpg")], ["x.jpg", "tmp/y.jpg"]),
        ([exclude("*")], []),
        ([include("none")], []),
        ([include("a"), include("b")], ["a", "tmp/b"]),
        ([include("*.jpg"), exclude("tmp/"), include("y.*"), exclude("x*")], ["tmp/y.jpg"]),
    ],
)
def test_the_last_glob_that_matches_decides(globs: list[Glob], expected: list[str]) -> None:
    """
    What matches none is wanted, unless the first is an include.
    """
    assert expected == wanted(globs, "a", "x.jpg", "tmp/b", "tmp/y.jpg")


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        ([include("/2026/01/**")], ("2026/01/",)),
        ([include("2026/**/*.gz")], ("2026/",)),
        ([include("/b/**"), include("/a/**")], ("a/", "b/")),
        ([include("/a/**"), include("/a/b/**")], ("a/",)),
        ([include("/{b,a}/**")], ("a/", "b/")),
        ([include("/a/**"), exclude("*.tmp"), include("/c/x")], ("a/", "c/x")),
        ([include("/a/**"), include("*.gz")], ("",)),
        ([include("*.gz")], ("",)),
        ([exclude("/a/**")], ("",)),
        ([exclude("/a/**"), include("/b/**")], ("",)),
        ([exclude("*"), include("/b/**")], ("b/",)),
        ([include("/a/**"), exclude("**"), include("/b/**")], ("b/",)),
        ([include("/a/**"), include("**")], ("",)),
        ([exclude("*")], ()),
        ([include("/a/**"), exclude("*")], ()),
        ([], ("",)),
    ],
)
def test_listings_can_be_narrowed(globs: list[Glob], expected: tuple[str, ...]) -> None:
    """
    Where only what is included is wanted, and this begins with a text that is known.
    """
    assert expected == Sieve(Filter(tuple(globs))).prefixes()


@pytest.mark.parametrize(
    ("prefix", "root", "names", "expected"),
    [
        ("", "", ("",), ("",)),
        ("a/", "a/", ("",), ("a/",)),
        ("a/", "a/", ("b/", "c/"), ("a/b/", "a/c/")),
        ("a/b", "a/", ("b1/", "c/"), ("a/b1/",)),
        ("a/b1/", "a/", ("b", "c/"), ("a/b1/",)),
        ("a/b1/", "a/", ("c/",), ()),
        ("a/", "a/", (), ()),
        ("", "", ("x" * 1025, "y" * 1024), ("y" * 1024,)),
    ],
)
def test_what_is_listed_instead(prefix: str, root: str, names: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """
    What both the selection and the globs may want.
    """
    assert expected == narrowed(prefix, root, names)


@pytest.mark.parametrize(
    ("path", "prefixes", "key", "name"),
    [
        ("", None, "a/b/c", "a/b/c"),
        ("*", None, "a/b/c", "a/b/c"),
        ("a/b", None, "a/b/c/d", "c/d"),
        ("a/b/", None, "a/b/c/d", "c/d"),
        ("a/b/*", None, "a/b/c/d", "c/d"),
        ("a/b*", None, "a/b1/c", "b1/c"),
        ("a/b*", None, "a/b", "b"),
        ("b*", None, "b1", "b1"),
        ("a/b", None, "a/b", "b"),
        ("b", None, "b", "b"),
        ("a/b", None, "a/b/", ""),
        ("a", ("b",), "a/b/c", "b/c"),
        ("a/*", ("b",), "a/b/c", "b/c"),
        ("a", ("b",), "a/b", "b"),
        ("a", ("b/c",), "a/b/c", "b/c"),
        ("a", ("b/c*",), "a/b/cd", "b/cd"),
        ("", ("a/b",), "a/b/c", "a/b/c"),
        ("a\n", None, "a\n/\udc80\n", "\udc80\n"),
    ],
)
def test_globs_see_what_follows_the_source_path(
    path: str, prefixes: tuple[str, ...] | None, key: str, name: str
) -> None:
    """
    Named prefixes leave their names whole. An object that is the source path itself has its last element for a name.
    """
    selection = Selection(S3Uri("in", path), S3Uri("out"), prefixes=prefixes)

    assert [name] == names_below(root_of(selection), [key])
    assert work_of(selection).root == root_of(selection)
    assert all(rule.prefix.startswith(root_of(selection)) for rule in rules_of(selection).kept)


def test_sizes_are_inclusive() -> None:
    """
    On both sides.
    """
    objects = [ObjectInfo(str(size), size, "") for size in range(5)]

    assert chosen(Filter(min_size=2), *objects) == ["2", "3", "4"]
    assert chosen(Filter(max_size=2), *objects) == ["0", "1", "2"]
    assert chosen(Filter(max_size=0), *objects) == ["0"]
    assert chosen(Filter(min_size=1, max_size=3), *objects) == ["1", "2", "3"]


def test_times_are_exclusive_and_an_unknown_one_is_on_neither_side() -> None:
    """
    0 is what an unknown time is written as.
    """
    objects = [ObjectInfo(str(time), 0, "", time) for time in range(5)]

    assert chosen(Filter(newer_than=2), *objects) == ["3", "4"]
    assert chosen(Filter(older_than=2), *objects) == ["1"]
    assert chosen(Filter(newer_than=1, older_than=4), *objects) == ["2", "3"]
    assert chosen(Filter(newer_than=-5), *objects) == ["1", "2", "3", "4"]


def test_an_object_without_a_class_is_standard() -> None:
    """
    Stores leave the usual one out.
    """
    objects = [ObjectInfo(name or "none", 0, "", storage_class=name) for name in ("", "STANDARD", "GLACIER", "MINE")]

    assert chosen(Filter(storage_classes=("STANDARD",)), *objects) == ["none", "STANDARD"]
    assert chosen(Filter(storage_classes=("GLACIER", "MINE")), *objects) == ["GLACIER", "MINE"]


def test_all_filters_have_to_agree() -> None:
    """
    Names, sizes, times and classes.
    """
    filtered = Filter((include("*.jpg"),), min_size=2, newer_than=5, storage_classes=("STANDARD",))
    good = ObjectInfo("a.jpg", 2, "", 6)

    assert chosen(
        filtered,
        good,
        good._replace(key="a.png"),
        good._replace(size=1),
        good._replace(modified=5),
        good._replace(storage_class="GLACIER"),
    ) == ["a.jpg"]


def test_names_are_not_asked_for_where_they_do_not_matter() -> None:
    """
    A page is sifted without them.
    """
    sieve = Sieve(Filter((include("**"),), max_size=1))

    assert (sieve.by_name, sieve.is_on) == (False, True)
    assert sieve.mask((), Columns.of([ObjectInfo("a", 1, ""), ObjectInfo("b", 2, "")])) == [True, False]


@pytest.mark.parametrize(
    ("filtered", "expected"),
    [
        (Filter(), []),
        (Filter((include("*"),), 1, 1, 1.0, 2.0, ("STANDARD",), 1), []),
        (Filter((include("[a"), exclude(""))), ["include", "exclude"]),
        (Filter(min_size=-1), ["min_size"]),
        (Filter(min_size=2, max_size=1), ["min_size"]),
        (Filter(max_size=-1), ["min_size"]),
        (Filter(newer_than=2, older_than=1), ["newer_than"]),
        (Filter(newer_than=1, older_than=1), ["newer_than"]),
        (Filter(newer_than=float("nan")), ["newer_than"]),
        (Filter(older_than=float("inf")), ["newer_than"]),
        (Filter(storage_classes=("A", "")), ["storage_classes"]),
        (Filter(limit=0), ["limit"]),
    ],
)
def test_what_is_wrong_with_a_filter(filtered: Filter, expected: list[str]) -> None:
    """
    Each setting is named.
    """
    found = list(filter_problems(filtered))

    assert expected == [name for name, _ in found]
    assert all(text and "\n" not in text for _, text in found)
    assert [f"filter.{name}" for name in expected] == [problem.setting for problem in problems(filtered)]


EVERYTHING = Filter((include("a"), exclude("b"), include("c")), 1, 9, 1.0, 2.0, ("STANDARD",), 5)
ATTRIBUTES = ["min_size", "max_size", "newer_than", "older_than", "storage_classes"]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(S3Uri("in"), S3Uri("out")), []),
        (Selection(S3Uri("in"), S3Uri("out"), prefixes=("a",)), []),
        (Selection(S3Uri("in"), S3Uri("out"), files=("a",)), ATTRIBUTES),
        (Selection(S3Uri("in"), S3Uri("out"), files_from="-", prefixes=("a",)), ATTRIBUTES),
        (
            Selection(S3Uri("in", "a"), S3Uri("out", "b"), exact_dest=True),
            ["include", "exclude", *ATTRIBUTES, "limit"],
        ),
        (Selection(S3Uri("in", "a"), S3Uri("out"), version_id="v"), ["include", "exclude", *ATTRIBUTES, "limit"]),
    ],
)
def test_where_filters_cannot_be_used(selection: Selection, expected: list[str]) -> None:
    """
    Named keys are not listed, and one object is chosen already.
    """
    assert expected == [name for name, _ in misplaced(EVERYTHING, selection)]
    assert list(misplaced(Filter(), selection)) == []
    assert [f"filter.{name}" for name in expected] == [
        problem.setting for problem in problems(Options(selection, filter=EVERYTHING))
    ]


def test_what_the_filters_leave_out_is_no_proof() -> None:
    """
    Nobody looked at its destination.
    """
    assert SkipReason.FILTERED not in PROOF_OF
