"""
A proxy that kills its client with SIGKILL right before or right after a request of the test's choice.
"""

from __future__ import annotations

import http.client
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from support import Endpoint

_PATIENCE: Final = 60.0
_WORK: Final = re.compile(r"temp/.+/[0-9a-f]{7}/parts/(temp|part|s3copy)-")


class Seen(NamedTuple):
    """
    One request as the proxy saw it; `part` is the part's number where it names one.
    """

    operation: str
    key: str
    part: int = 0

    @property
    def stage(self) -> str:
        """
        Which step of a copy it belongs to.
        """
        match = _WORK.match(self.key)
        where = match[1] if match else ""
        if where == "temp" and self.operation not in ("HeadObject", "DeleteObject"):
            return "temp"
        if where == "part" and self.operation == "CopyObject":
            return "part"
        if where == "s3copy":
            return "record"
        names = {"UploadPartCopy": "compose", "CompleteMultipartUpload": "complete", "CreateMultipartUpload": "compose"}
        return names.get(self.operation, "small" if self.operation == "CopyObject" else "look")


def seen(method: str, target: str, headers: Any) -> Seen:
    """
    The S3 operation and key of one HTTP request with the bucket in its path.
    """
    parts = urlsplit(target)
    key = unquote(parts.path.lstrip("/").partition("/")[2])
    query = parse_qs(parts.query, keep_blank_values=True)
    copies = "x-amz-copy-source" in headers
    operations = {
        ("PUT", True): "UploadPartCopy" if copies else "UploadPart",
        ("PUT", False): "CopyObject" if copies else "PutObject",
        ("POST", True): "CompleteMultipartUpload",
        ("POST", False): "CreateMultipartUpload",
        ("DELETE", True): "AbortMultipartUpload",
        ("DELETE", False): "DeleteObject",
        ("GET", True): "ListParts",
        ("GET", False): "GetObject" if key else "List",
        ("HEAD", False): "HeadObject" if key else "HeadBucket",
    }
    return Seen(operations[method, "uploadId" in query], key, int(query.get("partNumber", ["0"])[0]))


@dataclass(slots=True)
class Guillotine:
    """
    Args:
        endpoint: where the victim sends its requests.
        fall_at: the number of the request, counted from 1, that the victim dies at; 0 kills nobody.
        after: the server has answered that request, and the victim never learns it.
        hit: the request it died at.
    """

    endpoint: Endpoint
    fall_at: int = 0
    after: bool = False
    victim: subprocess.Popen[str] | None = None
    log: list[Seen] = field(default_factory=list)
    hit: Seen | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, request: Seen) -> bool:
        """
        Notes a request; True when its answer must never arrive.
        """
        with self.lock:
            if self.hit is not None:
                # Whatever else was on its way dies with the victim, unanswered and undone.
                raise ConnectionAbortedError
            self.log.append(request)
            chosen = len(self.log) == self.fall_at
            if chosen:
                self.hit = request
        if chosen and not self.after:
            self.kill()
            raise ConnectionAbortedError
        return chosen

    def kill(self) -> None:
        """
        Kills the victim, which cannot notice.
        """
        assert self.victim is not None
        self.victim.kill()
        self.victim.wait()


@contextmanager
def guillotine(server: Endpoint) -> Iterator[Guillotine]:
    """
    The proxy on a free port of 127.0.0.1, in threads of this process.
    """
    front = ThreadingHTTPServer(("127.0.0.1", 0), _Forwarder)
    front.daemon_threads = True
    host, port = front.server_address[:2]
    blade = Guillotine(Endpoint("guillotine", f"http://{host!s}:{port}", server.access_key, server.secret_key))
    _Forwarder.places[port] = (blade, urlsplit(server.url).netloc)
    thread = threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield blade
    finally:
        front.shutdown()
        thread.join()
        front.server_close()
        del _Forwarder.places[port]


class _Forwarder(BaseHTTPRequestHandler):
    places: Final[dict[int, tuple[Guillotine, str]]] = {}
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._blade, backend = self.places[self.connection.getsockname()[1]]
        self._server = http.client.HTTPConnection(backend, timeout=_PATIENCE)

    def finish(self) -> None:
        self._server.close()
        try:
            super().finish()
        except OSError:
            self.rfile.close()

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        last = self._blade.begin(seen(self.command, self.path, self.headers))
        self._server.request(self.command, self.path, body=body, headers=self._passed_on())
        answer = self._server.getresponse()
        content = answer.read()
        if last:
            self._blade.kill()
            raise ConnectionAbortedError
        head = self.command == "HEAD"
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "keep-alive", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") or "0"
        self.send_header("Content-Length", length if head else str(len(content)))
        self.end_headers()
        if not head:
            self.wfile.write(content)
        self.wfile.flush()

    def _passed_on(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if name.lower() != "expect"}

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _forward  # noqa: N815 - names that http.server fixes

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that http.server fixes
        """
        Says nothing.
        """
