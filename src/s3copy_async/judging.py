"""
Says of one pair of objects whether they are equal, as closely as it was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from s3copy_async.beside import Tags, differences, differing_tags
from s3copy_async.compare import Scope, enough
from s3copy_async.copying.evidence import Pair
from s3copy_async.copying.finish import recorded
from s3copy_async.copying.work import Folder
from s3copy_async.errors import FatalError, S3Error
from s3copy_async.etag import Verdict, compare, part_count
from s3copy_async.model import CopyTask, Finding, Head, ObjectInfo
from s3copy_async.options import Compare, PartOptions
from s3copy_async.store import Compares

Judgement = tuple[Finding, str]
"""What was found, and why: one line, empty where both are the same."""


@dataclass(frozen=True, slots=True)
class Sides:
    """
    The two readers of a check and what it looks at.

    Args:
        one_way: objects that only the destination has are no difference.
        mode: what tells that two objects are equal.
        deep: headers, metadata and tags too.
        parts: where copies in parts left their records.
    """

    source: Compares
    dest: Compares
    scope: Scope
    one_way: bool = False
    mode: Compare = Compare.AUTO
    deep: bool = False
    parts: PartOptions = field(default_factory=PartOptions)


def plainly_different(source: ObjectInfo, there: ObjectInfo, mode: Compare) -> str:
    """
    Why two objects are different, as far as listings tell; empty where they do not.
    """
    if source.size != there.size:
        return f"{source.size:,} bytes, and {there.size:,} at the destination"
    if mode is Compare.SIZE_TIME and not enough(source, there, mode):
        return "equal size, and written later than the destination"
    return ""


class Judge:
    """
    Settles what listings leave in doubt.
    """

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._source_tags = Tags(sides.source, sides.scope.source_bucket)
        self._dest_tags = Tags(sides.dest, sides.scope.dest_bucket)

    async def finding(self, task: CopyTask, source: Head, there: Head) -> Judgement:
        """
        What two looks show.

        Raises:
            FatalError: the run cannot go on.
        """
        found = await self._bytes(task, source, there)
        if self._sides.deep and found[0] in (Finding.SAME, Finding.NOT_COMPARABLE):
            return await self._beside(source, there, found)
        return found

    async def _bytes(self, task: CopyTask, source: Head, there: Head) -> Judgement:
        one, other, mode = source.info, there.info, self._sides.mode
        if enough(one, other, mode):
            return Finding.SAME, ""
        if reason := plainly_different(one, other, mode):
            return Finding.DIFFERENT, reason
        etags = f"ETag {one.etag}, and {other.etag} at the destination"
        match compare(one, other) if mode is Compare.ETAG else (pair := Pair(source, there)).verdict:
            case Verdict.SAME:
                return Finding.SAME, ""
            case Verdict.NOT_COMPARABLE:
                finding, reason = Finding.NOT_COMPARABLE, f"equal size; {etags}"
            case Verdict.DIFFERENT if mode is not Compare.ETAG and pair.by_checksum:
                return (
                    Finding.DIFFERENT,
                    f"equal size; checksum {one.checksum}, and {other.checksum} at the destination",
                )
            case Verdict.DIFFERENT if part_count(one.etag) > 1 and not await self._same_boundaries(task):
                finding, reason = Finding.NOT_COMPARABLE, f"equal size, uploaded in other parts; {etags}"
            case _:
                return Finding.DIFFERENT, etags
        return (Finding.SAME, "") if await self._recorded(one, other) else (finding, reason)

    async def _same_boundaries(self, task: CopyTask) -> bool:
        """
        Whether two multipart objects are known to be cut alike: as many parts, and the first of one size.
        """
        sides, scope = self._sides, self._sides.scope
        try:
            source = await sides.source.head_details(scope.source_bucket, task.key, 1, version=task.version)
            there = await sides.dest.head_details(scope.dest_bucket, task.dest_key, 1)
        except FatalError:
            raise
        except S3Error:
            return False
        return bool(source.parts) and (source.parts, source.part_size) == (there.parts, there.part_size)

    async def _recorded(self, source: ObjectInfo, there: ObjectInfo) -> bool:
        """
        Whether a copy in parts noted both ETags when it had proven the bytes.
        """
        sides, scope = self._sides, self._sides.scope
        folder = Folder.of(sides.parts.work_bucket or scope.dest_bucket, sides.parts.work_prefix, source)
        try:
            return await recorded(sides.dest, folder, source, scope.dest_bucket, there)
        except FatalError:
            raise
        except S3Error:
            return False

    async def _beside(self, source: Head, there: Head, found: Judgement) -> Judgement:
        """
        What was found of the bytes, or what differs beside them.
        """
        different = list(differences(source, there))
        try:
            one, other = await self._source_tags.of(source), await self._dest_tags.of(there)
        except FatalError:
            raise
        except S3Error as error:
            one, other, why = None, None, f"tags cannot be read: {error}"
        else:
            why = "tags may not be read: ask for s3:GetObjectTagging on both sides"
        if one is not None and other is not None:
            different += differing_tags(one, other)
        if different:
            return Finding.METADATA, ", ".join(different)
        if one is None or other is None:
            return Finding.NOT_COMPARABLE, "; ".join(filter(None, (found[1], why)))
        return found
