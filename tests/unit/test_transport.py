"""
The store through aiobotocore, against a server that says exactly what a test wants it to say.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest
from botocore.exceptions import HTTPClientError

from s3copy_async.connect import open_s3
from s3copy_async.errors import (
    UNREACHABLE,
    AccessDenied,
    BadAnswer,
    Conflict,
    FatalError,
    NotFound,
    PreconditionFailed,
    RunRefused,
    S3Error,
    Throttled,
    TransientError,
)
from s3copy_async.model import BucketInfo, CopyRequest, ObjectInfo
from s3copy_async.options import Access, Keys, Transport
from s3copy_async.s3.failures import translated
from s3copy_async.store import Store

MD5: Final = "5d41402abc4b2a76b9719d911017c592"
REQUEST: Final = CopyRequest("in", "a", MD5, 5, "out", "b", (("GrantRead", 'emailAddress="a@b.example"'),))
XML: Final = '<?xml version="1.0" encoding="UTF-8"?>'


def answer(status: str, body: str = "", *headers: str) -> bytes:
    """
    An HTTP answer, as bytes; headers may hold Latin-1.
    """
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", "Connection: close", *headers]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body.encode()


def error(code: str) -> str:
    """
    S3's words for an error.
    """
    return (
        f"{XML}<Error><Code>{code}</Code><Message>words</Message><RequestId>R1</RequestId><HostId>H1</HostId></Error>"
    )


@dataclass(slots=True)
class Script:
    """
    Answers in the given order; None closes the connection without one. The last answer is repeated.
    """

    answers: list[bytes | None]
    requests: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """
        Takes one request and gives one answer.
        """
        self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if said is not None:
            writer.write(said)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


def access(port: int) -> Access:
    """
    The way to a server of this machine.
    """
    return Access(
        Keys("AKIATESTTESTTESTTEST", "secret"),
        endpoint_url=f"http://127.0.0.1:{port}",
        region="us-east-1",
        transport=Transport.AIOBOTOCORE,
    )


@asynccontextmanager
async def scripted(*answers: bytes | None) -> AsyncIterator[tuple[Store, Script]]:
    """
    A store whose server follows a script.
    """
    script = Script(list(answers))
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    async with server, AsyncExitStack() as stack:
        yield await open_s3(access(server.sockets[0].getsockname()[1]), stack, 4), script


Ask = Callable[[Store], Awaitable[object]]


async def failure_of(ask: Ask, *answers: bytes | None) -> tuple[S3Error, int]:
    """
    How a request fails on these answers, and how many requests it made.
    """
    async with scripted(*answers) as (store, script):
        with pytest.raises(S3Error) as caught:
            await ask(store)
        return caught.value, len(script.requests)


async def copy(store: Store) -> object:
    """
    One copy request.
    """
    return await store.copy_object(REQUEST)


async def lists(store: Store) -> object:
    """
    One list request.
    """
    return await store.list_page("in", "")


async def head(store: Store) -> object:
    """
    One lookup.
    """
    return await store.head_object("in", "a")


async def put(store: Store) -> object:
    """
    One upload.
    """
    return await store.put_object("in", "a", b"hello")


def page(inside: str) -> str:
    """
    A page of a listing.
    """
    return f'{XML}<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inside}</ListBucketResult>'


async def test_a_header_in_latin_1_does_not_fail_a_head() -> None:
    """
    Metadata that is not UTF-8 is legal in S3, and no reason to fail.
    """
    said = answer("200 OK", "", f'ETag: "{MD5}"', "x-amz-meta-name: J\xfcrgen", "Content-Type: text/plain")
    said = said.replace(b"Content-Length: 0", b"Content-Length: 5")
    async with scripted(said) as (store, _):
        found = await store.head_object("in", "a")

    assert (found.size, found.etag) == (5, MD5)


@pytest.mark.parametrize("ask", [lists, put, copy, head], ids=["GET", "PUT", "COPY", "HEAD"])
async def test_a_redirect_is_not_followed(ask: Ask) -> None:
    """
    A redirect is an error with its status; nobody asks at its Location, where a body or a method would be lost.
    """
    moved = answer("301 Moved Permanently", "", "Location: /elsewhere")
    async with scripted(moved, answer("200 OK", "", f'ETag: "{MD5}"')) as (store, script):
        with pytest.raises(S3Error) as caught:
            await ask(store)

    assert [request for request in script.requests if "/elsewhere" in request] == []
    assert caught.value.failure.status == 301
    assert not isinstance(caught.value, TransientError)


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_nothing_but_redirects_ends_the_run(*, is_wrapped: bool) -> None:
    """
    A captive portal answers everything with a redirect. botocore asks for the region until Python's stack is full, and
    aiobotocore may have wrapped what comes of it.
    """

    def give_up() -> None:
        try:
            raise RecursionError("maximum recursion depth exceeded")  # noqa: TRY301 - as deep in botocore
        except RecursionError as error:
            if is_wrapped:
                raise HTTPClientError(error=error) from None
            raise

    with pytest.raises(FatalError, match="nothing but redirects"), translated("HeadObject"):
        give_up()


async def test_a_body_goes_with_its_request() -> None:
    """
    A store, or a proxy before it, that never says "100 Continue" would be waited for until the read times out.
    """
    async with scripted(answer("200 OK", "", f'ETag: "{MD5}"')) as (store, script):
        assert await put(store) == MD5

    assert [request for request in script.requests if "\r\nexpect:" in request.lower()] == []


async def test_an_empty_200_is_no_copy() -> None:
    """
    A copy without an ETag in its answer proves nothing: worth repeating, and possibly done.
    """
    caught, requests = await failure_of(copy, answer("200 OK"))

    assert isinstance(caught, TransientError)
    assert caught.failure.maybe_done
    assert requests == 1


async def test_a_copy_result_without_etag_is_a_bad_answer() -> None:
    """
    S3's own XML without the ETag is no proof either.
    """
    body = f"{XML}<CopyObjectResult><LastModified>2026-01-01T00:00:00.000Z</LastModified></CopyObjectResult>"

    caught, _ = await failure_of(copy, answer("200 OK", body))

    assert isinstance(caught, BadAnswer)
    assert caught.failure.maybe_done


async def test_html_with_200_is_no_copy() -> None:
    """
    What a proxy or captive portal says is not S3's answer.
    """
    html = "<!DOCTYPE html><html><body><p>Please log in<br></body></html>"

    caught, _ = await failure_of(copy, answer("200 OK", html, "Content-Type: text/html"))

    assert isinstance(caught, TransientError)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("SlowDown", Throttled),
        ("InternalError", TransientError),
        ("AccessDenied", AccessDenied),
        ("NoSuchKey", NotFound),
        ("PreconditionFailed", PreconditionFailed),
        ("NoSuchBucket", RunRefused),
        ("OperationAborted", Conflict),
    ],
)
async def test_an_error_inside_a_200_is_that_error(code: str, kind: type[S3Error]) -> None:
    """
    S3 begins to answer a copy before it is done; the code in the body decides, not the 200.
    """
    caught, requests = await failure_of(copy, answer("200 OK", error(code)))

    assert kind is type(caught)
    assert (code, 1) == (caught.code, requests)


async def test_a_failure_names_the_request_for_s3_support() -> None:
    """
    The ids of the request stay with the error.
    """
    headers = ("x-amz-request-id: REQ", "x-amz-id-2: HOST")

    caught, _ = await failure_of(copy, answer("403 Forbidden", error("AccessDenied"), *headers))

    assert (caught.failure.request_id, caught.failure.extended_id, caught.failure.message) == ("REQ", "HOST", "words")
    assert str(caught) == "CopyObject failed with AccessDenied: words"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("403 Forbidden", AccessDenied),
        ("404 Not Found", NotFound),
        ("412 Precondition Failed", PreconditionFailed),
        ("429 Too Many Requests", Throttled),
        ("500 Internal Server Error", TransientError),
        ("502 Bad Gateway", TransientError),
        ("503 Service Unavailable", Throttled),
    ],
)
async def test_a_head_is_judged_by_its_status(status: str, kind: type[S3Error]) -> None:
    """
    A HEAD has no body, so the status is all there is. botocore itself repeats nothing.
    """
    caught, requests = await failure_of(head, answer(status))

    assert (kind, 1) == (type(caught), requests)


async def test_an_empty_200_is_never_an_empty_page() -> None:
    """
    An answer that says nothing would end a listing early: the rest of the bucket would never be copied.
    """
    caught, _ = await failure_of(lists, answer("200 OK"))

    assert isinstance(caught, TransientError)


async def test_a_page_without_is_truncated_is_a_bad_answer() -> None:
    """
    A page must say whether it is the last.
    """
    caught, _ = await failure_of(lists, answer("200 OK", page("<Name>in</Name><KeyCount>0</KeyCount>")))

    assert isinstance(caught, BadAnswer)


async def test_a_cut_page_without_a_token_is_no_page() -> None:
    """
    A page that is not the last must say how to go on, unless its store knows only version 1 of the listing, which is
    tried next.
    """
    caught, _ = await failure_of(lists, answer("200 OK", page("<IsTruncated>true</IsTruncated>")))

    assert isinstance(caught, TransientError)


async def test_a_page_that_breaks_off_is_no_page() -> None:
    """
    Half an XML document is an error.
    """
    whole = page("<IsTruncated>false</IsTruncated>")

    caught, _ = await failure_of(lists, answer("200 OK", whole[: len(whole) // 2]))

    assert isinstance(caught, TransientError)


async def test_url_encoded_keys_are_decoded_once() -> None:
    """
    A key that holds ``%20`` itself keeps it, ``+`` stands for a space, and bytes that are no UTF-8 survive.
    """
    items = "".join(
        f"<Contents><Key>{key}</Key><ETag>&quot;{MD5}&quot;</ETag><Size>5</Size></Contents>"
        for key in ("a%2520b", "a+b", "a%2Bb", "a%01", "a%FF")
    )
    body = page(f"<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{items}")

    async with scripted(answer("200 OK", body)) as (store, _):
        found = await store.list_page("in", "")

    assert [item.key for item in found.objects] == ["a%20b", "a b", "a+b", "a\x01", "a\udcff"]
    assert found.objects[0] == ObjectInfo("a%20b", 5, MD5)


async def test_keys_of_a_store_that_does_not_encode_are_taken_as_they_are() -> None:
    """
    Without EncodingType in the answer, ``%`` and ``+`` mean themselves.
    """
    items = f"<Contents><Key>a%20+b</Key><ETag>{MD5}</ETag><Size>5</Size></Contents>"

    async with scripted(answer("200 OK", page(f"<IsTruncated>false</IsTruncated>{items}"))) as (store, _):
        found = await store.list_page("in", "")

    assert [item.key for item in found.objects] == ["a%20+b"]


async def test_a_connection_closed_without_an_answer_may_have_done_its_work() -> None:
    """
    Nobody knows whether the copy was made: worth repeating, after a look.
    """
    caught, _ = await failure_of(copy, None)

    assert isinstance(caught, TransientError)
    assert caught.failure.maybe_done
    assert caught.code != UNREACHABLE


async def test_a_refused_connection_never_sent_its_request() -> None:
    """
    Nothing was sent, so nothing can have been done.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with AsyncExitStack() as stack:
        store = await open_s3(access(port), stack, 4)
        with pytest.raises(TransientError) as caught:
            await copy(store)

    assert (caught.value.code, caught.value.failure.maybe_done) == (UNREACHABLE, False)


