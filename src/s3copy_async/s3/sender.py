"""
Sends what the wire store asks for, over connections of our own, and knows which buckets have to go without.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from s3copy_async.errors import BadAnswer, FatalError, S3Error
from s3copy_async.faults import error_for
from s3copy_async.model import CopyAnswer
from s3copy_async.s3 import answers, heads, xml
from s3copy_async.s3.failures import translated
from s3copy_async.s3.http1 import Answer, Lost, Wanted
from s3copy_async.s3.learn import (
    Identity,
    Mould,
    Place,
    Unusual,
    catch_requests,
    mould,
    prepared,
    tls_context,
    unusual_connection,
)
from s3copy_async.s3.pool import Pool
from s3copy_async.s3.refusals import failure_of, is_error, is_odd, lost, switched
from s3copy_async.s3.session import COPY_TIMEOUT, READ_TIMEOUT
from s3copy_async.s3.sigv4 import canonical_query, quoted_path
from s3copy_async.s3.wishes import Wish

_KEPT: Final = 256


class Sender:
    """
    Args:
        client: botocore's client for a bucket, from which requests are learned.
        forced: nothing goes to aiobotocore that can be sent here: trouble is an error.
        say: told, in one line, why a bucket is served by aiobotocore.
    """

    def __init__(self, client: Callable[..., Awaitable[Any]], say: Callable[[str], None], *, forced: bool) -> None:
        self._client = client
        self._say = say
        self._forced = forced
        self._moulds: dict[tuple[object, ...], Mould] = {}
        self._pools: dict[Place, Pool] = {}
        self._identity: Identity | None = None
        self._seen: set[int] = set()
        self._learning = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self.switched: set[str] = set()
        """Buckets that are served by aiobotocore."""

    def forget(self) -> None:
        """
        What was learned may be wrong by now.
        """
        self._moulds.clear()

    def close(self) -> None:
        """
        Ends all connections.
        """
        for pool in self._pools.values():
            pool.close()
        if self._identity:
            self._identity.close()
        for task in self._tasks:
            task.cancel()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """
        Does something beside, until the store is closed.
        """
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def pool(self, found: Mould) -> Pool:
        """
        The connections that such requests go over.
        """
        return self._pools[found.place]

    def identity(self, found: Mould) -> Identity | None:
        """
        Who signs such requests; None where they are not signed.
        """
        return self._identity if found.region else None

    async def mould(self, wish: Wish) -> Mould | None:
        """
        How requests of a kind are made; None where aiobotocore has to make them.
        """
        if wish.bucket in self.switched:
            return None
        if found := self._moulds.get(wish.kind):
            return found
        async with self._learning:
            if wish.bucket in self.switched:
                return None
            if found := self._moulds.get(wish.kind):
                return found
            try:
                found = await self._learned(wish)
            except Unusual as unusual:
                if self._forced:
                    raise FatalError(
                        f"s3://{wish.bucket} needs {unusual}, which --transport wire cannot do: use auto"
                    ) from None
                self._switch(wish.bucket, str(unusual))
                return None
            if len(self._moulds) >= _KEPT:
                self._moulds.clear()
            self._moulds[wish.kind] = found
            return found

    async def _learned(self, wish: Wish) -> Mould:
        client = await self._client(wish.bucket, copies=wish.copies)
        if id(client) not in self._seen:
            self._seen.add(id(client))
            catch_requests(client)
        with translated(wish.operation):
            found = mould(await prepared(client, wish.method, wish.call), wish.variable, wish.gone)
        if why := unusual_connection(client, found.place):
            raise Unusual(why)
        if found.region and self._identity is None:
            identity = Identity(client._request_signer._credentials, time.monotonic)
            with translated(wish.operation):
                await identity.load()
            self._identity = identity
        if found.place not in self._pools:
            tls = await tls_context(client) if found.place.scheme == "https" else None
            self._pools[found.place] = Pool(found.place.host, found.place.port, tls)
        return found

    def _switch(self, bucket: str, reason: str) -> None:
        if bucket not in self.switched:
            self.switched.add(bucket)
            self._say(f"s3://{bucket}: requests go through aiobotocore from now on ({reason})")

    async def send(
        self,
        found: Mould,
        wish: Wish,
        key: str = "",
        more: Sequence[tuple[str, str]] = (),
        values: tuple[str, ...] = (),
        body: bytes = b"",
    ) -> Answer:
        """
        One request and its answer, which is a success as far as the status tells.

        Raises:
            S3Error: it is not, or there is no answer.
        """
        path = found.path + quoted_path(key)
        query = canonical_query((*found.query, *more)) if found.query or more else ""
        if found.region:
            assert self._identity is not None
            signer = self._identity.signer(found.region, found.service)
            data = found.template.signed(signer, path, query, values, body)
        else:
            data = found.template.plain(path, query, values, body)
        is_head = wish.operation == "HeadObject"
        timeout = COPY_TIMEOUT if wish.copies else READ_TIMEOUT
        future: asyncio.Future[Answer | Lost] = asyncio.get_running_loop().create_future()
        pool = self._pools[found.place]
        pool.submit(Wanted(data, _settle, future, timeout, is_head))
        try:
            answer = await future
        except asyncio.CancelledError:
            pool.withdraw(future)
            raise
        if isinstance(answer, Lost):
            raise self._lost(wish.bucket, wish.operation, answer)
        if answer.status >= 300 or answer.status < 200:
            raise self.refused(wish.bucket, wish.operation, answer)
        if is_error(answer.body) and xml.error(answer.body) is not None:
            raise self.refused(wish.bucket, wish.operation, answer)
        return answer

    def _lost(self, bucket: str, operation: str, found: Lost) -> S3Error:
        if found.odd and not self._forced:
            self._switch(bucket, found.message)
            return switched(operation, found.message, maybe_done=found.sent)
        return lost(operation, found)

    def refused(self, bucket: str, operation: str, answer: Answer) -> S3Error:
        """
        S3 answered with an error.
        """
        failure = failure_of(operation, answer)
        if not self._forced and is_odd(failure, is_head=operation == "HeadObject"):
            reason = f"{operation} was answered with {failure.code}"
            self._switch(bucket, reason)
            return switched(operation, reason, maybe_done=False)
        return error_for(failure)

    @contextmanager
    def reading(self, wish: Wish) -> Iterator[None]:
        """
        Within, an answer is read: one that is none of S3's may be one that aiobotocore understands.
        """
        try:
            yield
        except BadAnswer as error:
            if self._forced:
                raise
            self._switch(wish.bucket, str(error))
            raise switched(wish.operation, str(error), maybe_done=True) from error

    def bulk_lost(self, bucket: str, found: Lost) -> S3Error:
        """
        The error of a copy in bulk that got no answer.
        """
        return self._lost(bucket, "CopyObject", found)

    def bulk_answered(self, bucket: str, answer: Answer) -> CopyAnswer | S3Error:
        """
        What an answer to a copy in bulk means that is not plainly the copy.
        """
        if answer.status != 200 or xml.error(answer.body) is not None:
            return self.refused(bucket, "CopyObject", answer)
        try:
            with self.reading(Wish("CopyObject", "copy_object", bucket, ())):
                return answers.copied(heads.encryption(answer.headers), xml.copied(answer.body), "CopyObject")
        except S3Error as error:
            return error


def _settle(future: object, found: Answer | Lost) -> None:
    assert isinstance(future, asyncio.Future)
    if not future.done():
        future.set_result(found)
