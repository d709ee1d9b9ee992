"""
The work area: names, marks, records, and what is found there.
"""

from __future__ import annotations

import hashlib
from typing import Final

import pytest

from s3copy_async.copying.work import (
    MD5,
    RANGE,
    SOURCE_ETAG,
    Folder,
    Inventory,
    decodes_otherwise,
    is_marked,
    marks,
    read_record,
    take_inventory,
    to_record,
)
from s3copy_async.errors import ListingError
from s3copy_async.keys import MAX_KEY_BYTES, WorkArea
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Fault
from s3copy_async.model import ObjectInfo
from s3copy_async.parts import Layout, Part
from staging import buckets

ETAG: Final = "0123456789abcdef0123456789abcdef-3"
SOURCE: Final = ObjectInfo("path/to/file", 250, ETAG)
FOLDER: Final = Folder.of("out", "temp/", SOURCE)


def folder_for(key: str, etag: str = ETAG, work: str = "temp/") -> Folder:
    """
    The folder of an object of this name.
    """
    return Folder.of("out", work, ObjectInfo(key, 1, etag))


def test_names_are_those_of_the_specification() -> None:
    """
    Work prefix, whole source key, seven characters of the ETag, ``parts/``, and five digits.
    """
    assert FOLDER.temp(1) == "temp/path/to/file/0123456/parts/temp-00001"
    assert FOLDER.part(10_000) == "temp/path/to/file/0123456/parts/part-10000"


@pytest.mark.parametrize("work", ["temp/", "a/b/"])
@pytest.mark.parametrize(
    "key", ["a", "/", "//a//", "a/", "a\x01b", "a\nb", "k" * 1024, "\u20ac" * 341, "a%20b", ".", "temp/"]
)
@pytest.mark.parametrize("etag", [ETAG, "opaque", "", "0123456", "ABCDEF0123"])
def test_every_name_fits_and_is_recognised_as_ours(work: str, key: str, etag: str) -> None:
    """
    Whatever the source is called: at most 1,024 bytes, and the work area knows its own.
    """
    folder = folder_for(key, etag, work)
    made = [
        folder.temp(1),
        folder.part(10_000),
        folder.alias,
        *(folder.record(kind, "out", key) for kind in ("upload", "done")),
    ]

    assert all(len(name.encode()) <= MAX_KEY_BYTES for name in made)
    assert all(name in WorkArea(work) for name in made)
    assert len(set(made)) == 5


def test_a_key_that_is_too_long_stands_as_its_hash() -> None:
    """
    One byte decides; other keys stand as they are.
    """
    longest = next(length for length in range(1024, 0, -1) if "kk/" in folder_for("k" * length).prefix)

    assert len(folder_for("k" * longest).prefix) + 32 == 1024
    key = "k" * (longest + 1)
    assert f"temp/{hashlib.sha256(key.encode()).hexdigest()}/0123456/parts/" == folder_for(key).prefix


@pytest.mark.parametrize(
    ("key", "otherwise"),
    [
        ("a%20b", True),
        ("%2f", True),
        ("a%b", True),
        ("100%", True),
        ("a?versionId=x", True),
        ("a?b", False),
        ("+", False),
    ],
)
def test_keys_that_decode_to_others_are_known(key: str, *, otherwise: bool) -> None:
    """
    Any percent sign, and what looks like a version; such a key stands as its hash, because a store might misread it.
    """
    assert otherwise == decodes_otherwise(key)
    assert otherwise == (key not in folder_for(key).prefix)


def test_other_versions_and_other_keys_have_other_folders() -> None:
    """
    So have ETags that are no MD5, whatever characters they are made of.
    """
    prefixes = [folder_for(key, etag).prefix for key in ("a", "b") for etag in (ETAG, "opaque-1", "opaque-2", "")]

    assert len(set(prefixes)) == 8


def test_records_are_told_apart_by_destination() -> None:
    """
    One source copied to several places has a record for each.
    """
    found = {
        FOLDER.record(kind, bucket, key) for kind in ("upload", "done") for bucket in ("b", "c") for key in ("x", "y")
    }

    assert len(found) == 8


