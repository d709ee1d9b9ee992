"""
Text for people.
"""

from __future__ import annotations

import pytest

from s3copy_async.text import (
    count_text,
    harmless,
    masked,
    parse_duration,
    parse_moment,
    parse_size,
    seconds_text,
    shown,
    size_text,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b c.txt", "a/b c.txt"),
        ("caf\u00e9 \U0001f600", "caf\u00e9 \U0001f600"),
        ("a\nb", "a\\x0ab"),
        ("a\x01b", "a\\x01b"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\x7fb\x9bc", "a\\x7fb\\x9bc"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb\u2028c\u2029d", "a\\u200bb\\u2028c\\u2029d"),
        ("a\ufeffb", "a\\ufeffb"),
        ("a\U000e0001b", "a\\U000e0001b"),
        ("a\udcffb", "a\\udcffb"),
        ("a\\b", "a\\\\b"),
        ("[red]a[/]", "[red]a[/]"),
    ],
)
def test_shown_makes_harmless(text: str, expected: str) -> None:
    """
    What moves a cursor, hides or reorders text becomes an escape; what can be seen stays.
    """
    assert expected == shown(text)


def test_an_escape_is_not_shown_like_the_character_it_names() -> None:
    """
    A key that spells an escape and the key with a line break look different.
    """
    assert shown("a\\x0ab") != shown("a\nb")


def test_harmless_leaves_shown_keys_alone() -> None:
    """
    A message that holds a shown key is not escaped twice, and still cannot hold a control character.
    """
    key = shown("a\nb\\c")

    assert f"{key} \\x1b" == harmless(f"{key} \x1b")


@pytest.mark.parametrize(
    ("key_id", "expected"),
    [("AKIAIOSFODNN7EXAMPLE", "AKIA...MPLE"), ("1234567890123", "1234...0123"), ("123456789012", "..."), ("", "...")],
)
def test_a_key_id_is_masked(key_id: str, expected: str) -> None:
    """
    At most the first and last four characters are shown, and of a short one nothing.
    """
    assert expected == masked(key_id)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("1234", 1234),
        ("64MiB", 64 * 1024**2),
        ("64mib", 64 * 1024**2),
        ("64MB", 64_000_000),
        ("64M", 64_000_000),
        ("64Mi", 64 * 1024**2),
        ("5 GiB", 5 * 1024**3),
        ("1.5KiB", 1536),
        ("2TiB", 2 * 1024**4),
        ("1PB", 10**15),
        ("7B", 7),
    ],
)
def test_parses_sizes(text: str, expected: int) -> None:
    """
    Units with an i are binary, those without are decimal.
    """
    assert expected == parse_size(text)


@pytest.mark.parametrize("text", ["", "x", "-1", "1XB", "1iB", "1i", "1 2", "MiB", "1e6", "\u0661", "0x10"])
def test_refuses_what_is_no_size(text: str) -> None:
    """
    A size that can be misread is refused.
    """
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 90),
        ("15m", 900),
        ("90s", 90),
        ("1.5h", 5400),
        ("7d", 604800),
        ("2w", 1209600),
        ("500ms", 0.5),
        ("1 H", 3600),
    ],
)
def test_parses_durations(text: str, expected: float) -> None:
    """
    Plain numbers are seconds.
    """
    assert expected == parse_duration(text)


@pytest.mark.parametrize("text", ["", "m", "-1s", "1y", "1h30m", "inf", "nan"])
def test_refuses_what_is_no_duration(text: str) -> None:
    """
    A duration that can be misread is refused.
    """
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("nbytes", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 * 1024**3, "5.0 GiB"),
        (1024**5, "1.0 PiB"),
    ],
)
def test_shows_sizes_in_binary_units(nbytes: int, expected: str) -> None:
    """
    The unit is the largest that leaves a whole number before the point.
    """
    assert expected == size_text(nbytes)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "0.0 s"), (59.94, "59.9 s"), (60, "1 m 00 s"), (185, "3 m 05 s"), (7620, "2 h 07 m")]
)
def test_shows_spans_of_time(seconds: float, expected: str) -> None:
    """
    Two units at most.
    """
    assert expected == seconds_text(seconds)


@pytest.mark.parametrize(("number", "expected"), [(0, "0 objects"), (1, "1 object"), (2000, "2,000 objects")])
def test_counts_in_words(number: int, expected: str) -> None:
    """
    One is singular.
    """
    assert expected == count_text(number, "object")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7d", 1_000_000 - 7 * 86400),
        ("12h", 1_000_000 - 43200),
        ("30m", 1_000_000 - 1800),
        (" 90s ", 1_000_000 - 90),
        ("2W", 1_000_000 - 14 * 86400),
        ("1.5h", 1_000_000 - 5400),
        ("1970-01-02", 86400),
        ("1970-01-02T00:00:00Z", 86400),
        ("1970-01-02 00:00", 86400),
        ("1970-01-02T01:00:00+01:00", 86400),
        ("1970-01-01T23:00-01:00", 86400),
        ("1970-01-02T00:00:00.500Z", 86400.5),
        ("0001-01-01T00:00:00+23:59", -62135683140),
        ("9999-12-31T23:59:59-23:59", 253402387139),
    ],
)
def test_a_moment_is_a_date_or_before_the_start(text: str, expected: float) -> None:
    """
    Without an offset it is UTC.
    """
    assert expected == parse_moment(text).at(1_000_000)


@pytest.mark.parametrize(
    "text",
    [
        "", "7", "1.5", "2026", "20260131", "d", "-7d", "7 days", "2026-1-31", "2026-02-30", "2026-01-31T25:00", "now",
        "31.01.2026", "2026-01-31T12:00:00X", "\u0667d", "1e3d", "nan", "infd",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_told(text: str) -> None:
    """
    A bare number least of all: it may be meant for a year.
    """
    with pytest.raises(ValueError, match="is neither a duration, such as 7d or 12h, nor a date, such as 2026-01-31"):
        parse_moment(text)
