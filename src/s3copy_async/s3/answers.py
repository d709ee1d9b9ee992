"""
Reads botocore's answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from s3copy_async.errors import BadAnswer, Failure, NotFound, RunRefused, S3Error
from s3copy_async.faults import error_for
from s3copy_async.headers import header_text
from s3copy_async.model import Acl, CopyAnswer, Head, ObjectInfo, OpenUpload, Page, PartsPage, UploadedPart, UploadsPage
from s3copy_async.s3.percent import decoded
from s3copy_async.store import Undeleted

_KMS: Final = ("aws:kms", "aws:kms:dsse")
_REGION_HEADER: Final = "x-amz-bucket-region"
_CHECKSUMS: Final = ("CRC64NVME", "CRC32C", "CRC32", "SHA256", "SHA1")
_DEFAULT_TYPE: Final = "binary/octet-stream"
_ENCODED: Final = re.compile(r"(?:[A-Za-z0-9_.~/*+!'()-]|%[0-9A-Fa-f]{2})*").fullmatch
_SETTINGS: Final = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "WebsiteRedirectLocation",
)


def page(answer: dict[str, Any]) -> Page:
    """
    One page of a listing.

    Raises:
        BadAnswer: it lacks what a page must have.
    """
    if "IsTruncated" not in answer:
        # An empty or foreign 200 parses to nothing; taken as a page it would end the listing early.
        raise BadAnswer(Failure("ListObjectsV2", "BadAnswer", 200, "a page without IsTruncated", _request_id(answer)))
    token = answer.get("NextContinuationToken") if answer["IsTruncated"] else None
    if answer["IsTruncated"] and not token:
        raise BadAnswer(Failure("ListObjectsV2", "BadAnswer", 200, "a cut page without a token", _request_id(answer)))
    decode = decoded if answer.get("EncodingType") == "url" else str
    objects = tuple(
        ObjectInfo(
            key=decode(item["Key"]),
            size=int(item["Size"]),
            etag=item["ETag"].strip('"'),
            modified=epoch(item.get("LastModified")),
            storage_class=item.get("StorageClass", ""),
        )
        for item in answer.get("Contents", ())
    )
    return Page(objects, token)


def etag(answer: dict[str, Any], operation: str) -> str:
    """
    The ETag, without quotes.

    Raises:
        BadAnswer: there is none.
    """
    found = answer.get("ETag")
    if not found:
        raise BadAnswer(Failure(operation, "BadAnswer", 200, "an answer without an ETag", _request_id(answer)))
    return str(found).strip('"')


def opaque(answer: dict[str, Any]) -> bool:
    """
    Whether the ETag is no MD5 because of the encryption.
    """
    return answer.get("ServerSideEncryption") in _KMS or "SSECustomerAlgorithm" in answer


def region(answer: dict[str, Any]) -> str | None:
    """
    The bucket's region, None where the store names none.
    """
    found = answer.get("BucketRegion") or answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(_REGION_HEADER)
    return str(found) if found else None


def _request_id(answer: dict[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId") or "")


def _extended_id(answer: dict[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("HostId") or "")


def epoch(moment: datetime | None) -> float:
    """
    Seconds since the epoch, 0 where there is no time.
    """
    return moment.timestamp() if moment else 0.0


def copied(answer: dict[str, Any], result: dict[str, Any], operation: str) -> CopyAnswer:
    """
    What S3 says of a copy that it made.

    Raises:
        BadAnswer: there is no ETag, so nothing is said at all.
    """
    return CopyAnswer(etag(result, operation), opaque(answer), _checksum(result))


def _checksum(result: dict[str, Any]) -> str:
    return next((f"{name}:{result[f'Checksum{name}']}" for name in _CHECKSUMS if result.get(f"Checksum{name}")), "")


def full_checksum(answer: dict[str, Any]) -> str:
    """
    The checksum of the full object, empty where there is none, or only one made of those of the parts.
    """
    found = _checksum(answer)
    # A store that does not tell the type may mean anything.
    return found if answer.get("ChecksumType") == "FULL_OBJECT" else ""


def info(key: str, answer: dict[str, Any], version: str = "") -> ObjectInfo:
    """
    One object as a HEAD shows it. Of an answer about one part, the size is the whole object's.
    """
    whole = str(answer.get("ContentRange") or "").rpartition("/")[2]
    if "ContentLength" not in answer and not whole.isdigit():
        raise BadAnswer(Failure("HeadObject", "BadAnswer", 200, "an answer without a length", _request_id(answer)))
    return ObjectInfo(
        key=key,
        size=int(whole) if whole.isdigit() else int(answer.get("ContentLength", 0)),
        etag=etag(answer, "HeadObject"),
        modified=epoch(answer.get("LastModified")),
        storage_class=answer.get("StorageClass", "STANDARD"),
        opaque=opaque(answer),
        checksum=full_checksum(answer),
        # A store that keeps no versions shows the object as it is, whatever it was asked for.
        version=str(answer.get("VersionId") or "") if version else "",
    )


def head(key: str, answer: dict[str, Any], version: str = "") -> Head:
    """
    Everything a copy needs of a HEAD.
    """
    settings = [(name, header_text(str(answer[name]))) for name in _SETTINGS if answer.get(name)]
    if ("ContentType", _DEFAULT_TYPE) in settings:
        # S3 says so of objects that were stored without a type; a copy without one is the same again.
        settings.remove(("ContentType", _DEFAULT_TYPE))
    metadata = [(name, header_text(value)) for name, value in answer.get("Metadata", {}).items()]
    if (expires := answer.get("ExpiresString")) and _is_date(expires):
        settings.append(("Expires", expires))
    return Head(
        info=info(key, answer, version),
        settings=tuple(settings),
        metadata=tuple(metadata),
        parts=int(answer.get("PartsCount", 0)),
        part_size=int(answer.get("ContentLength", 0)),
        lost=tuple(_lost(answer)),
        tags=int(answer.get("TagCount") or 0),
        lock=tuple(_lock(answer)),
        redirect=str(answer.get("WebsiteRedirectLocation") or ""),
        sse=str(answer.get("ServerSideEncryption") or ""),
    )


def _lock(answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if (mode := answer.get("ObjectLockMode")) and (until := answer.get("ObjectLockRetainUntilDate")):
        yield "ObjectLockMode", str(mode)
        yield "ObjectLockRetainUntilDate", until.isoformat() if isinstance(until, datetime) else str(until)
    if hold := answer.get("ObjectLockLegalHoldStatus"):
        yield "ObjectLockLegalHoldStatus", str(hold)


def acl(answer: dict[str, Any]) -> Acl:
    """
    The grants of an object. Grantees by e-mail are shown by S3 as their ids.
    """
    grants: list[tuple[str, str]] = []
    for grant in answer.get("Grants", ()):
        grantee = grant.get("Grantee", {})
        who = f'id="{grantee["ID"]}"' if grantee.get("ID") else f'uri="{grantee.get("URI", "")}"'
        grants.append((str(grant.get("Permission") or ""), who))
    return Acl(str(answer.get("Owner", {}).get("ID") or ""), tuple(grants))


def undeleted(answer: dict[str, Any], keys: Sequence[str]) -> Undeleted:
    """
    Which of `keys` are not known to be deleted by DeleteObjects, and why.

    Raises:
        RunRefused: a reason that holds for every request.
    """
    said = {str(item.get("Key") or "") for item in answer.get("Deleted", ())}
    failed: dict[str, S3Error] = {}
    for item in answer.get("Errors", ()):
        code, words = str(item.get("Code") or "UnknownError"), str(item.get("Message") or "")
        error = error_for(Failure("DeleteObjects", code, 200, words, _request_id(answer), _extended_id(answer)))
        if isinstance(error, RunRefused):
            raise error
        failed[str(item.get("Key") or "")] = error
    found: list[tuple[str, S3Error]] = []
    for key in keys:
        if refusal := failed.get(key):
            # A missing key is no error, though some stores say so.
            found += [] if isinstance(refusal, NotFound) else [(key, refusal)]
        elif key not in said:
            unsaid = "an answer that does not say what became of this key"
            found.append((key, BadAnswer(Failure("DeleteObjects", "BadAnswer", 200, unsaid, _request_id(answer)))))
    return tuple(found)


def _lost(answer: dict[str, Any]) -> Iterator[str]:
    """
    What cannot be restated as it is.
    """
    if answer.get("MissingMeta"):
        yield "metadata that S3 does not return"
    said = (*(answer.get(name) for name in _SETTINGS), *answer.get("Metadata", {}).values())
    if not all(str(value or "").isascii() for value in said):
        yield "text that is not ASCII (encoded)"
    if (expires := answer.get("ExpiresString")) and not _is_date(expires):
        yield "Expires"


def _is_date(text: str) -> bool:
    try:
        parsedate_to_datetime(text)
    except ValueError:
        return False
    return True


def parts_page(answer: dict[str, Any]) -> PartsPage:
    """
    The parts of an open upload.
    """
    parts = tuple(
        UploadedPart(int(item["PartNumber"]), str(item["ETag"]).strip('"'), int(item["Size"]), _checksum(item))
        for item in answer.get("Parts", ())
    )
    return PartsPage(parts, bool(answer.get("IsTruncated") and parts))


def uploads_page(answer: dict[str, Any]) -> UploadsPage:
    """
    The open uploads of a bucket.

    Some stores encode the keys as they were asked to and do not say so (Ceph), others say so and do not (LocalStack).
    """
    items = answer.get("Uploads", ())
    decode = decoded if all(_ENCODED(item["Key"]) for item in items) else str
    uploads = tuple(
        OpenUpload(decode(item["Key"]), str(item["UploadId"]), epoch(item.get("Initiated"))) for item in items
    )
    return UploadsPage(uploads, bool(answer.get("IsTruncated") and uploads))
