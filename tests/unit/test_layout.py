"""
How the part layout of a source is found out, and with how many requests.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from s3copy_async.copying.layout import Shape, certain, read_shape
from s3copy_async.errors import AccessDenied, Failure, NotFound, ObjectRefused, Unproven
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import Head, ObjectInfo
from s3copy_async.parts import DEFAULT_PART
from staging import MIB, buckets, some_bytes, with_parts

FIVE: Final = 5 * MIB


def source_of(store: MemoryStore) -> ObjectInfo:
    """
    The source as a listing shows it.
    """
    found = store.buckets["in"]["big"]
    return ObjectInfo("big", found.size, found.etag)


async def shape_of(store: MemoryStore, part_size: int | None = None) -> Shape:
    """
    The layout for copying ``big``.
    """
    return await read_shape(store, "in", source_of(store), part_size)


def sizes(shape: Shape) -> list[int]:
    """
    The size of every part.
    """
    return [part.size for part in shape.layout.parts()]


@pytest.mark.parametrize(
    ("parts", "requests", "exact"),
    [
        ((100,), 1, True),
        ((100, 100), 1, True),
        ((100, 1), 1, True),
        ((100, 100, 100), 2, False),
        ((100, 100, 1), 2, False),
        ((10,) * 1000, 2, False),
        ((1,) * 10_000, 2, False),
    ],
)
async def test_an_even_layout_costs_two_heads_beside_the_first(
    parts: tuple[int, ...], requests: int, *, exact: bool
) -> None:
    """
    The first part tells its size and their number; from three parts on the last must agree. No data is read.
    """
    store = with_parts(*parts)

    shape = await shape_of(store)

    assert list(parts) == sizes(shape)
    assert (True, exact) == (shape.own, shape.exact)
    assert 1 + requests == store.count("HeadObject") == len(store.calls)


@pytest.mark.parametrize(
    ("parts", "requests"),
    [((100, 200), 3), ((1, 2, 3, 4), 5), ((100, 50, 100), 5), ((100, 100, 30, 70), 5), ((100,) * 200 + (30, 70), 203)],
)
async def test_an_uneven_layout_is_asked_for_part_by_part(parts: tuple[int, ...], requests: int) -> None:
    """
    When the first or the last part shows that they are not alike, every part is asked for.
    """
    store = with_parts(*parts)

    shape = await shape_of(store)

    assert list(parts) == sizes(shape)
    assert (shape.own, shape.exact) == (True, True)
    assert 1 + requests == store.count("HeadObject")


async def test_unlike_middle_parts_are_known_only_when_asked_for() -> None:
    """
    First and last look even, so that the guess stands until the ETag disagrees; then each part is asked for.
    """
    store = with_parts(100, 120, 80, 100)

    guess = await shape_of(store)
    better = await certain(store, "in", source_of(store), guess)

    assert sizes(guess) == [100, 100, 100, 100]
    assert not guess.exact
    assert better is not None
    assert sizes(better) == [100, 120, 80, 100]
    assert (better.own, better.exact) == (True, True)
    assert store.count("HeadObject") == 3 + 4


async def test_nothing_better_is_known_of_an_even_layout() -> None:
    """
    Asked for part by part the layout is the same: then it was not the layout that made the ETag disagree.
    """
    store = with_parts(100, 100, 100)

    assert await certain(store, "in", source_of(store), await shape_of(store)) is None


async def test_an_exact_layout_is_not_asked_for_again() -> None:
    """
    Neither is one that is not the source's own.
    """
    store = with_parts(100, 50, 100)
    exact, other = await shape_of(store), await shape_of(store, FIVE)
    asked = store.count("HeadObject")

    assert await certain(store, "in", source_of(store), exact) is None
    assert await certain(store, "in", source_of(store), other) is None
    assert asked == store.count("HeadObject")


async def test_a_layout_that_cannot_be_asked_for_is_not_better() -> None:
    """
    A refused lookup leaves the guess as it is.
    """
    store = with_parts(100, 120, 80, 100)
    guess = await shape_of(store)
    store.fault = lambda _: Fault("AccessDenied", 403)

    assert await certain(store, "in", source_of(store), guess) is None


@pytest.mark.parametrize("parts", [(100,), (100, 100, 50), (100, 120, 80, 100)])
async def test_part_size_needs_one_head(parts: tuple[int, ...]) -> None:
    """
    With ``--part-size`` the source's own layout is not asked for.
    """
    store = with_parts(*parts)

    shape = await shape_of(store, FIVE)

    assert (shape.layout.part_size, shape.own) == (FIVE, False)
    assert store.count("HeadObject") == 1


async def test_an_object_that_was_stored_whole_gets_64_mib() -> None:
    """
    It has no layout of its own: one HEAD, for its headers.
    """
    store = buckets()
    store.fill("in", {"big": some_bytes(3000)})

    shape = await shape_of(store)

    assert (shape.layout.part_size, shape.own) == (DEFAULT_PART, False)
    assert store.count("HeadObject") == 1


async def test_an_object_that_s3_cannot_hold_is_refused() -> None:
    """
    More than 48.8 TiB: said before anything is made.
    """
    store = buckets()
    store.fill("in", {"big": b"x"})
    store.buckets["in"]["big"].size = 53_687_091_200_001

    with pytest.raises(Unproven, match="more than S3 can hold"):
        await shape_of(store)


class Silent(MemoryStore):
    """
    A store that takes part numbers and tells nothing of them.
    """

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        See `store.HeadsDetails`.
        """
        head = await super().head_details(bucket, key, part, version=version)
        return replace(head, parts=0, part_size=head.info.size)


