"""
HTTP over kept-alive connections: every request gets its own answer or none, and every sink is called once.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from s3copy_async.errors import UNREACHABLE
from s3copy_async.s3.http1 import Answer, Connection, Lost, Wanted
from s3copy_async.s3.pool import UNTRUSTED, Pool
from scripted import self_signed

REQUEST: Final = b"GET /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
HI: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
HO: Final = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nho"
HEADED: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: x\r\n\r\n"


@dataclass(slots=True)
class Clock:
    """
    A clock that a test puts forward.
    """

    now: float = 100.0

    def __call__(self) -> float:
        """
        Seconds.
        """
        return self.now


class Results:
    """
    What the sinks were told, in order.
    """

    def __init__(self) -> None:
        self.told: list[tuple[object, Answer | Lost]] = []
        self.then: Callable[[], None] | None = None
        self._news = asyncio.Event()

    def __call__(self, tag: object, found: Answer | Lost) -> None:
        """
        A sink; it does `then`, once, from within.
        """
        self.told.append((tag, found))
        self._news.set()
        if then := self.then:
            self.then = None
            then()

    def __getitem__(self, tag: object) -> Answer | Lost:
        """
        The one thing that the sink of a request was told.
        """
        (found,) = [found for other, found in self.told if other == tag]
        return found

    async def are(self, number: int) -> None:
        """
        Returns when so many sinks were told.
        """
        async with asyncio.timeout(10):
            while len(self.told) < number:
                self._news.clear()
                await self._news.wait()

    def wanted(self, tag: int, *, timeout: float = 60.0, is_head: bool = False) -> Wanted:
        """
        A request that says its tag.
        """
        return Wanted(REQUEST % tag, self, tag, timeout, is_head)


class FakeTransport(asyncio.Transport):
    """
    Keeps what is written. Closing takes effect when the test says so.
    """

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """
        See `asyncio.Transport`.
        """
        self.written.append(bytes(data))

    def abort(self) -> None:
        """
        See `asyncio.Transport`.
        """
        self.closing = True

    def is_closing(self) -> bool:
        """
        See `asyncio.Transport`.
        """
        return self.closing


@dataclass(slots=True)
class Line:
    """
    A pool with one connection that a test speaks for.
    """

    pool: Pool
    clock: Clock
    results: Results
    connection: Connection
    transport: FakeTransport

    def ask(self, tag: int, *, is_head: bool = False) -> None:
        """
        Sends a request.
        """
        self.pool.submit(self.results.wanted(tag, is_head=is_head))

    def say(self, *pieces: bytes) -> None:
        """
        Data arrives, in pieces.
        """
        for piece in pieces:
            self.connection.data_received(piece)

    def end(self, error: Exception | None = None) -> None:
        """
        The connection ends.
        """
        self.transport.closing = True
        self.connection.connection_lost(error)

    @property
    def is_kept(self) -> bool:
        """
        Whether the next request would go over this connection.
        """
        assert (self.connection in self.pool._idle) <= (self.connection in self.pool._all)
        return self.connection in self.pool._idle and not self.transport.closing


@asynccontextmanager
async def line(max_answer: int = 1000) -> AsyncIterator[Line]:
    """
    An idle connection without a network.
    """
    clock = Clock()
    pool = Pool("h.invalid", 80, None, max_answer, clock)
    connection, transport = Connection(pool), FakeTransport()
    connection.connection_made(transport)
    pool._all.add(connection)
    pool.free(connection)
    yield Line(pool, clock, Results(), connection, transport)
    pool.close()


def in_bytes(data: bytes) -> list[bytes]:
    """
    One piece for each byte.
    """
    return [data[at : at + 1] for at in range(len(data))]


FRAMES: Final = {
    "length": (HI, 200, b"hi", True),
    "no-body": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b"", True),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
    "304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, b"", True),
    "chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", 200, b"hi", True,
    ),
    "trailers": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: 1\r\n\r\n", 200, b"hi", True,
    ),
    "100-continue": (b"HTTP/1.1 100 Continue\r\n\r\n" + HI, 200, b"hi", True),
    "1xx-with-headers": (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HO, 404, b"ho", True),
    "close": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False),
    "1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False),
    "1.0-keep-alive": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", True,
    ),
    "offers-http2": (
        b"HTTP/1.1 200 OK\r\nUpgrade: h2\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", True,
    ),
    "no-reason": (b"HTTP/1.1 500\r\nContent-Length: 2\r\n\r\nno", 500, b"no", True),
    "blanks-first": (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n   <a>", 200, b"   <a>", True),
}  # fmt: skip


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize(("said", "status", "body", "kept"), FRAMES.values(), ids=FRAMES)
async def test_an_answer_is_whole_however_it_comes(
    said: bytes, status: int, body: bytes, kept: bool, bytewise: bool
) -> None:
    """
    Every way in which HTTP delimits a body, at once and byte by byte; the connection is kept where it may be.
    """
    async with line() as at:
        at.ask(1)
        at.say(*(in_bytes(said) if bytewise else [said]))

        found = at.results[1]
        assert isinstance(found, Answer)
        assert (found.status, found.body) == (status, body)
        assert at.is_kept is kept
        assert (at.connection in at.pool._all) is kept


async def test_one_connection_serves_many_requests() -> None:
    """
    Answer after answer over the same connection, each with its own headers and body.
    """
    async with line() as at:
        for tag, said in enumerate((HI, HO, HI)):
            at.ask(tag)
            at.say(*in_bytes(said))

        assert [found[:3:2] for _, found in at.results.told] == [(200, b"hi"), (404, b"ho"), (200, b"hi")]
        assert [REQUEST % tag for tag in range(3)] == at.transport.written


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (HEADED, True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 5\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", False),
    ],
    ids=["length", "chunked", "no-length", "204", "100", "close", "1.0"],
)
async def test_the_answer_to_a_head_has_no_body(said: bytes, kept: bool, bytewise: bool) -> None:
    """
    Whatever length its headers tell; and the next answer on the connection is read from its start.
    """
    async with line() as at:
        at.ask(1, is_head=True)
        at.say(*(in_bytes(said) if bytewise else [said]))

        found = at.results[1]
        assert isinstance(found, Answer)
        assert found.body == b""
        assert at.is_kept is kept
        if kept:
            at.ask(2)
            at.say(HO)
            assert at.results[2][:3:2] == (404, b"ho")


async def test_a_request_sent_by_a_sink_gets_its_own_answer() -> None:
    """
    A sink may send the next request at once: after a HEAD too, nothing is left of the answer before.
    """
    async with line() as at:
        for is_head, said in ((False, HI), (True, HEADED)):
            at.results.told.clear()
            at.results.then = lambda: at.ask(2)
            at.ask(1, is_head=is_head)
            at.say(said)
            at.say(HO)

            assert isinstance(at.results[1], Answer)
            assert at.results[2][:3:2] == (404, b"ho")
            assert at.is_kept


@pytest.mark.parametrize("is_head", [False, True], ids=["GET", "HEAD"])
async def test_an_answer_too_many_is_nobodys(is_head: bool) -> None:
    """
    What follows an answer in the same breath is not the answer to the next request: that goes over another connection.
    """
    async with line() as at:
        at.results.then = lambda: at.ask(2)
        at.ask(1, is_head=is_head)
        at.say((HEADED if is_head else HI) + HO)

        assert isinstance(at.results[1], Answer)
        assert at.results[1].status == 200
        assert at.results[1].headers[0] == (b"Content-Length", b"1000" if is_head else b"2")
        assert len(at.results[1].headers) == (2 if is_head else 1)
        assert len(at.results.told) == 1
        assert not at.is_kept
        assert at.transport.written == [REQUEST % 1]


@pytest.mark.parametrize("surplus", [b"HTTP/1.1 200 OK\r\nConte", HO, b"garbage", b"\x00"])
async def test_what_comes_on_an_idle_connection_closes_it(surplus: bytes) -> None:
    """
    Half an answer that nobody asked for would be taken for the answer to the next request.
    """
    async with line() as at:
        at.ask(1)
        at.say(HI)
        at.say(surplus)

        assert not at.is_kept
        assert at.transport.closing
        assert len(at.results.told) == 1


@pytest.mark.parametrize("surplus", [b"garbage", b"HTTP/1.1 2"])
async def test_garbage_after_an_answer_does_not_spoil_it(surplus: bytes) -> None:
    """
    The answer was whole, and only the connection is lost.
    """
    async with line() as at:
        at.ask(1)
        at.say(HI + surplus)

        assert at.results[1][:3:2] == (200, b"hi")
        assert not at.is_kept


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"<html>no HTTP</html>",
        b"HTTP/2 200 OK\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhi",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2\r\nConnection: Upgrade\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_odd(said: bytes) -> None:
    """
    Another client may know better; nobody knows what was done.
    """
    async with line() as at:
        at.ask(1)
        at.say(said)

        found = at.results[1]
        assert isinstance(found, Lost)
        assert (found.code, found.sent, found.odd) == ("BadAnswer", True, True)
        assert not at.is_kept
        assert at.transport.closing


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 2000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 400,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 400,
    ],
    ids=["length", "to-the-end", "chunked", "headers"],
)
async def test_an_answer_without_end_is_cut_off(said: bytes) -> None:
    """
    Memory is bounded, whatever a server sends.
    """
    async with line(max_answer=1000) as at:
        at.ask(1)
        at.say(*(said[start : start + 100] for start in range(0, len(said), 100)))

        found = at.results[1]
        assert isinstance(found, Lost)
        assert (found.code, found.odd) == ("BadAnswer", True)
        assert at.transport.closing


async def test_the_length_of_answers_is_not_added_up() -> None:
    """
    Each answer may be that long.
    """
    async with line(max_answer=100) as at:
        for tag in range(20):
            at.ask(tag)
            at.say(HI)

        assert all(isinstance(found, Answer) for _, found in at.results.told)


async def test_an_answer_may_end_with_its_connection() -> None:
    """
    Old servers tell no length: the body ends where the connection does.
    """
    async with line() as at:
        at.ask(1)
        at.say(b"HTTP/1.1 200 OK\r\nServer: old\r\n\r\n", b"h", b"i")
        at.end()

        assert at.results[1] == Answer(200, [(b"Server", b"old")], b"hi")
        assert not at.is_kept


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"", None),
        (b"", ConnectionResetError("reset")),
        (b"HTTP/1.1 200 OK\r\nServer: x\r\n", None),
        (b"HTTP/1.1 100 Continue\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", None),
        (b"HTTP/1.1 200 OK\r\n\r\nhi", ConnectionResetError("reset")),
    ],
    ids=["nothing", "reset", "headers", "100", "body", "no-body", "chunk", "reset-in-body"],
)
async def test_a_connection_that_ends_within_an_answer_gives_none(said: bytes, error: Exception | None) -> None:
    """
    Also where the answer before was whole: nobody knows what was done, and nothing about it is odd.
    """
    async with line() as at:
        at.ask(1)
        at.say(HI)
        at.ask(2)
        if said:
            at.say(said)
        at.end(error)

        found = at.results[2]
        assert isinstance(found, Lost)
        assert (found.code, found.sent, found.odd) == ("ConnectionClosed", True, False)
        assert ("within" in found.message) is (b"\r\n\r\n" in said and b" 100 " not in said)
        assert not at.pool._all


async def test_an_idle_connection_that_ends_is_forgotten() -> None:
    """
    Nobody is told, and nobody gets it.
    """
    async with line() as at:
        at.end()

        assert (at.results.told, at.pool._idle, at.pool._all) == ([], [], set())


async def test_no_request_goes_over_a_connection_that_is_closing() -> None:
    """
    Between the end of a connection and its report, it looks idle.
    """
    async with line() as at:
        at.transport.closing = True
        at.ask(1)

        assert at.transport.written == []


async def test_a_silent_server_is_given_up_after_its_time() -> None:
    """
    Each byte renews the time, as S3 sends blanks while a long copy is under way.
    """
    async with line() as at:
        at.ask(1)
        at.clock.now += 50
        at.pool.sweep()
        at.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n \r\n")
        for _ in range(5):
            at.clock.now += 50
            at.pool.sweep()
            at.say(b"1\r\n \r\n")
        assert at.results.told == []

        at.clock.now += 61
        at.pool.sweep()

        found = at.results[1]
        assert isinstance(found, Lost)
        assert (found.code, found.sent, found.odd) == ("ReadTimeout", True, False)
        assert at.transport.closing
        at.end()
        at.pool.sweep()
        assert len(at.results.told) == 1


async def test_idle_connections_are_closed_before_the_server_does() -> None:
    """
    S3 closes after 20 idle seconds; a request that crosses the closing gets no answer.
    """
    async with line() as at:
        at.clock.now += 11
        at.pool.sweep()
        assert at.is_kept
        at.ask(1)
        at.say(HI)
        at.clock.now += 11
        at.pool.sweep()
        assert at.is_kept
        at.clock.now += 2
        at.pool.sweep()

        assert (at.pool._idle, at.pool._all, at.transport.closing) == ([], set(), True)


async def test_a_deadline_never_hits_an_idle_connection() -> None:
    """
    The deadline of the last request is over with its answer.
    """
    async with line() as at:
        at.ask(1)
        at.say(HI)
        at.connection.deadline = 0
        at.pool.sweep()

        assert at.is_kept


async def test_sinks_of_a_sweep_may_do_as_they_like() -> None:
    """
    A request sent, or the pool closed, by the sink of one that took too long.
    """
    async with line() as at:
        at.results.then = lambda: at.ask(2)
        at.ask(1)
        at.clock.now += 61
        at.pool.sweep()
        at.results.then = at.pool.close
        at.pool.close()
        await asyncio.sleep(0)

        assert isinstance(at.results[1], Lost)
        assert at.results[2] == Lost("Aborted", "given up", sent=False)


async def test_a_bug_in_a_sink_is_no_broken_answer() -> None:
    """
    It comes out where it is seen, and the sink is not called again.
    """
    calls = []

    def buggy(tag: object, _found: Answer | Lost) -> None:
        calls.append(tag)
        raise ZeroDivisionError

    async with line() as at:
        at.pool.submit(Wanted(REQUEST % 1, buggy, 1, 60.0))
        with pytest.raises(ZeroDivisionError):
            at.say(HI)
        at.end()

    assert calls == [1]


async def test_what_nobody_waits_for_closes_its_connection() -> None:
    """
    The answer still to come must not be taken for that to another request.
    """
    async with line() as at:
        at.ask(1)
        at.pool.withdraw(1)
        at.pool.withdraw(3)
        at.say(HI)
        at.end()

        assert (at.results.told, at.pool._all, at.pool._idle) == ([], set(), [])
        assert at.transport.closing


Reply = bytes | Sequence[bytes] | None
Break: Final = b""
"""Closes the connection."""


class Server:
    """
    Gives the replies in their order, whatever connection asks. A reply is data, or pieces of it, of which an empty one
    closes the connection; None is never said.
    """

    def __init__(self, *replies: Reply) -> None:
        self.replies: list[Reply] = list(replies)
        self.requests: list[tuple[int, bytes]] = []
        self.connections = 0
        self.ended = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """
        One connection.
        """
        self.connections += 1
        number = self.connections
        self._writers.append(writer)
        try:
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                self.requests.append((number, asked.split()[1]))
                reply = self.replies.pop(0) if self.replies else HI
                for piece in (reply,) if isinstance(reply, bytes) else reply or ():
                    if not piece:
                        return
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.ended += 1
            writer.close()

    def hang_up(self) -> None:
        """
        Closes all connections.
        """
        for writer in self._writers:
            writer.close()


@dataclass(slots=True)
class Talk:
    """
    A pool and the server that it talks to.
    """

    pool: Pool
    server: Server
    clock: Clock
    results: Results = field(default_factory=Results)

    def ask(self, *tags: int) -> None:
        """
        Sends requests.
        """
        for tag in tags:
            self.pool.submit(self.results.wanted(tag))


async def until(true: Callable[[], bool]) -> None:
    """
    Returns as soon as something holds.
    """
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)


@asynccontextmanager
async def talk(
    *replies: Reply, tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Talk]:
    """
    A pool for a server of this machine.
    """
    server, clock = Server(*replies), Clock()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls[0] if tls else None)
    port = listening.sockets[0].getsockname()[1]
    pool = Pool(host, port, tls[1] if tls else None, clock=clock)
    try:
        yield Talk(pool, server, clock)
    finally:
        pool.close()
        await until(lambda: server.ended == server.connections and not pool._tasks)
        listening.close()
        await listening.wait_closed()


async def test_a_kept_connection_is_used_again() -> None:
    """
    One after the other, requests go over one connection.
    """
    async with talk(in_bytes(HI), HO, (b"HTTP/1.1 100 Continue\r\n\r\n", HI)) as at:
        for tag in (1, 2, 3):
            at.ask(tag)
            await at.results.are(tag)

        assert [found[0] for _, found in at.results.told] == [200, 404, 200]
        assert at.server.requests == [(1, b"/1"), (1, b"/2"), (1, b"/3")]


async def test_requests_at_once_have_a_connection_each() -> None:
    """
    None waits for another; and all connections are used again.
    """
    async with talk() as at:
        at.ask(*range(20))
        await at.results.are(20)
        at.ask(*range(20, 40))
        await at.results.are(40)

        assert at.server.connections == 20
        assert len(at.pool._idle) == len(at.pool._all) == 20
        assert len({tag for tag, found in at.results.told if isinstance(found, Answer)}) == 40


async def test_a_free_connection_takes_who_waits() -> None:
    """
    A request need not wait for the connection that is opened for it, and that one goes idle.
    """
    async with talk() as at:
        at.ask(1)
        await at.results.are(1)
        at.results.then = lambda: at.ask(3, 4)
        at.ask(2)
        await at.results.are(4)
        await until(lambda: at.pool._opening == 0)

        assert not at.pool._waiting
        assert len(at.pool._idle) == len(at.pool._all) == at.server.connections


@pytest.mark.parametrize(
    "reply",
    [
        (HI.replace(b"Content", b"Connection: close\r\nContent"), Break),
        (b"HTTP/1.1 200 OK\r\n\r\nhi", Break),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", Break),
    ],
    ids=["close", "to-the-end", "1.0"],
)
async def test_a_server_that_keeps_no_connections_is_served_all_the_same(reply: Reply) -> None:
    """
    Each request has its own connection, also those that sinks send, and those that came while all were busy.
    """
    async with talk(*[reply] * 6) as at:
        at.results.then = lambda: at.ask(3, 4)
        at.ask(1, 2)
        await at.results.are(4)
        at.ask(5, 6)
        await at.results.are(6)

        assert [found[0] for _, found in at.results.told] == [200] * 6
        assert (at.server.connections, len(at.pool._all)) == (6, 0)


async def test_a_server_that_hangs_up_between_requests_costs_none() -> None:
    """
    An idle connection that the server closed is not used.
    """
    async with talk() as at:
        at.ask(1, 2)
        await at.results.are(2)
        at.server.hang_up()
        await until(lambda: not at.pool._all)
        at.ask(3)
        await at.results.are(3)

        assert isinstance(at.results[3], Answer)
        assert at.server.connections == 3


async def test_a_request_lost_on_a_used_connection_is_told_once() -> None:
    """
    The server closed as the request came; the pool does not repeat it, because it may have been done.
    """
    async with talk(HI, Break) as at:
        at.ask(1)
        await at.results.are(1)
        at.ask(2)
        await at.results.are(2)
        at.ask(3)
        await at.results.are(3)

        found = at.results[2]
        assert isinstance(found, Lost)
        assert (found.code, found.sent) == ("ConnectionClosed", True)
        assert isinstance(at.results[3], Answer)
        assert at.server.requests == [(1, b"/1"), (1, b"/2"), (2, b"/3")]


async def test_a_silent_server_does_not_hold_others_up() -> None:
    """
    The request that gets no answer ends by its deadline, its connection closes, and the others go on.
    """
    async with talk(None) as at:
        at.ask(1)
        await until(lambda: bool(at.server.requests))
        at.ask(2)
        await at.results.are(1)
        at.clock.now += 61
        at.pool.sweep()

        assert isinstance(at.results[2], Answer)
        assert isinstance(at.results[1], Lost)
        await until(lambda: at.server.ended >= 1)


async def test_closing_ends_everything_once() -> None:
    """
    What is under way, what waits for a connection, and what comes afterwards: each sink hears of it once.
    """
    async with talk(None, None) as at:
        at.ask(1, 2)
        await until(lambda: len(at.server.requests) == 2)
        at.ask(3, 4)
        at.results.then = lambda: at.ask(5)
        at.pool.close()
        at.pool.close()
        at.ask(6)
        await at.results.are(6)
        await asyncio.sleep(0.01)

        sent = {tag: found.sent for tag, found in at.results.told if isinstance(found, Lost)}
        assert sent == {1: True, 2: True, 3: False, 4: False, 5: False, 6: False}
        assert len(at.results.told) == 6
        assert (at.pool._all, at.pool._idle, len(at.pool._waiting)) == (set(), [], 0)
        assert at.server.connections == 2


def free_port() -> int:
    """
    A port where nobody listens.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_a_refused_connection_never_sent_its_request() -> None:
    """
    Each request is told once, also those that sinks send while others fail.
    """
    results = Results()
    pool = Pool("127.0.0.1", free_port(), None)
    again = iter(range(5, 8))

    def resend() -> None:
        results.then = resend if (tag := next(again, None)) else None
        if tag:
            pool.submit(results.wanted(tag))

    results.then = resend
    for tag in range(5):
        pool.submit(results.wanted(tag))
    await results.are(8)
    pool.close()

    assert {(found.code, found.sent, found.odd) for _, found in results.told if isinstance(found, Lost)} == {
        (UNREACHABLE, False, False)
    }
    assert sorted(str(tag) for tag, _ in results.told) == [str(tag) for tag in range(8)]
    assert (pool._opening, len(pool._waiting)) == (0, 0)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".example", "a..b"])
