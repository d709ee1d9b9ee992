"""
Goes through all pages of open uploads and of their parts, whatever a store makes of markers and prefixes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from s3copy_async.model import OpenUpload, UploadedPart
from s3copy_async.store import UploadsParts


async def open_uploads(store: UploadsParts, bucket: str, prefix: str) -> AsyncGenerator[OpenUpload, None]:
    """
    Every open upload whose key starts with `prefix`. A store that ignores the prefix shows more, which are left out.

    Raises:
        S3Error: a page failed.
    """
    last: OpenUpload | None = None
    while True:
        page = await store.list_uploads(bucket, prefix, last)
        for upload in page.uploads:
            if upload.key.startswith(prefix):
                yield upload
        if not page.more or page.uploads[-1] == last:
            return
        last = page.uploads[-1]


async def parts_of(store: UploadsParts, bucket: str, key: str, upload_id: str) -> dict[int, UploadedPart]:
    """
    Every part of an open upload, by number.

    Raises:
        UploadGone: there is no such upload.
    """
    parts: dict[int, UploadedPart] = {}
    while True:
        page = await store.list_parts(bucket, key, upload_id, max(parts, default=0))
        known = len(parts)
        parts |= {part.number: part for part in page.parts}
        if not page.more or len(parts) == known:
            return parts
