"""
The direct method: one upload straight from the source, continued where it stopped.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from s3copy_async.events import Notice
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import BucketTraits, PartRequest
from s3copy_async.options import Multipart, Options, PartOptions
from staging import (
    Kill,
    Request,
    Wire,
    contents,
    copying,
    has_bytes,
    is_copy,
    killed_run,
    names,
    number_is,
    recorded,
    run_over,
    some_bytes,
    with_parts,
)
from support import Watched, run_in_memory

DIRECT = copying(parts=PartOptions(method=Multipart.DIRECT))


def placed(wire: Wire) -> list[int]:
    """
    The numbers of the parts that were copied, in order.
    """
    return [sent.detail.number for sent in wire.requests if isinstance(sent.detail, PartRequest)]


@pytest.mark.parametrize("sizes", [(100,), (100, 100, 50), (100, 50, 100), (1,) * 101])
async def test_an_object_is_copied_without_temp_objects(sizes: tuple[int, ...]) -> None:
    """
    One part copy for each part, the same ETag, and nothing left in the work area.
    """
    store = with_parts(*sizes)

    watched = await run_in_memory(DIRECT, store)

    assert is_copy(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    assert store.count("UploadPartCopy") == len(sizes)
    assert names(store) == []
    assert store.uploads == {}


async def test_what_a_fresh_copy_costs() -> None:
    """
    Three HEADs, one for tags, one look for a record, and for the record a PUT and a DELETE.
    """
    store = with_parts(*(100,) * 10)

    watched = await run_in_memory(DIRECT, store)

    requests = {name: number for name, number in watched.state.requests.items() if name != "HeadBucket"}
    assert requests == {
        "ListObjectsV2": 2,
        "HeadObject": 3,
        "GetObjectTagging": 1,
        "GetObject": 1,
        "CreateMultipartUpload": 1,
        "PutObject": 1,
        "UploadPartCopy": 10,
        "CompleteMultipartUpload": 1,
        "DeleteObject": 1,
    }


async def test_a_killed_copy_goes_on_where_it_stopped() -> None:
    """
    No part that had arrived is copied again, and the upload is the same.
    """
    store = with_parts(*(100,) * 8)
    at = 14
    await killed_run(store, DIRECT, Kill(number_is(at)))
    (upload_id,) = recorded(store)
    there = set(store.uploads[upload_id].parts)
    wire = Wire(store)

    await run_over(wire, DIRECT)

    assert 0 < len(there) < 8
    assert is_copy(store)
    assert sorted(placed(wire)) == sorted(set(range(1, 9)) - there)
    assert store.count("CreateMultipartUpload") == 1


@pytest.mark.parametrize("change", ["source", "options", "method"])
async def test_an_upload_for_something_else_is_not_continued(change: str) -> None:
    """
    Another version, other headers or another method: the old upload is ended, and nothing of it is used.
    """
    store = with_parts(*(100,) * 8)
    await killed_run(store, DIRECT, Kill(number_is(14)))
    (upload_id,) = recorded(store)
    options = DIRECT
    if change == "source":
        store.fill_multipart("in", "big", [some_bytes(100, seed) for seed in range(8)])
    elif change == "options":
        store.buckets["in"]["big"].settings = (("ContentType", "text/plain"),)
    else:
        options = copying()

    await run_in_memory(options, store)

    assert has_bytes(store)
    if change != "source":  # another version has another folder, and clean finds what is in the old one
        assert upload_id not in store.uploads


async def test_uploads_of_others_are_left_alone() -> None:
    """
    On the same key, without our record.
    """
    store = with_parts(100, 100)
    foreign = await store.create_upload("out", "big")

    await run_in_memory(DIRECT, store)

    assert list(store.uploads) == [foreign]


@pytest.mark.parametrize("wrong", [1, 3, 8])
async def test_a_corrupted_part_is_found_by_the_whole_and_copied_again(wrong: int) -> None:
    """
    Every part is copied a second time, the one that differs a third time; nothing wrong ever becomes visible.
    """
    store = with_parts(*(100,) * 8)
    broken: list[Call] = []

    def corrupt(call: Call) -> bool:
        hit = call.operation == "UploadPartCopy" and call.number == wrong
        broken.extend([call] if hit else [])
        return hit

    store.corrupt = corrupt
    visible: list[bool] = []

    def look(_request: Request) -> None:
        visible.append("big" not in contents(store) or has_bytes(store))

    await run_over(Wire(store, after=look), DIRECT)

    assert len(broken) == 1
    assert is_copy(store)
    assert all(visible)
    assert store.count("UploadPartCopy") == 16


async def test_many_corrupted_parts_are_all_found() -> None:
    """
    One in fifty copies is wrong, repeated ones too.
    """
    store = with_parts(*(10,) * 60)
    chance = random.Random(1)  # noqa: S311 - test data
    store.corrupt = lambda call: call.operation == "UploadPartCopy" and chance.random() < 0.02

    watched = await run_in_memory(DIRECT, store)

    assert is_copy(store)
    assert watched.state.exit_code == 0


async def test_a_source_that_changes_is_copied_anew() -> None:
    """
    The pin refuses the rest of the old version; the new one is copied whole.
    """
    store = with_parts(*(100,) * 5)

    def replace_it(call: Call) -> Fault | None:
        if call.operation == "UploadPartCopy" and call.number == 3:
            store.fill_multipart("in", "big", [some_bytes(100, seed) for seed in range(5)])
        return None

    store.fault = replace_it
    watched = await run_in_memory(DIRECT, store)

    assert is_copy(store)
    assert watched.state.copied == 1


AUTO = copying(parts=PartOptions(method=Multipart.AUTO))


@pytest.mark.parametrize(
    ("traits", "direct", "asked"),
    [
        (BucketTraits(), False, 3),
        (BucketTraits(versioned=True), True, 1),
        (BucketTraits(locked=True), True, 2),
        (BucketTraits(replicated=True), True, 3),
    ],
    ids=["plain", "versioned", "locked", "replicated"],
)
async def test_auto_is_direct_where_temp_objects_would_do_harm(
    traits: BucketTraits, asked: int, *, direct: bool
) -> None:
    """
    The bucket is asked once a run, and it is said why.
    """
    store = with_parts(100, 100)
    store.fill_multipart("in", "other", [some_bytes(100), some_bytes(50)])
    store.nature.traits["out"] = traits

    watched = await run_in_memory(AUTO, store)

    assert is_copy(store)
    assert (names(store) == []) is direct
    assert questions(store) == asked
    assert bool(said(watched, "copying parts directly")) is direct


async def test_auto_copies_in_steps_where_the_bucket_may_not_be_asked() -> None:
    """
    Each question that was refused is named.
    """
    store = with_parts(100, 100)
    store.fault = lambda call: Fault("AccessDenied", 403) if call.operation.startswith("GetBucket") else None

    watched = await run_in_memory(AUTO, store)

    assert is_copy(store)
    assert names(store) != []
    assert len(said(watched, "cannot be asked")) == 2


@pytest.mark.parametrize("options", [DIRECT, copying()])
async def test_no_question_is_asked_without_auto(options: Options) -> None:
    """
    The method is known.
    """
    store = with_parts(100, 100)

    await run_in_memory(replace(options), store)

    assert questions(store) == 0


def questions(store: MemoryStore) -> int:
    """
    How often a bucket was asked how it is set up.
    """
    names = ("GetBucketVersioning", "GetObjectLockConfiguration", "GetBucketReplication")
    return sum(store.count(name) for name in names)


def said(watched: Watched, words: str) -> list[str]:
    """
    The notices with these words.
    """
    return [event.text for event in watched.events if isinstance(event, Notice) and words in event.text]
