"""
DeleteObjects over HTTP, in a store behind its guards, and in memory: what is sent, and what is made of the answers.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from s3copy_async.errors import (
    AccessDenied,
    BadAnswer,
    FatalError,
    ObjectRefused,
    RunRefused,
    S3Error,
    Throttled,
    TransientError,
)
from s3copy_async.events import Event, Retrying
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.keys import travels_in_xml
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.options import Access, Keys, Transport
from s3copy_async.patience import Meter
from s3copy_async.s3.session import Clients
from scripted import NAMESPACE, XML, answer, error, scripted
from support import Clock, patient

ODD = ["a&b<c>", "a+b%20", " \u20ac\U0001f600"]
both = pytest.mark.parametrize("transport", [Transport.WIRE, Transport.AIOBOTOCORE])


def told(*items: str) -> bytes:
    """
    An answer of these elements.
    """
    return answer("200 OK", f"{XML}<DeleteResult {NAMESPACE}>{''.join(items)}</DeleteResult>")


def gone(key: str) -> str:
    """
    The element of a key that was deleted.
    """
    return f"<Deleted><Key>{key}</Key></Deleted>"


def kept(key: str, code: str) -> str:
    """
    The element of a key that was not.
    """
    return f"<Error><Key>{key}</Key><Code>{code}</Code><Message>words</Message></Error>"


@both
async def test_the_request_names_the_keys_and_its_md5(transport: Transport) -> None:
    """
    Stores other than Amazon's get the checksum that each of them knows, and not the one that some refuse.
    """
    async with scripted(transport, told()) as (store, script):
        store.set_owner("out", "123456789012")
        await store.delete_objects("out", ODD)

    (request,) = script.requests
    digest = base64.b64encode(hashlib.md5(request.body).digest()).decode()
    assert (request.method, request.path, request.query) == ("POST", "/out", ("delete",))
    assert request.headers["content-md5"] == digest
    assert not [name for name in request.headers if "checksum" in name or "algorithm" in name]
    assert request.headers["x-amz-expected-bucket-owner"] == "123456789012"
    assert [element.text for element in ET.fromstring(request.body).iter() if element.tag.endswith("Key")] == ODD  # noqa: S314
    # Each key is to be named in the answer.
    assert b"Quiet" not in request.body


async def test_amazon_gets_what_botocore_sends() -> None:
    """
    A CRC32, which is newer than the MD5.
    """
    seen: dict[str, str] = {}

    class Enough(Exception):
        """
        Nothing is sent.
        """

    def look(request: object, **_: object) -> None:
        seen.update({name.lower(): str(value) for name, value in getattr(request, "headers").items()})  # noqa: B009
        raise Enough

    async with Clients(Access(Keys("AKIATESTTESTTESTTEST", "secret"), region="us-east-1"), 1) as clients:
        client = await clients.get("us-east-1")
        client.meta.events.register("before-send.s3.DeleteObjects", look)
        with pytest.raises(Enough):
            await client.delete_objects(Bucket="out", Delete={"Objects": [{"Key": "a"}]})

    assert "x-amz-checksum-crc32" in seen
    assert "content-md5" not in seen


@both
async def test_each_failed_key_has_its_own_reason(transport: Transport) -> None:
    """
    A 200 is not success: errors stand inside of it, with the ids that S3 support asks for.
    """
    said = told(gone("a"), kept("b", "AccessDenied"), kept("c", "SlowDown"), kept("d", "InternalError"), gone("x"))
    async with scripted(transport, said) as (store, _):
        undeleted = await store.delete_objects("out", ["a", "b", "c", "d"])

    assert [("b", AccessDenied), ("c", Throttled), ("d", TransientError)] == [(key, type(e)) for key, e in undeleted]
    failure = undeleted[0][1].failure
    assert (failure.operation, failure.message) == ("DeleteObjects", "words")
    assert (failure.request_id, failure.extended_id) == ("REQ", "HOST")


@both
@pytest.mark.parametrize("code", ["NoSuchKey", "NoSuchVersion"])
async def test_a_missing_key_is_no_error_whatever_the_store_says(transport: Transport, code: str) -> None:
    """
    Amazon names such a key as deleted, others do not.
    """
    async with scripted(transport, told(kept("a", code))) as (store, _):
        assert await store.delete_objects("out", ["a"]) == ()


@both
@pytest.mark.parametrize("said", [told(), told(gone("A"), kept("", "InternalError")), answer("200 OK")])
async def test_a_key_that_the_answer_leaves_out_is_not_taken_for_deleted(transport: Transport, said: bytes) -> None:
    """
    Nor is an empty answer, as somebody in between may give it.
    """
    async with scripted(transport, said) as (store, _):
        undeleted = await store.delete_objects("out", ["a", "b"])

    assert [("a", BadAnswer), ("b", BadAnswer)] == [(key, type(found)) for key, found in undeleted]


@both
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer("200 OK", error("InternalError")), TransientError),
        (answer("200 OK", error("SlowDown")), Throttled),
        (answer("501 Not Implemented", error("NotImplemented")), ObjectRefused),
        (answer("400 Bad Request", error("MissingContentMD5")), ObjectRefused),
        (answer("405 Method Not Allowed", error("MethodNotAllowed")), ObjectRefused),
        (answer("403 Forbidden", error("AccessDenied")), AccessDenied),
        (answer("404 Not Found", error("NoSuchBucket")), RunRefused),
        (told(kept("a", "ExpiredToken")), RunRefused),
    ],
)
async def test_a_request_that_fails_as_a_whole_raises(transport: Transport, said: bytes, kind: type[S3Error]) -> None:
    """
    And what holds for each request ends the run, even where it is said of one key.
    """
    async with scripted(transport, said) as (store, _):
        with pytest.raises(kind):
            await store.delete_objects("out", ["a"])


@pytest.mark.parametrize(
    "key",
    [*(f"a{chr(code)}b" for code in (0, 1, 8, 9, 10, 13, 0x1F, 0x7F, 0x85, 0x2028, 0xD800, 0xDCFF, 0xFFFE, 0xFFFF))],
)
def test_what_xml_cannot_hold_or_might_turn_does_not_travel_in_it(key: str) -> None:
    """
    A reader that takes a line end for another, or a blank for nothing, would delete another key.
    """
    assert not travels_in_xml(key)
    assert not travels_in_xml(f" {key}")


@pytest.mark.parametrize("key", [" a", "a ", "\u00a0a", "a\u3000", "\t", " "])
def test_blanks_at_either_end_do_not_travel_in_xml(key: str) -> None:
    """
    They may be trimmed.
    """
    assert not travels_in_xml(key)


@pytest.mark.parametrize("key", ["a", "a b", "a//b", "/", "..", "a&b<c>\"'", "\u00e9", "\U0001f600", "]]>", "a\u00a0b"])
def test_plain_keys_travel_in_xml(key: str) -> None:
    """
    Markup is escaped, and all else is itself.
    """
    assert travels_in_xml(key)


class Bench:
    """
    A guarded store over one in memory with the keys ``a`` to ``e``.
    """

    def __init__(self, budget: float = 900.0) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        self.memory = MemoryStore()
        self.memory.fill("out", dict.fromkeys("abcde", b"x"))
        self.store = Guarded(self.memory, Flow(4), patient(self.clock, budget), Meter(), self.events.append)

    def failing(self, fault: Callable[[Call], Fault | None]) -> None:
        """
        Single keys go wrong.
        """
        self.memory.nature.key_fault = fault

    @property
    def retries(self) -> list[tuple[str, str]]:
        """
        The first key of each request that was repeated, and why.
        """
        return [(event.key, event.code) for event in self.events if isinstance(event, Retrying)]


async def test_only_what_failed_for_a_passing_reason_is_asked_for_again() -> None:
    """
    And by itself, until it is done.
    """
    bench = Bench()
    codes = {"b": "InternalError", "d": "SlowDown"}
    bench.failing(lambda call: Fault(codes[call.key], 200) if call.key in codes and call.number <= 2 else None)

    assert await bench.store.delete_objects("out", "abcde") == ()

    assert bench.memory.buckets["out"] == {}
    assert [call.key for call in bench.memory.calls] == ["a", "b", "b"]
    assert bench.retries == [("a", "SlowDown"), ("a", "SlowDown")]


async def test_other_refusals_are_final() -> None:
    """
    Denied is denied; the others are not kept by it.
    """
    bench = Bench()
    bench.failing(lambda call: Fault("AccessDenied", 403) if call.key == "c" else None)

    undeleted = await bench.store.delete_objects("out", "abcde")

    assert [(key, found.code) for key, found in undeleted] == [("c", "AccessDenied")]
    assert (set(bench.memory.buckets["out"]), bench.retries) == ({"c"}, [])


async def test_what_fails_for_too_long_is_given_up_with_its_own_reason() -> None:
    """
    The store answers, so the run goes on.
    """
    bench = Bench(budget=60.0)
    codes = {"b": "InternalError", "d": "SlowDown", "e": "AccessDenied"}
    bench.failing(lambda call: Fault(codes[call.key], 200) if call.key in codes else None)

    undeleted = await bench.store.delete_objects("out", "abcde")

    assert codes == {key: found.code for key, found in undeleted}
    assert len(undeleted) == 3
    assert 60 <= bench.clock.now - 1000 < 120


async def test_a_store_that_does_not_answer_any_more_ends_the_run() -> None:
    """
    As with every other request.
    """
    bench = Bench(budget=60.0)
    bench.memory.fault = lambda _: Fault("InternalError")

    with pytest.raises(FatalError):
        await bench.store.delete_objects("out", "abc")


async def test_a_request_whose_answer_was_lost_is_repeated() -> None:
    """
    To delete twice does no harm.
    """
    bench = Bench()
    bench.memory.fault = lambda call: Fault("InternalError", after_effect=True) if call.number == 1 else None

    assert await bench.store.delete_objects("out", "abc") == ()

    assert (bench.memory.count("DeleteObjects"), set(bench.memory.buckets["out"])) == (2, {"d", "e"})


@pytest.mark.parametrize("keys", [["a", "b\x01"], ["a\ufffe"], [f"{number}" for number in range(1001)]])
async def test_in_memory_a_request_that_is_no_xml_is_refused_as_a_whole(keys: list[str]) -> None:
    """
    And one with more keys than 1,000.
    """
    store = Bench().memory

    with pytest.raises(ObjectRefused):
        await store.delete_objects("out", keys)

    assert "a" in store.buckets["out"]
