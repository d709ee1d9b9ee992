"""
Copies in parts: what arrives, what stays in the work area, and what goes wrong on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import unquote

import pytest

from s3copy_async.events import Notice, ObjectDone
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault, Nature, md5
from s3copy_async.model import CopyAnswer, CopyResult, Head, PartRequest, Proof, SkipReason
from s3copy_async.options import Grant, PartOptions
from s3copy_async.parts import multipart_etag
from staging import (
    MIB,
    Wire,
    buckets,
    contents,
    copying,
    has_bytes,
    is_copy,
    names,
    pieces,
    run_over,
    some_bytes,
    with_parts,
)
from support import Watched, run_in_memory

FIVE: Final = 5 * MIB
SMALL_FILE: Final = 1000
"""With this limit, what is a little larger is copied in parts, or rather in one part of up to 64 MiB."""


class Layoutless(MemoryStore):
    """
    A store that tells nothing of part numbers, as Ceph.
    """

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        See `store.HeadsDetails`.
        """
        return replace(await super().head_details(bucket, key), parts=0)


def result_of(watched: Watched, key: str = "big") -> CopyResult:
    """
    What became of one object.
    """
    (found,) = [event.result for event in watched.events if isinstance(event, ObjectDone) and event.result.key == key]
    return found


def folder_of(store: MemoryStore, key: str = "big", work: str = "temp/") -> str:
    """
    Where the parts of an object are made.
    """
    return f"{work}{key}/{store.buckets['in'][key].etag[:7]}/parts/"


def nth(operation: str, number: int, fault: Fault) -> Callable[[Call], Fault | None]:
    """
    Something goes wrong with one request.
    """
    return lambda call: fault if (call.operation, call.number) == (operation, number) else None


# What arrives


@pytest.mark.parametrize(
    "sizes",
    [(100,), (100, 100), (100, 7), (100, 100, 100, 1), (60,) * 17, (1,) * 101],
    ids=["one", "two", "short-last", "four", "many", "tiny"],
)
async def test_a_multipart_object_keeps_its_etag(sizes: tuple[int, ...]) -> None:
    """
    Copied at its own part boundaries, the object has its source's ETag, which is the proof.
    """
    store = with_parts(*sizes)

    watched = await run_in_memory(copying(), store)

    assert is_copy(store)
    assert list(sizes) == list(store.buckets["out"]["big"].sizes)
    assert (watched.state.copied, watched.state.failed, watched.state.exit_code) == (1, 0, 0)
    assert Proof.ETAG_LAYOUT is result_of(watched).proof


@pytest.mark.parametrize(
    "sizes",
    [
        (100, 100, 30, 70),
        (50, 100, 100),
        (100, 60, 60),
        (100, 120, 80, 100),
        (100, 120, 80, 100, 90, 110, 100, 1),
        (1, 2, 3, 4, 5),
    ],
    ids=["short-third", "short-first", "second-unlike", "middle", "middle-twice", "growing"],
)
async def test_an_uneven_object_keeps_its_etag(sizes: tuple[int, ...]) -> None:
    """
    Parts of different sizes are found by the size of the last part or, where only middle parts differ, by the ETag.
    """
    store = with_parts(*sizes)

    watched = await run_in_memory(copying(), store)

    assert is_copy(store)
    assert sizes == store.buckets["out"]["big"].sizes
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    assert Proof.ETAG_LAYOUT is result_of(watched).proof
    assert not store.uploads


async def test_a_layout_that_was_taken_for_even_costs_only_its_unlike_parts_again() -> None:
    """
    Parts whose boundaries were right stay, when the ETag shows that others were not.
    """
    store = with_parts(100, 100, 120, 80, 100, 100)
    wire = Wire(store)

    await run_over(wire, copying())

    assert is_copy(store)
    assert len(wire.moved()) == 6 + 2
    assert len(set(wire.moved())) == 8


async def test_an_empty_multipart_object_is_copied_whole() -> None:
    """
    There is no part to copy: one CopyObject makes an empty object, and the next run leaves it.
    """
    store = with_parts(0)

    first = await run_in_memory(copying(), store)
    second = await run_in_memory(copying(), store)

    assert store.buckets["out"]["big"].body == b""
    assert (store.count("CopyObject"), store.count("CreateMultipartUpload")) == (1, 0)
    assert (first.state.copied, second.state.copied, second.state.exit_code) == (1, 0, 0)
    assert not names(store)


