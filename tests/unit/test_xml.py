"""
S3's XML answers, read without botocore.
"""

from __future__ import annotations

from typing import Final

import pytest

from s3copy_async.errors import BadAnswer
from s3copy_async.model import CopyAnswer, ObjectInfo, Page, PartsPage, UploadedPart
from s3copy_async.s3 import answers, xml

MD5: Final = "9dd4e461268c8034f5c8564e155c67a6"
START: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
SPACE: Final = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
URL: Final = "<EncodingType>url</EncodingType>"
LAST: Final = "<IsTruncated>false</IsTruncated>"


def item(
    key: str = "a",
    *,
    etag: str = f"&quot;{MD5}&quot;",
    when: str = "2026-11-27T01:45:44.000Z",
    between: str = "",
    after: str = "<StorageClass>STANDARD</StorageClass>",
) -> str:
    """
    One object of a page, in the usual order.
    """
    return (
        f"<Contents><Key>{key}</Key><LastModified>{when}</LastModified><ETag>{etag}</ETag>{between}"
        f"<Size>7</Size>{after}</Contents>"
    )


def listing(*inside: str, space: str = SPACE, start: str = START) -> bytes:
    """
    A page of a listing.
    """
    return f"{start}<ListBucketResult{space}>{''.join(inside)}</ListBucketResult>".encode()


def info(key: str = "a", modified: float = 1795743944.0, storage_class: str = "STANDARD") -> ObjectInfo:
    """
    What `item` shows.
    """
    return ObjectInfo(key, 7, MD5, modified, storage_class)


def fast(body: bytes) -> Page | None:
    """
    The page, if it needs no tree.
    """
    return xml._page_by_pattern(body.decode())


@pytest.mark.parametrize("space", ["", SPACE])
@pytest.mark.parametrize("quote", ["&quot;", "&#34;", '"', ""])
@pytest.mark.parametrize(
    "between",
    [
        "",
        "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm>",
        "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>",
    ],
)
@pytest.mark.parametrize(
    "after",
    [
        "<StorageClass>STANDARD</StorageClass>",
        "<Owner><ID>0ab</ID><DisplayName>minio</DisplayName></Owner><StorageClass>STANDARD</StorageClass>",
        "<StorageClass>STANDARD</StorageClass><Owner><ID>x</ID><DisplayName/></Owner><Type>Normal</Type>",
    ],
)
def test_pages_as_stores_write_them_need_no_tree(space: str, quote: str, between: str, after: str) -> None:
    """
    What Amazon, MinIO, Ceph, moto and the simulator write is read by one pattern.
    """
    one = item(etag=f"{quote}{MD5}{quote}", between=between, after=after)
    body = listing(LAST, one, one.replace(">a<", ">b%2F%20c+d<"), URL, space=space)

    page = Page((info(), info("b/ c d")), None)

    assert page == fast(body)
    assert page == xml.page(body)
    assert page == xml._page_by_tree(xml._root(body.decode(), "", "ListBucketResult"))


@pytest.mark.parametrize("end", ["<Prefix/>", "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"])
def test_what_follows_the_objects_counts_as_well(end: str) -> None:
    """
    The token may stand anywhere beside the objects.
    """
    token = "<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken>"
    one = item()

    assert fast(listing(token, one, one, end)) == Page((info(), info()), "a&b")
    assert fast(listing(one, one, end, token)) == Page((info(), info()), "a&b")


def test_a_page_without_objects_is_a_page() -> None:
    """
    An empty prefix has one.
    """
    assert xml.page(listing(LAST, "<KeyCount>0</KeyCount>")) == Page((), None)


