"""
The headers of S3's answers, read without botocore.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from botocore.session import get_session

from s3copy_async.errors import BadAnswer
from s3copy_async.s3 import answers, heads

MD5: Final = "9dd4e461268c8034f5c8564e155c67a6"
BASE: Final = (
    (b"Content-Length", b"5"),
    (b"ETag", f'"{MD5}"'.encode()),
    (b"Last-Modified", b"Fri, 27 Nov 2026 01:45:44 GMT"),
    (b"x-amz-request-id", b"R1"),
    (b"x-amz-id-2", b"H1"),
)
MORE: Final = (
    (b"Content-Type", b"text/plain; charset=utf-8"),
    (b"Cache-Control", b"no-cache"),
    (b"Content-Disposition", b'attachment; filename="a b"'),
    (b"Content-Encoding", b"gzip"),
    (b"Content-Language", b"de"),
    (b"Content-Range", b"bytes 0-4/1000"),
    (b"Expires", b"Wed, 21 Oct 2015 07:28:00 GMT"),
    (b"x-amz-storage-class", b"STANDARD_IA"),
    (b"x-amz-server-side-encryption", b"aws:kms"),
    (b"x-amz-server-side-encryption-customer-algorithm", b"AES256"),
    (b"x-amz-checksum-crc64nvme", b"c=="),
    (b"x-amz-checksum-crc32", b"d=="),
    (b"x-amz-checksum-crc32c", b"e=="),
    (b"x-amz-checksum-sha1", b"f=="),
    (b"x-amz-checksum-sha256", b"g=="),
    (b"x-amz-checksum-type", b"FULL_OBJECT"),
    (b"x-amz-version-id", b"v1"),
    (b"x-amz-mp-parts-count", b"200"),
    (b"x-amz-tagging-count", b"3"),
    (b"x-amz-missing-meta", b"1"),
    (b"x-amz-object-lock-mode", b"GOVERNANCE"),
    (b"x-amz-object-lock-retain-until-date", b"2030-01-02T03:04:05.000Z"),
    (b"x-amz-object-lock-legal-hold", b"ON"),
    (b"x-amz-website-redirect-location", b"/elsewhere"),
    (b"x-amz-meta-Name", b"value"),
    (b"x-amz-meta-", b"nameless"),
    (b"x-amz-meta-utf8", "\u00e9\u4e2d".encode()),
    (b"x-amz-meta-latin", b"caf\xe9"),
)


def botocore_says(headers: tuple[tuple[bytes, bytes], ...]) -> dict[str, Any]:
    """
    The answer to HeadObject as botocore reads it; the headers as aiobotocore and `transport` hand them on.
    """
    shape = get_session().get_service_model("s3").operation_model("HeadObject").output_shape
    plain = {name.decode().lower(): heads.text(value) for name, value in headers}
    said = create_parser("rest-xml").parse({"headers": HeadersDict(plain), "status_code": 200, "body": b""}, shape)
    if "expires" in plain:
        said["ExpiresString"] = plain["expires"]
    assert isinstance(said, dict)
    return said


@pytest.mark.parametrize("more", [(), MORE, *[(one,) for one in MORE]])
@pytest.mark.parametrize("change", [bytes, bytes.upper, bytes.lower])
def test_a_head_says_the_same_as_over_botocore(more: tuple[tuple[bytes, bytes], ...], change: Any) -> None:
    """
    With each header alone and with all of them, whatever the case of their names.
    """
    headers = tuple((change(name), value) for name, value in (*BASE, *more))

    mine, theirs = heads.answer(headers), botocore_says(headers)

    for version in ("", "v1"):
        assert answers.head("k", theirs, version) == answers.head("k", mine, version)
        assert answers.info("k", theirs, version) == answers.info("k", mine, version)
    assert answers.copied(theirs, theirs, "X") == answers.copied(mine, mine, "X")
    assert {name: theirs[name] for name in mine.keys() - {"ResponseMetadata"}} == {
        name: value for name, value in mine.items() if name != "ResponseMetadata"
    }
    theirs["ResponseMetadata"].pop("HTTPStatusCode")
    theirs["ResponseMetadata"].pop("RetryAttempts", None)
    assert theirs["ResponseMetadata"] == mine["ResponseMetadata"]


def test_all_that_is_read_of_a_head_is_there() -> None:
    """
    In words, so that nothing is lost on both ways alike.
    """
    head = answers.head("k", heads.answer((*BASE, *MORE)), "v1")

    assert (head.info.size, head.part_size, head.parts, head.tags) == (1000, 5, 200, 3)
    assert head.info.checksum == "CRC64NVME:c=="
    assert (head.info.storage_class, head.info.version, head.info.opaque) == ("STANDARD_IA", "v1", True)
    assert head.info.modified == 1795743944.0
    assert head.lock == (
        ("ObjectLockMode", "GOVERNANCE"),
        ("ObjectLockRetainUntilDate", "2030-01-02T03:04:05+00:00"),
        ("ObjectLockLegalHoldStatus", "ON"),
    )
    assert (head.redirect, head.sse) == ("/elsewhere", "aws:kms")
    assert ("Expires", "Wed, 21 Oct 2015 07:28:00 GMT") in head.settings
    assert dict(head.metadata)["name"] == "value"
    assert head.lost == ("metadata that S3 does not return", "text that is not ASCII (encoded)")


def test_text_is_utf_8_where_it_can_be_and_else_latin_1() -> None:
    """
    Both occur in metadata.
    """
    metadata = heads.answer(MORE)["Metadata"]

    assert metadata["utf8"] == "\u00e9\u4e2d"
    assert metadata["latin"] == "caf\u00e9"


@pytest.mark.parametrize("name", [b"Content-Length", b"x-amz-mp-parts-count", b"x-amz-tagging-count"])
@pytest.mark.parametrize("value", [b"", b"x", b"-1", b"\xc2\xb2"])
def test_a_number_that_is_none_is_a_bad_answer(name: bytes, value: bytes) -> None:
    """
    Taken for nothing, it would hide something.
    """
    with pytest.raises(BadAnswer) as caught:
        heads.answer(((name, value),), "GetObject")

    assert caught.value.failure.operation == "GetObject"


def test_a_head_without_a_length_is_a_bad_answer() -> None:
    """
    Taken as zero, a large object would be thought empty.
    """
    with pytest.raises(BadAnswer):
        answers.info("k", heads.answer(BASE[1:]))


def test_the_region_is_found() -> None:
    """
    HeadBucket says it in a header.
    """
    assert answers.region(heads.answer([(b"X-Amz-Bucket-Region", b"eu-west-1")])) == "eu-west-1"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Fri, 27 Nov 2026 01:45:44 GMT", datetime(2026, 11, 27, 1, 45, 44, tzinfo=UTC)),
        ("Friday, 27-Nov-26 01:45:44 GMT", datetime(2026, 11, 27, 1, 45, 44, tzinfo=UTC)),
        ("Fri, 27 Nov 2026 02:45:44 +0100", datetime(2026, 11, 27, 1, 45, 44, tzinfo=UTC)),
        ("2026-11-27T01:45:44.000Z", datetime(2026, 11, 27, 1, 45, 44, tzinfo=UTC)),
        ("2026-11-27T01:45:44", datetime(2026, 11, 27, 1, 45, 44, tzinfo=UTC)),
        ("Fri, 27 Foo 2026 01:45:44 GMT", None),
        ("Fri, 32 Nov 2026 01:45:44 GMT", None),
        ("", None),
        ("x", None),
    ],
)
def test_times_are_read_as_stores_write_them(value: str, found: datetime | None) -> None:
    """
    One that cannot be read is unknown.
    """
    assert heads.moment(value) == found


def test_a_lock_until_who_knows_when_is_not_lost() -> None:
    """
    It is shown as the store says it.
    """
    said = heads.answer([(b"x-amz-object-lock-retain-until-date", b"never")])

    assert said["ObjectLockRetainUntilDate"] == "never"
    assert "LastModified" not in said


@pytest.mark.parametrize("name", [b"x-amz-server-side-encryption", b"X-Amz-Server-Side-Encryption-Customer-Algorithm"])
def test_encryption_alone_is_enough_for_a_copy(name: bytes) -> None:
    """
    The answer to a copy is judged by nothing else of its headers.
    """
    headers = (*BASE, (name, b"aws:kms"), (b"x-amz-server-side-encryption-bucket-key-enabled", b"true"))
    result = {"ETag": MD5}

    few, whole = heads.encryption(headers), heads.answer(headers)

    assert answers.opaque(few)
    assert few.items() <= whole.items()
    assert answers.copied(few, result, "CopyObject") == answers.copied(whole, result, "CopyObject")
    assert heads.encryption(BASE) == {}
