"""
Copies in parts when something goes wrong: corrupt copies, lost answers, other people, and sources that change.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from typing import Final

import pytest

from s3copy_async.copying.work import marks
from s3copy_async.events import ObjectDone
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault, StoredObject, StoredUpload, md5
from s3copy_async.model import CopyAnswer, CopyRequest, CopyResult, ObjectInfo, Pairs, PartRequest, Proof, SkipReason
from s3copy_async.options import Grant, PartOptions
from s3copy_async.parts import Part, multipart_etag
from staging import (
    MIB,
    Hook,
    Kill,
    Request,
    Wire,
    contents,
    copying,
    has_bytes,
    is_copy,
    killed_run,
    names,
    nth_of,
    pieces,
    recorded,
    run_over,
    with_parts,
)
from support import Watched, run_in_memory

FIVE: Final = 5 * MIB


def result_of(watched: Watched, key: str = "big") -> CopyResult:
    """
    What became of one object.
    """
    (found,) = [event.result for event in watched.events if isinstance(event, ObjectDone) and event.result.key == key]
    return found


def folder_of(store: MemoryStore) -> str:
    """
    Where the parts of ``big`` are made.
    """
    return f"temp/big/{store.buckets['in']['big'].etag[:7]}/parts/"


def stage_of(call: Call) -> str:
    """
    The stage of a request as a wire names it.
    """
    return Request(call.number, call.operation, call.bucket, call.key).stage


def first_of(stage: str, operation: str) -> Callable[[Call], bool]:
    """
    True for the first request of its kind, then never again.
    """
    seen: list[Call] = []

    def hit(call: Call) -> bool:
        if seen or (stage_of(call), call.operation) != (stage, operation):
            return False
        seen.append(call)
        return True

    return hit


def once(stage: str, operation: str, act: Callable[[Request], None], skip: int = 0) -> Hook:
    """
    A hook that does `act` at one request of its kind, after `skip` others.
    """
    seen: list[Request] = []

    def hook(request: Request) -> None:
        if (request.stage, request.operation) == (stage, operation):
            seen.append(request)
            if len(seen) == skip + 1:
                act(request)

    return hook


STEPS: Final = {
    "temp": ("temp", "UploadPartCopy"),
    "part": ("part", "CopyObject"),
    "compose": ("compose", "UploadPartCopy"),
}


# Corrupt copies


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("keep", [True, False], ids=["keep", "no-keep"])
async def test_a_corrupt_copy_is_caught_and_repeated(step: str, *, keep: bool) -> None:
    """
    Other bytes in any of the three steps, once: the object ends up right.
    """
    store = with_parts(100, 100, 50)
    store.corrupt = first_of(*STEPS[step])
    wire = Wire(store)

    watched = await run_over(wire, copying(parts=PartOptions(keep=keep)))

    assert is_copy(store)
    assert (watched.state.copied, watched.state.failed, watched.state.exit_code) == (1, 0, 0)
    assert not store.uploads


@pytest.mark.parametrize("step", STEPS)
async def test_a_part_that_is_always_corrupt_fails_the_object_and_stays_invisible(step: str) -> None:
    """
    After the allowed repeats the object fails with WrongETag; nothing was completed under its key.
    """
    store = with_parts(100, 100, 50)
    store.corrupt = lambda call: (stage_of(call), call.operation) == STEPS[step]
    wire = Wire(store)

    watched = await run_over(wire, copying())

    assert contents(store) == {}
    assert (result_of(watched).code, watched.state.exit_code) == ("WrongETag", 3)
    assert wire.stages("complete") == []
    assert set(store.uploads) <= recorded(store)


async def test_after_corruption_has_ended_the_same_command_finishes() -> None:
    """
    What a failed run left is not trusted blindly: the next run ends with the right object.
    """
    store = with_parts(100, 100, 50)
    store.corrupt = lambda call: (stage_of(call), call.operation) == STEPS["temp"]
    await run_in_memory(copying(), store)
    store.corrupt = lambda _: False

    watched = await run_in_memory(copying(), store)

    assert is_copy(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    assert not store.uploads


@pytest.mark.parametrize("part", [1, 2, 3])
async def test_only_parts_that_differ_are_copied_a_third_time(part: int) -> None:
    """
    When one part was corrupt, all are copied a second time, and none a third time.
    """
    store = with_parts(100, 100, 50)
    corrupted: list[Call] = []

    def corrupt(call: Call) -> bool:
        mine = call.operation == "UploadPartCopy" and call.key.endswith(f"temp-0000{part}") and not corrupted
        if mine:
            corrupted.append(call)
        return mine

    store.corrupt = corrupt
    wire = Wire(store)

    await run_over(wire, copying())

    assert is_copy(store)
    assert len(wire.moved()) == 6


async def test_parts_corrupt_at_different_times_are_found_at_the_third_copy() -> None:
    """
    One part was corrupt at first and another the second time: only these two are copied a third time.
    """
    store = with_parts(100, 100, 50)
    copies = {"temp-00002": 0, "temp-00003": 0}

    def corrupt(call: Call) -> bool:
        name = call.key.rpartition("/")[2]
        if call.operation != "UploadPartCopy" or name not in copies:
            return False
        copies[name] += 1
        return (name, copies[name]) in {("temp-00002", 1), ("temp-00003", 2)}

    store.corrupt = corrupt
    wire = Wire(store)

    await run_over(wire, copying())

    assert is_copy(store)
    assert len(wire.moved()) == 3 + 3 + 2


class Checksummed(MemoryStore):
    """
    A store whose ETags tell nothing, but which tells the checksum of every copy.
    """

    async def copy_part(self, request: PartRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        answer = await super().copy_part(request)
        body = self.uploads[request.upload_id].parts[request.number]
        return answer._replace(opaque=True, checksum=f"ChecksumCRC32:{zlib.crc32(body)}")

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        answer = await super().copy_object(request)
        body = self.buckets[request.dest_bucket][request.dest_key].body
        return answer._replace(opaque=True, checksum=f"ChecksumCRC32:{zlib.crc32(body)}")


@pytest.mark.parametrize("step", ["part", "compose"])
async def test_contradicting_checksums_are_caught(step: str) -> None:
    """
    Where encryption hides the MD5, the checksums of two steps must agree.
    """
    store = Checksummed()
    store.fill("out", {})
    store.fill_multipart("in", "big", pieces(100, 100, 50))
    store.buckets["in"]["big"].opaque = True
    store.corrupt = first_of(*STEPS[step])

    watched = await run_in_memory(copying(), store)

    assert has_bytes(store)
    assert (watched.state.copied, watched.state.failed) == (1, 0)


async def test_an_encrypted_object_is_copied_with_a_weaker_proof() -> None:
    """
    Without MD5s the proof is S3's own answer, and the next run makes no copy.
    """
    store = with_parts(100, 100, 50)
    store.buckets["in"]["big"].opaque = True

    watched = await run_in_memory(copying(), store)
    wire = Wire(store)
    second = await run_over(wire, copying())

    assert has_bytes(store)
    assert (watched.state.copied, result_of(watched).proof) == (1, Proof.SERVER)
    assert wire.copies() == []
    assert second.state.copied == 0


# Lost answers


@pytest.mark.parametrize("stage", ["temp", "complete"])
@pytest.mark.parametrize(
    "fault",
    [Fault("InternalError", 500, after_effect=True), Fault("NoSuchUpload", 404, after_effect=True)],
    ids=["lost", "gone"],
)
async def test_a_lost_answer_to_complete_loses_nothing(stage: str, fault: Fault) -> None:
    """
    The upload was completed, and its answer is lost or is NoSuchUpload: a look shows that the object is there.
    """
    store = with_parts(100, 50)
    hit = first_of(stage, "CompleteMultipartUpload")
    store.fault = lambda call: fault if hit(call) else None
    wire = Wire(store)

    watched = await run_over(wire, copying())

    assert is_copy(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    assert len(wire.moved()) == 2
    assert 2 == len(wire.stages("part")) == wire.copies().count("big")
    assert not store.uploads


@pytest.mark.parametrize("opaque", [True, False], ids=["opaque", "md5"])
@pytest.mark.parametrize("operation", ["UploadPartCopy", "CompleteMultipartUpload", "CreateMultipartUpload"])
async def test_every_answer_may_be_lost_once(operation: str, *, opaque: bool) -> None:
    """
    Every first answer for a key is lost: the object is copied all the same, and nothing of the work area stays open.
    """
    store = with_parts(100, 100, 50)
    store.buckets["in"]["big"].opaque = opaque
    lost: set[str] = set()

    def fault(call: Call) -> Fault | None:
        if call.operation != operation or call.key in lost:
            return None
        lost.add(call.key)
        return Fault("InternalError", after_effect=True)

    store.fault = fault

    watched = await run_in_memory(copying(), store)

    assert has_bytes(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    left = {upload.key for upload in store.uploads.values()}
    assert ({"big"} if operation == "CreateMultipartUpload" else set()) == left


@pytest.mark.parametrize("seed", range(10))
async def test_many_faults_at_once_lose_nothing(seed: int) -> None:
    """
    One request in five fails, before or after its effect: everything ends up right.
    """
    chance = random.Random(seed)  # noqa: S311 - test data
    store = with_parts(100, 100, 50, 50, 70)
    store.fill_multipart("in", "uneven", pieces(100, 120, 80, 100))

    def fault(_call: Call) -> Fault | None:
        if chance.random() > 0.2:
            return None
        return Fault(chance.choice(["SlowDown", "InternalError"]), 503, after_effect=chance.random() < 0.5)

    store.fault = fault

    watched = await run_in_memory(copying(), store)

    assert is_copy(store)
    assert is_copy(store, "uneven")
    assert (watched.state.copied, watched.state.exit_code) == (2, 0)


# Other people


def aborting(store: MemoryStore) -> Callable[[Request], None]:
    """
    Somebody drops the open uploads of the request's key.
    """

    def abort(request: Request) -> None:
        for upload_id in [name for name, upload in store.uploads.items() if upload.key == request.key]:
            del store.uploads[upload_id]

    return abort


@pytest.mark.parametrize("stage", ["temp", "compose", "complete"])
async def test_an_upload_that_somebody_aborts_is_made_again(stage: str) -> None:
    """
    A lifecycle rule or another program drops the upload just before it is used: the object is copied all the same.
    """
    store = with_parts(100, 100, 50)
    operation = "CompleteMultipartUpload" if stage == "complete" else "UploadPartCopy"
    hook = once(stage, operation, aborting(store), skip=0 if stage == "complete" else 1)

    watched = await run_over(Wire(store, before=hook), copying())

    assert is_copy(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    assert not store.uploads


@pytest.mark.parametrize("operation", ["UploadPartCopy", "CompleteMultipartUpload"])
async def test_a_temp_upload_that_is_aborted_leaves_the_final_upload_alone(operation: str) -> None:
    """
    Only the part concerned is copied again; the object's own upload goes on.
    """
    store = with_parts(100, 100, 50)
    wire = Wire(store, before=once("temp", operation, aborting(store), skip=2))

    watched = await run_over(wire, copying(permits=1))

    assert is_copy(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    assert len([sent for sent in wire.requests if (sent.operation, sent.key) == ("CreateMultipartUpload", "big")]) == 1
    assert not store.uploads


@pytest.mark.parametrize("how", ["deleted", "replaced"])
@pytest.mark.parametrize("name", ["temp", "part"])
async def test_a_work_object_that_somebody_takes_away_is_made_again(how: str, name: str) -> None:
    """
    A temp or part object is deleted, or replaced by other bytes, before it is used: never are other bytes taken.
    """
    store = with_parts(100, 100, 50)

    def disturb(_request: Request) -> None:
        key = f"{folder_of(store)}{name}-00002"
        if how == "deleted":
            del store.buckets["out"][key]
        else:
            store.fill("out", {key: b"!" * 100})

    stage, operation = ("part", "CopyObject") if name == "temp" else ("compose", "UploadPartCopy")
    wire = Wire(store, before=once(stage, operation, disturb, skip=1))

    watched = await run_over(wire, copying(permits=1))

    assert is_copy(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    assert not store.uploads


async def test_a_part_object_that_is_taken_away_every_time_fails_the_object() -> None:
    """
    Somebody deletes each part object at once: the object fails, others do not, and the run ends.
    """
    store = with_parts(100, 50)
    store.fill("in", {"small": b"x"})

    def disturb(request: Request) -> None:
        if request.stage == "part":
            store.buckets["out"].pop(request.key, None)

    watched = await run_over(Wire(store, after=disturb), copying())

    assert (result_of(watched).code, watched.state.exit_code, watched.state.copied) == ("PartLost", 3, 1)
    assert "big" not in store.buckets["out"]


async def test_a_source_that_is_overwritten_arrives_as_its_new_version() -> None:
    """
    Overwritten before any one request of the run, the whole new version arrives or the whole old one, never a mix.
    """
    old, new = pieces(100, 100, 50), pieces(100, 100, 50, seed=1)
    quiet = Wire(with_parts(100, 100, 50))
    await run_over(quiet, copying())
    arrived = set()

    for number in range(1, len(quiet.requests) + 1):
        store = with_parts(100, 100, 50)

        def overwrite(request: Request, store: MemoryStore = store, number: int = number) -> None:
            if request.number == number:
                store.fill_multipart("in", "big", new)

        wire = Wire(store, before=overwrite)
        watched = await run_over(wire, copying())

        body = store.buckets["out"]["big"].body
        assert body in {b"".join(old), b"".join(new)}
        assert (watched.state.copied, watched.state.exit_code) == (1, 0)
        assert set(store.uploads) <= recorded(store)
        arrived.add(body)
        await run_in_memory(copying(), store)
        assert is_copy(store)
    assert len(arrived) == 2


async def test_a_source_that_changes_again_and_again_fails() -> None:
    """
    It is looked at anew three times; then the object fails and says why.
    """
    store = with_parts(100, 50)
    versions = iter(range(1, 1000))

    def overwrite(request: Request) -> None:
        if request.stage == "temp" and request.operation == "UploadPartCopy":
            store.fill_multipart("in", "big", pieces(100, 50, seed=next(versions)))

    watched = await run_over(Wire(store, before=overwrite), copying())

    assert (result_of(watched).code, watched.state.exit_code) == ("SourceChanging", 3)
    assert "big" not in store.buckets["out"]


@pytest.mark.parametrize("skip", [0, 1, 2])
async def test_a_source_that_is_deleted_meanwhile_has_vanished(skip: int) -> None:
    """
    The object is skipped and counted, nothing is left visible, and the run succeeds.
    """
    store = with_parts(100, 100, 50)

    def delete(_request: Request) -> None:
        del store.buckets["in"]["big"]

    wire = Wire(store, before=once("temp", "UploadPartCopy", delete, skip))

    watched = await run_over(wire, copying(permits=1))

    assert contents(store) == {}
    assert (watched.state.skipped[SkipReason.VANISHED], watched.state.exit_code) == (1, 0)


# What an earlier run left


def part_one(store: MemoryStore) -> tuple[ObjectInfo, Part]:
    """
    The source, and its first 100 bytes.
    """
    found = store.buckets["in"]["big"]
    return ObjectInfo("big", found.size, found.etag), Part(1, 0, 100)


def leave(store: MemoryStore, name: str, body: bytes, metadata: Pairs) -> None:
    """
    Leaves a temp or part object of part 1 in the work area.
    """
    etag = multipart_etag([md5(body)]) if name == "temp" else md5(body)
    sizes = (len(body),) if name == "temp" else ()
    key = f"{folder_of(store)}{name}-00001"
    store.buckets["out"][key] = StoredObject(body, etag, len(body), 0.0, metadata=metadata, sizes=sizes)


@pytest.mark.parametrize("name", ["temp", "part"])
@pytest.mark.parametrize("listable", [True, False])
async def test_a_left_object_with_the_right_marks_is_used(name: str, *, listable: bool) -> None:
    """
    Its range is not copied again from the source, also where the work area may not be listed.
    """
    store = with_parts(100, 100, 50)
    body = pieces(100)[0]
    leave(store, name, body, marks(*part_one(store), md5(body)))
    if not listable:
        store.fault = unlistable
    wire = Wire(store)

    await run_over(wire, copying())

    assert is_copy(store)
    assert [(start, stop) for _, start, stop in wire.moved()] == [(100, 200), (200, 250)]
    assert (2 if name == "part" else 3) == len(wire.stages("part"))


def unlistable(call: Call) -> Fault | None:
    """
    The destination's bucket may not be listed.
    """
    lists = call.operation in {"ListObjectsV2", "ListMultipartUploads"}
    return Fault("AccessDenied", 403) if lists and call.bucket == "out" else None


@pytest.mark.parametrize("name", ["temp", "part"])
@pytest.mark.parametrize("wrong", ["version", "range", "unmarked", "size"])
async def test_a_left_object_with_other_marks_is_not_trusted(name: str, wrong: str) -> None:
    """
    Other bytes under the right name, of another version or another range, are copied over.
    """
    store = with_parts(100, 100, 50)
    source, part = part_one(store)
    body = b"!" * (99 if wrong == "size" else 100)
    metadata = {
        "version": marks(source._replace(etag=f"{source.etag[:7]}{'0' * 25}-3"), part, md5(body)),
        "range": marks(source, Part(1, 100, 200), md5(body)),
        "unmarked": (),
        "size": marks(source, part, md5(body)),
    }[wrong]
    leave(store, name, body, metadata)
    wire = Wire(store)

    await run_over(wire, copying())

    assert is_copy(store)
    assert len(wire.moved()) == 3


@pytest.mark.parametrize("name", ["temp", "part"])
async def test_a_left_object_that_lies_is_found_out(name: str) -> None:
    """
    Right marks on wrong bytes: the foretold ETag disagrees before anything becomes visible.
    """
    store = with_parts(100, 100, 50)
    leave(store, name, b"!" * 100, marks(*part_one(store)))
    wire = Wire(store)

    watched = await run_over(wire, copying())

    assert is_copy(store)
    assert len(wire.stages("complete")) == 1
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)


async def test_a_left_temp_object_vouches_for_its_part() -> None:
    """
    Its ETag is the MD5 of its MD5, so that a corrupt second step is noticed at once, and only this part is repeated.
    """
    store = with_parts(100, 100, 50)
    body = pieces(100)[0]
    leave(store, "temp", body, marks(*part_one(store)))
    store.corrupt = first_of("part", "CopyObject")
    wire = Wire(store)

    await run_over(wire, copying(permits=1))

    assert is_copy(store)
    assert sorted(start for _, start, _ in wire.moved()) == [0, 100, 200]
    assert len(wire.stages("part")) == 4


async def test_left_part_objects_that_add_up_to_the_etag_need_no_look() -> None:
    """
    Their listed ETags foretell the source's: no temp, no part, no HEAD; they are only composed.
    """
    store = with_parts(100, 100, 50)
    await run_in_memory(copying(), store)
    del store.buckets["out"]["big"]
    wire = Wire(store)

    await run_over(wire, copying())

    assert is_copy(store)
    assert wire.copies() == ["big"] * 3
    assert [sent for sent in wire.requests if sent.operation == "HeadObject" and "/parts/" in sent.key] == []


async def die_composing(store: MemoryStore) -> None:
    """
    A run that is killed before it composes the second part.
    """
    kill = Kill(nth_of("compose", "UploadPartCopy", 2))
    await killed_run(store, copying(permits=1), kill)
    assert kill.hit


async def test_a_recorded_upload_is_continued() -> None:
    """
    Parts that a killed run composed are not composed again.
    """
    store = with_parts(100, 100, 50)
    await die_composing(store)
    assert recorded(store) == set(store.uploads)
    wire = Wire(store)

    await run_over(wire, copying())

    assert is_copy(store)
    assert [
        sent.detail.number for sent in wire.requests if sent.key == "big" and isinstance(sent.detail, PartRequest)
    ] == [2, 3]
    assert len([sent for sent in wire.requests if (sent.operation, sent.key) == ("CreateMultipartUpload", "big")]) == 0
    assert not store.uploads


@pytest.mark.parametrize("change", ["layout", "headers", "grants"])
async def test_a_recorded_upload_for_something_else_is_not_continued(change: str) -> None:
    """
    With another part size, other headers or other grants a new upload is begun, and the recorded one is dropped.
    """
    store = with_parts(100, 100, 50)
    await die_composing(store)
    old = recorded(store)
    options = copying()
    if change == "layout":
        options = copying(parts=PartOptions(size=FIVE))
    elif change == "headers":
        store.buckets["in"]["big"].settings = (("ContentType", "text/plain"),)
    else:
        options = copying(grants=(Grant("READ", "a@example.com"),))

    watched = await run_in_memory(options, store)

    assert len(old) == 1
    assert has_bytes(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    if change != "layout":
        assert store.buckets["out"]["big"].settings or store.buckets["out"]["big"].grants
    assert not store.uploads


async def test_a_recorded_upload_that_is_gone_is_begun_anew() -> None:
    """
    Somebody aborted it between two runs.
    """
    store = with_parts(100, 100, 50)
    await die_composing(store)
    store.uploads.clear()

    watched = await run_in_memory(copying(), store)

    assert is_copy(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"upload_id": 7}', '{"upload_id": "x", "target": 3}', "\xff"])
async def test_a_record_that_cannot_be_read_is_ignored(text: str) -> None:
    """
    Whatever stands under the record's name, the object is copied.
    """
    store = with_parts(100, 100, 50)
    await die_composing(store)
    (key,) = [name for name in names(store) if "s3copy-upload" in name]
    store.fill("out", {key: text.encode("latin-1")})

    watched = await run_in_memory(copying(), store)

    assert is_copy(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)


async def test_an_open_temp_upload_of_a_killed_run_is_dropped() -> None:
    """
    It cannot be continued, and its name is ours alone.
    """
    store = with_parts(100, 100, 50)
    kill = Kill(nth_of("temp", "UploadPartCopy", 2))
    await killed_run(store, copying(), kill)
    assert {upload.key.rpartition("/")[2][:5] for upload in store.uploads.values()} >= {"temp-"}

    await run_in_memory(copying(), store)

    assert is_copy(store)
    assert not store.uploads


async def test_foreign_uploads_are_never_aborted() -> None:
    """
    Uploads of others stay open: of the very same key, beside our objects and below the work area.
    """
    store = with_parts(100, 100, 50)
    folder = folder_of(store)
    foreign = ["big", f"{folder}mine", f"{folder}temp-00001.bak", f"{folder}temp-1", "temp/big/x", "temp/mine.txt"]
    store.uploads |= {f"foreign-{key}": StoredUpload("out", key, (), ()) for key in foreign}

    watched = await run_in_memory(copying(), store)

    assert is_copy(store)
    assert sorted(foreign) == sorted(upload.key for upload in store.uploads.values())
    assert watched.state.exit_code == 0


async def test_a_destination_that_may_not_be_listed_is_looked_at_part_by_part() -> None:
    """
    Without the right to list, parts of an earlier run are found by HEAD, and none moves again.
    """
    store = with_parts(100, 100, 50)
    store.fault = unlistable
    await die_composing(store)
    moved_before = store.calls
    wire = Wire(store)

    watched = await run_over(wire, copying())

    assert is_copy(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    assert [(key.rpartition("/")[2], start, stop) for key, start, stop in wire.moved()] == [("temp-00003", 200, 250)]
    assert moved_before


async def test_unlike_middle_parts_survive_a_kill() -> None:
    """
    The layout that the first run found out part by part is known again by what it left: no part moves again.
    """
    store = with_parts(100, 120, 80, 100)
    kill = Kill(lambda request: request.stage == "complete")
    await killed_run(store, copying(permits=1), kill)
    assert kill.hit
    wire = Wire(store)

    await run_over(wire, copying())

    assert is_copy(store)
    assert wire.moved() == []
    assert wire.stages("part") == []
