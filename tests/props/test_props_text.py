"""
Properties of pure functions over all texts.
"""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from s3copy_async.errors import S3Error
from s3copy_async.faults import BY_CODE, classify
from s3copy_async.keys import MAX_KEY_BYTES, RuleIndex, WorkArea, path_rule
from s3copy_async.listfile import parse_lines
from s3copy_async.text import harmless, parse_size, shown
from s3copy_async.there import before

HARMFUL = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
ANY = st.text(st.characters(), max_size=30)
KEY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(
    lambda key: len(key.encode()) <= MAX_KEY_BYTES
)
NAME = st.text(st.sampled_from("ab/*%+ \n\u00e9\U0001f600"), max_size=8)

quick = settings(deadline=None, max_examples=200)


@quick
@given(ANY)
def test_shown_text_holds_nothing_harmful(text: str) -> None:
    """
    Whatever a key holds, what is shown is one line of visible characters.
    """
    for made in (shown(text), harmless(text)):
        assert not {unicodedata.category(char) for char in made} & HARMFUL
        assert len(made.splitlines()) <= 1


@quick
@given(ANY, ANY)
def test_different_texts_are_shown_differently(one: str, other: str) -> None:
    """
    No key can pose as another.
    """
    assert (one == other) == (shown(one) == shown(other))


@quick
@given(st.lists(st.sampled_from(["\\", "x", "u", "0", "a", "\n", "\x00", "\u202e", "2", "e"]), max_size=12))
def test_escapes_cannot_be_forged(parts: list[str]) -> None:
    """
    A text that spells an escape is not shown like the character that the escape stands for.
    """
    text = "".join(parts)

    assert text == shown(text) or shown(shown(text)) != shown(text)


@quick
@given(st.lists(KEY, max_size=10))
def test_keys_survive_a_list_file_as_json_strings(keys: list[str]) -> None:
    """
    Every key can be written as a line, whatever it holds.
    """
    for ascii_only in (True, False):
        lines = [json.dumps(key, ensure_ascii=ascii_only).encode() + b"\n" for key in keys]

        assert keys == parse_lines(lines)


@quick
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters='\n\r#"'), min_size=1), max_size=10)
)
def test_plain_keys_survive_a_list_file_as_they_are(keys: list[str]) -> None:
    """
    A key without a line break that begins with neither ``#`` nor ``"`` is its own line.
    """
    assert keys == parse_lines([key.encode() + end for key in keys for end in (b"\n",)])


@quick
@given(KEY)
def test_before_a_key_is_before_it(key: str) -> None:
    """
    By strings and by UTF-8 bytes alike, and never longer than a key may be.
    """
    start = before(key)

    assert start < key
    assert start.encode() < key.encode()
    assert len(start.encode()) <= MAX_KEY_BYTES


@quick
@given(KEY, KEY)
def test_little_lies_between_a_key_and_what_is_before_it(key: str, other: str) -> None:
    """
    No shorter key than the key itself lies between.
    """
    if other < key and not other.startswith(key[:-1]):
        assert other <= before(key)


@quick
@given(
    st.one_of(st.sampled_from(sorted(BY_CODE)), st.integers(100, 599).map(str), ANY),
    st.one_of(st.just(0), st.integers(100, 599)),
)
def test_every_answer_has_a_class(code: str, status: int) -> None:
    """
    No code and status is left without one, and a known code is the same under every status.
    """
    kind = classify(code, status)

    assert issubclass(kind, S3Error)
    assert BY_CODE.get(code, kind) is kind


@quick
@given(NAME, st.lists(NAME, max_size=20), st.sampled_from(["", "x/", "x/y/"]))
def test_a_rule_keeps_order_and_keeps_keys_apart(path: str, tails: list[str], base: str) -> None:
    """
    Mapped keys sort as their sources do, no two meet, and all lie below the destination and the rule's image.
    """
    rule = path_rule(path.replace("*", "") + ("*" if path.endswith("*") else ""))
    keys = sorted({rule.prefix + tail for tail in tails})

    mapped = [rule.dest_key(base, key) for key in keys]

    assert sorted(mapped) == mapped
    assert len(set(keys)) == len(set(mapped))
    assert all(key.startswith(rule.image(base)) and key.startswith(base) for key in mapped)


@quick
@given(st.sets(st.text("ab/", max_size=4), max_size=6), st.lists(st.text("ab/", max_size=6), max_size=20))
def test_the_index_finds_what_a_search_finds(paths: set[str], keys: list[str]) -> None:
    """
    Bisection equals trying every rule, for rules of which none lies inside another.
    """
    rules = [path_rule(path) for path in sorted(paths)]
    apart = [rule for rule in rules if not any(rule != o and rule.prefix.startswith(o.prefix) for o in rules)]
    index = RuleIndex(apart)

    for key in keys:
        covering = [rule for rule in apart if rule.exact == key or key.startswith(rule.prefix)]
        assert (index.find(key) in covering) if covering else index.find(key) is None


@quick
@given(KEY, st.from_regex(r"\A[0-9a-f]{7}\Z"), st.sampled_from(["temp", "part"]), st.integers(0, 99_999))
def test_the_work_area_holds_every_name_of_its_form(key: str, tag: str, kind: str, number: int) -> None:
    """
    Whatever the source's key, its temp and part objects are recognised; the key itself is not.
    """
    name = f"temp/{key}/{tag}/parts/{kind}-{number:05}"

    assert name in WorkArea("temp/")
    assert f"other/{name}" not in WorkArea("temp/")


@quick
@given(st.integers(0, 10**15), st.integers(1, 4), st.sampled_from([("", 1000), ("B", 1000), ("i", 1024), ("iB", 1024)]))
def test_sizes_are_exact(number: int, power: int, end: tuple[str, int]) -> None:
    """
    Whole numbers are never rounded.
    """
    letters, unit = end

    assert number * unit**power == parse_size(f"{number}{' KMGT'[power]}{letters}")
