"""
A real store, filled and emptied by ordinary S3 requests and compared by ``s3copy check``.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks.model import Load
from benchmarks.peers import program
from benchmarks.settings import Place
from benchmarks.stores import Counts, NotEmptyError, Verdict

_THREADS: Final = 32
_SEED: Final = "seed"
_MISSING: Final = {"404", "NoSuchBucket"}


class Buckets:
    """
    Args:
        empty_buckets: whether what the buckets hold already may be removed.
    """

    simulated = False

    def __init__(self, place: Place, *, empty_buckets: bool) -> None:
        self.name = urlsplit(place.endpoint).hostname or place.endpoint
        self._place = place
        self._s3: Any = botocore.session.get_session().create_client(
            "s3",
            endpoint_url=place.endpoint,
            region_name=place.credentials["AWS_REGION"],
            aws_access_key_id=place.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=place.credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=place.credentials.get("AWS_SESSION_TOKEN"),
            config=Config(max_pool_connections=_THREADS, s3={"addressing_style": "path"}),
        )
        for bucket in (place.source, place.dest):
            self._make(bucket)
            if not empty_buckets and self._s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("Contents"):
                raise NotEmptyError(f"{bucket} is not empty: --empty-buckets removes what it holds")

    def fill(self, bucket: str, load: Load) -> None:
        """
        Makes a bucket hold the load and nothing else.
        """
        self.clear(bucket)
        names = [f"{i // 10_000:03}/{i // 100 % 100:03}/{i:06}.bin" for i in range(load.objects)]
        if not load.part:
            _all(lambda name: self._s3.put_object(Bucket=bucket, Key=name, Body=_body(name, load.size)), names)
            return
        self._s3.put_object(Bucket=bucket, Key=_SEED, Body=_body(_SEED, load.part))
        _all(lambda name: self._compose(bucket, name, load), names)
        self._s3.delete_object(Bucket=bucket, Key=_SEED)

    def clear(self, bucket: str) -> None:
        """
        Removes all objects and unfinished uploads.
        """
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            if found := [{"Key": entry["Key"]} for entry in page.get("Contents", [])]:
                self._s3.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})
        for upload in self._s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            self._s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])

    def pace(self, settings: Mapping[str, int]) -> None:
        """
        Does nothing: it is as slow as it is.
        """

    def counts(self) -> Counts | None:
        """
        Nothing: S3 tells nobody.
        """
        return None

    def verify(self, load: Load) -> Verdict:
        """
        Lets ``s3copy check`` compare.
        """
        words = ["check", "--one-way", "--endpoint-url", self._place.endpoint, "-q"]
        places = [f"s3://{self._place.source}", f"s3://{self._place.dest}"]
        done = subprocess.run(
            [program("s3copy") or "s3copy", *words, *places],
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": os.environ.get("PATH", ""), "HOME": os.devnull, **self._place.credentials},
        )
        lines = (done.stdout + done.stderr).strip().splitlines()
        return (
            Verdict() if done.returncode == 0 else Verdict(f"wrong result: {lines[-1] if lines else done.returncode}")
        )

    def _make(self, bucket: str) -> None:
        try:
            self._s3.head_bucket(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            self._s3.create_bucket(Bucket=bucket)

    def _compose(self, bucket: str, key: str, load: Load) -> None:
        upload = self._s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        at = {"Bucket": bucket, "Key": key, "UploadId": upload}
        parts = []
        for number in range(1, load.size // load.part + 1):
            answer = self._s3.upload_part_copy(**at, PartNumber=number, CopySource=f"{bucket}/{_SEED}")
            parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
        self._s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})


def _body(name: str, size: int) -> bytes:
    """
    Bytes that differ from object to object.
    """
    return (name.encode() * (size // len(name) + 1))[:size]


def _all(work: Callable[[str], object], names: Iterable[str]) -> None:
    with ThreadPoolExecutor(_THREADS) as threads:
        for _ in threads.map(work, names):
            pass
