"""
The kept-alive connections to one host: each request goes out on an idle one, or on one that is opened for it. One timer
watches over all deadlines.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from typing import Final

from s3copy_async.errors import UNREACHABLE
from s3copy_async.s3.http1 import Connection, Lost, Wanted

_SWEEP: Final = 0.25
_IDLE: Final = 12.0
"""S3 drops connections after about 20 idle seconds; who sends on one at that moment gets no answer."""
_CONNECT: Final = 10.0
_ADDRESSES: Final = 60.0
"""Seconds for which the addresses of a host are believed."""
MAX_ANSWER: Final = 64 << 20
"""Larger answers are no S3 answers: a page of a thousand keys, each encoded to 3 KB, has 4 MB."""
UNTRUSTED: Final = "Untrusted"
"""Our code for a server whose certificate is not to be trusted."""
_GIVEN_UP: Final = Lost("Aborted", "given up", sent=False)


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
