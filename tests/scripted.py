"""
An S3 server that says exactly what a test wants it to say, and stores that talk to it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from s3copy_async.connect import OpenS3
from s3copy_async.options import Access, Keys, Transport
from s3copy_async.store import Store

MD5: Final = "5d41402abc4b2a76b9719d911017c592"
XML: Final = '<?xml version="1.0" encoding="UTF-8"?>'
NAMESPACE: Final = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
EMPTY_PAGE: Final = f"{XML}<ListBucketResult {NAMESPACE}><IsTruncated>false</IsTruncated></ListBucketResult>"
COPIED: Final = f"{XML}<CopyObjectResult {NAMESPACE}><ETag>&quot;{MD5}&quot;</ETag></CopyObjectResult>"


def answer(status: str, body: str = "", *headers: str) -> bytes:
    """
    An HTTP answer, after which the connection is kept.
    """
    ids = ("x-amz-request-id: REQ", "x-amz-id-2: HOST")
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", *ids, *headers]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body.encode()


def error(code: str) -> str:
    """
    S3's words for an error.
    """
    return (
        f"{XML}<Error><Code>{code}</Code><Message>words</Message><RequestId>R1</RequestId><HostId>H1</HostId></Error>"
    )


class Request(NamedTuple):
    """
    A request as the server sees it. Names of headers in lower case.
    """

    method: str
    path: str
    query: tuple[str, ...]
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def is_botocore(self) -> bool:
        """
        Whether aiobotocore sent it: this header it sends with all requests, and the wire store with none.
        """
        return "amz-sdk-invocation-id" in self.headers


@dataclass(slots=True)
class Script:
    """
    Answers in the given order; None closes the connection without one, and an empty one is never given. The last one is
    repeated. With `think`, that answers instead.
    """

    answers: list[bytes | None]
    think: Callable[[Request], bytes] | None = None
    requests: list[Request] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _ended: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """
        One connection.
        """
        self.connections += 1
        number = self.connections
        self._writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.requests.append(request := await _read(reader, number))
                if self.think:
                    said: bytes | None = self.think(request)
                else:
                    said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if said is None:
                    break
                if request.method == "HEAD":
                    said = said.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                writer.write(said)
                await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self._ended += 1

    def hang_up(self) -> None:
        """
        Closes all connections.
        """
        for writer in self._writers:
            writer.close()

    async def end(self) -> None:
        """
        Returns when every connection has ended: the stores close theirs before.
        """
        async with asyncio.timeout(10):
            while self._ended < self.connections:  # noqa: ASYNC110 - only tests wait so
                await asyncio.sleep(0.001)

    @property
    def senders(self) -> list[str]:
        """
        Who sent each request.
        """
        return ["botocore" if request.is_botocore else "wire" for request in self.requests]


async def _read(reader: asyncio.StreamReader, connection: int) -> Request:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    path, _, query = target.partition("?")
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, tuple(sorted(query.split("&"))) if query else (), headers, body, connection)


def self_signed(folder: Path) -> Path:
    """
    A certificate for 127.0.0.1 that nobody vouches for, and its key, in one file.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "s3.test")])
    now = datetime.now(UTC)
    hosts = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(hosts, critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


ACCESS: Final = Access(Keys("AKIATESTTESTTESTTEST", "secret"), region="us-east-1")


@asynccontextmanager
async def scripted(
    transport: Transport,
    *answers: bytes | None,
    access: Access = ACCESS,
    certificate: Path | None = None,
    think: Callable[[Request], bytes] | None = None,
) -> AsyncIterator[tuple[Store, Script]]:
    """
    A store whose server follows a script. What it says of its choices is in the script too.
    """
    script = Script(list(answers), think)
    tls = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0, ssl=tls)
    script.port = server.sockets[0].getsockname()[1]
    url = access.endpoint_url or f"http{'s' if tls else ''}://127.0.0.1:{script.port}"
    access = replace(access, transport=transport, endpoint_url=url)
    try:
        async with AsyncExitStack() as stack:
            yield await OpenS3(script.said.append)(access, stack, 4), script
    finally:
        await script.end()
        server.close()
        await server.wait_closed()
