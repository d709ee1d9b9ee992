"""
What end-to-end tests share: a bucket to look into, and ways to run the command line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import boto3
import botocore.config
import pytest

from s3copy_async.cli.main import main
from support import Endpoint, endpoints_from_environment

PROGRAM: Final = (sys.executable, "-m", "s3copy_async")
PATIENCE: Final = 100.0


class Result(NamedTuple):
    """
    How a command ended, and what it said.
    """

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """
        Standard output in lines.
        """
        return self.out.splitlines()

    @property
    def last(self) -> dict[str, Any]:
        """
        The last line of ``--progress json``: the summary.
        """
        document: dict[str, Any] = json.loads(self.lines[-1])
        return document


@dataclass(frozen=True, slots=True)
class Bucket:
    """
    A bucket as somebody else's S3 client sees it.
    """

    name: str
    client: Any

    def put(self, *keys: str) -> None:
        """
        Makes an object of each key, with its key as body.
        """
        for key in keys:
            self.write(key, key)

    def write(self, key: str, body: str) -> None:
        """
        Makes or changes one object.
        """
        self.client.put_object(Bucket=self.name, Key=key, Body=body.encode())

    def write_parts(self, key: str, *bodies: bytes) -> None:
        """
        Makes one object out of these parts.
        """
        name = {"Bucket": self.name, "Key": key}
        upload = {**name, "UploadId": self.client.create_multipart_upload(**name)["UploadId"]}
        parts = [
            {"PartNumber": number, "ETag": self.client.upload_part(**upload, PartNumber=number, Body=body)["ETag"]}
            for number, body in enumerate(bodies, 1)
        ]
        self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

    def keys(self) -> list[str]:
        """
        All keys, sorted.
        """
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return sorted(found["Key"] for page in pages for found in page.get("Contents", ()))

    def contents(self) -> dict[str, str]:
        """
        Every key with its body.
        """
        return {key: self.read(key) for key in self.keys()}

    def read(self, key: str) -> str:
        """
        The body of one object.
        """
        body: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return body.decode()

    def delete(self, key: str) -> None:
        """
        Deletes one object.
        """
        self.client.delete_object(Bucket=self.name, Key=key)

    def __str__(self) -> str:
        return f"s3://{self.name}"


@contextmanager
def client_of(endpoint: Endpoint) -> Iterator[Any]:
    """
    boto3's S3 client, which shares no code with the program above botocore.
    """
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint.url,
        aws_access_key_id=endpoint.access_key,
        aws_secret_access_key=endpoint.secret_key,
        region_name="us-east-1",
        config=botocore.config.Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    try:
        yield client
    finally:
        client.close()


def new_bucket(client: Any, owner: Any = None) -> Bucket:
    """
    A new bucket with a name of its own, seen with `client` and made with `owner`.
    """
    name = f"e2e-{uuid.uuid4().hex[:16]}"
    (owner or client).create_bucket(Bucket=name)
    return Bucket(name, client)


@dataclass(frozen=True, slots=True)
class S3Copy:
    """
    The command line with an endpoint and credentials, in this process or in one of its own.

    Args:
        keys: what the environment holds.
    """

    url: str
    capsys: pytest.CaptureFixture[str]
    keys: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *args: object) -> Result:
        """
        Runs in this process.
        """
        self.capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.keys.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main(self.words(args))
        code = ended.value.code
        assert isinstance(code, int)
        return Result(code, *self.capsys.readouterr())

    def words(self, args: tuple[object, ...]) -> list[str]:
        """
        The command line with the endpoint in it.
        """
        return [*(["--endpoint-url", self.url] if self.url else []), *map(str, args)]

    def process(self, *args: object, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Result:
        """
        Runs in a process of its own.
        """
        done = subprocess.run(
            [*PROGRAM, *self.words(args)],
            input=stdin, capture_output=True, timeout=PATIENCE, check=False, env=self.environment(env),
        )  # fmt: skip
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    @contextmanager
    def started(self, *args: object, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
        """
        A process that runs while the test does something else.
        """
        process = subprocess.Popen(
            [*PROGRAM, *self.words(args)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self.environment(env),
        )  # fmt: skip
        with process:
            try:
                yield process
            finally:
                process.kill()

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """
        What a process of its own sees.
        """
        return {**os.environ, **self.keys, "PYTHONUNBUFFERED": "", **(more or {})}


def keys_of(endpoint: Endpoint) -> dict[str, str]:
    """
    The environment variables with an endpoint's credentials.
    """
    return {
        "AWS_ACCESS_KEY_ID": endpoint.access_key,
        "AWS_SECRET_ACCESS_KEY": endpoint.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def endpoint_named(name: str) -> Endpoint:
    """
    An endpoint of the environment, or a skip with its reason.
    """
    for endpoint in endpoints_from_environment():
        if endpoint.name == name:
            return endpoint
    pytest.skip(f"S3COPY_TEST_ENDPOINT_{name.upper()} names no server")


def s3cfg(path: Path, access_key: str, secret_key: str, more: str = "", mode: int = 0o600) -> Path:
    """
    Writes a configuration of s3cmd.
    """
    path.write_text(f"[default]\naccess_key = {access_key}\nsecret_key = {secret_key}\n{more}")
    path.chmod(mode)
    return path
