"""
Runs that are repeated: only what changed is copied, whatever the server does to ETags; and ``check --deep`` finds what
differs beside the bytes.

Against moto, and against LocalStack, Ceph and sim_s3 where the environment names them.
"""

from __future__ import annotations

from typing import Any, Final

from e2e.test_fidelity import HEADERS, Feature, Place, endpoint, place
from e2e.tools import Result

__all__ = ["endpoint", "place"]

ENOUGH: Final = 30


def until_nothing_is_copied(place: Place, *options: object) -> list[int]:
    """
    How many objects each of the runs copied, until one copied none.
    """
    copied: list[int] = []
    while len(copied) < ENOUGH:
        copied.append(place.copy(*options).last["copied"])
        if not copied[-1]:
            return copied
    raise AssertionError(copied)


def deep(place: Place) -> Result:
    """
    ``check --deep`` of everything.
    """
    return place.s3copy("check", "--deep", place.source, place.dest)


def test_nothing_is_copied_twice(place: Place) -> None:
    """
    The second run finds all of it there.
    """
    place.make("a", **HEADERS)
    place.make("b/c")

    assert until_nothing_is_copied(place) == [2, 0]


def test_encrypted_objects_are_not_copied_for_ever(place: Place) -> None:
    """
    Their ETags can never be equal. Without checksums it takes until the copy is younger than its source, by the second.
    """
    place.needs(Feature.ENCRYPTION)
    place.make()

    runs = until_nothing_is_copied(place, "--sse", "aws:kms", "--sse-kms-key-id", "testkey-1")

    assert runs[0] == 1
    assert not place.in_parts or runs == [1, 0]  # these have a record


def test_what_changed_is_copied(place: Place) -> None:
    """
    Also where its size did not, and in the very second of the copy before.
    """
    place.make()
    assert until_nothing_is_copied(place)[0] == 1
    place.source.write("a", "HELLO")
    assert place.copy().last["copied"] == 1
    assert place.dest.read("a") == "HELLO"
    place.source.write("a", "hellO")

    assert place.copy().last["copied"] == 1
    assert place.dest.read("a") == "hellO"


def test_a_copy_that_another_tool_made_is_the_same(place: Place) -> None:
    """
    By its bytes, and beside them.
    """
    place.make("a", **{name: value for name, value in HEADERS.items() if name != "Expires"}, Metadata={"x": "y"})
    place.tag({"team": "a b"})
    source = {"Bucket": place.source.name, "Key": "a"}
    place.client.copy_object(Bucket=place.dest.name, Key="a", CopySource=source, TaggingDirective="COPY")

    result = deep(place)

    # Ceph and moto compose ETags of their own kind for such a copy, which is one part: not comparable is no difference.
    assert (result.code, [line for line in result.lines if not line.startswith("not comparable")]) == (0, [])


def test_a_deep_check_of_our_own_copy_finds_nothing(place: Place) -> None:
    """
    Everything was carried, and can be compared.
    """
    settings: dict[str, Any] = {name: value for name, value in HEADERS.items() if name != "Expires"}
    place.make("a", **settings, Metadata={"plain": "a b", "percent": "50%+2"})
    place.tag({"team": "a b"})
    place.copy()

    result = deep(place)

    assert (result.code, result.out) == (0, "")
    assert "1 same" in result.err


def test_a_deep_check_names_what_differs(place: Place) -> None:
    """
    And a plain check does not look.
    """
    place.make("a", ContentType="text/plain", Metadata={"colour": "red"})
    place.tag({"team": "blue"})
    place.copy("--metadata", "colour=secret-value", "--content-type", "text/html", "--tag", "team=other")
    assert place.s3copy("check", place.source, place.dest).code == 0

    result = deep(place)

    assert result.code == 4
    assert result.lines == [f"other metadata: {place.dest}/a (Content-Type, metadata 'colour', tag 'team')"]
    assert "1 other metadata" in result.err
    assert "secret-value" not in result.out + result.err


def test_every_mode_leaves_an_equal_copy_alone(place: Place) -> None:
    """
    A dry run says so too, and a check.
    """
    place.make()
    place.copy()

    for mode in ("auto", "etag", "checksum", "size", "size-time"):
        assert (mode, place.copy("--compare", mode).last["copied"]) == (mode, 0)
        assert (mode, place.s3copy("check", "--compare", mode, place.source, place.dest).code) == (mode, 0)
    assert place.copy("--compare", "checksum", "-n").last["planned"] == 0


def test_size_is_no_proof(place: Place) -> None:
    """
    Two wishes that contradict each other: one line with the remedy, and nothing is touched.
    """
    result = place.copy("--compare", "size", "--verify", "required", code=2)

    assert "--compare: size is no proof" in result.err
    assert place.dest.keys() == []
