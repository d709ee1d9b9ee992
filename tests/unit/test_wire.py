"""
The wire store: the same requests and the same errors as through aiobotocore, and to aiobotocore what is unusual.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from s3copy_async.connect import OpenS3
from s3copy_async.errors import UNREACHABLE, FatalError, RunRefused, S3CopyError, S3Error, TransientError
from s3copy_async.events import Event, Retrying, ignore
from s3copy_async.faults import SWITCHED
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.model import CompleteRequest, CopyRequest, PartRequest
from s3copy_async.options import Access, Keys, Transport
from s3copy_async.patience import Meter
from s3copy_async.s3.http1 import Lost
from s3copy_async.s3.learn import Identity
from s3copy_async.s3.pool import UNTRUSTED
from s3copy_async.s3.refusals import lost
from s3copy_async.s3.sigv4 import Signer
from s3copy_async.s3.wire import WireStore
from s3copy_async.s3.wishes import Wish, is_plain
from s3copy_async.store import Store
from scripted import (
    ACCESS,
    COPIED,
    EMPTY_PAGE,
    MD5,
    NAMESPACE,
    XML,
    Request,
    Script,
    answer,
    error,
    scripted,
    self_signed,
)
from support import Clock, patient

WIRE, AUTO, BOTO = Transport.WIRE, Transport.AUTO, Transport.AIOBOTOCORE
COPY: Final = CopyRequest("in", "a", MD5, 5, "out", "b")
PART: Final = PartRequest("in", "a b/\u00e9", MD5, "out", "c+d", "up/load+id==", 7, 5, 10)
COMPLETE: Final = CompleteRequest("out", "c+d", "up/load+id==", ((1, MD5), (2, MD5)), None, 10)
PART_COPIED: Final = COPIED.replace("CopyObject", "CopyPart")
CREATED: Final = (
    f"{XML}<InitiateMultipartUploadResult {NAMESPACE}><UploadId>u</UploadId></InitiateMultipartUploadResult>"
)
COMPLETED: Final = (
    f"{XML}<CompleteMultipartUploadResult {NAMESPACE}><ETag>&quot;{MD5}-2&quot;</ETag></CompleteMultipartUploadResult>"
)
PARTS: Final = f"{XML}<ListPartsResult {NAMESPACE}><IsTruncated>false</IsTruncated></ListPartsResult>"
HEAD: Final = answer("200 OK", "", f'ETag: "{MD5}"').replace(b"Length: 0", b"Length: 5")
PAGE: Final = answer("200 OK", EMPTY_PAGE)
DONE: Final = answer("200 OK", COPIED)
HTML: Final = answer("200 OK", "<html><body>Please log in<br></body></html>", "Content-Type: text/html")

Ask = Callable[[Store], Awaitable[object]]


async def lists(store: Store) -> object:
    """
    One list request.
    """
    return await store.list_page("in", "")


async def head(store: Store) -> object:
    """
    One lookup.
    """
    return await store.head_object("out", "b")


async def copy(store: Store) -> object:
    """
    One copy.
    """
    return await store.copy_object(COPY)


async def part(store: Store) -> object:
    """
    One copy of a part.
    """
    return await store.copy_part(PART)


async def complete(store: Store) -> object:
    """
    The end of an upload.
    """
    return await store.complete_upload(COMPLETE)


async def create(store: Store) -> object:
    """
    The start of an upload.
    """
    return await store.create_upload("out", "b")


async def parts(store: Store) -> object:
    """
    The parts of an upload.
    """
    return await store.list_parts("out", "b", "u")


async def delete(store: Store) -> object:
    """
    One object less.
    """
    await store.delete_object("out", "b")
    return None


async def outcome_of(transport: Transport, ask: Ask, *answers: bytes | None) -> tuple[object, Script]:
    """
    What a request gives or how it fails, and what the server saw.
    """
    async with scripted(transport, *answers) as (store, script):
        try:
            return await ask(store), script
        except S3Error as failure:
            return failure, script


def facts(failure: object) -> tuple[object, ...]:
    """
    All that is known of a failure. Of some answers botocore forgets the ids.
    """
    assert isinstance(failure, S3Error)
    return type(failure), replace(failure.failure, request_id="", extended_id="")


async def failures(transport: Transport, ask: Ask, answers: Iterable[bytes]) -> tuple[list[object], Script]:
    """
    How the requests of one store fail, one after the other.
    """
    async with scripted(transport, *answers) as (store, script):
        found: list[object] = []
        for _ in range(len(script.answers)):
            with pytest.raises(S3Error) as caught:
                await ask(store)
            found.append(caught.value)
        return found, script


REFUSALS: Final = {
    "403": answer("403 Forbidden", error("AccessDenied")),
    "404-key": answer("404 Not Found", error("NoSuchKey")),
    "404-bucket": answer("404 Not Found", error("NoSuchBucket")),
    "404-upload": answer("404 Not Found", error("NoSuchUpload")),
    "409": answer("409 Conflict", error("OperationAborted")),
    "412": answer("412 Precondition Failed", error("PreconditionFailed")),
    "400": answer("400 Bad Request", error("InvalidRequest")),
    "400-timeout": answer("400 Bad Request", error("RequestTimeout")),
    "500": answer("500 Internal Server Error", error("InternalError")),
    "501": answer("501 Not Implemented", error("NotImplemented")),
    "503": answer("503 Slow Down", error("SlowDown")),
    "502-html": answer("502 Bad Gateway", "<html>down<br></html>", "Content-Type: text/html"),
    "503-html": answer("503 Service Unavailable", "<html>busy<br></html>", "Content-Type: text/html"),
    "403-html": answer("403 Forbidden", "<html>no<br></html>", "Content-Type: text/html"),
    "404-empty": answer("404 Not Found"),
    "429-empty": answer("429 Too Many Requests"),
    "unknown": answer("418 Teapot", error("Teapot")),
}


@pytest.mark.parametrize("ask", [lists, copy, head], ids=["list", "copy", "head"])
async def test_ordinary_errors_are_those_of_aiobotocore(ask: Ask) -> None:
    """
    Class, code, status and words are the same; there is one request for each, and nothing goes to aiobotocore.
    """
    # What S3 says to a HEAD that is signed for another region has no words.
    said = [refusal for name, refusal in REFUSALS.items() if ask is not head or not name.startswith("400")]
    expected, _ = await failures(BOTO, ask, said)
    for transport in (WIRE, AUTO):
        found, script = await failures(transport, ask, said)

        assert dict(zip(REFUSALS, map(facts, expected), strict=False)) == dict(
            zip(REFUSALS, map(facts, found), strict=False)
        )
        ids = {(error.failure.request_id, error.failure.extended_id) for error in found if isinstance(error, S3Error)}
        assert ids == {("REQ", "HOST")}
        assert script.senders == ["wire"] * len(said)
        assert not [line for line in script.said if "aiobotocore" in line]


CODES: Final = ("SlowDown", "InternalError", "AccessDenied", "NoSuchKey", "PreconditionFailed", "NoSuchBucket")


@pytest.mark.parametrize("ask", [copy, part, complete], ids=["copy", "part", "complete"])
async def test_an_error_inside_a_200_is_that_error(ask: Ask) -> None:
    """
    The code in the body decides, also after the blanks of a long copy, and nothing is switched.
    """
    blanks = " " * 500
    expected, _ = await failures(BOTO, ask, [answer("200 OK", error(code)) for code in CODES])
    for body in (error, lambda code: blanks + error(code), lambda code: error(code).replace(XML, XML + blanks)):
        found, script = await failures(AUTO, ask, [answer("200 OK", body(code)) for code in CODES])

        assert list(map(facts, expected)) == list(map(facts, found))
        assert (set(script.senders), script.said) == ({"wire"}, [])


@pytest.mark.parametrize("transport", [WIRE, AUTO])
async def test_a_connection_closed_without_an_answer_may_have_done_its_work(transport: Transport) -> None:
    """
    Worth repeating after a look, and no reason to switch.
    """
    found, script = await outcome_of(transport, copy, None)

    assert type(found) is TransientError
    assert (found.code, found.failure.maybe_done) == ("ConnectionClosed", True)
    assert script.said == []


@pytest.mark.parametrize("transport", [WIRE, AUTO])
async def test_a_refused_connection_never_sent_its_request(transport: Transport) -> None:
    """
    Nothing can have been done.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with AsyncExitStack() as stack:
        said: list[str] = []
        store = await OpenS3(said.append)(replace(ACCESS, transport=transport, endpoint_url=url), stack, 4)
        with pytest.raises(TransientError) as caught:
            await copy(store)

    assert (caught.value.code, caught.value.failure.maybe_done, said) == (UNREACHABLE, False, [])


