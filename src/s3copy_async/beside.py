"""
Compares what stands beside the bytes of two objects: headers, user metadata, tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Protocol

from s3copy_async.errors import AccessDenied, NotFound, ObjectRefused
from s3copy_async.model import Head, Pairs
from s3copy_async.store import CarriesMore, KnowsBuckets

_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


class ReadsTags(CarriesMore, KnowsBuckets, Protocol):
    """
    What `Tags` needs of a store.
    """


class Tags:
    """
    The tags of one side. Amazon tells in a HEAD how many an object has to those who may read them, so objects without
    any cost no request, once it is known that they may be read.
    """

    def __init__(self, store: ReadsTags, bucket: str) -> None:
        self._store = store
        self._bucket = bucket
        self._is_readable = False

    async def of(self, head: Head) -> Pairs | None:
        """
        The tags of an object, None where they may not be read. A store that knows no tags has none.

        Raises:
            S3Error: they cannot be read.
        """
        if self._is_readable and not head.tags and self._store.is_aws():
            return ()
        try:
            found = await self._store.get_tags(self._bucket, head.info.key, version=head.info.version)
        except AccessDenied:
            return None
        except (ObjectRefused, NotFound):
            return ()
        self._is_readable = True
        return found


def differences(source: Head, there: Head) -> Iterator[str]:
    """
    What a HEAD shows to be different, by name: values may be long, and are nobody's business in a log.
    """
    for name in _differing(source.settings, there.settings):
        yield _WORDS.sub("-", name)
    for name in _differing(source.metadata, there.metadata):
        yield f"metadata {name!r}"
    for what in source.lost:
        if what not in there.lost:
            yield what


def differing_tags(source: Pairs, there: Pairs) -> Iterator[str]:
    """
    The tags that differ, by key.
    """
    for key in _differing(source, there):
        yield f"tag {key!r}"


def _differing(one: Pairs, other: Pairs) -> list[str]:
    mine, theirs = dict(one), dict(other)
    return [name for name in dict.fromkeys((*mine, *theirs)) if mine.get(name) != theirs.get(name)]
