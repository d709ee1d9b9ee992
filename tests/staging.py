"""
What tests of copies in parts share: objects in parts, runs in memory, and requests that can be watched and broken.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, cast

from s3copy_async.app import Action, Run
from s3copy_async.errors import S3Error
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import StoredObject
from s3copy_async.model import CompleteRequest, CopyRequest, PartRequest
from s3copy_async.options import Access, Grant, Limits, Options, PartOptions, Selection
from s3copy_async.state import RunState
from s3copy_async.stop import Stop
from s3copy_async.store import Store
from s3copy_async.uri import S3Uri
from support import Clock, Recorder, Watched, patient

MIB: Final = 1024**2
NAMES: Final = {
    "list_page": "ListObjectsV2",
    "head_object": "HeadObject",
    "head_details": "HeadObject",
    "head_bucket": "HeadBucket",
    "copy_object": "CopyObject",
    "get_object": "GetObject",
    "create_upload": "CreateMultipartUpload",
    "copy_part": "UploadPartCopy",
    "complete_upload": "CompleteMultipartUpload",
    "abort_upload": "AbortMultipartUpload",
    "list_parts": "ListParts",
    "list_uploads": "ListMultipartUploads",
    "caller_id": "ListBuckets",
    "create_bucket": "CreateBucket",
    "put_object": "PutObject",
    "delete_object": "DeleteObject",
}


@cache
def some_bytes(size: int, seed: int = 0) -> bytes:
    """
    `size` bytes that are others for every `seed`.
    """
    return random.Random(f"{seed}/{size}").randbytes(size)  # noqa: S311 - test data


def pieces(*sizes: int, seed: int = 0) -> list[bytes]:
    """
    Parts of these sizes, no two of them alike.
    """
    return [some_bytes(size, seed * 1000 + number) for number, size in enumerate(sizes)]


def buckets() -> MemoryStore:
    """
    A store with an empty bucket ``in`` and an empty bucket ``out``.
    """
    store = MemoryStore()
    store.fill("in", {})
    store.fill("out", {})
    return store


def with_parts(*sizes: int, key: str = "big") -> MemoryStore:
    """
    A store whose bucket ``in`` holds one object that was uploaded in parts of these sizes.
    """
    store = buckets()
    store.fill_multipart("in", key, pieces(*sizes))
    return store


def copying(
    *,
    large_file: int = 5 * 1024**3,
    permits: int = 4,
    retries: int = 3,
    parts: PartOptions | None = None,
    grants: tuple[Grant, ...] = (),
) -> Options:
    """
    Options that copy all of ``in`` to ``out``.
    """
    limits = Limits(permits=permits, retries=retries, large_file=large_file)
    return Options(
        Selection(S3Uri("in"), S3Uri("out")),
        limits=limits,
        grants=grants,
        parts=parts or PartOptions(),
    )


def contents(store: MemoryStore, bucket: str = "out", work: str = "temp/") -> dict[str, StoredObject]:
    """
    What a bucket holds outside the work area.
    """
    return {key: found for key, found in store.buckets[bucket].items() if not key.startswith(work)}


def names(store: MemoryStore, bucket: str = "out", work: str = "temp/") -> list[str]:
    """
    The keys in the work area.
    """
    return sorted(key for key in store.buckets[bucket] if key.startswith(work))


def is_copy(store: MemoryStore, key: str = "big") -> bool:
    """
    Whether the destination holds the source's bytes under the source's ETag.
    """
    source, dest = store.buckets["in"][key], store.buckets["out"].get(key)
    return dest is not None and (dest.body, dest.etag) == (source.body, source.etag)


def has_bytes(store: MemoryStore, key: str = "big") -> bool:
    """
    Whether the destination holds the source's bytes.
    """
    dest = store.buckets["out"].get(key)
    return dest is not None and dest.body == store.buckets["in"][key].body


@dataclass(frozen=True, slots=True)
class Request:
    """
    One request as it was sent. `number` counts all requests from 1; `detail` is the request's own value, if it has one.
    """

    number: int
    operation: str
    bucket: str
    key: str
    detail: CopyRequest | PartRequest | CompleteRequest | None = None

    @property
    def stage(self) -> str:
        """
        What the request belongs to: temp, part, compose, complete, record, or other.
        """
        name = self.key.rpartition("/")[2]
        if name.startswith("temp-"):
            return "temp"
        if name.startswith("part-") and self.operation == "CopyObject":
            return "part"
        if name.startswith("s3copy-"):
            return "record"
        in_final = {"UploadPartCopy": "compose", "CreateMultipartUpload": "compose"}
        return in_final.get(self.operation, "complete" if self.operation == "CompleteMultipartUpload" else "other")


Hook = Callable[[Request], None]


def _nothing(_request: Request) -> None:
    pass


@dataclass(slots=True)
class Wire:
    """
    Stands before a store like a network: every request takes some turns of the event loop.

    Args:
        turns: how many pass before `before` is called.
        before: called when a request was sent and has had no effect yet; what it raises is raised instead.
        after: called when a request has had its effect and its answer is still on its way.
    """

    store: MemoryStore
    before: Hook = _nothing
    after: Hook = _nothing
    turns: int = 1
    requests: list[Request] = field(default_factory=list)
    unanswered: list[Request] = field(default_factory=list)
    running: int = 0
    peak: int = 0

    def __getattr__(self, name: str) -> Any:
        """
        A method of the store, behind the wire.
        """
        method = getattr(self.store, name)
        if name not in NAMES:
            return method

        async def send(*args: Any, **kwargs: Any) -> Any:
            request = self._request(name, inspect.signature(method).bind(*args, **kwargs).arguments)
            self.requests.append(request)
            self.unanswered.append(request)
            self.running += 1
            self.peak = max(self.peak, self.running)
            try:
                for _ in range(self.turns):
                    await asyncio.sleep(0)
                self.before(request)
                await asyncio.sleep(0)
                try:
                    answer = await method(*args, **kwargs)
                except S3Error:
                    self.after(request)  # an answer too
                    raise
                self.after(request)
                await asyncio.sleep(0)
                self.unanswered.remove(request)
                return answer
            finally:
                self.running -= 1

        return send

    def _request(self, name: str, given: dict[str, Any]) -> Request:
        number, operation = len(self.requests) + 1, NAMES[name]
        detail = given.get("request")
        if isinstance(detail, CopyRequest):
            return Request(number, operation, detail.dest_bucket, detail.dest_key, detail)
        if isinstance(detail, (PartRequest, CompleteRequest)):
            return Request(number, operation, detail.bucket, detail.key, detail)
        return Request(number, operation, given.get("bucket", ""), given.get("key", given.get("prefix", "")))

    def moved(self) -> list[tuple[str, int, int]]:
        """
        The source ranges that step 1 copied: name of the temp object, start, stop.
        """
        return [
            (sent.key, sent.detail.start, sent.detail.stop)
            for sent in self.requests
            if isinstance(sent.detail, PartRequest) and sent.stage == "temp"
        ]

    def stages(self, stage: str) -> list[str]:
        """
        The keys of the requests of a stage, in order.
        """
        return [sent.key for sent in self.requests if sent.stage == stage]

    def copies(self) -> list[str]:
        """
        The keys that a copy request wrote to, in order.
        """
        return [sent.key for sent in self.requests if sent.operation in {"CopyObject", "UploadPartCopy"}]


async def run_over(wire: Wire, options: Options, stop: Stop | None = None) -> Watched:
    """
    Runs the whole program over `wire`.
    """

    async def open_store(_access: Access, _stack: AsyncExitStack, _permits: int) -> Store:
        return cast("Store", wire)

    recorder, state = Recorder(), RunState()
    await Run(options, state, [recorder], stop, open_store, patient(Clock())).execute(Action.COPY)
    return Watched(state, recorder.events)


def recorded(store: MemoryStore) -> set[str]:
    """
    The ids of the uploads that records in the work area name.
    """
    return {
        json.loads(found.body)["upload_id"]
        for contents_of in store.buckets.values()
        for key, found in contents_of.items()
        if "/parts/s3copy-upload-" in key
    }


class Killed(BaseException):
    """
    The process is no more.
    """


@dataclass(slots=True)
class Kill:
    """
    Hooks for a wire: from the request `at` on nothing gets through any more, and no answer comes back.

    Args:
        after: the request itself still has its effect.
    """

    at: Callable[[Request], bool]
    after: bool = False
    hit: Request | None = None

    def before_request(self, request: Request) -> None:
        """
        Kills before the effect.
        """
        if not self.hit and not self.after and self.at(request):
            self.hit = request
        if self.hit:
            raise Killed

    def after_request(self, request: Request) -> None:
        """
        Kills after the effect.
        """
        if not self.hit and self.after and self.at(request):
            self.hit = request
        if self.hit:
            raise Killed


def number_is(number: int) -> Callable[[Request], bool]:
    """
    True for the request of this number, counted over all requests.
    """
    return lambda request: request.number == number


def nth_of(stage: str, operation: str, number: int) -> Callable[[Request], bool]:
    """
    True for the request number `number` of its kind, counted from 1.
    """
    seen = 0

    def at(request: Request) -> bool:
        nonlocal seen
        seen += (request.stage, request.operation) == (stage, operation)
        return (request.stage, request.operation) == (stage, operation) and seen == number

    return at


async def killed_run(store: MemoryStore, options: Options, kill: Kill) -> Wire:
    """
    A run that dies; returns what it had sent.
    """
    wire = Wire(store, kill.before_request, kill.after_request)
    try:
        await run_over(wire, options)
    except BaseExceptionGroup as group:
        if group.split(Killed)[1] is not None:
            raise
    except Killed:
        pass
    return wire
