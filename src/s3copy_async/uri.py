"""
``s3://bucket/path`` as a value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SCHEME: Final = "s3://"
_VERSION: Final = "?versionId="
_DIRECTORY: Final = ("--x-s3", "--xa-s3")
"""Ends of the names of directory buckets, and of access points to them."""
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}").fullmatch
_ACCESS_POINT: Final = re.compile(
    r"(arn:[^/:]+:s3[^/:]*:[^/:]*:[0-9]{12}:accesspoint[/:][A-Za-z0-9.-]{1,63})(?:/(.*))?", re.DOTALL
).fullmatch


def is_bucket(name: str) -> bool:
    """
    Whether `name` can be a bucket's, or is the ARN of an access point.
    """
    return bool(_BUCKET(name) or _ACCESS_POINT(name))


def is_directory_bucket(name: str) -> bool:
    """
    Whether `name` is that of a directory bucket (S3 Express), which no other bucket may have. They are listed in no
    order, never from a key on, and by prefixes that end with a slash (S3 API, ListObjectsV2).
    """
    return name.endswith(_DIRECTORY)


@dataclass(frozen=True, slots=True)
class S3Uri:
    """
    A bucket (or access point ARN) and a path inside it. The path is taken literally: nothing is percent-decoded.
    """

    bucket: str
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> S3Uri:
        """
        Reads ``s3://bucket[/path]``.

        Raises:
            ValueError: one line that says what is wrong and what is expected.
        """
        if not text.startswith(_SCHEME):
            raise ValueError(f"{text!r} is not s3://bucket/path")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("the path is not valid UTF-8, as S3 keys are") from None
        rest = text.removeprefix(_SCHEME)
        if found := _ACCESS_POINT(rest):
            return cls(found[1], found[2] or "")
        bucket, _, path = rest.partition("/")
        if not _BUCKET(bucket):
            raise ValueError(f"{bucket!r} is not a bucket name: expected s3://bucket/path")
        return cls(bucket, path)

    def split_version(self) -> tuple[S3Uri, str]:
        """
        Takes ``?versionId=ID`` from the end of the path; the ID is empty where there is none.

        Raises:
            ValueError: one line, when no ID follows.
        """
        path, found, version = self.path.rpartition(_VERSION)
        if not found or "/" in version:
            # No id has a slash: it is a folder of a strange name.
            return self, ""
        if not version:
            raise ValueError(f"{_VERSION} names no version: give its id, or leave it out")
        return S3Uri(self.bucket, path), version

    @property
    def folder(self) -> str:
        """
        The path as a destination folder, empty or with a slash at its end.
        """
        return self.path if not self.path or self.path.endswith("/") else self.path + "/"

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.path}" if self.path else f"{_SCHEME}{self.bucket}"