async def test_a_large_object_is_copied_in_parts() -> None:
    """
    Above ``--large-file`` an object that was stored whole is copied in parts of ``--part-size``.
    """
    store = buckets()
    store.min_part = FIVE
    store.fill("in", {"big": some_bytes(2 * FIVE + 1)})

    watched = await run_in_memory(copying(large_file=FIVE, parts=PartOptions(size=FIVE)), store)

    assert has_bytes(store)
    assert store.buckets["out"]["big"].sizes == (FIVE, FIVE, 1)
    assert (watched.state.copied, result_of(watched).proof) == (1, Proof.SERVER)


async def test_a_large_object_has_parts_of_64_mib_by_default() -> None:
    """
    What fits into 64 MiB becomes a multipart object of one part.
    """
    store = buckets()
    store.fill("in", {"big": some_bytes(3000), "small": some_bytes(SMALL_FILE)})

    watched = await run_in_memory(copying(large_file=SMALL_FILE), store)

    assert has_bytes(store)
    assert multipart_etag([md5(some_bytes(3000))]) == store.buckets["out"]["big"].etag
    assert store.buckets["in"]["small"].etag == store.buckets["out"]["small"].etag
    assert watched.state.copied == 2


async def test_part_size_overrides_the_layout_of_the_source() -> None:
    """
    With ``--part-size`` the boundaries are its own, and so the ETag is another.
    """
    store = with_parts(100, 100, 100)

    watched = await run_in_memory(copying(parts=PartOptions(size=FIVE)), store)

    assert has_bytes(store)
    assert store.buckets["out"]["big"].sizes == (300,)
    assert (watched.state.copied, result_of(watched).proof) == (1, Proof.SERVER)


async def test_a_store_that_tells_no_layout_gets_64_mib() -> None:
    """
    Where the part sizes can be neither read nor guessed, the bytes are right and the ETag is another.
    """
    store = Layoutless()
    store.fill("out", {})
    store.fill_multipart("in", "big", pieces(100, 120, 80))

    watched = await run_in_memory(copying(), store)

    assert has_bytes(store)
    assert store.buckets["out"]["big"].sizes == (300,)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)


async def test_a_layout_that_was_guessed_wrong_is_said_once() -> None:
    """
    The bytes are right, and their proof is less than it might be.
    """
    store = Layoutless()
    store.fill("out", {})
    for key in ("a", "b"):
        store.fill_multipart("in", key, pieces(FIVE + 11, FIVE + 3, 17))

    watched = await run_in_memory(copying(), store)

    said = [event.text for event in watched.events if isinstance(event, Notice) and event.warning]
    assert (has_bytes(store, "a"), has_bytes(store, "b"), watched.state.exit_code) == (True, True, 0)
    assert result_of(watched, "a").proof is Proof.SERVER
    assert len(said) == 1
    assert "does not tell how objects were cut into parts" in said[0]


async def test_a_store_that_tells_no_layout_gets_the_guess_that_the_etag_proves() -> None:
    """
    Parts of 5 MiB are common enough to be guessed, and the equal ETag is the proof.
    """
    store = Layoutless()
    store.fill("out", {})
    store.fill_multipart("in", "big", pieces(FIVE, 17))

    watched = await run_in_memory(copying(), store)

    assert is_copy(store)
    assert not any(isinstance(event, Notice) and event.warning for event in watched.events)
    assert Proof.ETAG_LAYOUT is result_of(watched).proof


@pytest.mark.parametrize(("code", "status"), [("NotImplemented", 501), ("AccessDenied", 403)])
async def test_a_left_temp_object_that_may_not_be_copied_is_made_again(code: str, status: int) -> None:
    """
    An earlier run encrypted it, and this store does not copy such objects, or this user may not decrypt them.
    """
    store = with_parts(100, 100)
    encrypted: set[str] = set()

    def refuse(call: Call) -> Fault | None:
        is_temp = "/temp-" in call.key
        if call.operation == "CompleteMultipartUpload" and is_temp:
            encrypted.discard(call.key)
        made_of = call.key.replace("/part-", "/temp-")
        return Fault(code, status) if call.operation == "CopyObject" and made_of in encrypted else None

    store.fault = lambda call: Fault(code, status) if call.operation == "CopyObject" else None
    assert (await run_in_memory(copying(), store)).state.exit_code == 3
    encrypted.update(name for name in names(store) if "/temp-" in name)
    assert encrypted

    store.fault = refuse
    watched = await run_in_memory(copying(), store)

    assert watched.state.exit_code == 0
    assert is_copy(store)


