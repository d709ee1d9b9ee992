"""
Killed at any request, before or after its effect, and started again: the same command finishes the work.

A kill is simulated: from one request on nothing gets through and no answer comes back, so that no cleanup can run, as
with SIGKILL.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest

from s3copy_async.copying.work import RANGE, SOURCE_ETAG
from s3copy_async.memory import MemoryStore
from s3copy_async.model import CopyRequest, PartRequest
from s3copy_async.options import Multipart, Options, PartOptions
from staging import (
    MIB,
    Kill,
    Request,
    Wire,
    buckets,
    contents,
    copying,
    has_bytes,
    is_copy,
    killed_run,
    number_is,
    pieces,
    recorded,
    run_over,
    some_bytes,
)

FIVE: Final = 5 * MIB
STAGES: Final = ("temp", "part", "compose", "complete", "record")


def mixed() -> MemoryStore:
    """
    Small, empty, multipart, uneven and large objects; the large one fits into one part of 64 MiB.
    """
    store = buckets()
    store.fill("in", {"small-1": b"x", "small-2": b"yy", "zero": b"", "over": some_bytes(3000)})
    store.fill_multipart("in", "empty", [b""])
    store.fill_multipart("in", "multi", pieces(100, 100, 50))
    store.fill_multipart("in", "uneven-end", pieces(100, 70, 90, seed=1))
    store.fill_multipart("in", "uneven-middle", pieces(100, 120, 80, 100, seed=2))
    return store


def large() -> MemoryStore:
    """
    One object of two parts of which the first has 5 MiB.
    """
    store = buckets()
    store.fill("in", {"over": some_bytes(FIVE + 10)})
    return store


SCENARIOS: Final[dict[str, tuple[Callable[[], MemoryStore], Options]]] = {
    "keep": (mixed, copying(large_file=1000)),
    "no-keep": (mixed, copying(large_file=1000, parts=PartOptions(keep=False))),
    "one-at-a-time": (
        mixed,
        copying(large_file=1000, permits=1, parts=PartOptions(work_bucket="in", work_prefix="work/")),
    ),
    "direct": (mixed, copying(large_file=1000, parts=PartOptions(method=Multipart.DIRECT))),
    "two-large-parts": (large, copying(large_file=1000, parts=PartOptions(size=FIVE))),
}
OWN_LAYOUT: Final = ("small-1", "small-2", "zero", "multi", "uneven-end", "uneven-middle")


def durable(store: MemoryStore) -> tuple[set[tuple[str, str, str]], set[tuple[str, str, str]]]:
    """
    Which bytes of which version are there as temp objects, and as part objects: folder, version, range.
    """
    temps: set[tuple[str, str, str]] = set()
    parts: set[tuple[str, str, str]] = set()
    for contents_of in store.buckets.values():
        for key, found in contents_of.items():
            folder, _, name = key.rpartition("/")
            marked = dict(found.metadata)
            if SOURCE_ETAG in marked:
                (temps if name.startswith("temp-") else parts).add((folder, marked[SOURCE_ETAG], marked[RANGE]))
    return temps, parts


def whole_range(request: PartRequest, store: MemoryStore) -> str:
    """
    The range of a part copy as the marks have it.
    """
    stop = request.stop or len(store.buckets[request.source_bucket][request.source_key].body)
    return f"{request.start}-{stop}"


def assert_nothing_wrong_is_visible(store: MemoryStore) -> None:
    """
    Whatever stands under a final key is the whole object.
    """
    for key in contents(store):
        assert has_bytes(store, key), key


def mark_of(sent: Request, store: MemoryStore) -> tuple[str, str, str]:
    """
    Folder, version and range that a request of step 1 or step 2 makes durable.
    """
    folder, detail = sent.key.rpartition("/")[0], sent.detail
    if isinstance(detail, PartRequest):
        return folder, detail.source_etag, whole_range(detail, store)
    assert isinstance(detail, CopyRequest)
    marked = dict(detail.metadata or ())
    return folder, marked[SOURCE_ETAG], marked[RANGE]


def assert_only_missing_requests(store: MemoryStore, before: MemoryStore, wire: Wire) -> None:
    """
    No range that was durable was copied again from its source, no part object made again, no composed part copied
    again, and nothing at all was written for an object that was complete.
    """
    temps, parts = durable(before)
    for sent in wire.requests:
        if sent.stage == "temp" and isinstance(sent.detail, PartRequest):
            assert mark_of(sent, store) not in temps | parts, sent
        elif sent.stage == "part":
            assert mark_of(sent, store) not in parts, sent
        elif isinstance(sent.detail, PartRequest) and sent.detail.upload_id in recorded(before):
            source = before.buckets[sent.detail.source_bucket].get(sent.detail.source_key)
            there = before.uploads[sent.detail.upload_id].parts.get(sent.detail.number)
            assert source is None or there != source.body[sent.detail.start : sent.detail.stop or None], sent
    done = {key for key in before.buckets["in"] if is_copy(before, key)}
    assert [sent for sent in wire.requests if sent.key in done and sent.operation != "HeadObject"] == []


def is_temp(key: str) -> bool:
    """
    Whether an upload of this key is one of a temp object.
    """
    return "/parts/temp-" in key


async def crash_everywhere(make: Callable[[], MemoryStore], options: Options) -> Counter[str]:
    """
    Kills before and after each request in turn, and reruns each time; returns how many kills hit each stage.
    """
    quiet = Wire(make())
    assert (await run_over(quiet, options)).state.exit_code == 0
    hits: Counter[str] = Counter()
    for number in range(1, len(quiet.requests) + 1):
        for after in (False, True):
            store = make()
            kill = Kill(number_is(number), after)
            dead = await killed_run(store, options, kill)
            assert kill.hit, number
            hits[kill.hit.stage] += 1
            await assert_converges(store, options, kill.hit, dead)
    return hits


async def assert_converges(store: MemoryStore, options: Options, hit: Request, dead: Wire) -> None:
    """
    After the kill nothing wrong is visible; the same command ends well, without doing again what was durable.
    """
    assert_nothing_wrong_is_visible(store)
    before = copy.deepcopy(store)
    # Only between CreateMultipartUpload and the record of it can a final upload be lost.
    orphans = {name for name in set(store.uploads) - recorded(store) if not is_temp(store.uploads[name].key)}
    for name in orphans:
        key = store.uploads[name].key
        begun = [sent for sent in dead.requests if (sent.operation, sent.key) == ("CreateMultipartUpload", key)]
        noted = [sent for sent in dead.requests if sent.operation == "PutObject" and f"/{key}/" in sent.key]
        assert len(begun) > len([sent for sent in noted if sent not in dead.unanswered]), hit
    wire = Wire(store)
    watched = await run_over(wire, options)

    assert (watched.state.exit_code, watched.state.failed) == (0, 0), hit
    for key in contents(store, "in", "work/"):
        assert has_bytes(store, key), (hit, key)
        assert key not in OWN_LAYOUT or is_copy(store, key), (hit, key)
    assert set(store.uploads) <= orphans, hit
    assert_only_missing_requests(store, before, wire)
    third = Wire(store)
    await run_over(third, options)
    assert third.copies() == []


@pytest.mark.parametrize("name", SCENARIOS)
async def test_killed_at_any_request_the_same_command_finishes(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    """
    Every kill converges, nothing wrong is ever visible, and what was durable is not done again.
    """
    hits = await crash_everywhere(*SCENARIOS[name])

    record_property("kills", dict(hits))
    print(name, dict(hits))
    expected = STAGES if SCENARIOS[name][1].parts.method is not Multipart.DIRECT else ("compose", "complete", "record")
    assert all(hits[stage] for stage in expected)
