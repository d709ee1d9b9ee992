"""
What S3 takes beside the bytes of an object: headers, metadata, tags, ACLs, encryption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from s3copy_async.headers import header_text
from s3copy_async.options import KEEP, Carry
from s3copy_async.text import shown

CANNED_ACLS: Final = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
)
ENCRYPTIONS: Final = ("AES256", "aws:kms", "aws:kms:dsse")
_METADATA: Final = 2048
"""Bytes of all names and values (S3 user guide, working with object metadata)."""
_MAX_TAGS: Final = 10
_TAG_NAME: Final = 128
_TAG_VALUE: Final = 256
_WORD: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}").fullmatch
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+").fullmatch
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]").search
_ASCII: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?").fullmatch


def carry_problems(carry: Carry) -> Iterator[tuple[str, str]]:
    """
    Everything that is wrong with `carry`: the setting's name, and one line.
    """
    if carry.storage_class is not None and not _WORD(carry.storage_class):
        yield (
            "storage_class",
            f"{shown(carry.storage_class)!r} is not {KEEP} or the name of a class, such as GLACIER_IR",
        )
    if carry.acl is not None and carry.acl not in (KEEP, *CANNED_ACLS):
        yield "acl", f"{shown(carry.acl)!r} is not {KEEP} or one of {', '.join(CANNED_ACLS)}"
    yield from _encryption(carry)
    yield from _headers(carry)
    yield from _metadata(carry)
    yield from _tags(carry)


def _encryption(carry: Carry) -> Iterator[tuple[str, str]]:
    if carry.sse is not None and carry.sse not in ENCRYPTIONS:
        yield "sse", f"{shown(carry.sse)!r} is not one of {', '.join(ENCRYPTIONS)}"
    if carry.sse_kms_key_id is None:
        return
    if not (carry.sse or "").startswith("aws:kms"):
        yield "sse_kms_key_id", "it needs aws:kms or aws:kms:dsse as the encryption"
    if not _ASCII(carry.sse_kms_key_id):
        yield "sse_kms_key_id", f"{shown(carry.sse_kms_key_id)!r} is not the id or ARN of a key"


def _headers(carry: Carry) -> Iterator[tuple[str, str]]:
    for name in ("content_type", "cache_control"):
        value = getattr(carry, name)
        if value is not None and not _ASCII(value):
            yield name, f"{shown(value)!r} is no header value: expected printable ASCII"


def _metadata(carry: Carry) -> Iterator[tuple[str, str]]:
    for name, value in carry.metadata:
        if not _TOKEN(name):
            yield "metadata", f"{shown(name)!r} is no name: expected letters, digits and any of !#$%&'*+.^_`|~-"
        elif _CONTROL(value):
            yield "metadata", f"the value of {shown(name)!r} has control characters: leave them out"
    size = sum(len(name) + len(header_text(value)) for name, value in dict(carry.metadata).items())
    if size > _METADATA:
        yield "metadata", f"{size:,} bytes of names and values: S3 takes {_METADATA:,}"


def _tags(carry: Carry) -> Iterator[tuple[str, str]]:
    for name, value in carry.tags:
        if not 0 < len(name) <= _TAG_NAME or len(value) > _TAG_VALUE:
            sizes = f"names have 1 to {_TAG_NAME} characters, values up to {_TAG_VALUE}"
            yield "tags", f"{shown(name[:_TAG_NAME])!r}: {sizes}"
        elif _CONTROL(name + value) or name.lower().startswith("aws:"):
            yield "tags", f"{shown(name)!r}: control characters and names that begin with aws: are not allowed"
    if (number := len(dict(carry.tags))) > _MAX_TAGS:
        yield "tags", f"{number} tags: S3 takes at most {_MAX_TAGS} an object"
