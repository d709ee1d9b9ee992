"""
Reads S3's XML answers, without botocore.

The dictionaries have botocore's names and values, so that `answers` reads both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from s3copy_async.columns import Columns
from s3copy_async.errors import BadAnswer, Failure
from s3copy_async.model import Page
from s3copy_async.s3 import answers, heads
from s3copy_async.s3.percent import all_decoded

_LIST: Final = "ListObjectsV2"
_OPEN: Final = "<Contents>"
_CLOSE: Final = "</Contents>"
_SPACE: Final = "\ufeff \t\r\n"
_ERROR_FIELDS: Final = ("Code", "Message", "RequestId", "HostId")

_QUOTE: Final = '(?:&quot;|&#34;|")?'
_OWNER: Final = (
    r"(?:<Owner>(?:<ID>[\w-]*+</ID>|<ID/>)?+(?:<DisplayName>[\w .@-]*+</DisplayName>|<DisplayName/>)?+</Owner>)?+"
)
# One object as stores write it. Whatever XML would not read letter for letter (entities, control characters, ...) does
# not match. What is left between two objects goes to the last branch, and its size is none. No retries: *+.
_ITEM: Final = re.compile(
    r"<Contents><Key>([ !-%'-;=?-~]*+)</Key>"
    r"<LastModified>(\d{4}-\d\d-\d\dT[\d:.]{8,15}+Z)</LastModified>"
    rf"<ETag>{_QUOTE}([0-9A-Za-z-]*+){_QUOTE}</ETag>"
    r"(?:<ChecksumAlgorithm>\w*+</ChecksumAlgorithm>)*+(?:<ChecksumType>\w*+</ChecksumType>)?+"
    rf"<Size>(\d++)</Size>{_OWNER}(?:<StorageClass>(\w*+)</StorageClass>)?+{_OWNER}(?:<Type>\w*+</Type>)?+</Contents>"
    r"|[\s\S]+",
    re.ASCII,
)
# The answer to a copy as Amazon and others write it; all else is read as XML, which costs ten times as much.
_COPIED: Final = re.compile(
    rb"\s*(?:<\?xml [^<>&]*\?>\s*)?<Copy(Object|Part)Result(?: xmlns=\"[^\"<>&]*\")?>"
    rb"(?:<LastModified>[\d:.TZ+-]*</LastModified>)?<ETag>(?:&quot;|&#34;|\")([\w-]+)(?:&quot;|&#34;|\")</ETag>"
    rb"(?:<LastModified>[\d:.TZ+-]*</LastModified>)?((?:<(Checksum\w+)>[\w+/=-]*</\4>)*)</Copy\1Result>\s*"
).fullmatch
_FIELD: Final = re.compile(r"<(\w+)>([^<]*)").findall

# XML cannot hold these, and stores write them all the same: as they are, or as a reference.
_ILLEGAL: Final = re.compile("&#([0-9]+|[xX][0-9a-fA-F]+);|[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_UNHELD: Final = (*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0xFFFE, 0xFFFF)
# Unicode keeps 32 code points from U+FDD0 for no character at all; XML can hold them.
_STAND_INS: Final = {code: 0xFDD0 + index for index, code in enumerate(_UNHELD)}
_ORIGINALS: Final = {stand_in: code for code, stand_in in _STAND_INS.items()}
_STAND_IN: Final = re.compile("[\ufdd0-\ufdef]").search


def page(body: bytes) -> Page:
    """
    One page of a listing, as `answers.page` reads it.

    Raises:
        BadAnswer: it is no such page, or lacks what a page must have.
    """
    text = _text(body, _LIST)
    return _page_by_pattern(text) or _page_by_tree(_root(text, _LIST, "ListBucketResult"))


def _page_by_pattern(text: str) -> Page | None:
    """
    The page by one pattern over all its objects; None where any of them is written in an unusual way.
    """
    start, stop = text.find(_OPEN), text.rfind(_CLOSE) + len(_CLOSE)
    if not 0 <= start < stop:
        return None
    try:
        # Everything else is read as XML, so these objects stand nowhere but in the page: in no comment, for one.
        frame = _root(f"{text[:start]}<Contents/>{text[stop:]}", _LIST, "ListBucketResult")
    except BadAnswer:
        return None
    if [_name(child) for child in frame].count("Contents") != 1:
        return None
    said = _frame(frame)
    objects = _objects(_ITEM.findall(text, start, stop), encoded=said.get("EncodingType") == "url")
    return None if objects is None else Page(objects, answers.page(said).next_token)


def _objects(rows: list[tuple[str, ...]], *, encoded: bool) -> Columns | None:
    keys, moments, etags, sizes, classes = zip(*rows, strict=True)
    try:
        numbers = tuple(map(int, sizes))
        # Times are read when they are needed; here they must only be some.
        for moment in set(moments):
            datetime.fromisoformat(moment)
    except ValueError:
        return None
    if encoded:
        keys = all_decoded(keys)
    # One text for all that have the same: many pages may wait at once.
    known: dict[str, str] = {}
    return Columns(
        keys,
        numbers,
        etags,
        tuple(map(known.setdefault, classes, classes)),
        tuple(map(known.setdefault, moments, moments)),
    )


def _page_by_tree(root: Element) -> Page:
    said = _frame(root)
    items = []
    for child in root:
        if _name(child) == "Contents":
            item: dict[str, Any] = _fields(child)
            if item.get("LastModified"):
                item["LastModified"] = _moment(item["LastModified"], _LIST)
            else:
                item.pop("LastModified", None)
            items.append(item)
    try:
        return answers.page({**said, "Contents": items})
    except (KeyError, ValueError) as error:
        raise _bad(_LIST, f"an object that cannot be read: {error}") from error


def _frame(root: Element) -> dict[str, Any]:
    """
    What a page says besides its objects.
    """
    said: dict[str, Any] = _fields(root)
    if "IsTruncated" in said:
        said["IsTruncated"] = _truth(said["IsTruncated"], _LIST)
    return said


def error(body: bytes) -> dict[str, str] | None:
    """
    Code, Message, RequestId and HostId of an error, empty where it does not say, and ArgumentName where it names one;
    None where it is no error of S3's.
    """
    if b"Error" not in body:
        return None
    try:
        said = _fields(_root(_text(body, ""), "", "Error"))
    except BadAnswer:
        return None
    found = {name: said.get(name, "") for name in _ERROR_FIELDS}
    return found | {"ArgumentName": said["ArgumentName"]} if said.get("ArgumentName") else found


def content(element: bytes) -> str:
    """
    The text of one element that holds no others, also what XML cannot hold, as `page` reads it.

    Raises:
        BadAnswer: it is no such element, or its text could be taken for another.
    """
    return _root(_text(element, _LIST), _LIST, "").text or ""


def copied(body: bytes, operation: str = "CopyObject") -> dict[str, str]:
    """
    The result of a copy, for `answers.copied`.

    Raises:
        BadAnswer: it is none.
    """
    if found := _COPIED(body):
        quick = {"ETag": f'"{found[2].decode()}"'}
        if found[3]:
            quick.update(_FIELD(found[3].decode()))
        return quick
    return _fields(_root(_text(body, operation), operation, "CopyObject", "CopyPart", "UploadPartCopy"))


def created(body: bytes) -> dict[str, str]:
    """
    The answer to CreateMultipartUpload.

    Raises:
        BadAnswer: it is none.
    """
    operation = "CreateMultipartUpload"
    return _fields(_root(_text(body, operation), operation, "InitiateMultipartUpload", operation))


def completed(body: bytes) -> dict[str, str]:
    """
    The answer to CompleteMultipartUpload.

    Raises:
        BadAnswer: it is none.
    """
    operation = "CompleteMultipartUpload"
    return _fields(_root(_text(body, operation), operation, operation))


def parts(body: bytes) -> dict[str, Any]:
    """
    The answer to ListParts, for `answers.parts_page`.

    Raises:
        BadAnswer: it is none, or a part lacks its number, ETag or size.
    """
    operation = "ListParts"
    root = _root(_text(body, operation), operation, operation)
    said: dict[str, Any] = _fields(root)
    said.pop("Part", None)
    if "IsTruncated" in said:
        said["IsTruncated"] = _truth(said["IsTruncated"], operation)
    said["Parts"] = [_part(_fields(child)) for child in root if _name(child) == "Part"]
    return said


def _part(item: dict[str, str]) -> dict[str, Any]:
    try:
        return {**item, "ETag": item["ETag"], "PartNumber": int(item["PartNumber"]), "Size": int(item["Size"])}
    except (KeyError, ValueError) as error:
        raise _bad("ListParts", f"a part that cannot be read: {error}") from error


def _text(body: bytes, operation: str) -> str:
    """
    The answer as text. While S3 works on a copy it sends blanks, even before the XML declaration.
    """
    try:
        return body.decode().strip(_SPACE)
    except UnicodeDecodeError as error:
        raise _bad(operation, "an answer that is not UTF-8") from error


def _root(text: str, operation: str, *names: str) -> Element:
    """
    The root of an answer, whose name begins with one of these: stores call some of them Result, others Response.
    """
    if "<!DOCTYPE" in text:
        # S3 sends none, and entities of its own are what it would be for.
        raise _bad(operation, "XML with a document type")
    try:
        root = _tree(text)
    except ET.ParseError as error:
        raise _bad(operation, f"an answer that is no XML: {error}") from error
    if not _name(root).startswith(names):
        raise _bad(operation, f"<{_name(root)}> is not what was asked for")
    return root


def _tree(text: str) -> Element:
    try:
        return ET.fromstring(text)  # noqa: S314  # without a document type there are no entities to expand
    except ET.ParseError:
        held = _ILLEGAL.sub(_stand_in, text)
        if held == text or _STAND_IN(text):
            raise
    root = ET.fromstring(held)  # noqa: S314
    for element in root.iter():
        if element.text:
            element.text = element.text.translate(_ORIGINALS)
    return root


def _stand_in(found: re.Match[str]) -> str:
    reference = found[1]
    if reference is None:
        return chr(_STAND_INS[ord(found[0])])
    code = int(reference[1:], 16) if reference[0] in "xX" else int(reference)
    return chr(_STAND_INS[code]) if code in _STAND_INS else found[0]


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _pairs(element: Element) -> Iterator[tuple[str, str]]:
    for child in element:
        yield _name(child), child.text or ""


def _fields(element: Element) -> dict[str, str]:
    return dict(_pairs(element))


def _truth(text: str, operation: str) -> bool:
    """
    Anything else taken for False would end a listing early.
    """
    found = {"true": True, "false": False}.get(text.strip().lower())
    if found is None:
        raise _bad(operation, f"IsTruncated is {text!r}")
    return found


def _moment(text: str, operation: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        found = heads.moment(text.strip())
    if found is None:
        raise _bad(operation, f"a time that cannot be read: {text}")
    return found


def _bad(operation: str, message: str) -> BadAnswer:
    return BadAnswer(Failure(operation, "BadAnswer", 200, message))