ODD: Final = {
    "301": answer("301 Moved Permanently", error("PermanentRedirect"), "Location: /elsewhere"),
    "307": answer("307 Temporary Redirect", error("TemporaryRedirect"), "Location: /elsewhere"),
    "signature": answer("403 Forbidden", error("SignatureDoesNotMatch")),
    "clock": answer("403 Forbidden", error("RequestTimeTooSkewed")),
    "expired": answer("400 Bad Request", error("ExpiredToken")),
    "key": answer("403 Forbidden", error("InvalidAccessKeyId")),
    "region": answer("400 Bad Request", error("AuthorizationHeaderMalformed")),
}
MUTE: Final = {
    "html": HTML,
    "empty": answer("200 OK"),
    "not-http": b"SSH-2.0-OpenSSH_9.6\r\n",
    "half": answer("200 OK", COPIED[: len(COPIED) // 2]),
}


@dataclass(frozen=True, slots=True)
class Guard:
    """
    A guarded store, whose patience takes no time, and what it told.
    """

    store: Guarded
    events: list[Event]


def guarded(store: Store) -> Guard:
    """
    The store as the program has it.
    """
    events: list[Event] = []
    return Guard(Guarded(store, Flow(4), patient(Clock()), Meter(), events.append), events)


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
async def test_what_aiobotocore_may_know_better_goes_there(odd: bytes) -> None:
    """
    Redirects and trouble with the signature: the bucket is switched, and the request repeated at once, without a look,
    because it was refused. Other buckets stay.
    """
    async with scripted(AUTO, odd, DONE, DONE, PAGE) as (store, script):
        guard = guarded(store)
        await guard.store.copy_object(COPY)
        await guard.store.copy_object(COPY)
        await guard.store.list_page("in", "")

    assert script.senders == ["wire", "botocore", "botocore", "wire"]
    assert [request.method for request in script.requests] == ["PUT", "PUT", "PUT", "GET"]
    assert [event.code for event in guard.events if isinstance(event, Retrying)] == [SWITCHED]


async def test_a_switch_needs_no_patience() -> None:
    """
    With ``--retry-for 0`` nothing is tried again but what is tried in another way.
    """
    async with scripted(AUTO, next(iter(ODD.values())), DONE) as (store, script):
        await Guarded(store, Flow(4), patient(Clock(), 0), Meter(), ignore).copy_object(COPY)

    assert script.senders == ["wire", "botocore"]
    (said,) = script.said
    assert said.startswith("s3://out: requests go through aiobotocore from now on (CopyObject was answered with ")
    assert "\n" not in said


@pytest.mark.parametrize("mute", MUTE.values(), ids=MUTE)
async def test_what_is_not_understood_is_looked_at_before_it_is_repeated(mute: bytes) -> None:
    """
    The copy may have been made: a look by aiobotocore, and only then another copy, or none.
    """
    async with scripted(AUTO, mute, HEAD) as (store, script):
        done = await guarded(store).store.copy_object(COPY)
    async with scripted(AUTO, mute, answer("404 Not Found"), DONE) as (store, again):
        await guarded(store).store.copy_object(COPY)

    assert done.etag == MD5
    assert list(zip(script.senders, [request.method for request in script.requests], strict=True)) == [
        ("wire", "PUT"), ("botocore", "HEAD"),
    ]  # fmt: skip
    assert list(zip(again.senders, [request.method for request in again.requests], strict=True)) == [
        ("wire", "PUT"), ("botocore", "HEAD"), ("botocore", "PUT"),
    ]  # fmt: skip
    assert len(script.said) == len(again.said) == 1


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lists, answer("200 OK", EMPTY_PAGE.replace("<IsTruncated>false</IsTruncated>", ""))),
        (lists, HTML),
        (lists, answer("200 OK")),
        (head, answer("200 OK")),
        (head, answer("400 Bad Request")),
        (head, answer("301 Moved Permanently")),
        (part, HTML),
        (complete, answer("200 OK")),
        (create, answer("200 OK", CREATED.replace("<UploadId>u</UploadId>", ""))),
        (create, HTML),
        (parts, HTML),
    ],
)
async def test_every_request_is_switched_where_its_answer_is_odd(ask: Ask, said: bytes) -> None:
    """
    In `auto` the failure is worth repeating and the bucket switched; forced, it is an error and nothing is switched.
    """
    found, script = await outcome_of(AUTO, ask, said)
    forced, alone = await outcome_of(WIRE, ask, said)

    assert type(found) is TransientError
    assert found.code == SWITCHED
    assert isinstance(forced, S3Error)
    assert forced.code != SWITCHED
    assert (len(script.said), len(alone.said)) == (1, 0)
    assert alone.senders == ["wire"]


