"""
Reads the headers of S3's answers, without botocore.

The dictionaries have botocore's names and values, so that `answers` reads both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from s3copy_async.errors import BadAnswer, Failure

_ISO: Final = re.compile(r"[\d:.,TZ +-]+", re.ASCII).fullmatch
_TEXTS: Final = {
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
    "content-range": "ContentRange",
    "content-type": "ContentType",
    "etag": "ETag",
    "x-amz-checksum-crc32": "ChecksumCRC32",
    "x-amz-checksum-crc32c": "ChecksumCRC32C",
    "x-amz-checksum-crc64nvme": "ChecksumCRC64NVME",
    "x-amz-checksum-sha1": "ChecksumSHA1",
    "x-amz-checksum-sha256": "ChecksumSHA256",
    "x-amz-checksum-type": "ChecksumType",
    "x-amz-object-lock-legal-hold": "ObjectLockLegalHoldStatus",
    "x-amz-object-lock-mode": "ObjectLockMode",
    "x-amz-server-side-encryption": "ServerSideEncryption",
    "x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm",
    "x-amz-storage-class": "StorageClass",
    "x-amz-version-id": "VersionId",
    "x-amz-website-redirect-location": "WebsiteRedirectLocation",
}
_NUMBERS: Final = {
    "content-length": "ContentLength",
    "x-amz-missing-meta": "MissingMeta",
    "x-amz-mp-parts-count": "PartsCount",
    "x-amz-tagging-count": "TagCount",
}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH: Final = {name: number for number, name in enumerate(_MONTHS, 1)}
_META: Final = "x-amz-meta-"
_ENCRYPTION: Final = {
    b"x-amz-server-side-encryption": "ServerSideEncryption",
    b"x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm",
}
_LENGTHS: Final = frozenset(map(len, _ENCRYPTION))


def answer(headers: Iterable[tuple[bytes, bytes]], operation: str = "HeadObject") -> dict[str, Any]:
    """
    All of an answer's headers that `answers` reads.

    Raises:
        BadAnswer: a number is none.
    """
    plain = {text(name).lower(): text(value) for name, value in headers}
    found: dict[str, Any] = {}
    metadata: dict[str, str] = {}
    for name, value in plain.items():
        if name.startswith(_META):
            metadata[name[len(_META) :]] = value
        elif name in _TEXTS:
            found[_TEXTS[name]] = value
        elif name in _NUMBERS:
            found[_NUMBERS[name]] = _number(name, value, operation)
    found["Metadata"] = metadata
    if expires := plain.get("expires"):
        found["ExpiresString"] = expires
    if (modified := moment(plain.get("last-modified", ""))) is not None:
        found["LastModified"] = modified
    if until := plain.get("x-amz-object-lock-retain-until-date"):
        # A date that cannot be read is kept as it is: it must not get lost.
        found["ObjectLockRetainUntilDate"] = moment(until) or until
    found["ResponseMetadata"] = {
        "RequestId": plain.get("x-amzn-requestid") or plain.get("x-amz-request-id", ""),
        "HostId": plain.get("x-amz-id-2", ""),
        "HTTPHeaders": plain,
    }
    return found


def encryption(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """
    Only how the object is encrypted: all that `answers.copied` asks of headers, and it is asked for every object.
    """
    return {
        _ENCRYPTION[lower]: text(value)
        for name, value in headers
        if len(name) in _LENGTHS and (lower := name.lower()) in _ENCRYPTION
    }


def text(value: bytes) -> str:
    """
    A header as text. Latin-1 is legal in S3, and UTF-8 is what most have.
    """
    try:
        return value.decode().strip(" \t")
    except UnicodeDecodeError:
        return value.decode("latin-1").strip(" \t")


def moment(value: str) -> datetime | None:
    """
    A time as HTTP or ISO 8601 writes it; None where it cannot be read.
    """
    readers: tuple[Callable[[str], datetime], ...] = (_http_date, _iso, parsedate_to_datetime)
    for read in readers:
        try:
            found = read(value)
        except (ValueError, KeyError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _iso(value: str) -> datetime:
    # Python takes any one character between the seconds and the zone.
    if not _ISO(value):
        raise ValueError(value)
    return datetime.fromisoformat(value)


def _http_date(value: str) -> datetime:
    """
    The usual form, which is always as long as this one: ``Fri, 27 Nov 2026 01:45:44 GMT``.
    """
    if len(value) != 29 or not value.endswith(" GMT"):
        raise ValueError(value)
    return datetime(
        int(value[12:16]),
        _MONTH[value[8:11]],
        int(value[5:7]),
        int(value[17:19]),
        int(value[20:22]),
        int(value[23:25]),
        tzinfo=UTC,
    )


def _number(name: str, value: str, operation: str) -> int:
    if not (value.isascii() and value.isdigit()):
        # Taken for nothing, it would hide tags, parts or lost metadata.
        raise BadAnswer(Failure(operation, "BadAnswer", 200, f"{name} is {value!r}"))
    return int(value)
