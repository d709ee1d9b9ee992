"""
The requests that the wire store makes, as botocore is asked for a sample of each.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from s3copy_async.model import CopyRequest, Pairs, PartRequest
from s3copy_async.s3.boto import more_params
from s3copy_async.s3.learn import SAMPLE, Mould
from s3copy_async.s3.sigv4 import quoted_path

is_plain: Final = re.compile(r"[!#-%'-;=?-~]+", re.ASCII).fullmatch
"""Whether an ETag can stand in a header and in XML as it is: no store that means well writes others."""


class Wish(NamedTuple):
    """
    A kind of request.

    Args:
        method: botocore's name of the call.
        params: of that call; pairs within pairs stand for dictionaries, so that a wish can be looked up.
        variable: headers that differ from one request to the next.
        gone: names in the query that do.
        copies: S3 answers when a copy is done, which takes time.
    """

    operation: str
    method: str
    bucket: str
    params: tuple[tuple[str, Any], ...]
    variable: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    copies: bool = False

    @property
    def kind(self) -> tuple[object, ...]:
        """
        What tells kinds of requests apart.
        """
        return (self.method, self.bucket, self.params)

    @property
    def call(self) -> dict[str, Any]:
        """
        The parameters as botocore takes them.
        """
        return {name: dict(value) if isinstance(value, tuple) else value for name, value in self.params}


def copy_wish(request: CopyRequest) -> Wish:
    """
    A copy like `request`, from any key to any other.
    """
    wanted = more_params(request).items()
    more = tuple((name, tuple(value.items()) if isinstance(value, dict) else value) for name, value in wanted)
    params = (
        ("Bucket", request.dest_bucket), ("Key", SAMPLE),
        ("CopySource", (("Bucket", request.source_bucket), ("Key", SAMPLE))), ("CopySourceIfMatch", SAMPLE), *more,
    )  # fmt: skip
    variable = ("x-amz-copy-source", "x-amz-copy-source-if-match")
    return Wish("CopyObject", "copy_object", request.dest_bucket, params, variable, copies=True)


def source_values(found: Mould, request: CopyRequest | PartRequest) -> tuple[str, str]:
    """
    Source and pin of a copy, as headers.
    """
    source = found.source + quoted_path(request.source_key)
    if request.source_version:
        source += "?versionId=" + quoted_path(request.source_version).replace("/", "%2F")
    return source, f'"{request.source_etag}"'


def complete_body(parts: Pairs | tuple[tuple[int, str], ...]) -> bytes:
    """
    The parts of an upload as XML. Their ETags are plain.
    """
    items = "".join(f'<Part><PartNumber>{number}</PartNumber><ETag>"{etag}"</ETag></Part>' for number, etag in parts)
    head = '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    return f"{head}{items}</CompleteMultipartUpload>".encode()
