"""
What the copies of a run find out for one another.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from s3copy_async.errors import FatalError, S3Error
from s3copy_async.events import Emit, Notice
from s3copy_async.model import Pairs
from s3copy_async.store import KnowsBuckets

_PATIENCE: Final = 5


class Wishes(NamedTuple):
    """
    What a whole copy gets beside the bytes, as a `CopyRequest` takes it.

    Args:
        settings: storage class, encryption, ACL, object lock, redirect; and all headers where `metadata` is given.
        metadata: user metadata instead of the source's; None leaves it and the headers to S3.
        tags: instead of the source's; None leaves them to S3.
        lost: what cannot be carried, in words.
    """

    settings: Pairs = ()
    metadata: Pairs | None = None
    tags: Pairs | None = None
    lost: tuple[str, ...] = ()


class CarriedTags:
    """
    Whether a store keeps the tags that an upload is begun with: it is looked at until it has.

    Characters that may be read amiss are looked at too, each until it has come through.
    """

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._kept: bool | None = None

    @property
    def forgotten(self) -> bool:
        """
        Whether they were not there the last time.
        """
        return self._kept is False

    def will_come(self, tags: Pairs) -> bool:
        """
        Whether tags like these have come before.
        """
        return self._kept is True and _unusual(tags) <= self._seen

    def note(self, tags: Pairs, *, came: bool) -> None:
        """
        Notes what a look at them has shown.
        """
        if came:
            self._seen |= _unusual(tags)
        self._kept = came


def _unusual(tags: Pairs) -> set[str]:
    return {one for pair in tags for text in pair for one in text if not (one.isascii() and one.isalnum())}


@dataclass(slots=True)
class Known:
    """
    Args:
        wishes: of every whole copy, once it is known that they do not depend on the object.
        caller: canonical id of who signs; None while nobody has asked, empty where it is not to be had.
        reads_tags: whether tags may be read; None while nobody has tried.
        refuses_acls: the destination takes no ACLs.
        encrypts: whether the destination encrypts as it is asked to; None while nobody has looked.
        upload_tags: whether the tags of uploads come.
        inherits_class: whether whole copies get the source's storage class unasked; None while nobody has looked.
        asking: held by who asks for all.
    """

    wishes: Wishes | None = None
    caller: str | None = None
    reads_tags: bool | None = None
    refuses_acls: bool = False
    encrypts: bool | None = None
    inherits_class: bool | None = None
    upload_tags: CarriedTags = field(default_factory=CarriedTags)
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _in_vain: int = 0

    @property
    def try_without_tags(self) -> bool:
        """
        Whether a denied copy is worth a second request without tags: not where that has only ever been denied too.
        """
        return self._in_vain < _PATIENCE

    def tried_without_tags(self, *, helped: bool) -> None:
        """
        Notes what came of a second request without tags.
        """
        self._in_vain = 0 if helped else self._in_vain + 1


class Website:
    """
    Whether a bucket is a website, whose objects may redirect. Asks at most once.
    """

    def __init__(self, store: KnowsBuckets, bucket: str, emit: Emit) -> None:
        self._store = store
        self._bucket = bucket
        self._emit = emit
        self._answer: bool | None = None
        self._asking = asyncio.Lock()

    async def __call__(self) -> bool:
        """
        True only where the store says so.

        Raises:
            FatalError: the run cannot go on.
        """
        async with self._asking:
            if self._answer is None:
                self._answer = await self._ask()
        return self._answer

    async def _ask(self) -> bool:
        try:
            return await self._store.has_website(self._bucket)
        except FatalError:
            raise
        except S3Error as error:
            words = f"s3://{self._bucket} cannot be asked whether it is a website ({error}): redirects of its objects"
            self._emit(Notice(f"{words} are carried only by copies in parts", warning=False))
            return False