async def test_a_copy_names_its_source_its_pin_and_its_grants() -> None:
    """
    One PUT with the headers of CopyObject, the source encoded once, the key of the destination in the path.
    """
    body = f"{XML}<CopyObjectResult><ETag>&quot;{MD5}&quot;</ETag></CopyObjectResult>"
    request = REQUEST._replace(source_key="a b/\u00e9%20?versionId=x", dest_key="c+d")

    async with scripted(answer("200 OK", body)) as (store, script):
        done = await store.copy_object(request)

    first, *headers = script.requests[0].split("\r\n")
    said = {name.lower(): value for name, _, value in (line.partition(": ") for line in headers if line)}
    assert done.etag == MD5
    assert first == "PUT /out/c%2Bd HTTP/1.1"
    assert said["x-amz-copy-source"] == "in/a%20b/%C3%A9%2520%3FversionId%3Dx"
    assert f'"{MD5}"' == said["x-amz-copy-source-if-match"]
    assert said["x-amz-grant-read"] == 'emailAddress="a@b.example"'


@pytest.mark.parametrize(
    "header",
    [
        "x-amz-server-side-encryption: aws:kms",
        "x-amz-server-side-encryption: aws:kms:dsse",
        "x-amz-server-side-encryption-customer-algorithm: AES256",
    ],
)
async def test_encryption_makes_an_etag_opaque(header: str) -> None:
    """
    With keys of KMS or of the customer an ETag is no MD5, and the store says so; S3's own encryption changes nothing.
    """
    body = f"{XML}<CopyObjectResult><ETag>&quot;{MD5}&quot;</ETag></CopyObjectResult>"
    plain = answer("200 OK", body, "x-amz-server-side-encryption: AES256")

    async with scripted(answer("200 OK", body, header), plain) as (store, _):
        encrypted = await store.copy_object(REQUEST)
        usual = await store.copy_object(REQUEST)

    assert (encrypted.opaque, usual.opaque) == (True, False)


