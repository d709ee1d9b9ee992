"""
Copies of small objects, as fast as they can be sent: no coroutine, no task and no future for any of them.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final, cast

from s3copy_async.errors import S3Error
from s3copy_async.model import CopyAnswer, CopyTask
from s3copy_async.s3.http1 import Answer, Lost, made_wanted
from s3copy_async.s3.learn import Mould
from s3copy_async.s3.refusals import switched
from s3copy_async.s3.sender import Sender
from s3copy_async.s3.session import COPY_TIMEOUT
from s3copy_async.s3.sigv4 import Signer, quoted_path
from s3copy_async.store import BulkDone

_ETAG: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?<CopyObjectResult[^>]*>(?:<LastModified>[^<]*</LastModified>)?"
    rb"\s*<ETag>(?:&quot;|&#34;|\")?([0-9A-Za-z-]+)(?:&quot;|&#34;|\")?</ETag>"
).match


class Swift:
    """
    Starts copies, and tells how each ended.

    Args:
        sender: has the connections, and is asked about whatever is not a plain success.
        done: called for each, on the event loop.
        slowly: copies one object through aiobotocore, once the bucket is served by that.
    """

    def __init__(
        self,
        sender: Sender,
        mould: Mould,
        bucket: str,
        done: BulkDone,
        slowly: Callable[[CopyTask], Awaitable[CopyAnswer]],
    ) -> None:
        self._sender = sender
        self._template = mould.template
        self._region, self._service = mould.region, mould.service
        self._path, self._source = mould.path, mould.source
        self._pool = sender.pool(mould)
        self._identity = sender.identity(mould)
        self._bucket = bucket
        self._done = done
        self._slowly = slowly
        self._switched = sender.switched
        self._signer: Signer | None = None
        self._date = ""

    def start(self, task: CopyTask, started: float) -> None:
        """
        Sends the copy of one object, whose source is known and plain; `started` is handed on.
        """
        source = task.source
        assert source is not None
        if self._switched and self._bucket in self._switched:
            self._sender.begin(self._copy(task, started))
            return
        key, dest_key = task.key, task.dest_key
        quoted = quoted_path(key)
        path = self._path + (quoted if dest_key is key else quoted_path(dest_key))
        values = (self._source + quoted, f'"{source.etag}"')
        if self._identity:
            signer = self._signer or self._identity.signer(self._region, self._service)
            data = self._template.signed(signer, path, "", values)
            # Credentials may change: they are looked up each second, when the date changes, and not for each request.
            self._signer = signer if signer.date is self._date else None
            self._date = signer.date
        else:
            data = self._template.plain(path, "", values)
        self._pool.submit(made_wanted((data, self._answered, (task, started), COPY_TIMEOUT, False)))

    async def _copy(self, task: CopyTask, started: float) -> None:
        outcome: CopyAnswer | S3Error | None
        try:
            outcome = answer = await self._slowly(task)
            if task.source and (answer.etag, answer.opaque) == (task.source.etag, False):
                outcome = None
        except S3Error as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - who tries again meets it, and can say so
            outcome = switched("CopyObject", str(error), maybe_done=True)
        self._done(task, started, outcome)

    def _answered(self, tag: object, found: Answer | Lost) -> None:
        task, started = cast("tuple[CopyTask, float]", tag)
        if isinstance(found, Lost):
            self._done(task, started, self._sender.bulk_lost(self._bucket, found))
            return
        etag = _ETAG(found.body) if found.status == 200 else None
        source = task.source
        if etag and source and etag[1].decode() == source.etag:
            self._done(task, started, None)
        else:
            self._done(task, started, self._sender.bulk_answered(self._bucket, found))
