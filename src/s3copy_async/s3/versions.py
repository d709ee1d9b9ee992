"""
Which version of the listing a bucket is asked for: ListObjectsV2, until its store shows that it knows no other than
ListObjects.

Version 1 goes on from a key, its marker. So does our token of it, which is told from those of version 2 by its first
character: a store's token is read from UTF-8, which holds no surrogates.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from s3copy_async.errors import BadAnswer, Failure, S3Error, TransientError
from s3copy_async.faults import SWITCHED
from s3copy_async.model import Page
from s3copy_async.options import ListVersion
from s3copy_async.s3.percent import decoded
from s3copy_async.uri import is_directory_bucket

SECOND: Final = "ListObjectsV2"
FIRST: Final = "ListObjects"

_MARK: Final = "\ud800"
_NO_MARKER: Final = "s3copy-none"
_UNKNOWN: Final = ("NotImplemented", "MethodNotAllowed", "501", "405")
_ARGUMENTS: Final = ("list-type", "start-after")
_IS_CUT: Final = re.compile(rb"<IsTruncated>\s*true\s*</IsTruncated>", re.IGNORECASE).search
_MARKER: Final = re.compile(rb"<NextMarker>([^<]+)</NextMarker>").search
_ENCODED: Final = b"<EncodingType>url</EncodingType>"


class OnlyFirst(BadAnswer):
    """
    A store answered a request for version 2 as if it had been one for version 1, whose answer may lack what was asked
    for: it knows neither ``start-after`` nor tokens.
    """


class Lists(Protocol):
    """
    Asks for one page, by either version.
    """

    async def list_first(self, bucket: str, prefix: str, marker: str) -> Page:
        """
        A page of the objects after `marker` (S3 API, ListObjects), as `made_second` and `continued` make it.
        """

    async def list_second(self, bucket: str, prefix: str, start_after: str, token: str | None) -> Page:
        """
        A page (S3 API, ListObjectsV2). Raises OnlyFirst.
        """


class Versions:
    """
    Args:
        wanted: what the user asks for.
        say: told, in one line, that a bucket is listed by version 1 from now on.
    """

    def __init__(self, wanted: ListVersion = ListVersion.AUTO, say: Callable[[str], None] = lambda _: None) -> None:
        self._wanted = wanted
        self._say = say
        self._first: set[str] = set()

    async def page(self, lists: Lists, bucket: str, prefix: str, start_after: str, token: str | None) -> Page:
        """
        See `store.ListsObjects`. What began by one version goes on by it: a token of version 2 is no marker.

        Raises:
            TransientError: the store knows only version 1: the same request is to be made again, which is then by that.
        """
        if token is None and self._is_first(bucket):
            return await lists.list_first(bucket, prefix, start_after)
        if token is not None and token.startswith(_MARK):
            return await lists.list_first(bucket, prefix, token.removeprefix(_MARK))
        try:
            return await lists.list_second(bucket, prefix, start_after, token)
        except S3Error as error:
            reason = _reason(error)
            if self._wanted is not ListVersion.AUTO or token is not None or not reason or is_directory_bucket(bucket):
                raise
            self._switch(bucket, reason)
            failure = replace(error.failure, code=SWITCHED, message=reason, maybe_done=False)
            raise TransientError(failure) from error

    def _is_first(self, bucket: str) -> bool:
        if is_directory_bucket(bucket):
            # They know no version 1 (S3 API, ListObjects).
            return False
        return self._wanted is ListVersion.FIRST or bucket in self._first

    def _switch(self, bucket: str, reason: str) -> None:
        if bucket not in self._first:
            self._first.add(bucket)
            self._say(f"s3://{bucket} is listed by version 1 (ListObjects) from now on ({reason})")


def _reason(error: S3Error) -> str:
    """
    What of `error` shows that the store does not know version 2, empty where nothing does.
    """
    failure = error.failure
    if isinstance(error, OnlyFirst):
        return failure.message
    if failure.code in _UNKNOWN:
        return f"{SECOND} was answered with {failure.code}"
    if failure.code == "InvalidArgument" and failure.argument in _ARGUMENTS:
        return f"{SECOND} was answered with {failure.code}: {failure.argument}"
    return ""


def signs_of_first(body: bytes) -> str:
    """
    What shows that the answer to a request for version 2 is one of version 1, empty where nothing does.

    Version 2 counts its keys and continues with a token. Version 1 repeats its marker, also where it had none, and is
    cut without a token. What is searched for first stands before the objects in what most stores write.
    """
    if b"<NextContinuationToken" in body:
        return ""
    if b"<KeyCount" not in body and b"<Marker" in body:
        return f"it was answered as {FIRST}"
    return "a cut page without a token" if _IS_CUT(body) else ""


def check_second(signs: str) -> None:
    """
    Raises OnlyFirst where there are signs of version 1.
    """
    if signs:
        raise OnlyFirst(Failure(SECOND, "BadAnswer", 200, signs))


def made_second(body: bytes) -> bytes:
    """
    An answer of version 1 in the words of version 2, so that one reader does for both; for `continued`.
    """
    if _MARKER(body):
        return body.replace(b"<NextMarker>", b"<NextContinuationToken>").replace(
            b"</NextMarker>", b"</NextContinuationToken>"
        )
    token = f"<NextContinuationToken>{_NO_MARKER}</NextContinuationToken><IsTruncated>"
    return body.replace(b"<IsTruncated>", token.encode(), 1)


def token_of(next_marker: str | None) -> str:
    """
    What stands for the token of version 2 in an answer of version 1; for `continued`.
    """
    return next_marker or _NO_MARKER


def is_encoded(body: bytes) -> bool:
    """
    Whether keys and markers of an answer are encoded.
    """
    return _ENCODED in body


def continued(page: Page, *, encoded: bool) -> Page:
    """
    A page of version 1 with our token, which holds the marker of the next.

    That is the last key: only a page without keys needs the marker that the store names, which not all encode as they
    encode keys.

    Raises:
        BadAnswer: nothing tells how to go on.
    """
    if page.next_token is None:
        return page
    if page.objects:
        return page._replace(next_token=_MARK + page.objects[-1].key)
    if page.next_token == _NO_MARKER:
        raise BadAnswer(Failure(FIRST, "BadAnswer", 200, "a cut page without keys and without a marker"))
    marker = decoded(page.next_token) if encoded else page.next_token
    return page._replace(next_token=_MARK + marker)