@pytest.mark.parametrize(
    ("name", "ours"),
    [("temp-00001", True), ("temp-1", False), ("part-00001", False), ("temp-00001x", False), ("x/temp-00001", False)],
)
def test_temp_objects_are_known_by_their_whole_name(name: str, *, ours: bool) -> None:
    """
    Only in the very folder, and with five digits.
    """
    assert ours == FOLDER.is_temp(FOLDER.prefix + name)
    assert not FOLDER.is_temp(name)
    assert not FOLDER.is_temp(f"elsewhere/{name}")


def test_marks_tell_version_and_range() -> None:
    """
    Another version, another range or no marks at all: not the same bytes.
    """
    part = Part(2, 100, 200)
    written = marks(SOURCE, part, "abc")

    assert dict(written) == {SOURCE_ETAG: ETAG, RANGE: "100-200", MD5: "abc"}
    assert is_marked(written, SOURCE, part)
    assert is_marked((("more", "x"), *written), SOURCE, part)
    assert not is_marked(written, SOURCE._replace(etag=ETAG[:-1] + "4"), part)
    assert not is_marked(written, SOURCE, Part(2, 100, 199))
    assert not is_marked(written[:1], SOURCE, part)
    assert not is_marked((), SOURCE, part)


async def test_an_inventory_sorts_what_is_there_by_number() -> None:
    """
    Temp and part objects by their numbers, all else by name; page after page.
    """
    store = MemoryStore(page_size=2)
    store.fill("out", dict.fromkeys([FOLDER.temp(1), FOLDER.part(1), FOLDER.part(3), f"{FOLDER.prefix}mine"], b"x"))
    store.fill("out", {"temp/path/to/file/0123456/other": b"x"})

    found = await take_inventory([store], FOLDER)

    assert (sorted(found.temps), sorted(found.parts)) == ([1], [1, 3])
    assert {f"{FOLDER.prefix}mine"} == found.others
    assert found.known


async def test_an_inventory_is_taken_by_whoever_may_list() -> None:
    """
    The first that may; where nobody may, it is not known.
    """
    denied = buckets()
    denied.fault = lambda _: Fault("AccessDenied", 403)
    allowed = buckets()
    allowed.fill("out", {FOLDER.part(1): b"x"})

    assert list((await take_inventory([denied, allowed], FOLDER)).parts) == [1]
    assert not (await take_inventory([denied], FOLDER)).known
    assert not (await take_inventory([], FOLDER)).known


async def test_an_inventory_that_breaks_off_is_an_error() -> None:
    """
    Half a listing is never taken for a whole one.
    """
    store = MemoryStore(page_size=1, fault=lambda call: Fault("InvalidArgument", 400) if call.number == 2 else None)
    store.fill("out", {FOLDER.part(1): b"x", FOLDER.part(2): b"x"})

    with pytest.raises(ListingError):
        await take_inventory([store], FOLDER)


@pytest.mark.parametrize(
    ("parts", "temps", "contradicts"),
    [
        ({}, {}, False),
        ({1: 100, 3: 50}, {2: 100}, False),
        ({1: 90}, {}, True),
        ({}, {3: 100}, True),
        ({4: 50}, {}, True),
    ],
)
def test_an_inventory_of_another_layout_is_noticed(
    parts: dict[int, int], temps: dict[int, int], *, contradicts: bool
) -> None:
    """
    A part of another size, or one that the layout has not.
    """
    inventory = Inventory(
        parts={number: ObjectInfo("", size, "") for number, size in parts.items()},
        temps={number: ObjectInfo("", size, "") for number, size in temps.items()},
    )

    assert contradicts == inventory.contradicts(Layout(250, 100))


async def test_a_record_is_read_as_it_was_written() -> None:
    """
    Whatever characters a key has.
    """
    store = buckets()
    key = "a\x01\u202e\U0001f600\n"
    store.fill("out", {"record": to_record(target={"key": key}, upload_id="x")})

    assert {"s3copy": 1, "target": {"key": key}, "upload_id": "x"} == await read_record(store, "out", "record")


@pytest.mark.parametrize("body", [None, b"", b"[]", b"7", b"{", b"\xff\xfe"])
async def test_a_record_that_cannot_be_read_is_empty(body: bytes | None) -> None:
    """
    Missing, cut off or not ours at all: nothing is known, and nothing fails.
    """
    store = buckets()
    if body is not None:
        store.fill("out", {"record": body})

    assert await read_record(store, "out", "record") == {}