@pytest.mark.parametrize("odd", [*ODD.values(), HTML, answer("200 OK")], ids=[*ODD, "html", "empty"])
async def test_forced_the_wire_never_switches(odd: bytes) -> None:
    """
    The error is what aiobotocore would have made of the answer.
    """
    async with scripted(WIRE, odd, DONE) as (store, script):
        with pytest.raises(S3Error) as caught:
            await store.copy_object(COPY)
        assert caught.value.__cause__ is not caught.value
        await store.copy_object(COPY)

    if b" 403 " in odd or b" 400 " in odd:
        expected, _ = await outcome_of(BOTO, copy, odd)
        assert facts(expected) == facts(caught.value)
    assert (script.senders, script.said) == (["wire", "wire"], [])


async def test_many_that_fail_at_once_are_one_line() -> None:
    """
    The choice is told once.
    """
    async with scripted(AUTO, ODD["clock"]) as (store, script):
        failed = await asyncio.gather(*(copy(store) for _ in range(8)), return_exceptions=True)

    assert [error.code for error in failed if isinstance(error, S3Error)] == [SWITCHED] * 8
    assert len(script.said) == 1


def test_a_server_that_is_not_trusted_ends_a_forced_run() -> None:
    """
    Repeating cannot cure it, and the user is told what can.
    """
    found = lost("CopyObject", Lost(UNTRUSTED, "TLS with h failed: self-signed", sent=False, odd=True))

    assert isinstance(found, RunRefused)
    assert "--ca-bundle" in str(found)


