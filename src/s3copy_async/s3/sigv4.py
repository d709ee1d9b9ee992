"""
Signs requests with AWS Signature Version 4, as a text made once for all requests of a kind.

What differs from one request to the next is filled in with ``%``; the key of the day and its HMAC states, date and
scope are made once a second or less. Source: Amazon S3 API reference, "Authenticating Requests (AWS Signature Version
4)".
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

EMPTY_HASH: Final = hashlib.sha256(b"").hexdigest()
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_BLOCK: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))
_SHA256: Final = hashlib.sha256()
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9_.~/-]*", re.ASCII).fullmatch
_SPACES: Final = re.compile(r" +")


def quoted_path(key: str) -> str:
    """
    A key as it stands in a path and in ``x-amz-copy-source``; bytes that are no UTF-8 stay what they are.
    """
    return key if _PLAIN_PATH(key) else quote(key.encode("utf-8", "surrogateescape"), safe="/~")


def canonical_query(pairs: Sequence[tuple[str, str]]) -> str:
    """
    A query as it is signed and sent: encoded, and sorted by what is encoded.
    """
    encoded = sorted((_quoted(name), _quoted(value)) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogateescape"), safe="-_.~")


class Signer:
    """
    The credentials of one moment, for one region and service.

    Args:
        clock: seconds since the epoch, injected for tests.
    """

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        token: str | None,
        region: str,
        service: str = "s3",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.token = token
        self._access_key = access_key
        self._secret_key = secret_key
        self._region = region
        self._service = service
        self._clock = clock
        self._second = -1
        self._day = ""
        self.date = ""
        self.credential = ""
        self._prefix = ""
        self._inner = self._outer = hashlib.sha256()

    def refresh(self) -> str:
        """
        Brings `date` and `credential` up to now, and returns the date.
        """
        second = int(self._clock())
        if second != self._second:
            self._second = second
            self.date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
            day = self.date[:8]
            scope = f"{day}/{self._region}/{self._service}/aws4_request"
            self._prefix = f"{_ALGORITHM}\n{self.date}\n{scope}\n"
            if day != self._day:
                self._day = day
                self.credential = f"{self._access_key}/{scope}"
                self._make_states(day)
        return self.date

    def _make_states(self, day: str) -> None:
        key = f"AWS4{self._secret_key}".encode()
        for word in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, word.encode(), "sha256")
        padded = key.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(padded.translate(_INNER))
        self._outer = hashlib.sha256(padded.translate(_OUTER))

    def signature(self, canonical: str) -> str:
        """
        The signature of a canonical request, for the date of the last `refresh`.
        """
        # A copy spares OpenSSL the search for the algorithm.
        plain = _SHA256.copy()
        plain.update(canonical.encode("utf-8", "surrogateescape"))
        digest = plain.hexdigest()
        # HMAC from two states of SHA-256 that already hold the key: half the price of hmac.digest.
        inner = self._inner.copy()
        inner.update((self._prefix + digest).encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.hexdigest()


class Template:
    """
    One kind of request: what is the same in all of them is put together here, once.

    Args:
        method: the HTTP method.
        host: the ``Host`` header.
        fixed: headers that never differ, signed or not; names in any case.
        variable: names of signed headers whose values differ, in lower case.
        unsigned: those of `fixed` that are not signed, in lower case.
    """

    def __init__(
        self,
        method: str,
        host: str,
        fixed: Mapping[str, str],
        variable: Sequence[str] = (),
        unsigned: frozenset[str] = frozenset(("user-agent", "connection", "content-length")),
    ) -> None:
        self._method = method
        self._host = host
        self._fixed = {name.lower(): value for name, value in fixed.items()}
        self._variable = tuple(variable)
        self._unsigned = unsigned
        self._made: dict[tuple[bool, bool], tuple[str, str]] = {}

    def plain(self, path: str, query: str = "", values: tuple[str, ...] = (), body: bytes = b"") -> bytes:
        """
        The request without a signature, for those who have no credentials.
        """
        _, text = self._made.get((False, False)) or self._texts(signed=False, with_token=False)
        return self._filled(text, path, query, (*values, len(body)), body)

    def signed(
        self, signer: Signer, path: str, query: str = "", values: tuple[str, ...] = (), body: bytes = b""
    ) -> bytes:
        """
        The whole request.

        Args:
            path: encoded by `quoted_path`.
            query: made by `canonical_query`.
            values: of the variable headers, in the order of their names.
        """
        date = signer.refresh()
        payload = hashlib.sha256(body).hexdigest() if body else EMPTY_HASH
        token = signer.token
        canonical, text = self._made.get((True, token is not None)) or self._texts(
            signed=True, with_token=token is not None
        )
        filled = (payload, *values, date) if token is None else (payload, *values, date, token)
        signature = signer.signature(canonical % (path, query, *filled, payload))
        return self._filled(text, path, query, (*filled, signer.credential, signature, len(body)), body)

    @staticmethod
    def _filled(text: str, path: str, query: str, values: tuple[object, ...], body: bytes) -> bytes:
        head = text % (f"{path}?{query}" if query else path, *values)
        return head.encode("utf-8", "surrogateescape") + body

    def _texts(self, *, signed: bool, with_token: bool) -> tuple[str, str]:
        """
        The canonical request and the request, with ``%s`` where something is to be filled in.
        """
        gaps = list(self._variable)
        if signed:
            gaps = ["x-amz-content-sha256", *gaps, "x-amz-date", *(["x-amz-security-token"] if with_token else [])]
        fixed = {"host": self._host, **self._fixed}
        names = self._names(fixed, gaps)
        lines = [f"{self._method} %s HTTP/1.1", *(f"{_kept(name)}: {_kept(value)}" for name, value in fixed.items())]
        lines += [f"{name}: %s" for name in gaps]
        if signed:
            lines.append(f"Authorization: {_ALGORITHM} Credential=%s, SignedHeaders={';'.join(names)}, Signature=%s")
        lines.append("Content-Length: %s")
        made = (self._canonical(fixed, gaps, names), "\r\n".join(lines) + "\r\n\r\n")
        self._made[signed, with_token] = made
        return made

    def _names(self, fixed: Mapping[str, str], gaps: Sequence[str]) -> list[str]:
        return sorted({*(name for name in fixed if name not in self._unsigned), *gaps})

    def _canonical(self, fixed: Mapping[str, str], gaps: Sequence[str], names: Sequence[str]) -> str:
        if [name for name in names if name in gaps] != list(gaps):
            raise ValueError(f"variable headers must be named in the order of their names: {', '.join(gaps)}")
        lines = [f"{name}:%s" if name in gaps else f"{name}:{_kept(_trimmed(fixed[name]))}" for name in names]
        return "\n".join((self._method, "%s", "%s", *lines, "", ";".join(names), "%s"))


def _trimmed(value: str) -> str:
    return _SPACES.sub(" ", value.strip())


def _kept(text: str) -> str:
    # The texts are filled in with "%".
    return text.replace("%", "%%")
