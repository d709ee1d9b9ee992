"""
HTTP/1.1 over one kept-alive connection, with callbacks and no task per request.

A request that is sent gets its answer, or what became of it, told to its sink.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import httptools

from s3copy_async.model import maker

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


made_answer: Final = maker(Answer)
made_wanted: Final = maker(Wanted)


class Holder(Protocol):
    """
    Who has the connection.

    Args:
        now: seconds, as of lately.
        max_answer: bytes; what is longer is no answer.
    """

    now: float
    max_answer: int

    def free(self, connection: Connection) -> None:
        """
        The connection can take the next request.
        """

    def forget(self, connection: Connection) -> None:
        """
        The connection is closed.
        """


class Connection(asyncio.Protocol):
    """
    One connection: one request at a time. Its sink is told when the parser is done with what came: whoever sends the
    next request from there gets a connection on which nothing is left of the last answer.
    """

    __slots__ = (
        "_answer", "_body", "_headers", "_is_head", "_keep", "_parser", "_pool", "_size", "_status", "_timeout",
        "deadline", "idle_until", "sink", "tag", "transport",
    )  # fmt: skip

    def __init__(self, pool: Holder) -> None:
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
            self._answer = made_answer((self._status, self._headers, body[0] if len(body) == 1 else b"".join(body)))
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
