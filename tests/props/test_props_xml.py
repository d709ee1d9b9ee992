"""
Properties of reading S3's XML answers: nothing is lost or changed, and botocore's own parser says the same.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from botocore.parsers import create_parser
from botocore.session import get_session
from hypothesis import example, given, settings
from hypothesis import strategies as st

from s3copy_async.errors import BadAnswer
from s3copy_async.model import ObjectInfo, Page
from s3copy_async.s3 import answers, xml

SHAPES: Final = get_session().get_service_model("s3")
ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
STAND_INS: Final = [chr(code) for code in range(0xFDD0, 0xFDF0)]
quick = settings(deadline=None, max_examples=200)

RAW_KEY: Final = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=STAND_INS), min_size=1, max_size=12),
    st.text(st.sampled_from("ab/&<>'\"]%+ \t\n\r\x00\x01\x1f\x85\u00e9\ufffe\U0001f600;#x"), min_size=1, max_size=12),
    st.sampled_from(["<Contents>", "</Contents>", "]]>", "&quot;", "&#1;", "<!--", "%2F", "a+b"]),
)
# Of any bytes: what is no UTF-8 is kept as surrogates.
KEY: Final = st.one_of(
    RAW_KEY, st.binary(min_size=1, max_size=12).map(lambda key: key.decode("utf-8", "surrogateescape"))
)


@dataclass(frozen=True)
class Style:
    """
    How a store writes its pages.
    """

    encoded: bool
    namespace: bool
    pretty: bool
    plus: bool
    safe: str
    quote: str
    entities: str
    order: tuple[str, ...]
    extra: str
    first: bool
    digits: int


ORDER: Final = ("Key", "LastModified", "ETag", "Size", "StorageClass")
EXTRAS: Final = (
    "",
    "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm>",
    "<Owner><ID>0ab</ID><DisplayName>me &amp; you</DisplayName></Owner>",
    "<Type>Normal</Type>",
    "<!-- <Size>1</Size> -->",
)
STYLES: Final = st.builds(
    Style,
    encoded=st.booleans(),
    namespace=st.booleans(),
    pretty=st.sampled_from([False, False, True]),
    plus=st.booleans(),
    safe=st.sampled_from(["/", "", "/-_.~*'()!"]),
    quote=st.sampled_from(["&quot;", "&#34;", '"', "&#x22;"]),
    entities=st.sampled_from(["named", "decimal", "hex", "least"]),
    order=st.one_of(st.just(ORDER), st.permutations(ORDER).map(tuple)),
    extra=st.sampled_from(EXTRAS),
    first=st.booleans(),
    digits=st.sampled_from([0, 3, 6]),
)
ETAG: Final = st.one_of(
    st.binary(min_size=16, max_size=16).map(bytes.hex), st.sampled_from(["a-2", "0" * 32 + "-10000"])
)
OBJECTS: Final = st.lists(
    st.builds(
        ObjectInfo,
        key=KEY,
        size=st.integers(0, 5 << 40),
        etag=ETAG,
        modified=st.integers(0, 4_000_000_000_000).map(lambda thousandths: thousandths / 1000),
        storage_class=st.sampled_from(["STANDARD", "DEEP_ARCHIVE", "GLACIER_IR", ""]),
        opaque=st.just(False),
        checksum=st.just(""),
        version=st.just(""),
    ),
    max_size=6,
)
TOKEN: Final = st.one_of(st.none(), RAW_KEY)


class Writer:
    """
    Writes pages, and shares no code with what reads them.
    """

    def __init__(self, style: Style) -> None:
        self.style = style

    def text(self, value: str) -> str:
        """
        A text as the style escapes it. What XML cannot hold is written all the same, as stores do.
        """
        return "".join(map(self._letter, value))

    def _letter(self, letter: str) -> str:
        named = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
        if letter not in named and letter != "\r" and not (self.style.entities != "least" and ILLEGAL.match(letter)):
            return letter
        if self.style.entities == "decimal" or letter not in named:
            return f"&#{ord(letter)};"
        if self.style.entities == "hex":
            return f"&#x{ord(letter):X};"
        return named[letter] if self.style.entities == "named" or letter in "&<>" else letter

    def key(self, key: str) -> str:
        """
        A key as it stands in a page.
        """
        if not self.style.encoded:
            return self.text(key)
        done = quote(key.encode("utf-8", "surrogateescape"), safe=self.style.safe)
        return self.text(done.replace("%20", "+") if self.style.plus else done)

    def time(self, when: float) -> str:
        """
        A time in UTC, with as many digits as the style has if they are enough.
        """
        thousandths = round(when * 1000)
        moment = datetime.fromtimestamp(thousandths // 1000, UTC)
        digits = f"{thousandths % 1000:03}".ljust(self.style.digits or 3, "0")
        fraction = "" if self.style.digits == 0 and thousandths % 1000 == 0 else f".{digits}"
        return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"

    def item(self, info: ObjectInfo) -> str:
        """
        One object.
        """
        mark = self.style.quote
        fields = {
            "Key": f"<Key>{self.key(info.key)}</Key>",
            "LastModified": f"<LastModified>{self.time(info.modified)}</LastModified>",
            "ETag": f"<ETag>{mark}{info.etag}{mark}</ETag>{self.style.extra}",
            "Size": f"<Size>{info.size}</Size>",
            "StorageClass": f"<StorageClass>{info.storage_class}</StorageClass>" if info.storage_class else "",
        }
        return f"<Contents>{self._gap.join(fields[name] for name in self.style.order)}</Contents>"

    @property
    def _gap(self) -> str:
        return "\n    " if self.style.pretty else ""

    def page(self, page: Page, echo: str) -> bytes:
        """
        The whole page.
        """
        space = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"' if self.style.namespace else ""
        said = f"<Prefix>{self.text(echo)}</Prefix><StartAfter>{self.text(echo)}</StartAfter>"
        said += f"<IsTruncated>{'false' if page.next_token is None else 'true'}</IsTruncated>"
        if page.next_token is not None:
            said += f"<NextContinuationToken>{self.text(page.next_token)}</NextContinuationToken>"
        if self.style.encoded:
            said += "<EncodingType>url</EncodingType>"
        items = self._gap.join(map(self.item, page.objects))
        inside = said + items if self.style.first else items + said
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult{space}>{inside}</ListBucketResult>'.encode()


def without_surrogates(page: Page, style: Style) -> Page:
    """
    Where keys are not encoded, no store can write those that are no UTF-8.
    """
    if style.encoded:
        return page
    return page._replace(objects=tuple(info for info in page.objects if not re.search("[\ud800-\udfff]", info.key)))


def botocore_says(body: bytes, operation: str) -> dict[str, Any]:
    """
    The answer as botocore's own parser reads it.
    """
    shape = SHAPES.operation_model(operation).output_shape
    said = create_parser("rest-xml").parse({"headers": {}, "status_code": 200, "body": body}, shape)
    assert isinstance(said, dict)
    return said


@quick
@given(OBJECTS, TOKEN, STYLES, RAW_KEY)
def test_a_page_comes_back_exactly_as_it_was_written(
    objects: list[ObjectInfo], token: str | None, style: Style, echo: str
) -> None:
    """
    Every key, however a store writes it, whatever it repeats of the request beside it.
    """
    page = without_surrogates(Page(tuple(objects), token), style)

    body = Writer(style).page(page, echo)

    assert page == xml.page(body)


@quick
@given(OBJECTS, TOKEN, STYLES, RAW_KEY)
def test_a_page_says_the_same_as_over_botocore(
    objects: list[ObjectInfo], token: str | None, style: Style, echo: str
) -> None:
    """
    Wherever botocore can read it at all.
    """
    legal = tuple(info for info in objects if style.encoded or not ILLEGAL.search(info.key))
    page = without_surrogates(Page(legal, None if token is None else ILLEGAL.sub("?", token)), style)

    body = Writer(style).page(page, ILLEGAL.sub("?", echo))

    assert answers.page(botocore_says(body, "ListObjectsV2")) == xml.page(body)


@quick
@given(OBJECTS, STYLES)
def test_the_pattern_reads_what_the_tree_reads(objects: list[ObjectInfo], style: Style) -> None:
    """
    Or leaves it to the tree.
    """
    text = Writer(style).page(without_surrogates(Page(tuple(objects), None), style), "p").decode()

    fast = xml._page_by_pattern(text)

    assert fast is None or fast == xml._page_by_tree(xml._root(text, "", "ListBucketResult"))


PIECES: Final = st.one_of(
    st.sampled_from(
        [b"<", b">", b"&", b'"', b"<Contents>", b"</Contents>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?x", b"?>"]
    ),
    st.sampled_from([b"</Contents><Contents>", b"<Key>", b"</Key>", b"<Contents/>", b"1", b" ", b"\n", b"\xff", b"%"]),
    st.binary(max_size=2),
)


@settings(deadline=None, max_examples=600)
@given(
    st.lists(st.sampled_from(["a", "b/c", "d%20e", "f+g"]), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 40), PIECES), min_size=1, max_size=3),
)
@example(["a"], [(0, 0, b"<!DOCTYPE x>")])
@example(["a"], [(6537, 4, b">")])
def test_a_damaged_page_is_read_as_botocore_reads_it_or_refused(
    keys: list[str], damages: list[tuple[int, int, bytes]]
) -> None:
    """
    Never does it become another page, and nothing but BadAnswer is raised.
    """
    style = Style(True, False, False, False, "/", "&quot;", "named", ORDER, "", True, 3)
    body = Writer(style).page(Page(tuple(ObjectInfo(key, 7, "0" * 32, 5.0, "X") for key in keys), "t"), "p")
    for place, length, piece in damages:
        start = place % len(body)
        body = body[:start] + piece + body[start + length :]

    try:
        mine = xml.page(body)
    except BadAnswer:
        return
    if xml._ILLEGAL.search(body.decode()):
        return
    try:
        theirs = answers.page(botocore_says(body.strip(), "ListObjectsV2"))
    except (TypeError, AttributeError):
        # An element that stands there twice is a list to botocore.
        return
    if all(isinstance(value, str) for info in theirs.objects for value in (info.key, info.etag, info.storage_class)):
        assert theirs == mine


@quick
@given(
    ETAG,
    st.dictionaries(st.sampled_from(["CRC32", "CRC64NVME", "SHA256"]), st.from_regex(r"[\w+/]{4,9}==", fullmatch=True)),
    STYLES,
)
def test_the_result_of_a_copy_says_the_same_as_over_botocore(
    etag: str, checksums: dict[str, str], style: Style
) -> None:
    """
    With checksums and without, of objects and of parts.
    """
    space = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"' if style.namespace else ""
    when = "<LastModified>2026-11-27T01:45:44.000Z</LastModified>"
    inside = f"<ETag>{style.quote}{etag}{style.quote}</ETag>"
    inside = when + inside if style.first else inside + when
    inside += "".join(f"<Checksum{name}>{value}</Checksum{name}>" for name, value in checksums.items())
    for operation, root in (("CopyObject", "CopyObjectResult"), ("UploadPartCopy", "CopyPartResult")):
        body = f'<?xml version="1.0"?>\n<{root}{space}>{inside}</{root}>'.encode()

        mine, theirs = xml.copied(body, operation), botocore_says(body, operation)[root]

        assert answers.copied({}, theirs, operation) == answers.copied({}, mine, operation)
        assert {name: mine.get(name) for name in theirs.keys() - {"LastModified"}} == {
            name: value for name, value in theirs.items() if name != "LastModified"
        }


@quick
@given(
    st.lists(st.tuples(st.integers(1, 10_000), ETAG, st.integers(0, 5 << 30)), max_size=5),
    st.booleans(),
    RAW_KEY,
    STYLES,
)
def test_parts_say_the_same_as_over_botocore(
    numbered: list[tuple[int, str, int]], more: bool, key: str, style: Style
) -> None:
    """
    And where the key is none that XML can hold, they say the same as they would under another.
    """
    write = Writer(style).text
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{style.quote}{etag}{style.quote}</ETag><Size>{size}</Size></Part>"
        for number, etag, size in numbered
    )

    def body(name: str) -> bytes:
        truth = "true" if more else "false"
        inside = f"<Key>{write(name)}</Key><IsTruncated>{truth}</IsTruncated>{listed}"
        return f"<ListPartsResult>{inside}</ListPartsResult>".encode()

    mine = xml.parts(body(key))

    assert mine["Key"] == key
    assert answers.parts_page(mine) == answers.parts_page(botocore_says(body("k"), "ListParts"))


@quick
@given(RAW_KEY, RAW_KEY, STYLES)
def test_an_error_is_read_whatever_it_repeats(message: str, key: str, style: Style) -> None:
    """
    Its words and its key may hold anything.
    """
    write = Writer(style).text
    body = f"<Error><Code>NoSuchKey</Code><Message>{write(message)}</Message><Key>{write(key)}</Key></Error>"

    assert xml.error(body.encode()) == {"Code": "NoSuchKey", "Message": message, "RequestId": "", "HostId": ""}


@quick
@given(st.binary(max_size=60), st.sampled_from(["ListBucketResult", "Error", "CopyObjectResult", "ListPartsResult"]))
def test_noise_raises_nothing_but_bad_answers(noise: bytes, root: str) -> None:
    """
    Inside an answer or instead of one.
    """
    for body in (noise, f"<{root}>".encode() + noise + f"</{root}>".encode()):
        for read in (xml.page, xml.copied, xml.created, xml.completed, xml.parts):
            with suppress(BadAnswer):
                read(body)
        xml.error(body)
