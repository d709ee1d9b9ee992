"""
A reverse proxy in front of an S3 server: it counts requests, refuses some of them, and holds others back.
"""

from __future__ import annotations

import http.client
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from support import Endpoint

_PATIENCE: Final = 60.0
_DENIED: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>PROXY</RequestId></Error>"
)
_OF_UPLOADS: Final = {
    "PUT": "UploadPartCopy",
    "POST": "CompleteMultipartUpload",
    "DELETE": "AbortMultipartUpload",
    "GET": "ListParts",
}
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


@dataclass(frozen=True, slots=True)
class Request:
    """
    What the proxy knows of one request.
    """

    operation: str
    bucket: str
    access_key: str


@dataclass(slots=True)
class Proxy:
    """
    The knobs and the counters of a running proxy.

    Args:
        endpoint: where clients go.
        held: operations that wait until they are released.
    """

    endpoint: Endpoint
    requests: Counter[str] = field(default_factory=Counter)
    seen: list[Request] = field(default_factory=list)
    denied: set[tuple[str, str, str]] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    waiting: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def deny(self, access_key: str, bucket: str, operation: str) -> None:
        """
        Answers 403 to this key, bucket and operation from now on; ``*`` is any operation.
        """
        self.denied.add((access_key, bucket, operation))

    def hold(self, operation: str) -> None:
        """
        Lets requests of this kind wait.
        """
        self.held.add(operation)

    def release(self) -> None:
        """
        Lets everything through that waits.
        """
        with self.changed:
            self.held.clear()
            self.changed.notify_all()

    def wait_until_held(self, number: int) -> None:
        """
        Returns once `number` requests wait.
        """
        with self.changed:
            assert self.changed.wait_for(lambda: self.waiting >= number, _PATIENCE), f"{self.waiting} requests wait"

    def passes(self, request: Request) -> bool:
        """
        Counts a request, holds it back where it must wait, and tells whether it is allowed.
        """
        with self.changed:
            self.requests[request.operation] += 1
            self.seen.append(request)
            if request.operation in self.held:
                self.waiting += 1
                self.changed.notify_all()
                self.changed.wait_for(lambda: request.operation not in self.held, _PATIENCE)
                self.waiting -= 1
        rules = {(request.access_key, request.bucket, name) for name in (request.operation, "*")}
        return not rules & self.denied


def request_of(method: str, target: str, headers: Any) -> Request:
    """
    The S3 operation of one HTTP request with the bucket in its path.
    """
    parts = urlsplit(target)
    bucket, _, key = parts.path.lstrip("/").partition("/")
    signer = re.search(r"Credential=([^/]+)/", headers.get("Authorization", ""))
    if not bucket:
        name = "ListBuckets"
    elif not key:
        name = (
            "ListObjectsV2" if "list-type=2" in parts.query else {"HEAD": "HeadBucket"}.get(method, f"{method}Bucket")
        )
    elif "uploadId=" in parts.query:
        name = _OF_UPLOADS.get(method, f"{method.title()}Upload")
    elif method == "PUT":
        name = "CopyObject" if "x-amz-copy-source" in headers else "PutObject"
    else:
        name = f"{method.title()}Object"
    return Request(name, bucket, signer[1] if signer else "")


@contextmanager
def proxy_before(server: Endpoint) -> Iterator[Proxy]:
    """
    A proxy on a free port of 127.0.0.1, in threads of this process.
    """
    front = ThreadingHTTPServer(("127.0.0.1", 0), _Forwarder)
    front.daemon_threads = True
    host, port = front.server_address[:2]
    proxy = Proxy(Endpoint("proxy", f"http://{host!s}:{port}", server.access_key, server.secret_key))
    _Forwarder.places[port] = (proxy, urlsplit(server.url).netloc)
    thread = threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.release()
        front.shutdown()
        thread.join()
        front.server_close()


class _Forwarder(BaseHTTPRequestHandler):
    places: Final[dict[int, tuple[Proxy, str]]] = {}
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for one answer
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """
        One connection to the server for one of a client.
        """
        super().setup()
        self._proxy, backend = self.places[self.connection.getsockname()[1]]
        self._server = http.client.HTTPConnection(backend, timeout=_PATIENCE)

    def finish(self) -> None:
        """
        Closes both connections, also when the client is gone already.
        """
        self._server.close()
        try:
            super().finish()
        except OSError:
            self.rfile.close()

    def handle(self) -> None:
        """
        Serves until the client leaves, however it leaves.
        """
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        """
        Refuses this program, as servers may: others do not even answer, and a client that waits for that does nothing
        else. The tests' own client may ask.
        """
        if "s3copy-async" not in self.headers.get("User-Agent", ""):
            return super().handle_expect_100()
        self.send_error(417)
        return False

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self._proxy.passes(request_of(self.command, self.path, self.headers)):
            self._answer(403, [("Content-Type", "application/xml")], _DENIED)
            return
        self._server.request(self.command, self.path, body=body, headers=dict(self.headers.items()))
        answer = self._server.getresponse()
        self._answer(answer.status, answer.getheaders(), answer.read(), answer.getheader("Content-Length"))

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, length: str | None = None) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        head = self.command == "HEAD"
        self.send_header("Content-Length", (length or "0") if head else str(len(body)))
        self.end_headers()
        if not head:
            self.wfile.write(body)
        self.wfile.flush()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _forward  # noqa: N815 - names that http.server fixes

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that http.server fixes
        """
        Says nothing.
        """
