"""
Finds out whether a store decodes the source keys of part copies twice, as Ceph RGW does.

Such a store copies ``a b`` when it is asked for ``a%20b``, and says 200.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress

from s3copy_async.errors import S3Error
from s3copy_async.model import PartRequest
from s3copy_async.store import Stages

_BODY = b"s3copy probe"


class DecodingProbe:
    """
    Asks the store once, with one tiny object in the work area that is removed again, and remembers the answer.
    """

    def __init__(self, store: Stages, bucket: str, work_prefix: str) -> None:
        self._store = store
        self._bucket = bucket
        self._prefix = work_prefix
        self._answer: bool | None = None
        self._asking = asyncio.Lock()

    async def __call__(self) -> bool:
        """
        Whether the store decodes twice.

        Raises:
            S3Error: the store cannot be asked.
        """
        async with self._asking:
            if self._answer is None:
                self._answer = await self._ask()
        return self._answer

    async def _ask(self) -> bool:
        store, bucket = self._store, self._bucket
        key = f"{self._prefix}s3copy-probe%20x/0000000/parts/part-00001"
        target = f"{self._prefix}s3copy-probe/0000000/parts/temp-00001"
        etag = await store.put_object(bucket, key, _BODY)
        try:
            upload_id = await store.create_upload(bucket, target)
            try:
                answer = await store.copy_part(PartRequest(bucket, key, etag, bucket, target, upload_id, 1))
            except S3Error:
                return True
            finally:
                await store.abort_upload(bucket, target, upload_id)
            return answer.etag != hashlib.md5(_BODY, usedforsecurity=False).hexdigest() and not answer.opaque
        finally:
            with suppress(S3Error):
                await store.delete_object(bucket, key)
