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

_SWEEP: Final = 0.25
_IDLE: Final = 12.0
"""S3 drops connections after about 20 idle seconds; who sends on one at that moment gets no answer."""
_CONNECT: Final = 10.0
_ADDRESSES: Final = 60.0
"""Seconds for which the addresses of a host are believed."""
MAX_BODY: Final = 64 << 20
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
    One connection: one request at a time.
    """

    __slots__ = (
        "_body", "_broken", "_headers", "_parser", "_pool", "_size", "_started", "_timeout", "deadline",
        "idle_until", "is_head", "sink", "tag", "transport",
    )  # fmt: skip

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._parser = httptools.HttpResponseParser(self)
        self._headers: Headers = []
        self._body: list[bytes] = []
        self._size = 0
        self.is_head = False
        self._started = False
        self._broken = False
        self._timeout = 0.0
        self.sink: Sink | None = None
        self.tag: object = None
        self.deadline = 0.0
        self.idle_until = 0.0
        self.transport: asyncio.Transport | None = None

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
        data, self.sink, self.tag, timeout, self.is_head = wanted
        self._started = False
        self._timeout = timeout
        self.deadline = self._pool.now + timeout
        assert self.transport is not None
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        """
        See `asyncio.Protocol`.
        """
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            # A bug in one of our own callbacks, which llhttp wraps: never to be taken for a broken answer.
            self._lose(Lost("InternalError", "an answer could not be taken"))
            raise
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._lose(Lost("BadAnswer", f"not HTTP: {error}", odd=True))
            return
        if self.sink is None:
            if self.is_head and self._started:
                # Nobody can tell llhttp that the answer to a HEAD has no body.
                self._parser = httptools.HttpResponseParser(self)
                self._started = False
        else:
            # It trickles: S3 sends white space while a long copy is under way.
            self.deadline = self._pool.now + self._timeout

    def on_message_begin(self) -> None:
        """
        llhttp: an answer begins.
        """
        self._headers = []
        self._body = []
        self._size = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """
        llhttp: one header.
        """
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """
        llhttp: all headers.
        """
        if self.sink is None:
            self._broken = True
        elif self.is_head and (status := self._parser.get_status_code()) >= 200:
            self._started = True
            self._finish(status, b"", keep=_keeps(self._headers) and self._parser.get_http_version() == "1.1")

    def on_body(self, body: bytes) -> None:
        """
        llhttp: a piece of the body.
        """
        self._body.append(body)
        self._size += len(body)
        if self._size > MAX_BODY:
            self._lose(Lost("BadAnswer", f"an answer of more than {MAX_BODY:,} bytes", odd=True))

    def on_message_complete(self) -> None:
        """
        llhttp: the whole answer is there, or a 1xx one that announces it.
        """
        parser = self._parser
        status = parser.get_status_code()
        if status < 200 or self.sink is None:
            return
        body = self._body
        self._finish(status, body[0] if len(body) == 1 else b"".join(body), keep=parser.should_keep_alive())

    def _finish(self, status: int, body: bytes, *, keep: bool) -> None:
        sink, tag = self.sink, self.tag
        assert sink is not None
        self.sink = self.tag = None
        if keep and not self._broken:
            self._pool.free(self)
        else:
            self.close()
        sink(tag, Answer(status, self._headers, body))

    def _lose(self, lost: Lost) -> None:
        sink, tag = self.sink, self.tag
        self.sink = self.tag = None
        self.close()
        if sink:
            sink(tag, lost)

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
        Closes the connection; it leaves the pool when that is done.
        """
        self._pool.forget(self)
        if self.transport:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """
        See `asyncio.Protocol`.
        """
        self._pool.forget(self)
        if self.sink is not None:
            if self._headers and self._size:
                # An answer that ends with its connection may lack its end.
                self._lose(Lost("BadAnswer", "the connection ended within an answer"))
            else:
                self._lose(Lost("ConnectionClosed", str(exc or "the connection was closed without an answer")))


def _keeps(headers: Headers) -> bool:
    return not any(name.lower() == b"connection" and value.lower() == b"close" for name, value in headers)


class Pool:
    """
    The connections to one host.

    Args:
        tls: None for plain HTTP.
    """

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._waiting: deque[Wanted] = deque()
        self._opening: set[asyncio.Task[None]] = set()
        self._addresses: list[str] = []
        self._addresses_until = 0.0
        self._next = 0
        self.now = self._loop.time()
        self._timer = self._loop.call_later(_SWEEP, self._sweep)

    def submit(self, wanted: Wanted) -> None:
        """
        Sends a request now, or as soon as there is a connection for it.
        """
        if self._idle:
            self._idle.pop().send(wanted)
            return
        self._waiting.append(wanted)
        if len(self._opening) < len(self._waiting):
            task = self._loop.create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    def free(self, connection: Connection) -> None:
        """
        Takes an idle connection back.
        """
        if not self._waiting:
            connection.idle_until = self.now + _IDLE
            self._idle.append(connection)
        elif connection.is_head:
            # Its parser has to be replaced first.
            self._loop.call_soon(self._use, connection)
        else:
            # At once: who hears of this answer may send the next request, and for that another connection would be
            # opened while this one waits for its turn.
            connection.send(self._waiting.popleft())

    def _use(self, connection: Connection) -> None:
        if connection not in self._all:
            return
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
        except (OSError, TimeoutError) as error:
            if self._waiting:
                wanted = self._waiting.popleft()
                wanted.sink(wanted.tag, _unreachable(self._host, self._port, error))
            return
        self._all.add(connection)
        self._use(connection)

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
                    return connection
            except (OSError, TimeoutError):
                self._addresses_until = 0.0
                if at == len(addresses) - 1:
                    raise
        raise OSError(f"{self._host} has no address")

    async def _resolve(self) -> list[str]:
        if self.now >= self._addresses_until:
            found = await self._loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            self._addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
            self._addresses_until = self.now + _ADDRESSES
        return self._addresses

    def _sweep(self) -> None:
        now = self.now = self._loop.time()
        self._timer = self._loop.call_later(_SWEEP, self._sweep)
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
        self._timer.cancel()
        for task in self._opening:
            task.cancel()
        for connection in tuple(self._all):
            connection.abort()


def _unreachable(host: str, port: int, error: Exception) -> Lost:
    if isinstance(error, ssl.SSLError):
        return Lost("Unreachable", f"TLS with {host} failed: {error}", sent=False, odd=True)
    words = str(error) or type(error).__name__
    return Lost("Unreachable", f"{host}:{port} cannot be reached: {words}", sent=False)
