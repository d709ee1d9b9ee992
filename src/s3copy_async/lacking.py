"""
Makes sure, right before something is deleted, that the source still lacks it.
"""

from __future__ import annotations

from s3copy_async.columns import Columns
from s3copy_async.compare import Scope
from s3copy_async.errors import AccessDenied, NotFound
from s3copy_async.keys import key_problem
from s3copy_async.model import ObjectInfo
from s3copy_async.sifting import Sifter
from s3copy_async.store import LooksUp


class Lacking:
    """
    Args:
        source: looks objects of the source up.
        sifter: if it is asked for what the filters exclude too (``whole``), the source has only what they select.
    """

    def __init__(self, source: LooksUp, scope: Scope, sifter: Sifter) -> None:
        self._source = source
        self._scope = scope
        self._sifter = sifter

    async def lacks(self, dest_key: str) -> bool:
        """
        Whether the source has nothing now that belongs to this key of the destination. It was listed a while ago.

        Raises:
            S3Error: nobody can tell.
        """
        key = self._scope.rules.source_key(self._scope.base, dest_key)
        if key is None or key_problem(key):
            return True
        found = await self._looked_up(key)
        if found is None:
            return True
        return self._sifter.whole and not self._sifter.picked(Columns.of((found,)))

    async def _looked_up(self, key: str) -> ObjectInfo | None:
        bucket = self._scope.source_bucket
        try:
            return await self._source.head_object(bucket, key)
        except NotFound:
            return None
        except AccessDenied:
            # Where the right to list goes for certain prefixes only, what is missing is denied to a HEAD.
            page = await self._source.list_page(bucket, key)
            return next((found for found in page.objects[:1] if found.key == key), None)