@pytest.mark.parametrize(
    "odd",
    [
        item("&lt;&amp;&quot;&#39;&#x41;"),
        item("\u00e9\U0001f600"),
        item("<![CDATA[a<b]]>"),
        item("a\tb"),
        item().replace("<Size>7</Size>", "") + "<!-- <Size> -->",
        item(after=""),
        item(after="<StorageClass/>"),
        item(after="<Unknown><Size>8</Size></Unknown>"),
        item().replace("<Key>a</Key>", "").replace("<Size>", "<Key>a</Key><Size>"),
        item().replace("><", "> \n <"),
        item().replace("<Contents>", "<Contents >"),
        item(when="2026-11-27T01:45:44Z"),
        item(when="2026-11-27T02:45:44+01:00"),
        item(when="Fri, 27 Nov 2026 01:45:44 GMT"),
        item(when="1795743944"),
        item().replace("<LastModified>2026-11-27T01:45:44.000Z</LastModified>", ""),
        item().replace("2026-11-27T01:45:44.000Z", ""),
        item(etag=f"&#x22;{MD5}&#x22;"),
    ],
)
def test_what_is_written_otherwise_is_read_as_xml_is(odd: str) -> None:
    """
    Entities, another order, white space, missing or unknown elements: as the tree has it, beside usual objects as well.
    """
    if "<Size>7" not in odd:
        with pytest.raises(BadAnswer):
            xml.page(listing(LAST, item(), odd))
        return
    for inside in ([odd], [item(), odd], [odd, item()], [item(), odd, item()]):
        body = listing(LAST, *inside)

        page = xml.page(body)

        assert page == xml._page_by_tree(xml._root(body.decode(), "", "ListBucketResult"))
        assert len(page.objects) == len(inside)
        assert {found.size for found in page.objects} == {7}
        assert {found.etag for found in page.objects} == {MD5}
        assert {found.modified for found in page.objects} <= {0.0, 1795743944.0}


def test_keys_come_out_of_entities_and_of_no_encoding() -> None:
    """
    Where the store does not say that keys are encoded, a percent sign is one.
    """
    keys = ["a%20b", "a+b", "&lt;&amp;&quot;&#39;", "\u00e9"]

    page = xml.page(listing(LAST, *map(item, keys)))

    assert [found.key for found in page.objects] == ["a%20b", "a+b", "<&\"'", "\u00e9"]


def test_an_encoded_key_that_is_no_utf_8_keeps_its_bytes() -> None:
    """
    As `answers.page` keeps them.
    """
    page = xml.page(listing(LAST, URL, item("%FF%C3%A9"), item("%zz%")))

    assert [found.key for found in page.objects] == ["\udcff\u00e9", "%zz%"]


@pytest.mark.parametrize(
    "inside",
    [
        f"<!-- {item()} -->",
        f"<CommonPrefixes>{item()}</CommonPrefixes>",
        f"<Prefix><![CDATA[{item()}]]></Prefix>",
        f"<?pi {item()} ?>",
    ],
)
def test_an_object_that_is_not_in_the_page_is_none(inside: str) -> None:
    """
    In a comment, in text or inside another element it is not a child of the page.
    """
    assert xml.page(listing(LAST, inside)) == Page((), None)
    assert xml.page(listing(LAST, item("real"), inside)) == Page((info("real"),), None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>proxy</body></html>",
        b"no XML",
        b"\xff",
        listing(),
        listing(item()),
        listing("<IsTruncated>maybe</IsTruncated>"),
        listing("<IsTruncated>true</IsTruncated>", item()),
        listing("<IsTruncated>true</IsTruncated><NextContinuationToken/>", item()),
        listing(LAST, item())[:-1],
        listing(LAST, item(), "</Contents><Contents>", item()),
        listing(LAST, item(), "junk<", item()),
        listing(LAST, item().replace("<Key>a</Key>", "")),
        listing(LAST, item().replace("<Size>7", "<Size>x")),
        listing(LAST, item().replace("<Size>7", "<Size>")),
        listing(LAST, item(when="yesterday")),
        listing(LAST, item(when="2026-13-27T01:45:44.000Z")),
        listing(LAST, item("a]]>b")),
        listing(LAST, item("&unknown;")),
        listing(LAST, item()).replace(b"ListBucketResult", b"ListAllMyBucketsResult"),
        f"{START}<Error><Code>SlowDown</Code></Error>".encode(),
    ],
)
def test_what_is_no_whole_page_is_a_bad_answer(body: bytes) -> None:
    """
    Taken as a page it would end the listing early, or hide objects.
    """
    with pytest.raises(BadAnswer) as caught:
        xml.page(body)

    assert (caught.value.failure.operation, caught.value.failure.status) == ("ListObjectsV2", 200)


BOMB: Final = '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]>'


@pytest.mark.parametrize("read", [xml.page, xml.copied, xml.created, xml.completed, xml.parts])
@pytest.mark.parametrize("name", ["ListBucketResult", "CopyObjectResult", "ListPartsResult"])
def test_a_document_type_is_refused(read: object, name: str) -> None:
    """
    So that nobody's entities are expanded.
    """
    body = f'<?xml version="1.0"?>{BOMB}<{name}>{LAST}<Prefix>&lol2;</Prefix></{name}>'.encode()

    assert callable(read)
    with pytest.raises(BadAnswer):
        read(body)
    assert xml.error(body.replace(name.encode(), b"Error")) is None