SETTINGS: Final = (
    ("StorageClass", "STANDARD_IA"), ("ServerSideEncryption", "aws:kms"), ("SSEKMSKeyId", "arn:aws:kms:x:1:key/2"),
    ("BucketKeyEnabled", "true"), ("ContentType", "text/plain; charset=utf-8"), ("CacheControl", "max-age=5,  public"),
    ("ContentDisposition", 'attachment; filename="50%.txt"'), ("ACL", "bucket-owner-full-control"),
    ("ObjectLockMode", "GOVERNANCE"), ("ObjectLockRetainUntilDate", "2030-01-02T03:04:05+00:00"),
)  # fmt: skip
METADATA: Final = (("a", "=?utf-8?b?Z3LDvG4=?="), ("percent", "50%s %"), ("spaces", "a  b"))
CALLS: Final[dict[str, tuple[Ask, bytes]]] = {
    "list": (lambda store: store.list_page("in", "a b/\u00e9+%~"), PAGE),
    "list-all": (lists, PAGE),
    "list-after": (lambda store: store.list_page("in", "p", start_after="p/a&b=c"), PAGE),
    "list-token": (lambda store: store.list_page("in", "p", token="1/a+b=="), PAGE),
    "head": (lambda store: store.head_object("in", "a b/\u00e9"), HEAD),
    "head-version": (lambda store: store.head_object("in", "a", version="v/1+="), HEAD),
    "details": (lambda store: store.head_details("in", "//a"), HEAD),
    "details-part": (lambda store: store.head_details("in", "./a", 1, version="v"), HEAD),
    "copy": (copy, DONE),
    "copy-hostile": (
        lambda store: store.copy_object(
            COPY._replace(source_key="a b/\u00e9%20?versionId=x", dest_key="\u2028+&=%\n~*'()", source_version="v/1+~")
        ),
        DONE,
    ),
    "copy-if-absent": (lambda store: store.copy_object(COPY._replace(if_absent=True)), DONE),
    "copy-grants": (
        lambda store: store.copy_object(
            COPY._replace(grants=(("GrantRead", 'id="x", uri="y"'), ("GrantWrite", 'id="z"')))
        ),
        DONE,
    ),
    "copy-settings": (
        lambda store: store.copy_object(
            COPY._replace(settings=SETTINGS, metadata=METADATA, tags=(("a", "b c"), ("\u00e9", "&=")), if_absent=True)
        ),
        DONE,
    ),
    "copy-no-metadata": (lambda store: store.copy_object(COPY._replace(metadata=(), tags=())), DONE),
    "create": (create, answer("200 OK", CREATED)),
    "create-settings": (
        lambda store: store.create_upload("out", "c+d", (*SETTINGS, ("GrantWrite", 'id="z"')), METADATA),
        answer("200 OK", CREATED),
    ),
    "part": (part, answer("200 OK", PART_COPIED)),
    "part-whole": (
        lambda store: store.copy_part(PART._replace(start=0, stop=0, source_version="v")),
        answer("200 OK", PART_COPIED),
    ),
    "complete": (complete, answer("200 OK", COMPLETED)),
    "complete-if-absent": (
        lambda store: store.complete_upload(COMPLETE._replace(if_absent=True)),
        answer("200 OK", COMPLETED),
    ),
    "abort": (lambda store: store.abort_upload("out", "c+d", "u/1+="), answer("204 No Content")),
    "parts": (lambda store: store.list_parts("out", "c+d", "u/1+=", 1000), answer("200 OK", PARTS)),
    "delete": (lambda store: store.delete_object("out", "c+d"), answer("204 No Content")),
}
_APART: Final = frozenset(
    (
        "accept", "accept-encoding", "amz-sdk-invocation-id", "amz-sdk-request", "authorization", "connection", "host",
        "x-amz-date",
    )
)  # fmt: skip