class Refusing(MemoryStore):
    """
    A store that knows no part numbers.
    """

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        See `store.HeadsDetails`.
        """
        if part:
            raise ObjectRefused(Failure("HeadObject", "NotImplemented", 501))
        return await super().head_details(bucket, key)


@pytest.mark.parametrize("kind", [Silent, Refusing])
@pytest.mark.parametrize(
    ("parts", "expected", "own"),
    [((FIVE, 10), [FIVE, 10], True), ((100, 120, 80), [300], False), ((77,), [77], True)],
    ids=["common", "unknown", "one"],
)
async def test_a_store_without_part_numbers_leaves_a_guess(
    kind: type[MemoryStore], parts: tuple[int, ...], expected: list[int], *, own: bool
) -> None:
    """
    A common part size that makes so many parts is tried; where there is none, 64 MiB.
    """
    made = with_parts(*parts)
    store = kind(buckets=made.buckets)

    shape = await shape_of(store)

    assert (expected, own) == (sizes(shape), shape.own)
    assert await certain(store, "in", source_of(store), shape) is None


@pytest.mark.parametrize("part", [1, 3])
async def test_a_source_that_is_replaced_meanwhile_is_noticed(part: int) -> None:
    """
    The shape carries what the lookup saw, so that another version is known by its ETag; or the lookup itself fails.
    """
    store = with_parts(100, 100, 50)
    source = source_of(store)

    def replace_it(call: Call) -> Fault | None:
        if call.operation == "HeadObject" and call.number == part:
            store.fill("in", {"big": b"new"})
        return None

    store.fault = replace_it
    try:
        shape = await read_shape(store, "in", source, None)
    except ObjectRefused:
        return  # of a whole object there is no part 3
    assert part == 1
    assert source.etag != shape.head.info.etag


async def test_a_source_that_is_gone_or_denied_is_an_error() -> None:
    """
    What S3 says comes out as it is.
    """
    store = with_parts(100, 100, 50)
    source = source_of(store)
    store.fault = lambda _: Fault("AccessDenied", 403)
    with pytest.raises(AccessDenied):
        await read_shape(store, "in", source, None)
    store.fault = lambda _: None
    del store.buckets["in"]["big"]

    with pytest.raises(NotFound):
        await read_shape(store, "in", source, None)
