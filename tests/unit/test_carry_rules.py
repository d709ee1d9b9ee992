"""
Bad wishes for what copies carry are told before anything is touched.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from s3copy_async.carry_rules import CANNED_ACLS, carry_problems
from s3copy_async.options import Access, Carry, Grant, Options, Selection
from s3copy_async.uri import S3Uri
from s3copy_async.validate import problems


@pytest.mark.parametrize(
    "carry",
    [
        Carry(),
        Carry(storage_class="keep", acl="keep", object_lock=True),
        Carry(storage_class="GLACIER_IR", sse="AES256"),
        Carry(sse="aws:kms", sse_kms_key_id="arn:aws:kms:eu-west-1:111122223333:key/1234abcd"),
        Carry(sse="aws:kms:dsse"),
        Carry(metadata=(("a", "b c"), ("title", "Grüße")), content_type="text/plain; charset=utf-8"),
        Carry(cache_control="no-store"),
        Carry(metadata=(("a", "x" * 2047),)),
        Carry(tags=tuple((f"k{number}" + "x" * 126, "v" * 256) for number in range(10))),
        Carry(tags=(("Größe", "a b+c"), ("empty", ""))),
        *(Carry(acl=acl) for acl in CANNED_ACLS),
    ],
)  # fmt: skip
def test_what_s3_takes_is_no_problem(carry: Carry) -> None:
    """
    Up to each limit.
    """
    assert list(carry_problems(carry)) == []


@pytest.mark.parametrize(
    ("carry", "setting", "words"),
    [
        (Carry(storage_class="a b"), "storage_class", "'a b' is not keep or the name of a class"),
        (Carry(storage_class=""), "storage_class", "is not keep"),
        (Carry(acl="public"), "acl", "'public' is not keep or one of private, "),
        (Carry(sse="aes256"), "sse", "is not one of AES256, aws:kms"),
        (Carry(sse_kms_key_id="k"), "sse_kms_key_id", "it needs aws:kms"),
        (Carry(sse="AES256", sse_kms_key_id="k"), "sse_kms_key_id", "it needs aws:kms"),
        (Carry(sse="aws:kms", sse_kms_key_id="k\r\nx: y"), "sse_kms_key_id", "is not the id or ARN"),
        (Carry(content_type="a\r\nx: y"), "content_type", "expected printable ASCII"),
        (Carry(content_type=""), "content_type", "expected printable ASCII"),
        (Carry(cache_control=" max-age=1"), "cache_control", "expected printable ASCII"),
        (Carry(metadata=(("a b", "c"),)), "metadata", "'a b' is no name"),
        (Carry(metadata=(("", "c"),)), "metadata", "is no name"),
        (Carry(metadata=(("ä", "c"),)), "metadata", "is no name"),
        (Carry(metadata=(("a", "b\nc"),)), "metadata", "control characters"),
        (Carry(metadata=(("a", "x" * 2048),)), "metadata", "2,049 bytes"),
        (Carry(tags=(("", "x"),)), "tags", "1 to 128 characters"),
        (Carry(tags=(("k" * 129, "x"),)), "tags", "1 to 128 characters"),
        (Carry(tags=(("k", "v" * 257),)), "tags", "values up to 256"),
        (Carry(tags=(("aws:k", "v"),)), "tags", "begin with aws:"),
        (Carry(tags=(("k", "v\x00"),)), "tags", "control characters"),
        (Carry(tags=tuple((str(number), "") for number in range(11))), "tags", "11 tags: S3 takes at most 10"),
    ],
)
def test_what_s3_refuses_is_one_line(carry: Carry, setting: str, words: str) -> None:
    """
    One problem each, under the name of the setting.
    """
    [(found, text)] = carry_problems(carry)

    assert (found, "\n" in text) == (setting, False)
    assert words in text


def test_encoded_metadata_counts_as_it_is_sent() -> None:
    """
    Text that is not ASCII grows when it is encoded, and it is that which S3 measures.
    """
    [(setting, text)] = carry_problems(Carry(metadata=(("a", "ü" * 1000),)))

    assert setting == "metadata"
    assert "S3 takes 2,048" in text


def test_an_acl_excludes_single_grants() -> None:
    """
    S3 takes one or the other.
    """
    options = Options(
        Selection(S3Uri("in"), S3Uri("out")), Access(), grants=(Grant("READ", "a@b"),), carry=Carry(acl="keep")
    )

    assert [problem.setting for problem in problems(options)] == ["carry.acl"]
    assert not list(problems(replace(options, carry=Carry())))
