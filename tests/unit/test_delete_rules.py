"""
When a deletion may be asked for at all.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

import s3copy_async as s3
from s3copy_async.cli.retry import failures_command
from s3copy_async.cli.tokens import Names
from s3copy_async.delete_rules import deletion_problems
from s3copy_async.options import MAX_DELETE, SOURCE_MARK, Deletion, Filter, IfExists, Options, Selection
from s3copy_async.uri import S3Uri
from s3copy_async.validate import problems, validate

POINT = "arn:aws:s3:eu-central-1:123456789012:accesspoint/in"
WANTED = Deletion(wanted=True)


def selection(source: str = "s3://in/a", dest: str = "s3://out/b", **more: object) -> Selection:
    """
    Two places, and what else is asked for.
    """
    return replace(Selection(S3Uri.parse(source), S3Uri.parse(dest)), **more)  # type: ignore[arg-type]


def found(options: Options) -> list[str]:
    """
    The settings that are wrong.
    """
    return [problem.setting for problem in problems(options)]


@pytest.mark.parametrize(
    "chosen",
    [
        selection(files=("x",)),
        selection(files_from="list"),
        selection(exact_dest=True),
        selection(version_id="v"),
        selection(files=("x",), prefixes=("y",)),
        selection("s3://in/a", "s3://in"),
        selection("s3://in", "s3://in"),
        selection("s3://in/a/b/*", "s3://in/a"),
        selection("s3://in", "s3://in", prefixes=("a", "b")),
        selection(f"s3://{POINT}/a/b/*", "s3://in/a"),
        selection("s3://in/a/b/*", "s3://in-abc123-s3alias/a"),
        selection(f"s3://{POINT}", "s3://in/backup"),
    ],
)
def test_what_does_not_tell_what_the_source_lacks_is_refused(chosen: Selection) -> None:
    """
    In one clear line.
    """
    wrong = list(problems(Options(chosen, deletion=WANTED)))

    assert [problem.setting for problem in wrong] == ["deletion.wanted"]
    assert "\n" not in wrong[0].text
    assert "deletion.wanted" not in found(Options(chosen))


@pytest.mark.parametrize(
    "chosen",
    [
        selection(),
        selection(prefixes=("x", "y*")),
        selection("s3://in", "s3://out"),
        selection("s3://in", "s3://in/backup"),
        selection("s3://in/a", "s3://in/a/backup"),
        selection("s3://in/a", "s3://in/b"),
        selection("s3://in/a", "s3://in/temp/dest"),
        selection(f"s3://{POINT}/a", "s3://in/b"),
        selection("s3://in-abc123-s3alias/a", "s3://in/b"),
    ],
)
@pytest.mark.parametrize("deletion", [WANTED, Deletion(wanted=True, at_most=0, excluded=True), Deletion()])
def test_folders_and_prefixes_can_be_kept_in_step(chosen: Selection, deletion: Deletion) -> None:
    """
    Also below the source itself.
    """
    validate(Options(chosen, deletion=deletion))


@pytest.mark.parametrize(
    ("deletion", "setting"),
    [
        (Deletion(at_most=5), "deletion.at_most"),
        (Deletion(at_most=0), "deletion.at_most"),
        (Deletion(excluded=True), "deletion.excluded"),
        (Deletion(wanted=True, at_most=-1), "deletion.at_most"),
    ],
)
def test_what_belongs_to_a_deletion_is_refused_without_one(deletion: Deletion, setting: str) -> None:
    """
    Whoever gives a limit believes that something is deleted.
    """
    assert found(Options(selection(), deletion=deletion)) == [setting]


def deletion_settings(options: Options) -> list[str]:
    """
    The settings of the deletion that are wrong.
    """
    return [setting for setting, _ in deletion_problems(options)]


def test_a_run_that_ends_early_deletes_nothing() -> None:
    """
    What it did not list, the source may well have.
    """
    assert deletion_settings(Options(selection(), deletion=WANTED, filter=Filter(limit=5))) == ["wanted"]
    assert deletion_settings(Options(selection(), deletion=WANTED)) == []
    assert deletion_settings(Options(selection(), filter=Filter(limit=5))) == []


@pytest.mark.parametrize(("at_most", "limit"), [(None, MAX_DELETE), (0, None), (1, 1), (5000, 5000)])
def test_the_limit_is_1000_unless_told_otherwise(at_most: int | None, limit: int | None) -> None:
    """
    And 0 is none.
    """
    assert Deletion(wanted=True, at_most=at_most).limit == limit


async def test_the_library_refuses_it_too() -> None:
    """
    Before anything is touched.
    """
    with pytest.raises(s3.ConfigError, match=r"deletion\.wanted: single keys"):
        await s3.copy("s3://in", "s3://out", files=["a"], deletion=s3.Deletion(wanted=True))


@pytest.mark.parametrize(
    "words",
    [
        ["--delete"],
        ["--delete", "--max-delete", "5", "--delete-excluded"],
        ["--delete", "--max-delete=5"],
    ],
)
def test_the_command_for_what_failed_deletes_nothing(words: list[str]) -> None:
    """
    It names single keys.
    """
    names = Names(frozenset({"-F", "--failures", "-t", "--max-delete"}), frozenset({"-f"}))

    command = failures_command(["s3://in", "s3://out", "-t", "4", *words, "--failures", "f"], names, "s3://out", "f")

    assert command == f"s3copy -t 4 {SOURCE_MARK} s3://out -F f"


def test_kept_objects_and_deletion_exclude_each_other() -> None:
    """
    What is kept may be in the way of an object that was renamed, whose old name would go.
    """
    assert deletion_settings(Options(selection(), deletion=WANTED, if_exists=IfExists.SKIP)) == ["wanted"]
    assert deletion_settings(Options(selection(), deletion=WANTED, if_exists=IfExists.FAIL)) == []


@pytest.mark.parametrize("alias", ["ap-s3alias", "ap--use1-az4--xa-s3", "ap--ol-s3", "ap--op-s3"])
def test_an_access_point_may_lead_to_the_other_bucket(alias: str) -> None:
    """
    By whatever name.
    """
    places = Selection(S3Uri(alias, "a/*"), S3Uri("base--use1-az4--x-s3"))

    assert deletion_settings(Options(places, deletion=WANTED)) == ["wanted"]
