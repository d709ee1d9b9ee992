"""
One page of the source against the destination.
"""

from __future__ import annotations

import pytest

from s3copy_async.columns import Columns
from s3copy_async.compare import Mapped, Scope, enough, join, sort_out, triage
from s3copy_async.events import Event, ObjectDone, Skipped
from s3copy_async.keys import RuleIndex, WorkArea, path_rule
from s3copy_async.model import CopyTask, ObjectInfo, Outcome, SkipReason
from s3copy_async.options import Compare

A = "a" * 32
B = "b" * 32


def scope(path: str = "", base: str = "", *, same: bool = False, hidden: tuple[str, ...] = ()) -> Scope:
    """
    A run from one bucket to another, or inside the same.
    """
    return Scope("in", "in" if same else "out", base, RuleIndex([path_rule(path)]), WorkArea("temp/"), hidden)


def info(key: str, size: int = 1, etag: str = A) -> ObjectInfo:
    """
    An object.
    """
    return ObjectInfo(key, size, etag)


def test_maps_a_page_into_tasks_in_order() -> None:
    """
    Every object becomes a task that knows its source.
    """
    objects = [info("a/1"), info("a/2")]

    found = triage(objects, path_rule("a"), scope("a", "x/"))

    assert tuple(CopyTask(item.key, f"x/{item.key}", item) for item in objects) == tuple(found.mapped.tasks)
    assert (found.skips, found.failures) == ((), ())


def test_leaves_the_work_area_out() -> None:
    """
    What this program made on the way is no source; what only looks like it is.
    """
    ours, mine = info("temp/a/1a2b3c4/parts/part-00001", 7), info("temp/mine.txt")

    found = triage([ours, mine], path_rule(""), scope())

    assert [task.key for task in found.mapped.tasks] == ["temp/mine.txt"]
    assert found.skips == ((SkipReason.WORK_AREA, 1, 7),)


def test_leaves_the_destination_out() -> None:
    """
    What a run wrote below its own source is not copied again.
    """
    found = triage([info("a"), info("copy/a", 3)], path_rule(""), scope("", "copy/", same=True, hidden=("copy/",)))

    assert [task.key for task in found.mapped.tasks] == ["a"]
    assert found.skips == ((SkipReason.DESTINATION, 1, 3),)


def test_leaves_an_object_that_is_its_own_destination_alone() -> None:
    """
    In the same bucket only; elsewhere the same key is another object.
    """
    rule = path_rule("a")

    assert triage([info("a/1")], rule, scope("a", same=True)).skips == ((SkipReason.ITSELF, 1, 1),)
    assert triage([info("a/1")], rule, scope("a")).skips == ()


@pytest.mark.parametrize(
    ("key", "base", "reason"),
    [
        ("a/" + "k" * 1023, "", "1,025 bytes"),
        ("a/\udcff", "x/", "not valid UTF-8"),
        ("a/b", "k" * 1022 + "/", "1,026 bytes"),
    ],
)
def test_a_name_that_s3_cannot_hold_fails_before_its_copy(key: str, base: str, reason: str) -> None:
    """
    The object fails with a reason; no request is made for it.
    """
    found = triage([info(key, 5)], path_rule("a"), scope("a", base))

    (failure,) = found.failures
    assert not found.mapped.tasks
    assert (key, 5, Outcome.FAILED, "InvalidKey") == (failure.key, failure.size, failure.outcome, failure.code)
    assert reason in failure.reason


def test_a_name_that_would_be_empty_fails_before_its_copy() -> None:
    """
    A placeholder object ``a/`` copied as the contents of ``a/`` has no name left.
    """
    (failure,) = triage([info("a/")], path_rule("a/*"), scope("a/*")).failures

    assert "empty" in failure.reason


def test_nothing_is_written_into_the_source_itself() -> None:
    """
    Inside one bucket a destination that the run also reads would be read again.
    """
    (failure,) = triage([info("a/a/x")], path_rule("a/*"), scope("a/*", "", same=True)).failures

    assert "lies in the source itself" in failure.reason


def test_what_is_sorted_out_is_said_with_events() -> None:
    """
    Skips by reason, failures one by one.
    """
    events: list[Event] = []

    mapped = sort_out(
        [info("a", 2), info("temp/a/1a2b3c4/parts/part-00001", 3), info("\udcff", 4)],
        path_rule(""),
        scope(),
        events.append,
    )

    assert [task.key for task in mapped.tasks] == ["a"]
    assert [Skipped(SkipReason.WORK_AREA, 1, 3)] == events[:1]
    assert [ObjectDone] == [type(event) for event in events[1:]]


def test_only_what_differs_is_to_do() -> None:
    """
    Equal size and ETag is there already; anything else is copied.
    """
    mapped = Mapped(Columns.of([info(key, 5) for key in "abcd"]), list("abcd"))
    there = Columns.of([info("a", 5), info("b", 6), info("c", 5, B), info("e", 5)])

    found = join(mapped, there, Compare.AUTO)

    assert [(task.key, task.there) for task in found.todo] == [("b", there[1]), ("c", there[2]), ("d", None)]
    assert [(same.reason, same.nbytes, [task.key for task in same.tasks]) for same in found.same] == [
        (SkipReason.SAME, 5, ["a"])
    ]


_S, _Z, _T = SkipReason.SAME, SkipReason.SAME_SIZE, SkipReason.SAME_TIME


@pytest.mark.parametrize(
    ("mode", "reasons"),
    [
        (Compare.AUTO, [_S, None, None, None, None, _S]),
        (Compare.ETAG, [_S, None, None, None, None, _S]),
        (Compare.CHECKSUM, [None, None, None, None, None, _S]),
        (Compare.SIZE, [_S, _Z, _Z, _Z, None, _S]),
        (Compare.SIZE_TIME, [_S, _T, None, None, None, _S]),
    ],
)
def test_what_listings_settle(mode: Compare, reasons: list[SkipReason | None]) -> None:
    """
    Each mode believes as much as it says: a time that is not known is no evidence, and another size always is.
    """
    source = ObjectInfo("k", 5, A, modified=100.0)
    pairs = [
        (source, ObjectInfo("k", 5, A, modified=50.0)),
        (source, ObjectInfo("k", 5, B, modified=100.0)),
        (source, ObjectInfo("k", 5, B, modified=99.0)),
        (source._replace(modified=0.0), ObjectInfo("k", 5, B, modified=100.0)),
        (source, ObjectInfo("k", 6, A, modified=200.0)),
        (source._replace(size=0), ObjectInfo("k", 0, B)),
    ]

    assert [enough(one, other, mode) for one, other in pairs] == reasons
