"""
An S3 server for the demonstration: moto's, inside this process, a little slower and less reliable than it could be.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from s3copy_async import ConfigError

_SLOW_DOWN: Final = (
    b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'
)
_KEYS: Final = {"aws_access_key_id": "AKIADEMODEMODEMODEMO", "aws_secret_access_key": "demo"}

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(slots=True)
class Weather:
    """
    Stands before a server.

    Args:
        app: the server.
        refused: so many copies are refused, each of them once, as S3 does when it is asked too much at once.
        delay: seconds that each copy takes longer.
    """

    app: Application
    refused: int = 0
    delay: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """
        Answers one request (PEP 3333).
        """
        if "HTTP_X_AMZ_COPY_SOURCE" in environ:
            if not parse_qs(environ.get("QUERY_STRING", "")) and self._refuse():
                start_response("503 Slow Down", [("Content-Type", "application/xml")])
                return [_SLOW_DOWN]
            time.sleep(self.delay)
        return self.app(environ, start_response)

    def _refuse(self) -> bool:
        with self._lock:
            self.refused -= 1
            return self.refused >= 0


@contextmanager
def served(refused: int, delay: float) -> Iterator[str]:
    """
    The endpoint of a running server, on a free port of 127.0.0.1.

    Raises:
        ConfigError: moto is not installed.
    """
    try:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server
    except ImportError:
        raise ConfigError("demo: it needs the S3 server of moto: pip install 's3copy-async[demo]'") from None
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # one line per request would hide ours
    app = Weather(DomainDispatcherApplication(create_backend_app), refused, delay)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client(endpoint: str) -> Any:
    """
    boto3's client of the server: whoever else uses these buckets.
    """
    import boto3
    from botocore.config import Config

    config = Config(s3={"addressing_style": "path"}, max_pool_connections=16)
    return boto3.session.Session().client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config, **_KEYS)
