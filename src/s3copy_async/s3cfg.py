"""
Reads credentials from s3cmd's configuration files.
"""

from __future__ import annotations

import configparser
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from s3copy_async.options import Keys

S3CFG_PATH: Final = "~/.s3cfg"
_AWS_HOSTS: Final = ("s3.amazonaws.com",)


@dataclass(frozen=True, slots=True)
class S3Cfg:
    """
    What one file gives. Empty values count as absent.

    Args:
        endpoint_url: from ``host_base`` and ``use_https``; None for Amazon's own host.
        exposed: the file holds a secret that others on this machine can read.
    """

    access_key: str | None
    secret_key: str | None
    token: str | None
    endpoint_url: str | None
    exposed: bool

    @property
    def keys(self) -> Keys | None:
        """
        Both keys, or None when the file lacks one of them.
        """
        if self.access_key and self.secret_key:
            return Keys(self.access_key, self.secret_key, self.token)
        return None


def read_s3cfg(path: str) -> S3Cfg:
    """
    Reads the ``[default]`` section of `path`. Values are taken as they stand: a ``%`` in a secret is a ``%``.

    Raises:
        ValueError: one line that says why the file cannot be used.
    """
    file = Path(path).expanduser()
    parser = configparser.RawConfigParser(strict=False)
    try:
        text = file.read_text(encoding="utf-8")
        exposed = bool(file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
        parser.read_string(text)
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror}): give the path of an s3cmd configuration") from None
    except (configparser.Error, UnicodeDecodeError):
        # The parser's own words would quote the file, secrets included.
        raise ValueError(
            "is not an s3cmd configuration: expected a [default] section with access_key and secret_key"
        ) from None
    section = parser["default"] if parser.has_section("default") else {}

    def value(name: str) -> str | None:
        return section.get(name, "").strip() or None

    return S3Cfg(
        access_key=value("access_key"),
        secret_key=value("secret_key"),
        token=value("access_token"),
        endpoint_url=_endpoint(value("host_base"), value("use_https")),
        exposed=exposed and bool(value("secret_key")),
    )


def _endpoint(host: str | None, use_https: str | None) -> str | None:
    if not host or host in _AWS_HOSTS:
        return None
    if "://" in host:
        return host
    secure = (use_https or "true").lower() not in ("false", "no", "off", "0")
    return f"{'https' if secure else 'http'}://{host}"
