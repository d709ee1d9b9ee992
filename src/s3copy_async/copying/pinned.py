"""
Whether the source is still the version that was copied: asked where nothing but a pin speaks for it.
"""

from __future__ import annotations

from s3copy_async.copying.job import CopyJob
from s3copy_async.model import ObjectInfo

_SAME_MOMENT = 1.0


def unchanged(before: ObjectInfo, now: ObjectInfo) -> bool:
    """
    Whether two looks at a source showed the same version: its ETag, its size, and when it was written.

    A listing knows fractions of a second that a HEAD does not show, and a store may not tell the time at all.
    """
    if (before.etag, before.size) != (now.etag, now.size):
        return False
    return not (before.modified and now.modified) or abs(before.modified - now.modified) < _SAME_MOMENT


async def still_the_same(source: ObjectInfo, job: CopyJob) -> bool:
    """
    Whether the source is still the version that was copied. One HEAD.

    A store may ignore the ETag that pins the source; then this is what shows that nothing else was copied.

    Raises:
        NotFound: the source is gone.
        S3Error: it cannot be looked at.
    """
    return unchanged(source, await job.store.head_object(job.source_bucket, source.key, version=source.version))