async def test_headers_and_metadata_arrive_on_the_object() -> None:
    """
    They are set when the upload begins, because a composed object inherits none; none of ours is among them.
    """
    store = buckets()
    settings = (("ContentType", "text/plain"), ("CacheControl", "no-store"), ("ContentLanguage", "fr"))
    metadata = (("one", "1"), ("two", "=?utf-8?q?=C3=A9?="))
    store.fill_multipart("in", "big", pieces(100, 50), settings=settings, metadata=metadata)

    await run_in_memory(copying(), store)

    found = store.buckets["out"]["big"]
    assert (settings, metadata) == (found.settings, found.metadata)


async def test_grants_are_on_every_object() -> None:
    """
    Temp, part and final objects can be read by whom ``--acl-grant`` names, and by their owner.
    """
    store = with_parts(100, 50)

    await run_in_memory(copying(grants=(Grant("READ", "a@example.com"),)), store)

    wanted = {("GrantRead", 'emailAddress="a@example.com"'), ("GrantFullControl", 'id="memory"')}
    granted = {key: {*found.grants, *found.settings} for key, found in store.buckets["out"].items()}
    assert len(granted) == 5
    assert dict.fromkeys(granted, wanted) == granted


async def test_what_cannot_be_carried_is_reported() -> None:
    """
    Tags and the like are named in the result, not dropped in silence.
    """

    class Tagged(MemoryStore):
        async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
            return replace(await super().head_details(bucket, key, part, version=version), lost=("tags", "object lock"))

    store = Tagged()
    store.fill("out", {})
    store.fill_multipart("in", "big", pieces(100, 50))

    watched = await run_in_memory(copying(), store)

    assert result_of(watched).lost == ("tags", "object lock")
    assert dict(watched.state.lost) == {"tags": 1, "object lock": 1}


async def test_what_cannot_fit_fails_before_any_copy() -> None:
    """
    An object over 48.8 TiB ends as one failed object, and nothing is begun for it.
    """
    store = buckets()
    store.fill("in", {"big": b"x"})
    store.buckets["in"]["big"].size = 53_687_091_200_001

    watched = await run_in_memory(copying(), store)

    assert (result_of(watched).code, watched.state.exit_code) == ("CannotFit", 3)
    assert "more than S3 can hold" in result_of(watched).reason
    assert 0 == store.count("CreateMultipartUpload") == store.count("CopyObject")


# Names


async def test_temp_and_part_objects_have_the_names_of_the_specification() -> None:
    """
    ``temp/<key>/<first 7 of the ETag>/parts/temp-00001`` and ``part-00001``, and nothing else stays.
    """
    store = with_parts(100, 50, key="path/to/file")

    await run_in_memory(copying(), store)

    folder = folder_of(store, "path/to/file")
    assert folder.startswith("temp/path/to/file/")
    assert [f"{folder}{kind}-0000{number}" for kind in ("part", "temp") for number in (1, 2)] == names(store)
    temps = [store.buckets["out"][f"{folder}temp-0000{number}"] for number in (1, 2)]
    parts = [store.buckets["out"][f"{folder}part-0000{number}"] for number in (1, 2)]
    assert pieces(100, 50) == [found.body for found in temps] == [found.body for found in parts]
    assert [found.etag[32:] for found in temps] == ["-1", "-1"]
    assert [md5(body) for body in pieces(100, 50)] == [found.etag for found in parts]


async def test_the_work_area_lies_where_it_was_asked_for() -> None:
    """
    ``--work-bucket`` and ``--work-prefix`` together: the destination holds the object alone.
    """
    store = with_parts(100, 50)
    store.fill("work", {})

    await run_in_memory(copying(parts=PartOptions(work_bucket="work", work_prefix="a/b/")), store)

    assert is_copy(store)
    assert list(store.buckets["out"]) == ["big"]
    assert len(names(store, "work", f"a/b/big/{store.buckets['in']['big'].etag[:7]}/parts/")) == 4