def shown(request: Request) -> tuple[object, ...]:
    """
    A request without what differs from one time to the next.
    """
    headers = {name: value for name, value in request.headers.items() if name not in _APART}
    if request.method in ("GET", "HEAD", "DELETE"):
        assert headers.pop("content-length", "0") == "0"
    query = tuple(pair.removesuffix("=") if pair == "uploads=" else pair for pair in request.query)
    return request.method, request.path, query, headers, request.body


async def requests_of(transport: Transport, access: Access, owners: dict[str, str]) -> dict[str, Request]:
    """
    The request of each call.
    """
    async with scripted(transport, *(said for _, said in CALLS.values()), access=access) as (store, script):
        for bucket, account in owners.items():
            store.set_owner(bucket, account)
        for ask, _ in CALLS.values():
            await ask(store)
    for request in script.requests:
        assert request.headers["host"] == f"127.0.0.1:{script.port}"
        assert request.is_botocore is (transport is BOTO)
    assert script.said == []
    return dict(zip(CALLS, script.requests, strict=True))


def assert_signed(request: Request, keys: Keys, region: str = "us-east-1") -> None:
    """
    The signature is the one that botocore would find for the request as it arrived.
    """
    credential, names, signature = (word.partition("=")[2] for word in request.headers["authorization"].split(", "))
    scope = f"{request.headers['x-amz-date'][:8]}/{region}/s3/aws4_request"
    assert credential == f"{keys.access_key}/{scope}"
    assert {name for name in request.headers if name.startswith("x-amz-") or name == "host"} <= set(names.split(";"))
    url = f"http://{request.headers['host']}{request.path}?{'&'.join(request.query)}"
    again = AWSRequest(request.method, url, {name: request.headers[name] for name in names.split(";")}, request.body)
    again.context["timestamp"] = request.headers["x-amz-date"]
    auth = S3SigV4Auth(Credentials(keys.access_key, keys.secret_key, keys.token), "s3", region)
    assert auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again) == signature


