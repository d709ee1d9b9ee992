"""
Filters on the command line: what they become, and what is said where they are wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from s3copy_async.cli import main, runner
from s3copy_async.cli.commands import cli
from s3copy_async.cli.retry import failures_command, same_command
from s3copy_async.cli.tokens import Names, in_order
from s3copy_async.options import Display, Filter, Options, exclude, include

NAMES = Names.of([param for command in cli.commands.values() for param in command.params])
JANUARY = datetime(2026, 1, 31, tzinfo=UTC).timestamp()
DAY = 24 * 3600.0

Filtered = Callable[..., Filter]


@pytest.fixture
def filtered(monkeypatch: pytest.MonkeyPatch) -> Filtered:
    """
    The filter that a command line stands for.
    """
    seen: list[Options] = []

    def run(options: Options, _display: Display, _action: str) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(runner, "run", run)

    def call(*words: str) -> Filter:
        with pytest.raises(SystemExit) as caught:
            main([*words])
        assert caught.value.code == 0
        return seen[-1].filter

    return call


def test_globs_keep_the_order_of_the_command_line(filtered: Filtered) -> None:
    """
    Across both options, whatever stands between them, before the command and behind it, attached or not.
    """
    expected = (include("*.jpg"), exclude("tmp/"), include("--x"), exclude("a b"), include("y=z"))

    found = filtered(
        "--include", "*.jpg", "copy", "--exclude=tmp/", "-n", "s3://in", "--include", "--x", "-p", "a", "b",
        "--exclude", "a b", "s3://out", "--include=y=z",
    )  # fmt: skip

    assert expected == found.globs


def test_without_options_nothing_is_filtered(filtered: Filtered) -> None:
    """
    The usual run costs nothing.
    """
    assert filtered("s3://in", "s3://out") == Filter()


def test_what_a_double_dash_hides_is_no_filter() -> None:
    """
    Nor is the value of another option.
    """
    words = ["-c", "--include", "--exclude", "a", "--", "--include", "b"]

    assert in_order(words, NAMES, ("--include", "--exclude")) == [("--exclude", "a")]


def test_sizes_classes_and_the_limit(filtered: Filtered) -> None:
    """
    Classes may be repeated, listed and written in any case; those of other stores stay as they are.
    """
    found = filtered(
        "s3://in", "s3://out", "--min-size", "1KiB", "--max-size", "2MB", "--only-storage-class", "standard,GLACIER",
        "--only-storage-class", "Mine", "--only-storage-class", "glacier", "--limit", "7",
    )  # fmt: skip

    assert found == Filter(min_size=1024, max_size=2_000_000, storage_classes=("STANDARD", "GLACIER", "Mine"), limit=7)


def test_times_are_dates_or_before_the_start(filtered: Filtered) -> None:
    """
    One start for both bounds.
    """
    found = filtered("s3://in", "s3://out", "--newer-than", "2w", "--older-than", "1d")

    assert found.newer_than is not None
    assert found.older_than is not None
    assert found.older_than == pytest.approx(time.time() - DAY, abs=60)
    assert found.older_than - found.newer_than == pytest.approx(13 * DAY, abs=0.001)
    assert filtered("s3://in", "s3://out", "--newer-than", "2026-01-31").newer_than == JANUARY


def test_a_check_has_filters_and_no_limit(filtered: Filtered, capsys: pytest.CaptureFixture[str]) -> None:
    """
    A check that ends early would say nothing of the rest.
    """
    words = ["check", "s3://in", "s3://out", "--include", "*.jpg"]
    assert filtered(*words) == Filter((include("*.jpg"),))

    with pytest.raises(SystemExit) as caught:
        main([*words, "--limit", "3"])

    assert caught.value.code == 2
    assert "--limit" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--include", ""], "--include: an empty pattern matches nothing: leave it out"),
        (["--exclude", "[a"], r"--exclude: '[a': a [ is not closed: close it with ], or write \[ for the character"),
        (["--include", "{a"], r"--include: '{a': a { is not closed: close it with }, or write \{ for the character"),
        (["--include", "/"], "--include: '/': without its braces and slashes nothing is left"),
        (["--include", "\x1b[31m"], r"--include: '\x1b[31m': a [ is not closed"),
        (["--min-size", "big"], "--min-size: 'big' is not a size"),
        (["--min-size", "2k", "--max-size", "1k"], "--min-size: it is above the largest size, so no object could be"),
        (["--max-size", "-1"], "--max-size: '-1' is not a size"),
        (["--newer-than", "soon"], "--newer-than: 'soon' is neither a duration, such as 7d or 12h, nor a date"),
        (["--newer-than", "2026"], "--newer-than: '2026' is neither"),
        (["--older-than", "2026-13-01"], "--older-than: '2026-13-01' is neither"),
        (["--older-than", "7"], "--older-than: '7' is neither"),
        (["--newer-than", "1d", "--older-than", "2d"], "--newer-than: it is no earlier than what objects must be"),
        (["--newer-than", "1d", "--older-than", "1d"], "--newer-than: it is no earlier than what objects must be"),
        (["--newer-than", "2026-02-01", "--older-than", "2026-01-01"], "--newer-than: it is no earlier"),
        (["--only-storage-class", "A,,B"], "--only-storage-class: 'A,,B' names an empty class"),
        (["--only-storage-class", ""], "--only-storage-class: '' names an empty class"),
        (["--limit", "0"], "--limit: expected 1 or more"),
        (["--limit", "few"], "--limit: 'few' is not a whole number"),
        (["-f", "a", "--min-size", "1"], "--min-size: named keys are not listed, so this is not known of them"),
        (["-f", "a", "--older-than", "1d"], "--older-than: named keys are not listed"),
        (["-F", "-", "--only-storage-class", "GLACIER"], "--only-storage-class: named keys are not listed"),
    ],
)
def test_what_is_wrong_is_told_in_one_clear_line(
    words: Sequence[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Which option, what is wrong with it and what to do; exit 2.
    """
    with pytest.raises(SystemExit) as caught:
        main(["s3://in", "s3://out", *words])

    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    (problem,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert problem.startswith(f"error: {said}")
    assert "nothing was touched" in err


@pytest.mark.parametrize("place", [["-T", "s3://in/a", "s3://out/b"], ["s3://in/a?versionId=v", "s3://out"]])
def test_one_object_needs_no_filter(place: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """
    Every filter is named that has to go.
    """
    with pytest.raises(SystemExit) as caught:
        main([*place, "--include", "a", "--include", "b", "--max-size", "1", "--limit", "1"])

    found = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert caught.value.code == 2
    assert [line.split(": ")[1] for line in found] == ["--include", "--max-size", "--limit"]
    assert all("it chooses among many objects, and one is named: leave it out" in line for line in found)


def test_all_mistakes_are_told_together(capsys: pytest.CaptureFixture[str]) -> None:
    """
    Filters beside other options.
    """
    with pytest.raises(SystemExit):
        main(["s3://in", "out", "--include", "[", "--exclude", "", "--limit", "0", "-t", "many"])

    found = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    names = {line.split(": ")[1] for line in found}
    assert names == {"DEST", "-t/--threads", "--include", "--exclude", "--limit"}


def test_the_same_command_keeps_filters_and_the_one_for_failures_leaves_them_out() -> None:
    """
    What failed has passed them, and is named.
    """
    words = ["--include", "*.jpg", "--newer-than=7d", "s3://in", "s3://out", "--limit", "3", "-n", "--min-size", "1"]

    assert same_command(words, NAMES) == (
        "s3copy --include '*.jpg' --newer-than=7d s3://in s3://out --limit 3 -n --min-size 1"
    )
    assert failures_command(words, NAMES, "s3://out", "f").split()[:2] == ["s3copy", "-n"]
    assert not {"--include", "--newer-than", "--limit", "--min-size"} & set(
        failures_command(words, NAMES, "s3://out", "f").split()
    )


@pytest.mark.parametrize(
    "name",
    ["INCLUDE", "EXCLUDE", "MIN_SIZE", "MAX_SIZE", "NEWER_THAN", "OLDER_THAN", "ONLY_STORAGE_CLASS", "LIMIT"],
)
def test_filters_are_not_read_from_the_environment(
    name: str, filtered: Filtered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A forgotten variable, or one that is meant for clean, must not narrow a copy.
    """
    monkeypatch.setenv(f"S3COPY_{name}", "1")

    assert filtered("s3://in", "s3://out") == Filter()