@pytest.mark.parametrize("length", [975, 976, 977, 978, 979, 1024])
async def test_a_long_key_gets_a_shorter_name_in_the_work_area(length: int) -> None:
    """
    Where a name would pass 1,024 bytes the key stands there as its SHA-256: no request is refused for its key.
    """
    key = "k" * length
    store = with_parts(100, 50, key=key)

    watched = await run_in_memory(copying(), store)

    assert is_copy(store, key)
    assert watched.state.copied == 1
    (folder,) = {name.rpartition("/")[0] for name in names(store)}
    whole = f"temp/{key}/{store.buckets['in'][key].etag[:7]}/parts/"
    hashed = len(folder.split("/")[1]) == 64
    assert hashed == (len(whole) + 32 > 1024)


@pytest.mark.parametrize("key", ["a\x01b", "a\nb", "//a//", " a+b ", "\U0001f600", "[red]", "..", "a/parts/part-00001"])
async def test_a_hostile_key_is_copied_in_parts(key: str) -> None:
    """
    Keys are taken literally, in the work area too.
    """
    store = with_parts(100, 50, key=key)

    watched = await run_in_memory(copying(), store)

    assert is_copy(store, key)
    assert (watched.state.copied, watched.state.failed) == (1, 0)
    assert len([name for name in names(store) if name.startswith(folder_of(store, key))]) == 4


