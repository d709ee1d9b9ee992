"""
What is at the destination already stays there, if it is asked to: also what arrives in the last moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from s3copy_async.app import Action
from s3copy_async.events import Notice, ObjectDone, Planned
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault, Nature
from s3copy_async.model import CopyResult, Outcome, SkipReason
from s3copy_async.options import IfExists, Options, PartOptions, Selection
from s3copy_async.parts import MIN_PART
from s3copy_async.uri import S3Uri
from staging import Request, Wire, buckets, contents, copying, has_bytes, names, run_over, with_parts
from support import Watched, run_in_memory

BOTH: Final = pytest.mark.parametrize("wish", [IfExists.SKIP, IfExists.FAIL])
KINDS: Final = pytest.mark.parametrize("conditions", [True, False], ids=["conditions", "looks"])


def asking(wish: IfExists) -> Options:
    """
    Options that copy all of ``in`` to ``out``.
    """
    return replace(copying(), if_exists=wish)


def looks_and_writes(watched: Watched) -> set[str]:
    """
    The operations of the requests for objects, the copies themselves left out.
    """
    return {"HeadObject", "PutObject", "GetObject", "DeleteObject"} & set(watched.state.requests)


def with_one(*, conditions: bool = True) -> MemoryStore:
    """
    A store with one object to copy; `conditions` tells whether it knows any.
    """
    store = buckets()
    store.nature = Nature(conditions=conditions)
    store.fill("in", {"a": b"ours"})
    return store


def result_of(watched: Watched) -> CopyResult:
    """
    What was said of the one object.
    """
    (found,) = [event.result for event in watched.events if isinstance(event, ObjectDone)]
    return found


def notices(watched: Watched, word: str) -> list[str]:
    """
    What was said that has this word.
    """
    return [event.text for event in watched.events if isinstance(event, Notice) and word in event.text]


def assert_kept(watched: Watched, wish: IfExists) -> None:
    """
    The object was skipped or has failed, as it was asked for.
    """
    result = result_of(watched)
    if wish is IfExists.SKIP:
        assert (result.outcome, result.reason) == (Outcome.SKIPPED, SkipReason.EXISTS)
        assert watched.state.exit_code == 0
    else:
        assert (result.outcome, result.code) == (Outcome.FAILED, "Exists")
        assert watched.state.exit_code == 3


@BOTH
async def test_what_a_listing_shows_costs_no_request(wish: IfExists) -> None:
    """
    Another object is there: no copy, no look, and no question to the store.
    """
    store = with_one()
    store.fill("out", {"a": b"theirs, and longer"})

    watched = await run_in_memory(asking(wish), store)

    assert_kept(watched, wish)
    assert {"HeadBucket", "ListObjectsV2"} == set(watched.state.requests)
    assert store.buckets["out"]["a"].body == b"theirs, and longer"


@pytest.mark.parametrize("wish", list(IfExists))
async def test_an_equal_object_is_already_there(wish: IfExists) -> None:
    """
    It is not in the way.
    """
    store = with_one()
    store.fill("out", {"a": b"ours"})

    watched = await run_in_memory(asking(wish), store)

    assert watched.state.skipped == {SkipReason.SAME: 1}
    assert watched.state.exit_code == 0


async def test_by_default_another_object_is_overwritten() -> None:
    """
    Without any condition, look or question.
    """
    store = with_one()
    store.fill("out", {"a": b"theirs"})

    watched = await run_in_memory(copying(), store)

    assert (watched.state.copied, store.buckets["out"]["a"].body) == (1, b"ours")
    assert not looks_and_writes(watched)


@BOTH
async def test_a_fresh_object_takes_one_request_and_its_condition(wish: IfExists) -> None:
    """
    On Amazon, which is not asked; the condition is mentioned, once.
    """
    store = with_one()
    store.nature.is_aws = True
    store.fill("in", {"b": b"too"})

    watched = await run_in_memory(asking(wish), store)

    assert watched.state.copied == 2
    assert watched.state.requests["CopyObject"] == 2
    assert not looks_and_writes(watched)
    assert len(notices(watched, "If-None-Match")) == 1


@BOTH
async def test_without_conditions_there_is_a_look_before_each_copy(wish: IfExists) -> None:
    """
    Which is said, once.
    """
    store = with_one(conditions=False)
    store.fill("in", {"b": b"too"})

    watched = await run_in_memory(asking(wish), store)

    assert watched.state.copied == 2
    assert watched.state.requests["HeadObject"] == 2
    assert len(notices(watched, "is looked at before each copy")) == 1
    assert not names(store)


def arrives(key: str, body: bytes, at: Callable[[Request], bool], store: MemoryStore) -> Wire:
    """
    Somebody else stores an object just before a request.
    """

    def before(request: Request) -> None:
        if at(request):
            store.fill("out", {key: body})

    return Wire(store, before)


def first_write_of(key: str) -> Callable[[Request], bool]:
    """
    The first request that makes `key` visible.
    """
    seen: list[Request] = []

    def at(request: Request) -> bool:
        if request.key != key or request.operation not in ("CopyObject", "CompleteMultipartUpload"):
            return False
        seen.append(request)
        return len(seen) == 1

    return at


@BOTH
async def test_what_arrives_after_the_listing_is_not_overwritten(wish: IfExists) -> None:
    """
    The store refuses the copy, and a look tells why: the source is what it was.
    """
    store = with_one()

    watched = await run_over(arrives("a", b"theirs", first_write_of("a"), store), asking(wish))

    assert_kept(watched, wish)
    assert store.buckets["out"]["a"].body == b"theirs"


@BOTH
async def test_what_arrives_before_the_look_is_not_overwritten(wish: IfExists) -> None:
    """
    On a store without conditions, as far as it goes.
    """
    store = with_one(conditions=False)

    def is_look(request: Request) -> bool:
        return (request.operation, request.key, request.bucket) == ("HeadObject", "a", "out")

    watched = await run_over(arrives("a", b"theirs", is_look, store), asking(wish))

    assert_kept(watched, wish)
    assert store.buckets["out"]["a"].body == b"theirs"


@BOTH
async def test_the_same_from_somebody_else_is_already_there(wish: IfExists) -> None:
    """
    A refusal is looked into before it is told.
    """
    store = with_one()

    watched = await run_over(arrives("a", b"ours", first_write_of("a"), store), asking(wish))

    assert watched.state.skipped == {SkipReason.SAME: 1}
    assert watched.state.exit_code == 0


@BOTH
async def test_our_own_copy_whose_answer_was_lost_is_not_in_the_way(wish: IfExists) -> None:
    """
    It is found by its ETag before the copy is repeated.
    """
    store = with_one()
    store.nature.is_aws = True

    def lost(call: Call) -> Fault | None:
        is_first = (call.operation, call.number) == ("CopyObject", 1)
        return Fault("InternalError", 500, after_effect=True) if is_first else None

    store.fault = lost

    watched = await run_in_memory(asking(wish), store)

    assert (watched.state.copied, watched.state.failed) == (1, 0)
    assert store.count("CopyObject") == 1


@BOTH
async def test_our_own_encrypted_copy_whose_answer_was_lost_is_not_in_the_way(wish: IfExists) -> None:
    """
    Its ETag tells nothing, so the repeated copy is refused; the checksums tell.
    """
    store = with_one()
    store.nature = Nature(checksums="CRC64NVME", encrypts=frozenset({"out"}), is_aws=True)
    store.fill("in", {"a": b"ours"})

    def lost(call: Call) -> Fault | None:
        is_first = (call.operation, call.number) == ("CopyObject", 1)
        return Fault("InternalError", 500, after_effect=True) if is_first else None

    store.fault = lost

    watched = await run_in_memory(asking(wish), store)

    assert watched.state.skipped == {SkipReason.SAME: 1}
    assert watched.state.exit_code == 0


@BOTH
async def test_a_copy_of_an_unknown_version_is_replaced(wish: IfExists) -> None:
    """
    No pin and no ETag spoke for it, and the source is another by now: what is there is of our own making.
    """
    store = with_one()
    store.nature = Nature(pins=False, encrypts=frozenset({"out"}))
    changed = first_write_of("a")

    def after(request: Request) -> None:
        if changed(request):
            store.fill("in", {"a": b"newer"})

    watched = await run_over(Wire(store, after=after), asking(wish))

    assert (watched.state.copied, store.buckets["out"]["a"].body) == (1, b"newer")


@BOTH
async def test_a_source_that_changed_is_not_taken_for_something_in_the_way(wish: IfExists) -> None:
    """
    Both are a failed condition. The new version is copied.
    """
    store = with_one()
    changed = first_write_of("a")

    def before(request: Request) -> None:
        if changed(request):
            store.fill("in", {"a": b"newer"})

    watched = await run_over(Wire(store, before), asking(wish))

    assert (watched.state.copied, store.buckets["out"]["a"].body) == (1, b"newer")


@BOTH
async def test_a_wrong_copy_of_our_own_is_not_in_the_way(wish: IfExists) -> None:
    """
    Other bytes came back: the copy is repeated over them.
    """
    store = with_one()
    store.nature.is_aws = True
    store.corrupt = lambda call: call.number <= 2

    watched = await run_in_memory(asking(wish), store)

    assert (watched.state.copied, store.buckets["out"]["a"].body) == (1, b"ours")


@BOTH
@KINDS
@pytest.mark.parametrize("when", ["begin", "complete"])
async def test_an_object_in_parts_does_not_overwrite(wish: IfExists, when: str, *, conditions: bool) -> None:
    """
    What arrives while its parts are made stays; and no upload is left.
    """
    store = with_parts(MIN_PART, 10)
    store.nature = Nature(conditions=conditions)
    last = first_write_of("big")

    def at(request: Request) -> bool:
        if conditions and when == "complete":
            return last(request)
        return (request.operation, request.key) == ("CreateMultipartUpload", "big")

    watched = await run_over(arrives("big", b"theirs", at, store), asking(wish))

    assert_kept(watched, wish)
    assert store.buckets["out"]["big"].body == b"theirs"
    assert store.uploads == {}
    assert not [name for name in names(store) if "s3copy-" in name]


@BOTH
async def test_an_object_in_parts_is_known_by_its_record(wish: IfExists) -> None:
    """
    Its ETag cannot be equal, and yet it is no other object: neither in a second run nor in a dry run.
    """
    store = with_parts(MIN_PART, 10)
    options = replace(asking(wish), parts=PartOptions(size=MIN_PART + 1))
    assert (await run_in_memory(options, store)).state.copied == 1
    assert store.buckets["out"]["big"].etag != store.buckets["in"]["big"].etag

    for action in (Action.COPY, Action.DRY_RUN):
        watched = await run_in_memory(options, store, action)
        assert watched.state.skipped == {SkipReason.SAME: 1}
        assert watched.state.exit_code == 0


@BOTH
async def test_parts_that_were_composed_before_a_kill_are_no_other_object(wish: IfExists) -> None:
    """
    The object is there, and its record is not: the part objects tell.
    """
    store = with_parts(MIN_PART, 10)
    options = replace(asking(wish), parts=PartOptions(size=MIN_PART + 1))
    assert (await run_in_memory(options, store)).state.copied == 1
    (record,) = [name for name in names(store) if "s3copy-done-" in name]
    del store.buckets["out"][record]

    watched = await run_in_memory(options, store)

    assert watched.state.skipped == {SkipReason.SAME: 1}
    assert has_bytes(store)


@BOTH
async def test_a_dry_run_tells_the_same(wish: IfExists) -> None:
    """
    And makes no request for it.
    """
    store = with_one()
    store.fill("in", {"fresh": b"fresh"})
    store.fill("out", {"a": b"theirs"})

    watched = await run_in_memory(asking(wish), store, Action.DRY_RUN)

    assert_kept(watched, wish)
    assert [event.key for event in watched.events if isinstance(event, Planned)] == ["fresh"]
    assert {"HeadBucket", "ListObjectsV2"} == set(watched.state.requests)


@BOTH
async def test_a_named_key_is_looked_up_as_ever(wish: IfExists) -> None:
    """
    What the look shows is in the way.
    """
    store = with_one()
    store.fill("out", {"a": b"theirs"})
    options = replace(asking(wish), selection=Selection(S3Uri("in"), S3Uri("out"), files=("a",)))

    watched = await run_in_memory(options, store)

    assert_kept(watched, wish)
    assert store.count("CopyObject") == 0


def denied(bucket: str) -> Callable[[Call], Fault | None]:
    """
    A destination that nobody may look at.
    """

    def fault(call: Call) -> Fault | None:
        is_look = call.operation in ("HeadObject", "ListObjectsV2") and call.bucket == bucket
        return Fault("AccessDenied", 403) if is_look else None

    return fault


@BOTH
@KINDS
async def test_a_destination_that_nobody_may_look_at_is_not_overwritten(wish: IfExists, *, conditions: bool) -> None:
    """
    With conditions the store keeps what is there; without them the object fails, for nothing can be known.
    """
    store = with_one(conditions=conditions)
    store.fill("out", {"a": b"theirs"})
    store.fault = denied("out")

    watched = await run_in_memory(asking(wish), store)

    assert contents(store)["a"].body == b"theirs"
    if conditions:
        assert_kept(watched, wish)
    else:
        assert result_of(watched).code == "AccessDenied"
