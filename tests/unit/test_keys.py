"""
Which keys belong to a run, and what each is called at the destination.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import permutations
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3copy_async.errors import ConfigError
from s3copy_async.keys import (
    Rule,
    RuleIndex,
    WorkArea,
    folder,
    hidden_prefixes,
    key_problem,
    merge,
    path_rule,
)
from s3copy_async.options import Selection
from s3copy_async.selection import folder_of, rules_of, work_of
from s3copy_async.uri import S3Uri


@pytest.mark.parametrize(
    ("path", "base", "key", "dest_key"),
    [
        ("", "", "folder-001/test-001", "folder-001/test-001"),
        ("", "foo/", "folder-001/test-001", "foo/folder-001/test-001"),
        ("*", "foo/", "folder-001/test-001", "foo/folder-001/test-001"),
        ("folder-001", "", "folder-001/test-001", "folder-001/test-001"),
        ("folder-001/", "", "folder-001/test-001", "folder-001/test-001"),
        ("folder-001/*", "", "folder-001/test-001", "test-001"),
        ("a/b", "x/", "a/b/c/d", "x/b/c/d"),
        ("a/b/", "x/", "a/b/c/d", "x/b/c/d"),
        ("a/b/*", "x/", "a/b/c/d", "x/c/d"),
        ("a/b*", "x/", "a/b1/c", "x/b1/c"),
        ("a/b*", "x/", "a/b.txt", "x/b.txt"),
        ("a/b*", "x/", "a/b", "x/b"),
        ("b*", "x/", "b1", "x/b1"),
        ("a", "", "a//b", "a//b"),
    ],
)
def test_the_table_of_the_specification(path: str, base: str, key: str, dest_key: str) -> None:
    """
    Paths behave like ``cp -r``, with one ``*`` at the end.
    """
    rule = path_rule(path)

    assert key.startswith(rule.prefix)
    assert dest_key == rule.dest_key(base, key)
    assert dest_key.startswith(rule.image(base))


@pytest.mark.parametrize(
    ("path", "key"), [("a/b", "a/b1"), ("a/b/", "a/b"), ("a/b/*", "a/b"), ("a/b*", "a/c"), ("a", "ab")]
)
def test_neighbours_do_not_belong(path: str, key: str) -> None:
    """
    A path without ``*`` is a folder, never the beginning of a name.
    """
    assert not key.startswith(path_rule(path).prefix)


@pytest.mark.parametrize(
    ("path", "exact"), [("a/b", "a/b"), ("a/b/", None), ("a/b/*", None), ("a/b*", None), ("", None)]
)
def test_a_path_may_be_a_key_itself(path: str, exact: str | None) -> None:
    """
    Only a path without slash or ``*`` at its end names an object of this very key.
    """
    assert exact == path_rule(path).exact


@pytest.mark.parametrize("path", ["a*b", "*a", "a/*/b", "a**", "*/*"])
def test_a_star_stands_at_the_end_only(path: str) -> None:
    """
    Any other pattern is refused.
    """
    with pytest.raises(ValueError, match="single \\* at the end"):
        path_rule(path)


@pytest.mark.parametrize(("path", "expected"), [("", ""), ("*", ""), ("a", "a/"), ("a/", "a/"), ("a/*", "a/")])
def test_files_are_relative_to_the_source_as_a_folder(path: str, expected: str) -> None:
    """
    The source path is a folder for ``-f`` and ``-p``, with or without its slash.
    """
    assert expected == folder(path)


@pytest.mark.parametrize("path", ["a*", "a/b*", "a*/b"])
def test_a_pattern_names_no_folder(path: str) -> None:
    """
    Keys cannot be relative to the beginning of a name.
    """
    with pytest.raises(ValueError, match=r"\*"):
        folder(path)


def test_a_prefix_inside_another_is_merged() -> None:
    """
    No object is listed twice.
    """
    outer, inner, other = path_rule("a*"), path_rule("ab/"), path_rule("c")

    merged = merge([inner, other, outer, outer], "x/")

    assert (outer, other) == merged.kept
    assert ((inner, outer),) == merged.inside


def test_a_prefix_inside_another_keeps_the_outer_ones_names() -> None:
    """
    ``a`` and ``a/b`` together: what lies below ``a/b`` is called as ``a`` calls it.
    """
    merged = merge([path_rule("a"), path_rule("a/b")], "x/")

    assert (path_rule("a"),) == merged.kept
    assert ((path_rule("a/b"), path_rule("a")),) == merged.inside


@pytest.mark.parametrize(
    "paths",
    [("a/*", "b/*"), ("a/x", "b/x"), ("a/x/", "b/x"), ("a/*", "c/b*"), ("", "a/*"), ("a/*", "a/b/*"), ("a/b", "a/c/*")],
)
def test_prefixes_whose_images_overlap_are_refused(paths: tuple[str, str]) -> None:
    """
    Two sources could get the same name at the destination.
    """
    for order in (paths, paths[::-1]):
        with pytest.raises(ValueError, match="would both write below"):
            merge([path_rule(path) for path in order], "x/")


@pytest.mark.parametrize("paths", [("a/x", "b/y"), ("a/x1*", "b/x2*"), ("a", "ab"), ("a/b", "a/c")])
def test_prefixes_with_places_of_their_own_are_kept(paths: tuple[str, str]) -> None:
    """
    Where names cannot meet, all prefixes are listed.
    """
    assert {path_rule(path) for path in paths} == set(merge([path_rule(path) for path in paths], "x/").kept)


def test_a_key_finds_its_rule() -> None:
    """
    Among many prefixes the one that covers a key is found, its exact key included.
    """
    rules = [path_rule("a/b"), path_rule("a/c/"), path_rule("d*")]
    index = RuleIndex(rules)

    assert [rules[0], rules[0], rules[1], rules[2], None, None, None] == [
        index.find(key) for key in ("a/b", "a/b/x", "a/c/x", "dx", "a/c", "a/bx", "0")
    ]


def clash(rules: Sequence[Rule], base: str, key: str, dest_key: str) -> Rule | None:
    """
    What `RuleIndex.clash` finds, found by a look at every rule.
    """
    for rule in rules:
        covers = dest_key.startswith(rule.image(base)) or dest_key == rule.dest_key(base, rule.exact or rule.prefix)
        if covers and not (key.startswith(rule.prefix) and rule.dest_key(base, key) == dest_key):
            return rule
    return None


def test_a_named_file_clashes_with_a_prefix_that_writes_to_its_name() -> None:
    """
    ``-f`` and ``-p`` may name the same object, but not two objects for one place.
    """
    rules = [path_rule("in/p/sub")]
    index = RuleIndex(rules)

    assert rules[0] == index.clash("x/", "in/sub/a", "x/sub/a")
    assert index.clash("x/", "in/other/a", "x/other/a") is None
    assert RuleIndex([path_rule("in")]).clash("x/", "in/a", "x/in/a") is None


PATHS: Final = st.text(st.sampled_from("ab/"), max_size=5).map(lambda text: text.lstrip("/"))


@settings(max_examples=300)
@given(
    paths=st.lists(st.tuples(PATHS, st.booleans()), max_size=6),
    base=st.sampled_from(["", "x/", "a/"]),
    names=st.lists(st.tuples(PATHS, PATHS), min_size=1, max_size=10),
)
def test_an_index_finds_what_a_look_at_every_rule_finds(
    paths: list[tuple[str, bool]], base: str, names: list[tuple[str, str]]
) -> None:
    """
    Which rule a key belongs to, and which would write to its destination.
    """
    rules: tuple[Rule, ...] = ()
    for path, star in paths:
        with suppress(ValueError):
            rules = merge([*rules, path_rule(path + "*" * star)], base).kept
    index = RuleIndex(rules)

    for key, name in names:
        covering = [rule for rule in rules if key.startswith(rule.prefix) or key == rule.exact]
        assert covering == [rule for rule in [index.find(key)] if rule]
        for dest_key in (base + name, base + key, *(rule.dest_key(base, key) for rule in covering)):
            # Two rules may both be in the way; which of them is named matters to nobody.
            one, other = clash(rules, base, key, dest_key), index.clash(base, key, dest_key)
            assert (one is None) == (other is None)
            assert other is None or clash([other], base, key, dest_key) == other


def test_an_index_looks_at_few_of_many_rules() -> None:
    """
    For each of a million keys, a million prefixes are not gone through.
    """
    looks = 0

    class Counted(str):
        __slots__ = ()

        def __lt__(self, other: str) -> bool:
            nonlocal looks
            looks += 1
            return str.__lt__(self, other)

        def startswith(self, *args: Any) -> bool:
            nonlocal looks
            looks += 1
            return str.startswith(self, *args)

    rules = merge([path_rule(f"in/{number:05}") for number in range(10_000)], "x/").kept
    index = RuleIndex(rules)
    index.clash("x/", "in/a", "x/a")

    for number in range(0, 10_000, 100):
        key, other = Counted(f"in/{number:05}/a"), Counted(f"x/{number:05}/a")
        assert index.find(key) == index.clash("x/", Counted("in/b"), other) == rules[number]

    assert looks < 100 * 100


@pytest.mark.parametrize(
    ("path", "base", "hidden"),
    [
        ("", "temp/dest/", ("temp/dest/",)),
        ("a", "a/copy/", ("a/copy/",)),
        ("a", "b/", ()),
        ("a/b*", "a/", ()),
        ("a*", "ab/", ("ab/",)),
        ("a/b*", "", ()),
        ("a*", "", ()),
        ("", "", ()),
        ("a/*", "a/", ()),
    ],
)
def test_the_destination_below_the_source_is_hidden(path: str, base: str, hidden: tuple[str, ...]) -> None:
    """
    Where a run writes below what it lists, that is no source; an unchanged place hides nothing.
    """
    assert hidden == hidden_prefixes([path_rule(path)], base)


@pytest.mark.parametrize("key", ["a", "k" * 1024, "\u20ac" * 341 + "k", "/", "\x01"])
def test_s3_can_hold(key: str) -> None:
    """
    Up to 1,024 bytes of UTF-8, whatever they are.
    """
    assert key_problem(key) is None


@pytest.mark.parametrize("key", ["", "k" * 1025, "\u20ac" * 342, "a\udcff"])
def test_s3_cannot_hold(key: str) -> None:
    """
    Not an empty key, none of more than 1,024 bytes, none that is no UTF-8.
    """
    assert key_problem(key)


@pytest.mark.parametrize(
    "key",
    [
        "temp/path/to/file/1a2b3c4/parts/part-00001",
        "temp/path/to/file/1a2b3c4/parts/temp-10000",
        "temp/a\nb/1a2b3c4/parts/part-00001",
        "temp/x/1a2b3c4/parts/part-00001/1a2b3c4/parts/temp-00002",
    ],
)
def test_the_work_area_is_recognised(key: str) -> None:
    """
    Objects named by the specification's form are ours.
    """
    assert key in WorkArea("temp/")


@pytest.mark.parametrize(
    "key",
    [
        "temp/mine.txt",
        "temp/a/parts/x",
        "temp/a/1a2b3c4/parts/x",
        "temp/a/1A2B3C4/parts/part-00001",
        "temp/a/1a2b3c/parts/part-00001",
        "temp/a/1a2b3c4/parts/part-1",
        "temp/a/1a2b3c4/parts/part-00001\n",
        "temp/a/1a2b3c4/parts/part-00001x",
        "temp/1a2b3c4/parts/part-00001",
        "xtemp/a/1a2b3c4/parts/part-00001",
        "other/a/1a2b3c4/parts/part-00001",
        "temp/dest/a",
    ],
)
def test_a_users_own_objects_below_the_work_prefix_are_ordinary(key: str) -> None:
    """
    Nothing but our own form is hidden, however similar.
    """
    assert key not in WorkArea("temp/")


def test_a_work_prefix_is_no_pattern() -> None:
    """
    Characters that mean something in patterns mean themselves.
    """
    assert "t.*/a/1a2b3c4/parts/part-00001" in WorkArea("t.*/")
    assert "txx/a/1a2b3c4/parts/part-00001" not in WorkArea("t.*/")


def selection(source: str, dest: str = "s3://out/x", **settings: object) -> Selection:
    """
    A selection between these places.
    """
    return Selection(S3Uri.parse(source), S3Uri.parse(dest), **settings)  # type: ignore[arg-type]


def test_files_alone_list_nothing() -> None:
    """
    With ``-f`` no prefix is listed, and files are relative to the source as a folder.
    """
    work = work_of(selection("s3://in/a", files=("b", "c/d")))

    assert (work.rules, work.folder, work.files) == ((), "a/", ("b", "c/d"))


def test_prefixes_go_through_the_table() -> None:
    """
    ``-p`` values follow the same rules as the source path.
    """
    rules = rules_of(selection("s3://in/a", prefixes=("b", "c/d/", "c/e*"))).kept

    assert (Rule("a/b/", 2, "a/b"), Rule("a/c/d/", 4), Rule("a/c/e", 4)) == rules


@pytest.mark.parametrize(("path", "expected"), [("", ""), ("x", "x/"), ("x/", "x/"), ("x/y", "x/y/")])
def test_a_destination_is_a_folder(path: str, expected: str) -> None:
    """
    A slash is added where it lacks.
    """
    assert expected == folder_of(path)


def test_overlapping_prefixes_are_wrong_usage() -> None:
    """
    The command line says so before anything is touched.
    """
    with pytest.raises(ConfigError, match="would both write"):
        rules_of(selection("s3://in", prefixes=("a/*", "b/*")))


def test_the_rules_of_a_selection_are_made_once() -> None:
    """
    There may be a million, and they are asked for several times before a run begins.
    """
    chosen = selection("s3://in/a", prefixes=("b", "c/d/"))

    assert rules_of(chosen) is rules_of(chosen)
    assert work_of(chosen).rules is rules_of(chosen).kept


def test_a_rule_is_the_same_whatever_the_order_of_prefixes() -> None:
    """
    Of two rules for one prefix the one that also covers the key without its slash is kept.
    """
    rules = [path_rule(path) for path in ("a/b", "a/b/", "a/c", "a/b/d")]

    kept = {merge(order, "x/").kept for order in permutations(rules)}

    assert kept == {(path_rule("a/b"), path_rule("a/c"))}
