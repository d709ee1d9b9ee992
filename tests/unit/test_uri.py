"""
S3 URIs.
"""

from __future__ import annotations

import pytest

from s3copy_async.uri import S3Uri

ARN = "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine"


@pytest.mark.parametrize(
    ("text", "bucket", "path"),
    [
        ("s3://bucket", "bucket", ""),
        ("s3://bucket/", "bucket", ""),
        ("s3://bucket/a/b", "bucket", "a/b"),
        ("s3://bucket/a/b/", "bucket", "a/b/"),
        ("s3://bucket//a", "bucket", "/a"),
        ("s3://bucket/a%20b+c?x=y#z", "bucket", "a%20b+c?x=y#z"),
        ("s3://my.bucket-1_x/*", "my.bucket-1_x", "*"),
        ("s3://Bucket/\u00e9\n\x01", "Bucket", "\u00e9\n\x01"),
        (f"s3://{ARN}", ARN, ""),
        (f"s3://{ARN}/a/b", ARN, "a/b"),
    ],
)
def test_parses_bucket_and_path_literally(text: str, bucket: str, path: str) -> None:
    """
    Nothing in a path is decoded, and an access point stands for a bucket.
    """
    assert S3Uri(bucket, path) == S3Uri.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "bucket/a", "S3://bucket", "s3:/bucket", "s3://", "s3:///a", "s3://a b/c", "s3://-a/b", "s3://a/\udcff"],
)
def test_refuses_what_names_no_place(text: str) -> None:
    """
    What is no URI of S3 is refused with one line.
    """
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z"):
        S3Uri.parse(text)


@pytest.mark.parametrize("text", ["s3://bucket", "s3://bucket/a/b/", "s3://bucket//a", f"s3://{ARN}/x"])
def test_text_form_parses_to_the_same(text: str) -> None:
    """
    A URI is shown as it was written.
    """
    assert text == str(S3Uri.parse(text))
