"""
A lister that tells what the destination has and the source lacks, by the plainest way there is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from s3copy_async.compare import triage
from s3copy_async.errors import AccessDenied, FatalError
from s3copy_async.lister import Lister
from s3copy_async.listing import pages
from s3copy_async.model import Batch, ObjectInfo
from s3copy_async.selection import Work
from s3copy_async.store import ListsObjects


class TellingLister(Lister):
    """
    Lists both sides once more when all is listed, and compares them in memory.
    """

    async def batches(self, work: Work) -> AsyncGenerator[Batch, None]:
        """
        See `Lister`.
        """
        async with aclosing(super().batches(work)) as batches:
            async for batch in batches:
                yield batch
        if self._extras is None:
            return
        scope = self._scope
        for index, rule in enumerate(work.rules):
            source = await objects(self._source, scope.source_bucket, rule.prefix)
            mapped = {task.dest_key for task in triage(source, rule, scope).tasks}
            if mapped:
                self._extras.has_source(index)
            if not self._dest._readers:
                self._extras.give_up(f"s3://{scope.dest_bucket} may not be listed with these credentials")
                return
            there = await objects(self._dest._readers[0], scope.dest_bucket, rule.image(scope.base))
            self._extras.add(index, [one for one in there if one.key not in mapped])


async def objects(store: ListsObjects, bucket: str, prefix: str) -> list[ObjectInfo]:
    """
    Everything below a prefix.
    """
    try:
        async with aclosing(pages(store, bucket, prefix)) as listing:
            return [found async for page in listing for found in page.objects]
    except AccessDenied as error:
        raise FatalError(f"s3://{bucket}/{prefix} may not be listed any more") from error