async def test_a_host_without_address_cannot_be_reached(host: str) -> None:
    """
    Also where the name is none at all.
    """
    results = Results()
    pool = Pool(host, 80, None)
    pool.submit(results.wanted(1))
    pool.submit(results.wanted(2))
    await results.are(2)
    pool.close()

    assert [found[0] for _, found in results.told] == [UNREACHABLE, UNREACHABLE]


def resolver(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """
    Gives any host these addresses, and tells what was asked for.
    """
    asked: list[str] = []

    async def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        if host in addresses:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        asked.append(host)
        await asyncio.sleep(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    return asked


async def test_another_address_is_tried_where_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A host of which one address is down is still reached, whichever is tried first.
    """
    resolver(monkeypatch, "127.0.0.2", "127.0.0.1")
    async with talk(host="s3.test") as at:
        at.ask(1, 2, 3, 4)
        await at.results.are(4)

        assert all(isinstance(found, Answer) for _, found in at.results.told)


async def test_connections_go_to_all_addresses_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A large store has many front ends. Its name is asked for once, also by many who come at once.
    """
    asked = resolver(monkeypatch, "127.0.0.1", "127.0.0.2", "127.0.0.3")
    tried: list[str] = []
    loop = asyncio.get_running_loop()
    real: Any = loop.create_connection

    async def create_connection(make: object, host: str, port: int, **more: object) -> object:
        tried.append(host)
        return await real(make, "127.0.0.1", port, **more)

    monkeypatch.setattr(loop, "create_connection", create_connection)
    async with talk(host="s3.test") as at:
        at.ask(*range(6))
        await at.results.are(6)

        assert [tried.count(f"127.0.0.{number}") for number in (1, 2, 3)] == [2, 2, 2]
        assert asked == ["s3.test"]


async def test_a_connection_that_ends_at_once_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It ended before the pool knew of it: the request was not sent, and is told so now and not at its deadline.
    """
    loop = asyncio.get_running_loop()

    async def create_connection(make: Callable[[], Connection], *_: object, **__: object) -> object:
        connection, transport = make(), FakeTransport()
        connection.connection_made(transport)
        transport.closing = True
        connection.connection_lost(None)
        return transport, connection

    monkeypatch.setattr(loop, "create_connection", create_connection)
    results = Results()
    pool = Pool("127.0.0.1", 1, None)
    pool.submit(results.wanted(1))
    await results.are(1)
    pool.close()

    found = results[1]
    assert isinstance(found, Lost)
    assert (found.code, found.sent) == (UNREACHABLE, False)
    assert pool._all == set()


async def test_a_failed_connection_fails_nobody_who_has_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Of two connections that were opened one fails, but one of the two requests is under way already: the other waits for
    the second.
    """
    loop = asyncio.get_running_loop()
    real: Any = loop.create_connection
    gates: list[asyncio.Future[bool]] = []

    async def create_connection(*args: object, **more: object) -> object:
        gates.append(gate := loop.create_future())
        if await gate:
            raise ConnectionRefusedError
        return await real(*args, **more)

    async with talk() as at:
        at.ask(1)
        await at.results.are(1)
        monkeypatch.setattr(loop, "create_connection", create_connection)
        at.server.replies[:] = [HI, None]
        at.ask(2, 3, 4)
        # The answer to 2 frees its connection for 3; 4 waits, and two connections are on their way.
        await at.results.are(2)
        await until(lambda: len(gates) == 2)
        gates[0].set_result(True)
        await asyncio.sleep(0.01)
        assert [tag for tag, _ in at.results.told] == [1, 2]
        gates[1].set_result(False)
        await at.results.are(3)

        assert isinstance(at.results[4], Answer)


async def test_a_withdrawn_request_is_not_sent() -> None:
    """
    It still waited for its connection, which others use later.
    """
    async with talk() as at:
        at.ask(1)
        at.pool.withdraw(1)
        await until(lambda: len(at.pool._idle) == 1)
        at.ask(2)
        await at.results.are(1)

        assert at.server.requests == [(1, b"/2")]
        assert isinstance(at.results[2], Answer)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A certificate that nobody vouches for, with its key.
    """
    return self_signed(tmp_path_factory.mktemp("tls"))


def contexts(certificate: Path, *, trusts: bool) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """
    TLS settings of a server, and of a client who trusts it or not.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    client = ssl.create_default_context(cafile=str(certificate) if trusts else None)
    return server, client


async def test_tls_is_used_and_kept(certificate: Path) -> None:
    """
    The same over TLS, where the certificate is trusted.
    """
    async with talk(HI, in_bytes(HO), tls=contexts(certificate, trusts=True)) as at:
        for tag in (1, 2):
            at.ask(tag)
            await at.results.are(tag)

        assert [found[0] for _, found in at.results.told] == [200, 404]
        assert at.server.connections == 1


async def test_a_server_that_is_not_trusted_gets_no_request(certificate: Path) -> None:
    """
    Nothing was sent, and another client may have other certificates.
    """
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the server's side of it
    async with talk(tls=contexts(certificate, trusts=False)) as at:
        at.ask(1)
        await at.results.are(1)

        found = at.results[1]
        assert isinstance(found, Lost)
        assert (found.code, found.sent, found.odd) == (UNTRUSTED, False, True)
        assert at.server.requests == []


async def test_tls_with_a_server_that_has_none_cannot_be_reached(certificate: Path) -> None:
    """
    That is no matter of trust, and may pass.
    """
    async with talk() as plain:
        pool = Pool("127.0.0.1", plain.pool._port, contexts(certificate, trusts=True)[1])
        pool.submit(plain.results.wanted(1))
        plain.server.hang_up()
        await until(lambda: plain.server.connections == 1)
        plain.server.hang_up()
        await plain.results.are(1)
        pool.close()

        found = plain.results[1]
        assert isinstance(found, Lost)
        assert (found.code, found.sent, found.odd) == (UNREACHABLE, False, False)


ON_UVLOOP: Final[tuple[Callable[[], Awaitable[None]], ...]] = (
    test_a_kept_connection_is_used_again,
    test_requests_at_once_have_a_connection_each,
    test_a_free_connection_takes_who_waits,
    test_a_server_that_hangs_up_between_requests_costs_none,
    test_a_request_lost_on_a_used_connection_is_told_once,
    test_a_silent_server_does_not_hold_others_up,
    test_closing_ends_everything_once,
    test_a_refused_connection_never_sent_its_request,
    test_a_withdrawn_request_is_not_sent,
)


@pytest.mark.parametrize("scenario", ON_UVLOOP, ids=lambda scenario: scenario.__name__[5:])
def test_uvloop_makes_no_difference(scenario: Callable[[], Awaitable[None]]) -> None:
    """
    The program runs on it, where it can be had.
    """
    uvloop = pytest.importorskip("uvloop")

    async def run() -> None:
        await scenario()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