@pytest.mark.parametrize("echo", ["\x01", "&#1;", "&#x1F;", "&#x0b;", "\x00", "\ufffe", "&#65535;"])
def test_an_echo_of_what_xml_cannot_hold_is_no_harm(echo: str) -> None:
    """
    Stores repeat the prefix and the start of a request as they are.
    """
    body = listing(LAST, URL, f"<StartAfter>a{echo}</StartAfter>", item("%01"), f"<Prefix>{echo}</Prefix>")

    assert xml.page(body) == Page((info("\x01"),), None)


def test_a_key_or_token_that_xml_cannot_hold_is_read_all_the_same() -> None:
    """
    Exactly: a token with another character would go on elsewhere, a key would be another.
    """
    token = "<IsTruncated>true</IsTruncated><NextContinuationToken>a&#x01;\x02</NextContinuationToken>"

    page = xml.page(listing(token, item("a\x01&#31;&#x1f;\uffff&#65534;&#65;")))

    assert page == Page((info("a\x01\x1f\x1f\uffff\ufffeA"),), "a\x01\x02")


def test_a_key_that_could_be_taken_for_a_stand_in_is_refused_beside_one() -> None:
    """
    Alone it is a character like any other.
    """
    assert xml.page(listing(LAST, item("\ufdd0"))).objects[0].key == "\ufdd0"
    with pytest.raises(BadAnswer):
        xml.page(listing(LAST, item("\ufdd0"), item("\x01")))


@pytest.mark.parametrize("space", ["", SPACE])
def test_an_error_is_read(space: str) -> None:
    """
    With a namespace or without, with blanks before it, and with a key in it that XML cannot hold.
    """
    body = (
        f" \n{START}<Error{space}><Code>NoSuchKey</Code><Message>a &amp; b</Message><Key>\x01</Key>"
        "<RequestId>R1</RequestId><HostId>H1</HostId></Error>"
    )

    assert xml.error(body.encode()) == {"Code": "NoSuchKey", "Message": "a & b", "RequestId": "R1", "HostId": "H1"}


def test_an_error_that_says_little_has_empty_words() -> None:
    """
    Then the status decides.
    """
    assert xml.error(b"<Error/>") == {"Code": "", "Message": "", "RequestId": "", "HostId": ""}


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Error", b"<html>Error</html>", b"Error", b"<Error><Code>x</Code>", b"\xffError", listing(LAST)],
)
def test_what_is_no_error_of_s3_is_none(body: bytes) -> None:
    """
    The words of a proxy, for one.
    """
    assert xml.error(body) is None


def copy_result(inside: str, *, space: str = SPACE, root: str = "CopyObjectResult") -> bytes:
    """
    The answer to a copy.
    """
    return f"{START}<{root}{space}>{inside}</{root}>".encode()


@pytest.mark.parametrize("space", ["", SPACE])
@pytest.mark.parametrize("root", ["CopyObjectResult", "CopyPartResult"])
@pytest.mark.parametrize("quote", ["&quot;", "&#34;", '"'])
@pytest.mark.parametrize("blanks", [b"", b" \n  "])
def test_the_result_of_a_copy_is_read(space: str, root: str, quote: str, blanks: bytes) -> None:
    """
    In any order, and with the blanks that S3 sends while it works.
    """
    etag = f"<ETag>{quote}{MD5}{quote}</ETag>"
    when = "<LastModified>2026-11-27T01:45:44.000Z</LastModified>"
    checksum = "<ChecksumType>FULL_OBJECT</ChecksumType><ChecksumCRC64NVME>jNwWg+/A==</ChecksumCRC64NVME>"

    for inside in (etag, etag + when, when + etag):
        body = blanks + copy_result(inside, space=space, root=root)

        assert {"ETag": f'"{MD5}"'} == xml.copied(body)
    for inside in (etag + when + checksum, when + etag + checksum, checksum + when + etag, f"\n{etag}\n{checksum}"):
        result = xml.copied(blanks + copy_result(inside, space=space, root=root))

        assert answers.copied({}, result, "CopyObject") == CopyAnswer(MD5, checksum="CRC64NVME:jNwWg+/A==")