class DecodingTwice(MemoryStore):
    """
    A store that decodes the source keys of part copies once too often and cuts off what looks like a version, as Ceph.
    """

    async def copy_part(self, request: PartRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        misread = unquote(request.source_key).partition("?versionId=")[0]
        found = self.buckets[request.source_bucket].get(misread)
        # The pin is ignored as well, or other bytes could not be copied.
        etag = found.etag if found else request.source_etag
        return await super().copy_part(request._replace(source_key=misread, source_etag=etag))


MISREAD: Final = ("a%20b", "%41", "a?versionId=null", "100%25")


@pytest.mark.parametrize("kind", [MemoryStore, DecodingTwice])
async def test_keys_that_a_store_might_misread_get_their_own_bytes(kind: type[MemoryStore]) -> None:
    """
    Beside objects that a misreading store would take instead; it is asked once, and nothing is left of asking.
    """
    store = kind(nature=Nature(is_aws=False))
    store.fill("out", {})
    for number, key in enumerate((*MISREAD, "a b", "A", "a", "100%")):
        store.fill_multipart("in", key, pieces(100, 50, seed=number))
    wire = Wire(store)

    watched = await run_over(wire, copying())

    assert all(is_copy(store, key) for key in store.buckets["in"])
    assert (watched.state.copied, watched.state.failed, watched.state.exit_code) == (8, 0, 0)
    assert len([sent for sent in wire.requests if "s3copy-probe%20" in sent.key and sent.operation == "PutObject"]) == 1
    assert len(names(store)) == 8 * 4
    assert not store.uploads


async def test_a_store_is_not_asked_when_no_key_could_be_misread() -> None:
    """
    The probe costs some requests, and most runs need none.
    """
    store = with_parts(100, 50, key="plain + simple?")
    wire = Wire(store)

    await run_over(wire, copying())

    assert is_copy(store, "plain + simple?")
    assert not [sent for sent in wire.requests if "probe" in sent.key]


async def test_a_key_that_would_be_misread_fails_where_the_object_is_too_large_for_another_way() -> None:
    """
    Above 5 GiB it cannot be given a harmless name in one request: it fails with the reason, and nothing is copied.
    """
    store = DecodingTwice(nature=Nature(is_aws=False))
    store.fill("out", {})
    store.fill("in", {"a%20b": b"x", "a b": b"y"})
    store.buckets["in"]["a%20b"].size = 6 * 1024**3

    watched = await run_in_memory(copying(), store)

    assert (result_of(watched, "a%20b").code, watched.state.exit_code) == ("MisreadKey", 3)
    assert list(contents(store)) == ["a b"]


# What stays


async def test_parts_are_kept_by_default() -> None:
    """
    Two objects a part; the record of the upload is gone with the upload.
    """
    store = with_parts(100, 100, 50)

    await run_in_memory(copying(), store)

    assert len(names(store)) == 6
    assert not store.uploads


async def test_parts_need_not_be_kept() -> None:
    """
    ``--no-keep-parts`` leaves nothing in the work area when the ETag speaks for itself.
    """
    store = with_parts(100, 100, 50)

    await run_in_memory(copying(parts=PartOptions(keep=False)), store)

    assert is_copy(store)
    assert not names(store)
    assert not store.uploads


async def test_no_keep_parts_leaves_the_done_record_alone() -> None:
    """
    When the ETag cannot be equal, one small record stays, by which the next run knows the copy.
    """
    store = with_parts(100, 50)
    options = copying(parts=PartOptions(size=FIVE, keep=False))

    await run_in_memory(options, store)

    (record,) = names(store)
    assert record.startswith(f"{folder_of(store)}s3copy-done-")


@pytest.mark.parametrize("keep", [True, False], ids=["keep", "no-keep"])
async def test_a_second_run_copies_nothing_although_the_etags_differ(*, keep: bool) -> None:
    """
    The copy of an object whose ETag cannot be equal is known as done.
    """
    store = with_parts(100, 50)
    options = copying(parts=PartOptions(size=FIVE, keep=keep))
    await run_in_memory(options, store)
    wire = Wire(store)

    watched = await run_over(wire, options)

    assert wire.copies() == []
    assert (watched.state.copied, watched.state.skipped[SkipReason.SAME], watched.state.exit_code) == (0, 1, 0)


async def test_a_second_run_copies_nothing_when_only_the_parts_speak() -> None:
    """
    Without the record, the part objects show that the destination is composed of them.
    """
    store = with_parts(100, 50)
    options = copying(parts=PartOptions(size=FIVE))
    await run_in_memory(options, store)
    (record,) = [name for name in names(store) if "s3copy-done" in name]
    del store.buckets["out"][record]
    wire = Wire(store)

    watched = await run_over(wire, options)

    assert wire.copies() == []
    assert (watched.state.copied, watched.state.skipped[SkipReason.SAME]) == (0, 1)
    assert not store.uploads


async def test_parts_of_another_version_do_not_vouch_for_the_destination() -> None:
    """
    The destination is composed of the part objects, but they are not of this source: it is copied again.
    """
    store = with_parts(100, 50)
    options = copying(parts=PartOptions(size=FIVE, keep=True))
    await run_in_memory(options, store)
    (record,) = [name for name in names(store) if "s3copy-done" in name]
    del store.buckets["out"][record]
    for name in names(store):
        found = store.buckets["out"][name]
        found.metadata = (("s3copy-source-etag", "another"), *found.metadata[1:])
    store.fill_multipart("in", "big", pieces(100, 50))

    wire = Wire(store)
    watched = await run_over(wire, options)

    assert has_bytes(store)
    assert len(wire.moved()) == 1
    assert watched.state.exit_code == 0


async def test_a_done_record_does_not_vouch_for_another_object() -> None:
    """
    When somebody replaced the destination, it is copied again, although the record is still there.
    """
    store = with_parts(100, 50)
    options = copying(parts=PartOptions(size=FIVE, keep=False))
    await run_in_memory(options, store)
    store.fill("out", {"big": some_bytes(150, 9)})

    watched = await run_in_memory(options, store)

    assert has_bytes(store)
    assert watched.state.copied == 1


async def test_a_second_run_copies_nothing() -> None:
    """
    An equal ETag is seen in the listing: no request is made for the object at all.
    """
    store = with_parts(100, 50)
    await run_in_memory(copying(), store)
    wire = Wire(store)

    watched = await run_over(wire, copying())

    assert [sent.key for sent in wire.requests if sent.key.endswith("big")] == []
    assert (watched.state.copied, watched.state.skipped[SkipReason.SAME]) == (0, 1)


async def test_what_already_stands_at_the_destination_is_replaced_only_at_the_end() -> None:
    """
    Until the copy is complete and proven, the destination holds what it held.
    """
    store = with_parts(100, 100, 50)
    store.fill("out", {"big": b"old"})
    seen: list[bytes] = []
    wire = Wire(store, before=lambda _: seen.append(store.buckets["out"]["big"].body))

    await run_over(wire, copying())

    assert {b"old", store.buckets["in"]["big"].body} == set(seen)
    assert seen == sorted(seen, key=lambda body: body != b"old")
    assert is_copy(store)
