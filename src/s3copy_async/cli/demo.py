"""
``s3copy demo``: copies between two buckets of an S3 server inside this process.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from s3copy_async import Access, Action, Job, Keys, Options, RunState, S3Uri, Selection, Stop, Summary, View
from s3copy_async.cli.demo_server import client, served

_SOURCE: Final = S3Uri.parse("s3://demo-source/photos")
_DEST: Final = S3Uri.parse("s3://demo-backup/2026")
_PART: Final = 5 * 1024**2
_REFUSED: Final = 3
_LAST_WORDS: Final = """
That was it: {} refused requests were repeated, and nothing was lost. With buckets of your own, begin with a dry run:
$ s3copy -n s3://source/path s3://dest/path
--report FILE keeps a line for every object, --html FILE a page to look at; s3copy --help has the rest."""


@dataclass(frozen=True, slots=True)
class Scale:
    """
    How much there is to see.

    Args:
        small: objects of a few hundred bytes.
        large: numbers of parts, one for each object that is copied in parts.
        delay: seconds that each copy takes longer than it has to.
    """

    small: int = 400
    large: tuple[int, ...] = (6, 4, 3)
    delay: float = 0.0

    @property
    def objects(self) -> int:
        """
        All objects.
        """
        return self.small + len(self.large)


class Demo:
    """
    The demonstration.

    Args:
        views: makes the views of one run.
    """

    def __init__(self, views: Callable[[RunState], Sequence[View]], stop: Stop, scale: Scale) -> None:
        self._views = views
        self._stop = stop
        self._scale = scale
        self.runs: list[Summary] = []

    @property
    def exit_code(self) -> int:
        """
        0 when every step did what the demonstration says.
        """
        return next((run.exit_code for run in self.runs if run.exit_code), 0)

    async def execute(self) -> None:
        """
        Shows a copy, the same copy again, a change, and a check.

        Raises:
            ConfigError: moto is not installed.
            AssertionError: something else happened than is shown.
        """
        _forget_environment()
        with served(_REFUSED, self._scale.delay) as endpoint:
            _say(f"An S3 server (moto) listens on {endpoint}")
            if self._scale.delay:
                _say(
                    f"Each copy takes it {self._scale.delay} s longer than it has to, so that there is something to see"
                )
            _say(f"Filling {_SOURCE} with {self._scale.objects} objects, {len(self._scale.large)} of them in parts")
            s3 = client(endpoint)
            await asyncio.to_thread(_fill, s3, self._scale)
            await self._show(endpoint, s3)

    async def _show(self, endpoint: str, s3: Any) -> None:
        first = await self._run(endpoint, f"$ s3copy {_SOURCE} {_DEST}")
        if not first.ok:
            return
        _expect(first.copied == self._scale.objects, "copied other objects than there are")
        _expect(first.retries >= _REFUSED, "met no refused request")
        again = await self._run(
            endpoint, f"The same command again: nothing is copied twice\n$ s3copy {_SOURCE} {_DEST}"
        )
        if not again.ok:
            return
        _expect(not again.copied, "copied something twice")
        await asyncio.to_thread(_change, s3)
        changed = await self._run(
            endpoint, f"One photo was changed, one copy deleted: only these two move\n$ s3copy {_SOURCE} {_DEST}"
        )
        if not changed.ok:
            return
        _expect(changed.copied == 2, "copied other objects than those that were changed")
        checked = await self._run(endpoint, f"And a check of the two\n$ s3copy check {_SOURCE} {_DEST}", Action.CHECK)
        if checked.ok:
            _say(_LAST_WORDS.format(first.retries))

    async def _run(self, endpoint: str, words: str, action: Action = Action.COPY) -> Summary:
        _say(f"\n{words}")
        access = Access(Keys("AKIADEMODEMODEMODEMO", "demo"), endpoint_url=endpoint, region="us-east-1")
        job = Job(Options(Selection(_SOURCE, _DEST), access), action, views=self._views, stop=self._stop)
        summary = await job.run()
        self.runs.append(summary)
        return summary


def _forget_environment() -> None:
    """
    What the user has set up for real buckets must not lead the demonstration astray.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def _fill(s3: Any, scale: Scale) -> None:
    for uri in (_SOURCE, _DEST):
        s3.create_bucket(Bucket=uri.bucket)
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(_put, s3, number) for number in range(scale.small)]
        jobs += [pool.submit(_put_parts, s3, number, parts) for number, parts in enumerate(scale.large)]
        for job in jobs:
            job.result()


def _put(s3: Any, number: int) -> None:
    key = f"{_SOURCE.path}/{number // 100:02d}/image-{number:04d}.raw"
    s3.put_object(Bucket=_SOURCE.bucket, Key=key, Body=f"picture {number}\n".encode() * 50)


def _put_parts(s3: Any, number: int, parts: int) -> None:
    name = {"Bucket": _SOURCE.bucket, "Key": f"{_SOURCE.path}/00-panorama-{number}.tiff"}
    upload = {**name, "UploadId": s3.create_multipart_upload(**name)["UploadId"]}
    found = []
    for part in range(1, parts + 1):
        body = bytes([number, part]) * (_PART // 2 if part < parts else 1000)
        found.append({"PartNumber": part, "ETag": s3.upload_part(**upload, PartNumber=part, Body=body)["ETag"]})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": found})


def _change(s3: Any) -> None:
    s3.put_object(Bucket=_SOURCE.bucket, Key=f"{_SOURCE.path}/00/image-0007.raw", Body=b"retouched")
    s3.delete_object(Bucket=_DEST.bucket, Key=f"{_DEST.path}/{_SOURCE.path}/00/image-0042.raw")


def _expect(fulfilled: bool, otherwise: str) -> None:
    if not fulfilled:
        raise AssertionError(f"the demonstration {otherwise}")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
