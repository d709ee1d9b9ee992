"""
What patterns match, and what is wrong with those that are none.
"""

from __future__ import annotations

import re
import time

import pytest

from s3copy_async.globs import MAX_ALTERNATIVES, shapes


def matches(pattern: str, name: str) -> bool:
    """
    Whether a name matches one of the shapes of a pattern.
    """
    return any(re.match(shape.regex, name, re.DOTALL) for shape in shapes(pattern))


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.jpg", ["x.jpg", "a/b/x.jpg", ".jpg", "a/.jpg"], ["x.jpg/y", "x.JPG", "x.jpeg", ""]),
        ("x", ["x", "a/x", "a/b/x"], ["ax", "x/a", "xa"]),
        ("a/*.jpg", ["a/x.jpg", "a/.jpg"], ["b/a/x.jpg", "a/b/x.jpg", "x.jpg"]),
        ("/x", ["x"], ["a/x", "/x", "x/a"]),
        ("/*", ["x", ""], ["a/x"]),
        ("//x", ["/x"], ["x"]),
        ("tmp/", ["tmp/x", "a/tmp/x/y", "tmp/", "a/tmp/"], ["tmp", "xtmp/y", "a/tmp", "tmpx/y"]),
        ("/log/", ["log/x", "log/a/b"], ["a/log/x", "log"]),
        ("a/tmp/", ["a/tmp/x", "a/tmp/b/c"], ["b/a/tmp/x", "tmp/x", "a/tmp"]),
        ("cache-*/", ["cache-1/x", "a/cache-/y"], ["cache-1", "xcache-1/y"]),
        ("**/x", ["x", "a/x", "a/b/x", "/x"], ["ax", "x/a"]),
        ("**/a/x", ["a/x", "b/a/x"], ["ba/x", "a/b/x"]),
        ("a/**", ["a/x", "a/b/c", "a/"], ["a", "b/a/x", "ab/x"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/xb", "ab", "a/b/c"]),
        ("a/**/", ["a/b", "a/b/c"], ["a", "b/a/c"]),
        ("a**z", ["az", "abz", "a/b/z", "x/a/z"], ["a/b", "ba/z"]),
        ("a**/z", ["a/z", "ab/c/z"], ["az", "x/a/z"]),
        ("**", ["", "x", "a/x", "\n"], []),
        ("*", ["", "x", "a/x"], []),
        ("?", ["x", "a/x", "\n"], ["xy", ""]),
        ("a/?", ["a/x"], ["a//", "a/", "a/xy"]),
        ("[abc]", ["a", "x/b"], ["d", "ab", ""]),
        ("[a-c]x", ["ax", "cx"], ["dx", "-x"]),
        ("[!a-c]x", ["dx", "-x", "y/dx"], ["ax", "/x", "x"]),
        ("[^a]", ["b"], ["a"]),
        ("a/[^b]c", ["a/xc"], ["a//c", "a/bc"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[!]a]", ["b"], ["]", "a"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[-a]", ["a", "-"], ["b"]),
        (r"[\]\-\\]", ["]", "-", "\\"], ["a"]),
        ("[+-9]", ["+", "0", "x/."], ["a"]),
        ("x[+-9]y", ["x+y"], ["x/y"]),
        ("x[!a]y", ["xby"], ["x/y"]),
        ("x[^/]y", ["xby"], ["x/y"]),
        ("[[]", ["["], ["a"]),
        (r"\*", ["*", "a/*"], ["x"]),
        (r"a\/b", ["a/b"], ["x/a/b"]),
        (r"\{a,b\}", ["{a,b}"], ["a"]),
        ("{jpg,png}", ["jpg", "a/png"], ["jpgpng", "gif"]),
        ("*.{jpg,p{n,bm}g}", ["x.jpg", "a/x.png", "x.pbmg"], ["x.pg", "x.{jpg"]),
        ("a{,b}", ["a", "ab", "x/ab"], ["b"]),
        ("{a/b,c}", ["a/b", "c", "x/c"], ["x/a/b"]),
        ("{a,b}{1,2}/**", ["a1/x", "b2/x"], ["a/x", "ab/x"]),
        (r"{a\,b,c}", ["a,b", "c"], ["a"]),
        ("{[,]}", [","], ["[", "]"]),
        ("a,b}", ["a,b}"], ["a"]),
        ("]", ["]"], []),
        (".", ["."], ["x"]),
        ("a+(b)|c$^", ["a+(b)|c$^"], ["aab"]),
        ("***", ["a/b"], []),
        ("ü*", ["ü\U0001f600", "a/ü"], ["u"]),
        ("*b", ["a\nb", "a\x00b", "a\udcffb"], ["b\n"]),
        ("\udc80", ["\udc80"], ["\udc81"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, yes: list[str], no: list[str]) -> None:
    """
    Whole names, in their own case, whatever characters they hold.
    """
    assert [name for name in yes if not matches(pattern, name)] == []
    assert [name for name in no if matches(pattern, name)] == []


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "an empty pattern matches nothing"),
        ("/", "nothing is left"),
        ("{}", "nothing is left"),
        ("{a,}", "nothing is left"),
        ("{/,a}", "nothing is left"),
        ("[a", r"a \[ is not closed: close it with \]"),
        ("[", r"a \[ is not closed"),
        ("[]", r"a \[ is not closed"),
        ("[!]", r"a \[ is not closed"),
        ("[a-", r"a \[ is not closed"),
        ("{a", "a { is not closed: close it with }"),
        ("{a,{b}", "a { is not closed"),
        ("a\\", "ends with a"),
        ("[\\", "ends with a"),
        ("[z-a]", "the range z-a runs backwards: write a-z"),
        ("[a/b]", "a class never matches a slash"),
        ("[[:alpha:]]", "classes have no names"),
        ("{a,b}" * 10, "more than 1,000 patterns"),
        ("{a,b}" * 1000, "more than 1,000 patterns"),
    ],
)
def test_what_is_no_pattern_is_told_in_one_line(pattern: str, words: str) -> None:
    """
    With what to do about it.
    """
    with pytest.raises(ValueError, match=words) as caught:
        shapes(pattern)

    assert len(str(caught.value).splitlines()) == 1


