"""
``s3copy demo``: a copy between two buckets of moto's S3 server, which runs inside this process.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Final

from s3copy_async.app import Action, Run
from s3copy_async.connect import open_s3
from s3copy_async.errors import ConfigError
from s3copy_async.options import Access, Keys, Options, Selection
from s3copy_async.state import RunState
from s3copy_async.stop import Stop
from s3copy_async.store import Store
from s3copy_async.uri import S3Uri
from s3copy_async.views import View

_SOURCE: Final = S3Uri("demo-source", "photos")
_DEST: Final = S3Uri("demo-backup", "2026")
_OBJECTS: Final = 400
_AT_ONCE: Final = 16


class Demo:
    """
    The demonstration.

    Args:
        views: makes the views of one run.
        objects: how many to copy.
    """

    def __init__(self, views: Callable[[RunState], Sequence[View]], stop: Stop, objects: int = _OBJECTS) -> None:
        self._views = views
        self._stop = stop
        self._objects = objects
        self.runs: list[RunState] = []

    @property
    def exit_code(self) -> int:
        """
        0 when every step did what the demonstration says.
        """
        return next((state.exit_code for state in self.runs if state.exit_code), 0)

    async def execute(self) -> None:
        """
        Shows a copy, the same copy again, and a check.

        Raises:
            ConfigError: moto is not installed.
        """
        try:
            from moto.server import ThreadedMotoServer
        except ImportError:
            raise ConfigError("demo: it needs the S3 server of moto: pip install 's3copy-async[demo]'") from None
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # one line per request would hide ours
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        await asyncio.to_thread(server.start)
        try:
            host, port = server.get_host_and_port()
            access = Access(
                Keys("AKIADEMODEMODEMODEMO", "demo"), endpoint_url=f"http://{host}:{port}", region="us-east-1"
            )
            await self._show(access)
        finally:
            await asyncio.to_thread(server.stop)

    async def _show(self, access: Access) -> None:
        _say(f"An S3 server (moto) listens on {access.endpoint_url}")
        _say(f"Filling s3://{_SOURCE.bucket} with {self._objects} objects")
        await self._fill(access)
        options = Options(Selection(_SOURCE, _DEST), access)
        for words, action in (
            (f"$ s3copy {_SOURCE} {_DEST}", Action.COPY),
            (f"The same command again: nothing is copied twice\n$ s3copy {_SOURCE} {_DEST}", Action.COPY),
            (f"And a check of the two\n$ s3copy check {_SOURCE} {_DEST}", Action.CHECK),
        ):
            _say(f"\n{words}")
            state = RunState()
            self.runs.append(state)
            await Run(options, state, self._views(state), self._stop).execute(action)
            if state.exit_code:
                return
        if self.runs[0].copied != self._objects or self.runs[1].copied:
            raise AssertionError("the demonstration copied other objects than it shows")

    async def _fill(self, access: Access) -> None:
        async with AsyncExitStack() as stack:
            store = await open_s3(access, stack, _AT_ONCE)
            for uri in (_SOURCE, _DEST):
                await store.create_bucket(uri.bucket)
            numbers = iter(range(self._objects))
            async with asyncio.TaskGroup() as group:
                for _ in range(_AT_ONCE):
                    group.create_task(_put(store, numbers))


async def _put(store: Store, numbers: Iterator[int]) -> None:
    for number in numbers:
        key = f"{_SOURCE.path}/{number // 100:02d}/image-{number:04d}.raw"
        await store.put_object(_SOURCE.bucket, key, f"picture {number}\n".encode() * 50)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
