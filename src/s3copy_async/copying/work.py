"""
The work area: what is called how, and what an earlier run left there.

``<work-prefix>/<source key>/<first 7 of the source's ETag>/parts/`` holds ``temp-NNNNN``, ``part-NNNNN`` and our
records.
A key that would make these names longer than S3 allows, or that a store would misread in them, stands there as its
SHA-256 in hexadecimal.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from s3copy_async.errors import AccessDenied, NotFound
from s3copy_async.keys import MAX_KEY_BYTES
from s3copy_async.listing import pages
from s3copy_async.model import ObjectInfo, Pairs
from s3copy_async.parts import Layout, Part
from s3copy_async.store import ListsObjects, ReadsObjects

SOURCE_ETAG: Final = "s3copy-source-etag"
RANGE: Final = "s3copy-range"
MD5: Final = "s3copy-md5"
_LONGEST_NAME: Final = 32
_MISREAD: Final = re.compile(r"%|\?versionId=").search
_NUMBERED: Final = re.compile(r"(temp|part)-([0-9]{5})").fullmatch


def decodes_otherwise(key: str) -> bool:
    """
    Whether a store that decodes copy sources twice would read another key.

    Besides what it decodes, Ceph cuts the key at a ``%`` without two digits and at what looks like a version.
    """
    return _MISREAD(key) is not None


@dataclass(frozen=True, slots=True)
class Folder:
    """
    Where the parts of one version of one source object are made.
    """

    bucket: str
    prefix: str

    @classmethod
    def of(cls, bucket: str, work_prefix: str, source: ObjectInfo) -> Folder:
        """
        The folder for `source`.
        """
        version = source.etag[:7]
        if not re.fullmatch(r"[0-9a-f]{7}", version):
            version = hashlib.sha256(source.etag.encode()).hexdigest()[:7]
        prefix = f"{work_prefix}{source.key}/{version}/parts/"
        if len(prefix.encode()) + _LONGEST_NAME > MAX_KEY_BYTES or decodes_otherwise(source.key):
            prefix = f"{work_prefix}{hashlib.sha256(source.key.encode()).hexdigest()}/{version}/parts/"
        return cls(bucket, prefix)

    def temp(self, number: int) -> str:
        """
        The key of a part's temp object.
        """
        return f"{self.prefix}temp-{number:05d}"

    def part(self, number: int) -> str:
        """
        The key of a part object.
        """
        return f"{self.prefix}part-{number:05d}"

    def is_temp(self, key: str) -> bool:
        """
        Whether `key` is the name of a temp object here.
        """
        found = _NUMBERED(key.removeprefix(self.prefix))
        return found is not None and found[1] == "temp" and key.startswith(self.prefix)

    @property
    def alias(self) -> str:
        """
        The key of a copy of the source under a harmless name.
        """
        return f"{self.prefix}s3copy-source"

    def record(self, kind: str, dest_bucket: str, dest_key: str) -> str:
        """
        The key of a record about one destination: ``upload`` or ``done``.
        """
        name = hashlib.sha256(f"{dest_bucket}/{dest_key}".encode()).hexdigest()[:8]
        return f"{self.prefix}s3copy-{kind}-{name}.json"


@dataclass(slots=True)
class Inventory:
    """
    What an earlier run left in a folder, by part number.

    Args:
        known: False where the folder could not be listed: then each part is looked up when its turn comes.
    """

    parts: dict[int, ObjectInfo] = field(default_factory=dict)
    temps: dict[int, ObjectInfo] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    known: bool = True

    def contradicts(self, layout: Layout) -> bool:
        """
        Whether something was made here in another layout.
        """
        sizes = {part.number: part.size for part in layout.parts()} if self.parts or self.temps else {}
        left = (*self.parts.items(), *self.temps.items())
        return any(found.size != sizes.get(number) for number, found in left)


async def take_inventory(readers: Sequence[ListsObjects], folder: Folder) -> Inventory:
    """
    Lists a folder with the first reader that may.

    Raises:
        ListingError: the listing failed.
    """
    for reader in readers:
        inventory = Inventory()
        try:
            async with aclosing(pages(reader, folder.bucket, folder.prefix)) as listing:
                async for page in listing:
                    for found in page.objects:
                        _note(inventory, found, folder)
        except AccessDenied:
            continue
        return inventory
    return Inventory(known=False)


def _note(inventory: Inventory, found: ObjectInfo, folder: Folder) -> None:
    name = found.key.removeprefix(folder.prefix)
    if match := _NUMBERED(name):
        (inventory.temps if match[1] == "temp" else inventory.parts)[int(match[2])] = found
    else:
        inventory.others.add(found.key)


def marks(source: ObjectInfo, part: Part, md5: str | None = None) -> Pairs:
    """
    The metadata by which a temp or part object is known again: of which source version it is which bytes.
    """
    found = ((SOURCE_ETAG, source.etag), (RANGE, f"{part.start}-{part.stop}"))
    return (*found, (MD5, md5)) if md5 else found


def is_marked(metadata: Pairs, source: ObjectInfo, part: Part) -> bool:
    """
    Whether `metadata` says that an object holds these bytes of this source version.
    """
    found = dict(metadata)
    return all(found.get(name) == value for name, value in marks(source, part))


async def read_record(store: ReadsObjects, bucket: str, key: str) -> dict[str, Any]:
    """
    A record of ours, empty where there is none, or none that makes sense.

    Raises:
        S3Error: it may be there, but cannot be read.
    """
    try:
        document = json.loads(await store.get_object(bucket, key))
    except (NotFound, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def uploads_of(record: dict[str, Any]) -> list[str]:
    """
    The uploads that a record names: the current one, then older ones that could not be ended.
    """
    older = record.get("older")
    found = (record.get("upload_id"), *(older if isinstance(older, list) else ()))
    return [one for one in found if isinstance(one, str) and one]


def to_record(**fields: Any) -> bytes:
    """
    A record as bytes.
    """
    return json.dumps({"s3copy": 1, **fields}, sort_keys=True).encode()