async def test_a_forbidden_bucket_still_tells_its_region() -> None:
    """
    HeadBucket is refused to those who may not list, with the region in a header.
    """
    async with scripted(answer("403 Forbidden", "", "x-amz-bucket-region: eu-west-3")) as (store, _):
        found = await store.head_bucket("in")

    assert BucketInfo("eu-west-3", allowed=False) == found


async def test_a_bucket_elsewhere_tells_its_region_in_one_request() -> None:
    """
    A permanent redirect of HeadBucket is an answer, and botocore does not go after it.
    """
    said = answer("301 Moved Permanently", "", "x-amz-bucket-region: eu-west-3")
    async with scripted(said, said, answer("200 OK", "", "x-amz-bucket-region: eu-west-3")) as (store, _):
        found = await store.head_bucket("in")

    assert found.region == "eu-west-3"


async def test_requests_for_a_bucket_are_signed_for_its_region() -> None:
    """
    Once the region of a bucket is known, its requests are signed for it, and those of others are not.
    """
    async with scripted(answer("200 OK", page("<IsTruncated>false</IsTruncated>"))) as (store, script):
        store.set_region("in", "eu-west-3")
        await store.list_page("in", "")
        await store.list_page("other", "")

    assert ["/eu-west-3/s3/" in request for request in script.requests] == [True, False]