def test_deep_braces_are_no_danger() -> None:
    """
    Each alternative is one pattern, however deep it lies.
    """
    deep = "{a," * 400 + "b" + "}" * 400

    assert len(shapes(deep)) == 2
    assert len(shapes("{" + ",".join(map(str, range(MAX_ALTERNATIVES))) + "}")) == MAX_ALTERNATIVES


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        ("a/**", "a/"),
        ("/2026/01/**", "2026/01/"),
        ("2026/**/*.gz", "2026/"),
        ("/a*", "a"),
        ("/a?b", "a"),
        ("/a/b.txt", "a/b.txt"),
        ("/a/[b]", "a/"),
        ("/log/", "log/"),
        (r"/a\*b*", "a*b"),
        ("*.jpg", ""),
        ("x", ""),
        ("tmp/", ""),
        ("**/x", ""),
        ("/a\udc80b", "a"),
    ],
)
def test_what_every_name_begins_with(pattern: str, prefix: str) -> None:
    """
    The characters before the first that may differ, as far as a request can hold them.
    """
    assert [prefix] == [shape.prefix for shape in shapes(pattern)]


@pytest.mark.parametrize("pattern", ["*", "**", "/**", "**/*", "**/", "***", "**/**"])
def test_what_matches_everything_is_known(pattern: str) -> None:
    """
    However it is written.
    """
    assert [shape.everything for shape in shapes(pattern)] == [True]


@pytest.mark.parametrize("pattern", ["/*", "*/**", "?*", "*.*", "a", "**/a", "*/"])
def test_what_does_not_match_everything_is_not_taken_for_it(pattern: str) -> None:
    """
    Even if it matches a lot.
    """
    assert [shape.everything for shape in shapes(pattern)] == [False]


@pytest.mark.parametrize(
    "pattern",
    [
        "*a*a*a*a*b",
        "/*a*a*a*a*b",
        "**/**/**/x",
        "**a**a**a**a**b",
        "**a*a*a*a*b",
        "**/a*a*a*b/**/*a*a*b",
        "**/*/**/*/**/*/x",
        "**a*b**a*b**a*b/x",
        "a*" * 30 + "b",
        "?*" * 40 + "b",
        "*/" * 200 + "x",
        "**[ab]*[ab]*[ab]**c",
        "{a*,*a}*{a*,*a}*{a*,*a}*{a*,*a}b",
    ],
)
@pytest.mark.parametrize("name", ["a" * 1000, "a/" * 500, "/" * 1000, "ab" * 500, "a" * 999 + "\n", "ab/" * 333])
def test_hostile_patterns_take_no_time(pattern: str, name: str) -> None:
    """
    Quadratic at most, also where the name does not match in the end.
    """
    found = [re.compile(shape.regex, re.DOTALL) for shape in shapes(pattern)]
    began = time.process_time()

    for one in found:
        one.match(name)

    assert time.process_time() - began < 0.2
