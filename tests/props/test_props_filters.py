"""
Properties of filters over all patterns and names.
"""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from s3copy_async.columns import Columns
from s3copy_async.filters import Sieve, narrowed
from s3copy_async.model import ObjectInfo
from s3copy_async.options import Filter, Glob, GlobKind

PATTERN = st.lists(
    st.sampled_from(["a", "b", "/", "*", "**", "**/", "?", "[ab]", "[!a]", "\\*", "a/", "\n"]), min_size=1, max_size=9
).map("".join)
BRACES = st.builds(
    "{}{{{},{}}}{}".format, st.sampled_from(["", "/", "a/"]), PATTERN, PATTERN, st.sampled_from(["", "a"])
)
NAME = st.text(st.sampled_from("ab/*\n"), max_size=9)


def is_glob(glob: Glob) -> bool:
    """
    Whether there is nothing wrong with a glob.
    """
    try:
        Sieve(Filter((glob,)))
    except ValueError:
        return False
    return True


GLOBS = st.lists(
    st.builds(Glob, st.sampled_from(list(GlobKind)), st.one_of(PATTERN, BRACES)).filter(is_glob),
    max_size=5,
).map(tuple)

quick = settings(deadline=None, max_examples=400)


def plainly_matches(pattern: str, name: str) -> bool:
    """
    The same by trying everything, for patterns without braces.
    """
    if pattern.endswith("/"):
        pattern += "**"
        anchored = "/" in pattern[:-3]
    else:
        anchored = "/" in pattern
    pattern = pattern.removeprefix("/") if anchored else "**/" + pattern

    @cache
    def rest(at: int, to: int) -> bool:
        text, left = pattern[at:], name[to:]
        if not text:
            return not left
        if text.startswith("**"):
            after = at + len(text) - len(text.lstrip("*"))
            starts = at == 0 or pattern[at - 1] == "/"
            if starts and pattern[after : after + 1] == "/":
                folders = [to, *(spot + 1 for spot in range(to, len(name)) if name[spot] == "/")]
                return any(rest(after + 1, spot) for spot in folders)
            return any(rest(after, spot) for spot in range(to, len(name) + 1))
        if text[0] == "*":
            stop = left.find("/") if "/" in left else len(left)
            return any(rest(at + 1, to + number) for number in range(stop + 1))
        if not left:
            return False
        for piece, fits in (("?", left[0] != "/"), ("[ab]", left[0] in "ab"), ("[!a]", left[0] not in "a/")):
            if text.startswith(piece):
                return fits and rest(at + len(piece), to + 1)
        if text[0] == "\\":
            return text[1] == left[0] and rest(at + 2, to + 1)
        return text[0] == left[0] and rest(at + 1, to + 1)

    return rest(0, 0)


@settings(deadline=None, max_examples=3000)
@given(PATTERN.filter(lambda pattern: pattern != "/"), NAME)
def test_a_pattern_matches_what_it_plainly_matches(pattern: str, name: str) -> None:
    """
    Nothing is lost where expressions refuse to go back.
    """
    sieve = Sieve(Filter((Glob(GlobKind.INCLUDE, pattern),)))

    assert [plainly_matches(pattern, name)] == sieve.mask_names([name])


@quick
@given(GLOBS, st.lists(NAME, max_size=12))
def test_the_last_glob_that_matches_decides(globs: tuple[Glob, ...], names: list[str]) -> None:
    """
    However globs are put together, and whatever is left out because it says nothing.
    """
    alone = [Sieve(Filter((Glob(GlobKind.INCLUDE, glob.pattern),))) for glob in globs]
    expected = []
    for name in names:
        wanted = not globs or globs[0].kind is GlobKind.EXCLUDE
        for glob, sieve in zip(globs, alone, strict=True):
            if sieve.mask_names([name])[0]:
                wanted = glob.kind is GlobKind.INCLUDE
        expected.append(wanted)

    assert expected == Sieve(Filter(globs)).mask_names(names)


@quick
@given(GLOBS, st.lists(NAME, max_size=12))
def test_what_is_wanted_begins_with_one_of_the_prefixes(globs: tuple[Glob, ...], names: list[str]) -> None:
    """
    So no other prefix need be listed. None of them lies inside another, and they are sorted.
    """
    sieve = Sieve(Filter(globs))
    prefixes = sieve.prefixes()

    assert all(name.startswith(prefixes) for name, yes in zip(names, sieve.mask_names(names), strict=True) if yes)
    assert list(prefixes) == sorted(set(prefixes))
    assert not any(one != other and one.startswith(other) for one in prefixes for other in prefixes)


@quick
@given(GLOBS, st.lists(NAME, max_size=12), st.sampled_from(["", "r/", "r/a/"]), st.sampled_from(["", "a", "a/", "a/b"]))
def test_a_narrowed_listing_shows_all_that_is_wanted(
    globs: tuple[Glob, ...], names: list[str], root: str, below: str
) -> None:
    """
    A key is wanted below the listed prefix, or is not listed; and none is listed twice.
    """
    sieve = Sieve(Filter(globs))
    prefix = root + below
    listed = narrowed(prefix, root, sieve.prefixes())

    for name, yes in zip(names, sieve.mask_names(names), strict=True):
        key = root + name
        assert sum(key.startswith(one) for one in listed) <= 1
        if yes and key.startswith(prefix):
            assert key.startswith(listed)
    assert all(one.startswith(prefix) for one in listed)


@quick
@given(
    GLOBS,
    st.lists(st.builds(ObjectInfo, NAME, st.integers(0, 4), st.just(""), st.integers(0, 4)), max_size=9),
    st.integers(0, 4),
    st.one_of(st.none(), st.integers(0, 4)),
    st.one_of(st.none(), st.integers(0, 4)),
)
def test_a_page_is_sifted_object_by_object(
    globs: tuple[Glob, ...], page: list[ObjectInfo], size: int, newer: int | None, older: int | None
) -> None:
    """
    What satisfies everything is wanted.
    """
    sieve = Sieve(Filter(globs, min_size=size, newer_than=newer, older_than=older))
    names = [found.key for found in page]

    assert sieve.mask(names, Columns.of(page)) == [
        named
        and found.size >= size
        and (newer is None or found.modified > newer)
        and (older is None or 0 < found.modified < older)
        for named, found in zip(sieve.mask_names(names), page, strict=True)
    ]
