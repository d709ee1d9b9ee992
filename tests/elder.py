"""
An S3 server that knows only version 1 of the listing, as some stores do, and stores that talk to it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final
from urllib.parse import quote, unquote_to_bytes
from xml.sax.saxutils import escape

from s3copy_async.options import ListVersion, Transport
from s3copy_async.store import Store
from scripted import ACCESS, MD5, NAMESPACE, XML, Request, answer, error, scripted


class Manner(Enum):
    """
    What such a server does with a request for version 2.
    """

    IGNORES = "takes it for one for version 1"
    NOT_IMPLEMENTED = "501 NotImplemented"
    BARE = "501 without a word"
    NOT_ALLOWED = "405 MethodNotAllowed"
    ARGUMENT = "400 InvalidArgument: list-type"


REFUSALS: Final = {
    Manner.NOT_IMPLEMENTED: answer("501 Not Implemented", error("NotImplemented")),
    Manner.BARE: answer("501 Not Implemented"),
    Manner.NOT_ALLOWED: answer("405 Method Not Allowed", error("MethodNotAllowed")),
    Manner.ARGUMENT: answer(
        "400 Bad Request",
        error("InvalidArgument").replace("</Message>", "</Message><ArgumentName>list-type</ArgumentName>"),
    ),
}


@dataclass(slots=True)
class Elder:
    """
    Args:
        keys: what every bucket holds.
        encodes: knows ``encoding-type=url``; else keys are XML's text.
        names_marker: tells the next marker also where no delimiter was asked for.
        page_size: keys in a page.
    """

    keys: Iterable[str]
    manner: Manner = Manner.IGNORES
    encodes: bool = True
    names_marker: bool = False
    page_size: int = 3
    requests: list[dict[str, str]] = field(default_factory=list)
    senders: list[bool] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> bytes:
        """
        What it says to a request for a page.
        """
        pairs = [pair.partition("=") for pair in request.query]
        query = {name: unquote_to_bytes(value).decode("utf-8", "surrogateescape") for name, _, value in pairs}
        self.requests.append(query)
        self.senders.append(request.is_botocore)
        if "list-type" in query and self.manner in REFUSALS:
            return REFUSALS[self.manner]
        return answer("200 OK", self.page(query.get("prefix", ""), query.get("marker", "")))

    def page(self, prefix: str, marker: str) -> str:
        """
        A page of version 1.
        """
        keys = sorted((key for key in self.keys if key.startswith(prefix)), key=in_bytes)
        left = [key for key in keys if in_bytes(key) > in_bytes(marker)]
        chosen = left[: self.page_size]
        write: Callable[[str], str] = encoded if self.encodes else escape
        items = "".join(
            f"<Contents><Key>{write(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>&quot;{MD5}&quot;</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for key in chosen
        )
        is_cut = len(left) > len(chosen)
        following = f"<NextMarker>{write(chosen[-1])}</NextMarker>" if is_cut and self.names_marker else ""
        encoding = "<EncodingType>url</EncodingType>" if self.encodes else ""
        return (
            f"{XML}<ListBucketResult {NAMESPACE}><Name>in</Name><Prefix>{write(prefix)}</Prefix>"
            f"<Marker>{write(marker)}</Marker>{following}<MaxKeys>1000</MaxKeys>{encoding}"
            f"<IsTruncated>{str(is_cut).lower()}</IsTruncated>{items}</ListBucketResult>"
        )

    @property
    def versions(self) -> list[int]:
        """
        Which version each request asked for.
        """
        return [2 if "list-type" in query else 1 for query in self.requests]


def in_bytes(key: str) -> bytes:
    """
    A key as it sorts.
    """
    return key.encode("utf-8", "surrogateescape")


def encoded(key: str) -> str:
    """
    A key as ``encoding-type=url`` has it.
    """
    return quote(in_bytes(key), safe="/")


@asynccontextmanager
async def served(elder: Elder, transport: Transport, version: ListVersion = ListVersion.AUTO) -> AsyncIterator[Store]:
    """
    A store whose server is `elder`.
    """
    async with scripted(transport, access=replace(ACCESS, list_version=version), think=elder.answer) as (store, script):
        yield store
    elder.said += script.said
