"""
An nginx in front of the store, so that the same work is measured over TLS.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_CONF: Final = """\
{user}
daemon off;
worker_processes auto;
worker_rlimit_nofile 16384;
pid nginx.pid;
error_log error.log warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    merge_slashes off;
    upstream store {{
        server {upstream};
        keepalive 512;
        keepalive_requests 1000000;
    }}
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate certificate.pem;
        ssl_certificate_key key.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:bench:10m;
        keepalive_requests 1000000;
        keepalive_timeout 60s;
        client_max_body_size 0;
        location / {{
            proxy_pass http://store;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
            proxy_request_buffering off;
            proxy_buffers 64 16k;
            proxy_max_temp_file_size 0;
            proxy_read_timeout 600s;
        }}
    }}
}}
"""
_CERTIFICATE: Final = (
    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem",
)  # fmt: skip
_SBIN: Final = "/usr/local/sbin:/usr/sbin:/sbin"
_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Front:
    """
    Where TLS is spoken, and the certificate to trust.
    """

    endpoint: str
    certificate: Path


def missing(endpoint: str) -> str:
    """
    Why there can be no TLS in front of an endpoint; empty if there can.
    """
    if not endpoint.startswith("http://"):
        return "the store speaks TLS itself"
    absent = [name for name in ("nginx", "openssl") if _program(name) is None]
    return f"{' and '.join(absent)} not installed" if absent else ""


def configuration(endpoint: str, port: int) -> str:
    """
    The nginx.conf for one endpoint. A master that is root gives its rights to its workers, for the folder is private.
    """
    where = urlsplit(endpoint)
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    return _CONF.format(user=user, upstream=f"{where.hostname}:{where.port or 80}", port=port)


@contextmanager
def front(endpoint: str, folder: Path) -> Iterator[Front]:
    """
    A running nginx with a certificate of its own, in `folder`.
    """
    nginx, openssl = _program("nginx"), _program("openssl")
    if nginx is None or openssl is None:
        raise FileNotFoundError(missing(endpoint))
    subprocess.run([openssl, *_CERTIFICATE], cwd=folder, check=True, capture_output=True)
    port = _free_port()
    (folder / "nginx.conf").write_text(configuration(endpoint, port), "utf-8")
    server = subprocess.Popen([nginx, "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"])
    try:
        _wait(server, port)
        yield Front(f"https://127.0.0.1:{port}", folder / "certificate.pem")
    finally:
        server.terminate()
        server.wait()


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=_SBIN)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError as error:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError("nginx does not answer") from error
            time.sleep(0.05)