@pytest.mark.parametrize("inside", ["", "<ETag/>", "<LastModified>2026-11-27T01:45:44.000Z</LastModified>"])
def test_a_copy_without_its_proof_is_a_bad_answer(inside: str) -> None:
    """
    `answers` refuses what has no ETag.
    """
    result = xml.copied(copy_result(inside))

    with pytest.raises(BadAnswer):
        answers.copied({}, result, "CopyObject")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html/>",
        b"<Error><ETag>&quot;a&quot;</ETag></Error>",
        copy_result(f"<ETag>&quot;{MD5}&quot;</ETag>")[:-1],
        copy_result(f"<ETag>&quot;{MD5}&quot;</ETag>") + b"<",
        copy_result(f"<ETag>&quot;{MD5}&quot;</ETag>").replace(b"</CopyObject", b"</CopyPart"),
        b"<!-- " + copy_result(f"<ETag>&quot;{MD5}&quot;</ETag>") + b" -->",
    ],
)
def test_what_is_no_result_of_a_copy_is_a_bad_answer(body: bytes) -> None:
    """
    A 200 is not success.
    """
    with pytest.raises(BadAnswer) as caught:
        xml.copied(body, "UploadPartCopy")

    assert caught.value.failure.operation == "UploadPartCopy"


def test_an_upload_that_was_begun_has_its_id() -> None:
    """
    Also where its key is none that XML can hold.
    """
    body = (
        f"{START}<InitiateMultipartUploadResult{SPACE}><Bucket>b</Bucket><Key>\x01&#x02;</Key>"
        "<UploadId>u&amp;1</UploadId></InitiateMultipartUploadResult>"
    )

    assert xml.created(body.encode()) == {"Bucket": "b", "Key": "\x01\x02", "UploadId": "u&1"}


def test_an_upload_that_was_completed_has_its_etag() -> None:
    """
    With checksum and type, after the blanks that S3 sends while it works.
    """
    body = (
        f"   \n{START}<CompleteMultipartUploadResult{SPACE}><Key>&#1;</Key><ETag>&quot;{MD5}-2&quot;</ETag>"
        "<ChecksumCRC64NVME>c</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType>"
        "</CompleteMultipartUploadResult>"
    )

    found = xml.completed(body.encode())

    assert found["ETag"] == f'"{MD5}-2"'
    assert answers.full_checksum(found) == "CRC64NVME:c"


@pytest.mark.parametrize("root", ["ListPartsResult", "ListPartsResponse"])
def test_the_parts_of_an_upload_are_read(root: str) -> None:
    """
    As `answers.parts_page` takes them.
    """
    body = (
        f"{START}<{root}{SPACE}><Key>\x01</Key><IsTruncated>true</IsTruncated>"
        f"<Part><PartNumber>1</PartNumber><ETag>&quot;{MD5}&quot;</ETag><Size>5</Size></Part>"
        f"<Part><PartNumber>3</PartNumber><ETag>&quot;{MD5}&quot;</ETag><Size>6</Size>"
        f"<ChecksumCRC32>c==</ChecksumCRC32></Part></{root}>"
    )

    said = xml.parts(body.encode())

    assert said["Key"] == "\x01"
    assert answers.parts_page(said) == PartsPage(
        (UploadedPart(1, MD5, 5), UploadedPart(3, MD5, 6, "CRC32:c==")), more=True
    )


def test_an_upload_may_have_no_parts() -> None:
    """
    Then there are no more of them either.
    """
    body = b"<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>"

    assert answers.parts_page(xml.parts(body)) == PartsPage((), more=False)


@pytest.mark.parametrize(
    "part",
    [
        "<PartNumber>1</PartNumber><Size>5</Size>",
        "<PartNumber>1</PartNumber><ETag>a</ETag>",
        "<ETag>a</ETag><Size>5</Size>",
        "<PartNumber>x</PartNumber><ETag>a</ETag><Size>5</Size>",
    ],
)
def test_a_part_that_lacks_something_is_a_bad_answer(part: str) -> None:
    """
    An upload with a part unknown would be filled wrongly.
    """
    with pytest.raises(BadAnswer):
        xml.parts(f"<ListPartsResult>{LAST}<Part>{part}</Part></ListPartsResult>".encode())


@pytest.mark.parametrize("read", [xml.created, xml.completed, xml.parts, xml.page])
def test_the_answer_to_something_else_is_a_bad_answer(read: object) -> None:
    """
    Each reader takes its own root only.
    """
    assert callable(read)
    with pytest.raises(BadAnswer):
        read(copy_result(f"<ETag>&quot;{MD5}&quot;</ETag>"))