async def test_a_head_without_a_length_is_a_bad_answer() -> None:
    """
    A missing length is not zero bytes: an empty object would be copied whole, and called proven.
    """
    said = answer("200 OK", "", f'ETag: "{MD5}"').replace(b"Content-Length: 0\r\n", b"")

    caught, _ = await failure_of(head, said)

    assert isinstance(caught, BadAnswer)


@pytest.mark.parametrize("prefix", ["uploads/", "uploads", "uploadId/", "a?uploads"])
async def test_the_keys_of_a_listing_are_never_rewritten(prefix: str) -> None:
    """
    A store that does not encode keys cannot say one with a control character: no page, and never one with another key.
    """
    items = f"<Contents><Key>{prefix}a&#x1;b</Key><ETag>{MD5}</ETag><Size>5</Size></Contents>"
    body = page(f"<IsTruncated>false</IsTruncated>{items}")

    caught, _ = await failure_of(lambda store: store.list_page("in", prefix), answer("200 OK", body))

    assert isinstance(caught, TransientError)


async def test_a_head_tells_what_there_is_to_carry() -> None:
    """
    Tags are counted, the class and an ETag that is no MD5 are with the object: what is carried is decided elsewhere.
    """
    said = answer(
        "200 OK", "", f'ETag: "{MD5}"', "x-amz-storage-class: STANDARD_IA", "x-amz-server-side-encryption: aws:kms",
        "x-amz-tagging-count: 2", "x-amz-object-lock-mode: GOVERNANCE",
        "x-amz-object-lock-retain-until-date: 2030-01-02T03:04:05Z", "x-amz-website-redirect-location: /there",
    )  # fmt: skip
    said = said.replace(b"Content-Length: 0", b"Content-Length: 5")

    async with scripted(said) as (store, _):
        found = await store.head_details("in", "a")

    assert (found.tags, found.redirect) == (2, "/there")
    assert (found.info.storage_class, found.info.opaque) == ("STANDARD_IA", True)
    assert found.lock == (
        ("ObjectLockMode", "GOVERNANCE"), ("ObjectLockRetainUntilDate", "2030-01-02T03:04:05+00:00"),
    )  # fmt: skip
    assert found.lost == ()


async def test_a_head_names_what_cannot_be_restated() -> None:
    """
    A date that is none, metadata that S3 keeps back, and text that has to be encoded.
    """
    said = answer("200 OK", "", f'ETag: "{MD5}"', "x-amz-missing-meta: 1", "Expires: 0", "x-amz-meta-a: gr\u00fcn")
    said = said.replace(b"Content-Length: 0", b"Content-Length: 5")

    async with scripted(said) as (store, _):
        found = await store.head_details("in", "a")

    assert set(found.lost) == {"metadata that S3 does not return", "Expires", "text that is not ASCII (encoded)"}
    assert dict(found.metadata)["a"] == "=?utf-8?b?Z3LDvG4=?="


async def test_a_plain_head_loses_nothing() -> None:
    """
    The standard class and the encryption that every object has are no loss.
    """
    said = answer("200 OK", "", f'ETag: "{MD5}"', "x-amz-server-side-encryption: AES256")
    said = said.replace(b"Content-Length: 0", b"Content-Length: 5")

    async with scripted(said) as (store, _):
        found = await store.head_details("in", "a")

    assert found.lost == ()