KEYS: Final = Keys("AKIATESTTESTTESTTEST", "secret")
FULL: Final = replace(ACCESS, keys=replace(KEYS, token="to/ken+=="), request_payer=True)


@pytest.mark.parametrize(
    ("access", "owners"),
    [(ACCESS, {}), (FULL, {"in": "111111111111", "out": "222222222222"})],
    ids=["plain", "token-payer-owners"],
)
async def test_requests_are_those_of_aiobotocore(access: Access, owners: dict[str, str]) -> None:
    """
    Same method, path, query, headers and body, but for what differs each time; and signed as botocore signs.
    """
    expected = await requests_of(BOTO, access, owners)
    found = await requests_of(WIRE, access, owners)

    assert access.keys
    for name in CALLS:
        assert shown(expected[name]) == shown(found[name]), name
        assert_signed(found[name], access.keys)
        if owners:
            assert found[name].headers["x-amz-security-token"] == "to/ken+=="
            assert found[name].headers["x-amz-expected-bucket-owner"] in owners.values()
            assert found[name].headers["x-amz-request-payer"] == "requester"


async def test_anonymous_requests_are_not_signed() -> None:
    """
    The same requests, without a word of who sends them.
    """
    access = Access(anonymous=True, region="us-east-1")
    expected = await requests_of(BOTO, access, {})
    found = await requests_of(WIRE, access, {})

    signed = {"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}
    for name in CALLS:
        assert shown(expected[name]) == shown(found[name]), name
        assert not found[name].headers.keys() & signed


async def test_requests_are_signed_for_the_region_of_their_bucket() -> None:
    """
    As soon as it is known, and only those.
    """
    async with scripted(WIRE, PAGE) as (store, script):
        await store.list_page("in", "")
        store.set_region("in", "eu-west-3")
        await store.list_page("in", "")
        await store.list_page("other", "")

    for request, region in zip(script.requests, ("us-east-1", "eu-west-3", "us-east-1"), strict=True):
        assert_signed(request, KEYS, region)


async def test_one_connection_serves_all_kinds_of_requests() -> None:
    """
    Once learned, requests go out on connections that are kept.
    """
    async with scripted(WIRE, PAGE, HEAD, DONE, answer("204 No Content"), PAGE) as (store, script):
        for ask in (lists, head, copy, delete, lists):
            await ask(store)

    assert [request.connection for request in script.requests] == [1] * 5


async def test_a_default_port_is_not_named() -> None:
    """
    As botocore does: a store that signs for itself may leave it out too.
    """
    access = replace(ACCESS, endpoint_url="https://s3.test:443", transport=WIRE)
    async with AsyncExitStack() as stack:
        store = await OpenS3(lambda _: None)(access, stack, 4)
        assert isinstance(store, WireStore)
        found = await store._sender.mould(_wish("in"))

    assert found is not None
    assert found.place == ("https", "s3.test", 443)
    assert b"\r\nhost: s3.test\r\n" in found.template.plain("/")


def _wish(bucket: str) -> Wish:
    return Wish("DeleteObject", "delete_object", bucket, (("Bucket", bucket), ("Key", "s3copy-sample")))


@pytest.mark.parametrize(
    ("bucket", "host", "path"),
    [
        ("bucket", "bucket.s3.eu-west-3.amazonaws.com", "/"),
        ("bucket.with.dots", "s3.eu-west-3.amazonaws.com", "/bucket.with.dots/"),
        (
            "arn:aws:s3:eu-west-3:123456789012:accesspoint/ap",
            "ap-123456789012.s3-accesspoint.eu-west-3.amazonaws.com", "/",
        ),
    ],
)  # fmt: skip
async def test_hosts_and_styles_are_botocores(bucket: str, host: str, path: str) -> None:
    """
    Virtual hosts, path style where the name has dots, and access points.
    """
    async with AsyncExitStack() as stack:
        store = await OpenS3(lambda _: None)(replace(ACCESS, transport=WIRE, region="eu-west-3"), stack, 4)
        assert isinstance(store, WireStore)
        found = await store._sender.mould(_wish(bucket))

    assert found is not None
    assert (found.place, found.path, found.region) == (("https", host, 443), path, "eu-west-3")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy"])
async def test_proxies_are_left_to_aiobotocore(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """
    Where the environment names one, it is used; and forced, the wire says that it cannot.
    """
    access = replace(ACCESS, endpoint_url="http://s3.test")
    async with scripted(AUTO, PAGE, access=access) as (store, script):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{script.port}")
        await store.list_page("in", "")
    async with scripted(WIRE, PAGE, access=access) as (store, forced):
        with pytest.raises(FatalError, match="a proxy, which --transport wire cannot do"):
            await store.list_page("in", "")

    assert (script.senders, script.requests[0].path) == (["botocore"], "http://s3.test/in")
    assert script.said == ["s3://in: requests go through aiobotocore from now on (a proxy)"]
    assert forced.requests == []


async def test_an_https_proxy_is_left_to_aiobotocore(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The connection through it as well.
    """
    async with scripted(AUTO, answer("403 Forbidden"), access=replace(ACCESS, endpoint_url="https://s3.test")) as (
        store, script,
    ):  # fmt: skip
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{script.port}")
        with pytest.raises(S3CopyError):
            await store.list_page("in", "")

    assert [(request.method, request.path) for request in script.requests] == [("CONNECT", "s3.test:443")]
    assert len(script.said) == 1


async def test_hosts_that_need_no_proxy_are_reached_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    ``NO_PROXY`` holds for the wire too.
    """
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with scripted(AUTO, PAGE) as (store, script):
        await store.list_page("in", "")

    assert (script.senders, script.said) == (["wire"], [])


async def test_client_certificates_are_left_to_aiobotocore() -> None:
    """
    It alone knows how to show them.
    """
    async with scripted(AUTO, PAGE) as (store, script):
        assert isinstance(store, WireStore)
        client = await store._client("in")
        client._endpoint.http_session._cert_file = "client.pem"
        assert await store._sender.mould(_wish("in")) is None

    assert script.said == ["s3://in: requests go through aiobotocore from now on (a client certificate)"]


@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:9"])
async def test_express_buckets_are_left_to_aiobotocore(endpoint: str | None) -> None:
    """
    They want sessions of their own.
    """
    said: list[str] = []
    async with AsyncExitStack() as stack:
        store = await OpenS3(said.append)(replace(ACCESS, endpoint_url=endpoint), stack, 4)
        assert isinstance(store, WireStore)
        assert await store._sender.mould(_wish("in--usw2-az1--x-s3")) is None

    assert said == ["s3://in--usw2-az1--x-s3: requests go through aiobotocore from now on (S3 Express)"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A certificate that nobody vouches for, with its key.
    """
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("way", ["ca-bundle", "no-verify", "environment", "configuration"])
async def test_tls_is_as_botocore_is_told(
    certificate: Path, way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    By our options, and by whatever botocore itself looks at.
    """
    access = ACCESS
    if way == "ca-bundle":
        access = replace(ACCESS, ca_bundle=str(certificate))
    elif way == "no-verify":
        access = replace(ACCESS, verify_tls=False)
    elif way == "environment":
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    else:
        (tmp_path / "config").write_text(f"[default]\nca_bundle = {certificate}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    async with scripted(WIRE, PAGE, access=access, certificate=certificate) as (store, script):
        await lists(store)
        await lists(store)

    assert [request.connection for request in script.requests] == [1, 1]


@pytest.mark.parametrize("transport", [WIRE, AUTO])
async def test_a_server_that_is_not_trusted_ends_the_run(certificate: Path, transport: Transport) -> None:
    """
    No request reaches it, and the user is told what would help.
    """
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the server's side of it
    async with scripted(transport, PAGE, certificate=certificate) as (store, script):
        with pytest.raises(FatalError, match="--ca-bundle"):
            await guarded(store).store.list_page("in", "")

    assert script.requests == []
    assert len(script.said) == (transport is AUTO)


HOSTILE_ETAGS: Final = ('a"b', "a\r\nx-amz-acl: public-read", "a\nb", "a b", "a&b", "<a>", "\u00e9", "")


@pytest.mark.parametrize("etag", HOSTILE_ETAGS)
async def test_a_hostile_etag_is_in_no_header_of_the_wire(etag: str) -> None:
    """
    It goes to aiobotocore, which refuses line breaks and encodes the rest.
    """
    async with scripted(WIRE, DONE) as (store, script):
        for sent in (
            store.copy_object(COPY._replace(source_etag=etag)),
            store.copy_part(PART._replace(source_etag=etag)),
            store.complete_upload(COMPLETE._replace(parts=((1, etag),))),
        ):
            with suppress(S3CopyError, ValueError):
                await sent
        assert await store.bulk(COPY._replace(source_etag=etag), lambda *_: None) is None

    assert not is_plain(etag)
    assert set(script.senders) <= {"botocore"}
    assert not [request for request in script.requests if "x-amz-acl" in request.headers]


async def test_what_nobody_waits_for_is_given_up() -> None:
    """
    A cancelled request closes its connection: its answer must not be the next one's.
    """
    async with scripted(WIRE, PAGE, b"", PAGE) as (store, script):
        await lists(store)
        task = asyncio.create_task(store.copy_object(COPY))
        async with asyncio.timeout(10):
            while len(script.requests) < 2:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.002)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await lists(store)

    assert [request.connection for request in script.requests] == [1, 1, 2]


class Changing:
    """
    Credentials that differ each time they are asked for, when the gate is open.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.gate = asyncio.Event()
        self.fails = False

    async def get_frozen_credentials(self) -> Any:
        """
        As botocore has it.
        """
        self.asked += 1
        number = self.asked
        await self.gate.wait()
        if self.fails:
            raise RuntimeError
        return Credentials(f"key{number}", "secret", "token").get_frozen_credentials()


def key_of(signer: Signer) -> str:
    """
    Whose it is.
    """
    signer.refresh()
    return signer.credential.partition("/")[0]


async def test_credentials_are_renewed_once_while_the_old_ones_are_used() -> None:
    """
    However many requests there are meanwhile; and a renewal that fails is tried again later.
    """
    clock, credentials = Clock(), Changing()
    credentials.gate.set()
    identity = Identity(credentials, clock)
    await identity.load()
    same = identity.signer("r", "s3")
    assert identity.signer("r", "s3") is same
    credentials.gate.clear()
    clock.now += 31
    for _ in range(5):
        assert key_of(identity.signer("r", "s3")) == "key1"
        await asyncio.sleep(0)
    assert credentials.asked == 2
    credentials.gate.set()
    await asyncio.sleep(0.01)
    assert key_of(identity.signer("r", "s3")) == "key2"

    credentials.fails = True
    clock.now += 31
    identity.signer("r", "s3")
    await asyncio.sleep(0.01)
    credentials.fails = False
    assert key_of(identity.signer("r", "s3")) == "key2"
    assert credentials.asked == 3
    clock.now += 31
    identity.signer("r", "s3")
    await asyncio.sleep(0.01)
    assert key_of(identity.signer("r", "s3")) == "key4"
    clock.now += 31
    identity.signer("r", "s3")
    identity.close()
