"""
Ends a run after so many objects.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from s3copy_async.events import Emit, Notice
from s3copy_async.model import Batch
from s3copy_async.text import count_text


async def limited(batches: AsyncGenerator[Batch, None], limit: int, emit: Emit) -> AsyncGenerator[Batch, None]:
    """
    The first `limit` tasks of `batches`, which is closed then. Where any task is left, that is said.
    """
    left = limit
    async with aclosing(batches):
        async for batch in batches:
            if len(batch) > left:
                if left:
                    yield batch[:left]
                emit(Notice(f"the limit of {count_text(limit, 'object')} is reached, and more are left", warning=False))
                return
            yield batch
            left -= len(batch)
