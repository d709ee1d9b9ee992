"""
Part layouts, from no bytes up to the largest object that S3 can hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from s3copy_async.parts import (
    DEFAULT_PART,
    MAX_OBJECT,
    MAX_PART,
    MAX_PARTS,
    MIB,
    MIN_PART,
    Layout,
    guessed,
    multipart_etag,
    planned,
    uneven,
    uniform,
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
EDGES = sorted(
    near
    for edge in (1, MIB, MIN_PART, DEFAULT_PART, MAX_PART, MAX_PARTS * MIN_PART, MAX_PARTS * DEFAULT_PART, MAX_OBJECT)
    for near in (edge - 1, edge, edge + 1)
    if near <= MAX_OBJECT
)
SIZES = st.one_of(
    st.sampled_from(EDGES), *(st.integers(0, 1 << bits) for bits in (8, 20, 30, 40)), st.integers(0, MAX_OBJECT)
)
PART_SIZES = st.one_of(
    st.sampled_from([MIN_PART, MIN_PART + 1, DEFAULT_PART, MAX_PART - 1, MAX_PART]), st.integers(MIN_PART, MAX_PART)
)


def assert_tiles(layout: Layout) -> None:
    """
    The parts are numbered from 1 and are the whole object, without gap or overlap.
    """
    parts = list(layout.parts())
    assert layout.count == len(parts)
    assert list(range(1, layout.count + 1)) == [part.number for part in parts]
    assert (0, layout.size) == (parts[0].start, parts[-1].stop)
    assert all(before.stop == after.start for before, after in pairwise(parts))
    assert all(part.size > 0 for part in parts) or layout.size == 0
    assert layout.size == sum(part.size for part in parts)


@unhurried
@given(SIZES, PART_SIZES)
@example(MAX_PARTS * MIN_PART + 1, MIN_PART)
@example(MAX_PARTS * DEFAULT_PART + 1, MIN_PART)
@example(MAX_OBJECT, MIN_PART)
def test_a_planned_layout_tiles_the_object_within_the_limits_of_s3(size: int, part_size: int) -> None:
    """
    At most 10,000 parts of 5 MiB to 5 GiB, only the last of any size; never smaller than was asked for.
    """
    layout = planned(size, part_size)

    assert_tiles(layout)
    assert size == layout.size
    assert 1 <= layout.count <= MAX_PARTS
    assert part_size <= layout.part_size <= MAX_PART
    sizes = [part.size for part in layout.parts()]
    assert all(MIN_PART <= length <= MAX_PART for length in sizes[:-1])
    assert sizes[-1] <= MAX_PART


@unhurried
@given(SIZES, PART_SIZES)
@example(52_428_800_001, MIN_PART + 1)
def test_the_part_size_that_was_asked_for_is_kept_where_it_fits(size: int, part_size: int) -> None:
    """
    Only where 10,000 parts would not do are they larger; then they have whole MiB, or 5 GiB, and as few as will do.
    """
    layout = planned(size, part_size)

    if size <= part_size * MAX_PARTS:
        assert part_size == layout.part_size
    else:
        assert layout.part_size % MIB == 0
        assert (layout.part_size - MIB) * MAX_PARTS < size


@unhurried
@given(st.integers(MAX_OBJECT + 1, MAX_OBJECT * 4), PART_SIZES)
def test_what_s3_cannot_hold_is_refused(size: int, part_size: int) -> None:
    """
    More than 10,000 parts of 5 GiB make no object: one line says so.
    """
    with pytest.raises(ValueError, match="more than S3 can hold in one object") as caught:
        planned(size, part_size)

    assert "\n" not in str(caught.value)


@unhurried
@given(SIZES, st.one_of(st.integers(-1, MIN_PART - 1), st.integers(MAX_PART + 1, MAX_PART * 2)))
def test_parts_that_s3_does_not_allow_are_refused(size: int, part_size: int) -> None:
    """
    5 MiB to 5 GiB, whatever the object.
    """
    with pytest.raises(ValueError, match="5MiB to 5GiB"):
        planned(size, part_size)


def test_the_largest_object_has_10000_parts_of_5_gib() -> None:
    """
    Exactly 53,687,091,200,000 bytes fit, in exactly one way, and not one more.
    """
    layout = planned(53_687_091_200_000, MIN_PART)

    assert (layout.count, layout.part_size) == (MAX_PARTS, MAX_PART)
    assert {MAX_PART} == {part.size for part in layout.parts()}
    with pytest.raises(ValueError, match=r"53,687,091,200,001 bytes are more than"):
        planned(53_687_091_200_001, MAX_PART)


def test_one_byte_less_than_the_largest_object_has_a_shorter_last_part() -> None:
    """
    The last part is a byte short.
    """
    *_, last = planned(MAX_OBJECT - 1, MIN_PART).parts()

    assert (last.number, last.size) == (MAX_PARTS, MAX_PART - 1)


@unhurried
@given(st.integers(0, 60), st.integers(-1, 20), st.integers(-1, 20))
def test_a_uniform_layout_is_found_exactly_where_there_is_one(size: int, first: int, count: int) -> None:
    """
    All but the last part have `first` bytes, and the last has some: tried out part by part.
    """
    tried = [min(first, size - at) for at in range(0, size, first)] if first > 0 else []
    layout = uniform(size, first, count)

    assert (layout is not None) == (bool(tried) and len(tried) == count)
    if layout is not None:
        assert_tiles(layout)
        assert tried == [part.size for part in layout.parts()]


@unhurried
@given(st.integers(1, MAX_PARTS), st.integers(1, MAX_PART), st.data())
def test_a_uniform_layout_is_found_at_every_size(count: int, first: int, data: st.DataObject) -> None:
    """
    Also among the largest objects: whatever was uploaded in even parts is recognised by its first part.
    """
    last = data.draw(st.integers(1, first))
    size = first * (count - 1) + last

    layout = uniform(size, first, count)

    assert layout is not None
    assert (count, last) == (layout.count, list(layout.parts())[-1].size)


@unhurried
@given(st.lists(st.integers(1, MAX_PART), min_size=1, max_size=200))
def test_an_uneven_layout_keeps_every_size(sizes: list[int]) -> None:
    """
    Each part has a size of its own.
    """
    layout = uneven(sizes)

    assert_tiles(layout)
    assert sizes == [part.size for part in layout.parts()]


@unhurried
@given(SIZES.filter(bool), st.integers(1, MAX_PARTS))
def test_a_guess_has_the_right_number_of_parts(size: int, count: int) -> None:
    """
    A guess may be wrong about the sizes, and never about the number of parts or of bytes.
    """
    layout = guessed(size, count)

    if layout is not None:
        assert_tiles(layout)
        assert (size, count) == (layout.size, layout.count)


@unhurried
@given(st.integers(MIN_PART, MAX_PART), st.integers(2, MAX_PARTS), st.data())
def test_for_every_even_layout_there_is_a_guess(part_size: int, count: int, data: st.DataObject) -> None:
    """
    With as many parts, none of them of a size that S3 does not take.
    """
    size = part_size * (count - 1) + data.draw(st.integers(1, part_size))

    layout = guessed(size, count)

    assert layout is not None
    assert MIN_PART <= layout.part_size <= MAX_PART
    assert (size, count) == (layout.size, layout.count)


PROGRAMS: Final[dict[str, Callable[[int], int]]] = {
    "aws-cli": lambda size: doubled(8 * MIB, size),
    "aws-amplify": lambda size: doubled(5 * MIB, size),
    "rclone": lambda size: in_steps(5 * MIB, size, MIB),
    "s5cmd": lambda size: in_steps(50 * MIB, size, MIB),
    "s3cmd": lambda size: in_steps(15 * MIB, size, MIB),
    "mc": lambda size: in_steps(16 * MIB, size, 16 * MIB),
    "mc-of-old": lambda size: in_steps(64 * MIB, size, 64 * MIB),
    "cyberduck": lambda size: in_steps(10 * MIB, size, MIB),
    "s3a-64M": lambda size: in_steps(64 * MIB, size, MIB),
    "s3a-100M": lambda size: in_steps(100 * MIB, size, MIB),
    "s3a-128M": lambda size: in_steps(128 * MIB, size, MIB),
    "decimal-10": lambda size: in_steps(10 * 1000**2, size, 1000**2),
    "decimal-64": lambda size: in_steps(64 * 1000**2, size, 1000**2),
    "decimal-100": lambda size: in_steps(100 * 1000**2, size, 1000**2),
    "java-sdk": lambda size: in_steps(5 * MIB, size, 1),
}  # fmt: skip
"""The part sizes of programs, which grow where 10,000 parts would not do."""


def doubled(part_size: int, size: int) -> int:
    """
    Twice as much until it does.
    """
    while -(-size // part_size) > MAX_PARTS:
        part_size *= 2
    return part_size


def in_steps(part_size: int, size: int, step: int) -> int:
    """
    Rounded up to a multiple of `step`.
    """
    least = -(-size // MAX_PARTS)
    return max(part_size, -(-least // step) * step)


@pytest.mark.parametrize("tenths", [80, 81, 1234, 99_995, 250_000])
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_programs_upload_is_guessed_right(program: str, tenths: int) -> None:
    """
    As soon as there are some parts, nothing else makes so many.

    Args:
        program: whose part sizes are guessed.
        tenths: size of the object in tenths of the program's smallest part, and a little more.
    """
    part_size = PROGRAMS[program]
    size = part_size(1) * tenths // 10 + 12_345

    layout = guessed(size, -(-size // part_size(size)))

    assert layout is not None
    assert part_size(size) == layout.part_size


def test_the_most_common_size_wins() -> None:
    """
    Two parts may be 8 MiB and a rest, or 10, or 15.
    """
    layouts = [guessed(size * MIB, 2) for size in (15, 17, 18, 100)]

    assert [layout.part_size // MIB for layout in layouts if layout] == [8, 16, 16, 64]


@unhurried
@given(st.integers(0, MAX_PART))
def test_one_part_is_all_of_the_object(size: int) -> None:
    """
    The only layout of one part needs no guess.
    """
    layout = guessed(size, 1)

    assert layout is not None
    assert [(1, 0, size)] == list(layout.parts())


@unhurried
@given(st.lists(st.binary(max_size=20), min_size=1, max_size=30))
def test_a_multipart_etag_is_the_md5_of_the_md5s(bodies: list[bytes]) -> None:
    """
    Worked out by hand: the digests in a row, their MD5, a dash, their number.
    """
    row = b"".join(hashlib.md5(body).digest() for body in bodies)

    etag = multipart_etag([hashlib.md5(body).hexdigest() for body in bodies])

    assert f"{hashlib.md5(row).hexdigest()}-{len(bodies)}" == etag


def test_a_known_multipart_etag() -> None:
    """
    Two parts, ``a`` and ``b``: worked out with md5sum and xxd.
    """
    md5s = ["0cc175b9c0f1b6a831c399e269772661", "92eb5ffee6ae2fec3ad71c777531578f"]

    assert multipart_etag(md5s) == "96e024ba2074fe77e8e965ba43a704be-2"


def test_an_etag_that_is_no_md5_makes_no_multipart_etag() -> None:
    """
    Only MD5s in hexadecimal can be put together.
    """
    with pytest.raises(ValueError, match="hexadecimal"):
        multipart_etag(["d41d8cd98f00b204e9800998ecf8427e-1"])
