"""
HTTP/1.1 over kept-alive connections, with callbacks and no task per request.

A request that is submitted goes out on an idle connection, or on one that is opened for it. Its answer, or how it was
lost, is given to the caller's sink. One timer watches over all deadlines.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import httptools

from s3copy_async.errors import UNREACHABLE

_SWEEP: Final = 0.25
_IDLE: Final = 12.0
"""S3 drops connections after about 20 idle seconds; who sends on one at that moment gets no answer."""
_CONNECT: Final = 10.0
_ADDRESSES: Final = 60.0
"""Seconds for which the addresses of a host are believed."""
MAX_ANSWER: Final = 64 << 20
"""Larger answers are no S3 answers: a page of a thousand keys, each encoded to 3 KB, has 4 MB."""

Headers = list[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """
    One whole answer. Names of headers as they came.
    """

    status: int
    headers: Headers
    body: bytes


class Lost(NamedTuple):
    """
    There is no answer that could be used.

    Args:
        code: short name.
        message: what is known of it.
        sent: whether the request may have reached the server.
        odd: this is not how S3 answers, or not how it can be reached: another client may know better.
    """

    code: str
    message: str
    sent: bool = True
    odd: bool = False


UNTRUSTED: Final = "Untrusted"
"""Our code for a server whose certificate is not to be trusted."""
_GIVEN_UP: Final = Lost("Aborted", "given up", sent=False)

Sink = Callable[[object, Answer | Lost], None]


class Wanted(NamedTuple):
    """
    A request on its way.

    Args:
        data: all of its bytes.
        sink: called once, with `tag`, on the event loop.
        timeout: seconds without a byte after which it is lost.
        is_head: its answer has no body, whatever its headers say.
    """

    data: bytes
    sink: Sink
    tag: object
    timeout: float
    is_head: bool = False


class Connection(asyncio.Protocol):
    """
    One connection: one request at a time. Its sink is told when the parser is done with what came: whoever sends the
    next request from there gets a connection on which nothing is left of the last answer.
    """

    __slots__ = (
        "_answer", "_body", "_headers", "_is_head", "_keep", "_parser", "_pool", "_size", "_status", "_timeout",
        "deadline", "idle_until", "sink", "tag", "transport",
    )  # fmt: skip

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._parser = httptools.HttpResponseParser(self)
        self._headers: Headers = []
        self._body: list[bytes] = []
        self._size = 0
        self._status = 0
        self._is_head = False
        self._answer: Answer | None = None
        self._keep = False
        self._timeout = 0.0
        self.sink: Sink | None = None
        self.tag: object = None
        self.deadline = 0.0
        self.idle_until = 0.0
        self.transport: asyncio.Transport | None = None

    @property
    def is_closing(self) -> bool:
        """
        Whether nothing can be sent any more.
        """
        return self.transport is None or self.transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """
        See `asyncio.Protocol`.
        """
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]  # uvloop's are no subclasses

    def send(self, wanted: Wanted) -> None:
        """
        Sends a request; the connection must be idle.
        """
        data, self.sink, self.tag, timeout, self._is_head = wanted
        self._size = self._status = 0
        self._timeout = timeout
        self.deadline = self._pool.now + timeout
        assert self.transport is not None
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        """
        See `asyncio.Protocol`.
        """
        if self.sink is None:
            # Nobody asked: taken for the next answer, it would be the answer to another question.
            self.close()
            return
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            # A bug in one of our own callbacks, which llhttp wraps: never to be taken for a broken answer.
            self._lose(Lost("InternalError", "an answer could not be taken"))
            raise
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self._answer is None:
                self._lose(Lost("BadAnswer", f"not HTTP: {error}", odd=True))
                return
            self._keep = False
        if self._answer is not None:
            self._finish(self._answer)
        elif self._size > self._pool.max_answer:
            self._lose(Lost("BadAnswer", f"an answer of more than {self._pool.max_answer:,} bytes", odd=True))
        else:
            # It trickles: S3 sends white space while a long copy is under way.
            self.deadline = self._pool.now + self._timeout

    def on_message_begin(self) -> None:
        """
        llhttp: an answer begins.
        """
        if self._answer is not None:
            self._keep = False  # one answer too many
        self._headers = []
        self._body = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """
        llhttp: one header.
        """
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """
        llhttp: all headers.
        """
        if self._answer is None:
            self._status = self._parser.get_status_code()
            if self._is_head and self._status >= 200:
                # Nobody can tell llhttp that the answer to a HEAD has no body.
                self._answer = Answer(self._status, self._headers, b"")
                self._keep = _keeps(self._headers) and self._parser.get_http_version() == "1.1"

    def on_body(self, body: bytes) -> None:
        """
        llhttp: a piece of the body.
        """
        if self._answer is None:
            self._body.append(body)
        else:
            self._keep = False

    def on_message_complete(self) -> None:
        """
        llhttp: the whole answer is there, or a 1xx one that announces it.
        """
        if self._answer is None and self._status >= 200:
            body = self._body
            self._answer = Answer(self._status, self._headers, body[0] if len(body) == 1 else b"".join(body))
            self._keep = self._parser.should_keep_alive()

    def _finish(self, answer: Answer) -> None:
        sink, tag = self.sink, self.tag
        assert sink is not None
        self.sink = self.tag = self._answer = None
        if not self._keep:
            self.close()
        else:
            if self._is_head:
                self._parser = httptools.HttpResponseParser(self)
            self._pool.free(self)
        sink(tag, answer)

    def _lose(self, lost: Lost) -> None:
        sink, tag = self.sink, self.tag
        self.drop()
        if sink:
            sink(tag, lost)

    def drop(self) -> None:
        """
        Closes the connection, without a word to whoever sent a request on it.
        """
        self.sink = self.tag = self._answer = None
        self.close()

    def expire(self) -> None:
        """
        No byte came for too long.
        """
        self._lose(Lost("ReadTimeout", f"no answer within {self._timeout:g} seconds"))

    def abort(self) -> None:
        """
        Gives up what is under way.
        """
        self._lose(Lost("Aborted", "given up"))

    def close(self) -> None:
        """
        Closes the connection, which leaves the pool at once.
        """
        self._pool.forget(self)
        if self.transport:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """
        See `asyncio.Protocol`.
        """
        self._pool.forget(self)
        if self.sink is None:
            return
        if self._status < 200:
            self._lose(Lost("ConnectionClosed", str(exc or "the connection was closed without an answer")))
        elif exc is None and _ends_with_connection(self._headers):
            self._keep = False
            self._finish(Answer(self._status, self._headers, b"".join(self._body)))
        else:
            self._lose(Lost("ConnectionClosed", "the connection was closed within an answer"))


def _ends_with_connection(headers: Headers) -> bool:
    return not any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers)


def _keeps(headers: Headers) -> bool:
    return not any(name.lower() == b"connection" and b"close" in value.lower() for name, value in headers)


class Pool:
    """
    The connections to one host.

    Args:
        tls: None for plain HTTP.
        max_answer: bytes; what is longer is no answer.
        clock: injected for tests.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        max_answer: int = MAX_ANSWER,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._clock = clock or self._loop.time
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._waiting: deque[Wanted] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening = 0
        self._addresses: list[str] = []
        self._addresses_until = 0.0
        self._resolving = asyncio.Lock()
        self._next = 0
        self._is_closed = False
        self.max_answer = max_answer
        self.now = self._clock()
        self._timer = self._loop.call_later(_SWEEP, self._tick)

    def submit(self, wanted: Wanted) -> None:
        """
        Sends a request now, or as soon as there is a connection for it.
        """
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closing:
                connection.send(wanted)
                return
        if self._is_closed:
            self._loop.call_soon(wanted.sink, wanted.tag, _GIVEN_UP)
            return
        # For each request that waits, a connection is being opened.
        self._waiting.append(wanted)
        if self._opening < len(self._waiting):
            self._opening += 1
            task = self._loop.create_task(self._open())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def withdraw(self, tag: object) -> None:
        """
        Nobody waits for the answer to this request any more: it is not sent, or its connection is closed.
        """
        for wanted in self._waiting:
            if wanted.tag is tag:
                self._waiting.remove(wanted)
                return
        for connection in self._all:
            if connection.tag is tag:
                connection.drop()
                return

    def free(self, connection: Connection) -> None:
        """
        Takes an idle connection back.
        """
        if self._waiting:
            connection.send(self._waiting.popleft())
        else:
            connection.idle_until = self.now + _IDLE
            self._idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """
        A connection is closed.
        """
        self._all.discard(connection)
        if connection.sink is None and connection in self._idle:
            self._idle.remove(connection)

    async def _open(self) -> None:
        try:
            connection = await self._connect()
        except Exception as error:  # noqa: BLE001 - whatever it is: nobody else would tell who waits for this connection
            self._opening -= 1
            # A connection that became free may have taken the request meanwhile.
            if len(self._waiting) > self._opening:
                wanted = self._waiting.popleft()
                wanted.sink(wanted.tag, _unreachable(self._host, self._port, error))
            return
        self._opening -= 1
        self._all.add(connection)
        self.free(connection)

    async def _connect(self) -> Connection:
        """
        A connection to one of the host's addresses in turn; to the others where that does not answer.
        """
        addresses = await self._resolve()
        self._next += 1
        for at in range(len(addresses)):
            address = addresses[(self._next + at) % len(addresses)]
            try:
                async with asyncio.timeout(_CONNECT):
                    _, connection = await self._loop.create_connection(
                        lambda: Connection(self),
                        address,
                        self._port,
                        ssl=self._tls,
                        server_hostname=self._host if self._tls else None,
                    )
                if connection.is_closing:
                    raise ConnectionResetError("the connection was closed at once")
                return connection
            except (OSError, TimeoutError):
                self._addresses_until = 0.0
                if at == len(addresses) - 1:
                    raise
        raise OSError(f"{self._host} has no address")

    async def _resolve(self) -> list[str]:
        async with self._resolving:
            if self.now >= self._addresses_until:
                found = await self._loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
                self._addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
                self._addresses_until = self.now + _ADDRESSES
        return self._addresses

    def _tick(self) -> None:
        self._timer = self._loop.call_later(_SWEEP, self._tick)
        self.sweep()

    def sweep(self) -> None:
        """
        Ends what took too long, and what was idle for too long.
        """
        now = self.now = self._clock()
        for connection in tuple(self._all):
            if connection.sink is not None:
                if connection.deadline < now:
                    connection.expire()
            elif connection.idle_until < now and connection in self._idle:
                connection.close()

    def close(self) -> None:
        """
        Ends all connections; what is under way is lost.
        """
        self._is_closed = True
        self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        while self._waiting:
            wanted = self._waiting.popleft()
            wanted.sink(wanted.tag, _GIVEN_UP)
        for connection in tuple(self._all):
            connection.abort()


def _unreachable(host: str, port: int, error: Exception) -> Lost:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Lost(UNTRUSTED, f"TLS with {host} failed: {error}", sent=False, odd=True)
    words = str(error) or type(error).__name__
    return Lost(UNREACHABLE, f"{host}:{port} cannot be reached: {words}", sent=False)
