"""
The real process is killed with SIGKILL right before and right after each of its requests; the same command finishes.

Everywhere a few kills are tried on moto. On sim_s3, ``S3COPY_TEST_KILLS=all`` tries every request, before and after it,
with three sets of options (some 400 kills), and a number tries so many of them, spread evenly.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import pytest

from e2e.guillotine import Guillotine, Seen, guillotine
from e2e.tools import PATIENCE, PROGRAM, Bucket, client_of, endpoint_named, keys_of, new_bucket
from support import Endpoint

MIB: Final = 1024**2
DURABLE: Final = re.compile(r"(temp/.+/[0-9a-f]{7}/parts/)(temp|part)-([0-9]{5})").fullmatch
OPTION_SETS: Final = (("-t", "8"), ("-t", "2", "--no-keep-parts"), ("-t", "4", "--multipart", "direct"))


@dataclass(frozen=True, slots=True)
class Kill:
    """
    One kill: at which request, before or after it, with which options.
    """

    number: int
    after: bool
    options: tuple[str, ...]


def fill(source: Bucket) -> None:
    """
    Small, empty, even and uneven multipart objects.
    """
    source.put(*(f"small/{number}" for number in range(4)), "small/empty")
    source.write("small/empty", "")
    upload(source, "even", [5 * MIB, 5 * MIB, 3])
    upload(source, "odd/uneven", [6 * MIB, 5 * MIB, 7])
    upload(source, "odd/one part", [9])


def upload(source: Bucket, key: str, sizes: list[int]) -> None:
    """
    An object that was uploaded in parts of `sizes` bytes.
    """
    client = source.client
    begun = client.create_multipart_upload(Bucket=source.name, Key=key, Metadata={"made": "by test"})
    where = {"Bucket": source.name, "Key": key, "UploadId": begun["UploadId"]}
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(**where, PartNumber=number, Body=bytes([number]) * size)["ETag"],
        }
        for number, size in enumerate(sizes, 1)
    ]
    client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})


def etags(bucket: Bucket) -> dict[str, str]:
    """
    The ETag of every object but those of the work area.
    """
    pages = bucket.client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name)
    found = {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", ())}
    return {key: etag for key, etag in found.items() if not key.startswith("temp/")}


def durable(bucket: Bucket) -> set[str]:
    """
    The temp and part objects that are there.
    """
    return set(filter(DURABLE, bucket.keys()))


def in_place(bucket: Bucket) -> set[tuple[str, int]]:
    """
    Key and number of each part that an upload on record has. Of an upload that is not, nobody can know whose it is.
    """
    found = set()
    keys = bucket.keys()
    records = [json.loads(bucket.read(key)) for key in keys if "/parts/s3copy-upload-" in key]
    recorded = {record["upload_id"] for record in records}
    for upload in bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads", ()):
        if upload["UploadId"] in recorded:
            where = {"Bucket": bucket.name, "Key": upload["Key"], "UploadId": upload["UploadId"]}
            found |= {
                (upload["Key"], part["PartNumber"]) for part in bucket.client.list_parts(**where).get("Parts", ())
            }
    return found


def moved_again(log: list[Seen], before: set[str], placed: set[tuple[str, int]]) -> list[Seen]:
    """
    The copies of a rerun that make what was durable before it.
    """
    again = [request for request in log if request.operation == "UploadPartCopy" and request[1:] in placed]
    for request in log:
        match = DURABLE(request.key)
        if not match:
            continue
        folder, kind, number = match.groups()
        if kind == "temp" and request.operation == "UploadPartCopy":
            if {f"{folder}temp-{number}", f"{folder}part-{number}"} & before:
                again.append(request)
        elif kind == "part" and request.operation == "CopyObject" and request.key in before:
            again.append(request)
    return again


@dataclass(frozen=True, slots=True)
class Scene:
    """
    A server, a filled bucket on it, and what its copy must look like.

    Args:
        kept: what kills left for reruns: durable objects, and parts in place in a final upload.
    """

    server: Endpoint
    source: Bucket
    wanted: dict[str, str]
    kept: Counter[str] = field(default_factory=Counter)

    def start(self, blade: Guillotine, dest: Bucket, options: tuple[str, ...]) -> subprocess.Popen[str]:
        """
        The real program, its requests going through the proxy.
        """
        words = [*PROGRAM, "--endpoint-url", blade.endpoint.url, "-q", *options, str(self.source), str(dest)]
        environment = {**os.environ, **keys_of(self.server)}
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    def count(self, options: tuple[str, ...]) -> int:
        """
        The number of requests of an undisturbed run.
        """
        dest = new_bucket(self.source.client)
        with guillotine(self.server) as blade:
            self.finish(blade, dest, options)
            return len(blade.log)

    def finish(self, blade: Guillotine, dest: Bucket, options: tuple[str, ...]) -> None:
        """
        Runs the command to its end, which must be a good one.
        """
        with self.start(blade, dest, options) as process:
            _, words = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, words
        assert self.wanted == etags(dest)

    def kill(self, kill: Kill) -> str:
        """
        One kill and the rerun after it. Returns the stage that was hit, empty where the run was over before.
        """
        dest = new_bucket(self.source.client)
        with guillotine(self.server) as blade:
            blade.fall_at, blade.after = kill.number, kill.after
            with self.start(blade, dest, kill.options) as process:
                blade.victim = process
                process.communicate(timeout=PATIENCE)
            if blade.hit is None:
                return ""
            hit = blade.hit
        assert process.returncode == -9, f"{kill} hit nothing: it ended with {process.returncode}"
        there = etags(dest)
        assert there.items() <= self.wanted.items(), f"{kill} left something wrong in sight"
        before, placed = durable(dest), in_place(dest)
        self.kept.update(objects=len(before), parts=len(placed))
        with guillotine(self.server) as blade:
            self.finish(blade, dest, kill.options)
            again = moved_again(blade.log, before, placed)
            assert not again, f"{kill} at {hit}: moved again: {again}"
        return hit.stage


@pytest.fixture
def moto_scene(moto_endpoint: Endpoint) -> Iterator[Scene]:
    """
    The scene on moto.
    """
    yield from scene_on(moto_endpoint)


@pytest.fixture
def sim_scene() -> Iterator[Scene]:
    """
    The scene on sim_s3.
    """
    yield from scene_on(endpoint_named("sim"))


def scene_on(server: Endpoint) -> Iterator[Scene]:
    """
    Fills a new bucket.
    """
    with client_of(server) as client:
        source = new_bucket(client)
        fill(source)
        yield Scene(server, source, etags(source))


def tried(scene: Scene, kills: list[Kill]) -> Counter[str]:
    """
    Every kill, two at a time; the number of kills by stage.
    """
    with ThreadPoolExecutor(2) as pool:
        return Counter(pool.map(scene.kill, kills))


@pytest.mark.parametrize("options", [OPTION_SETS[0], OPTION_SETS[2]], ids=["staged", "direct"])
def test_a_killed_run_is_finished_by_the_same_command(moto_scene: Scene, options: tuple[str, ...]) -> None:
    """
    Kills spread over the run, before and after a request, each converge, and move no durable part again.
    """
    total = moto_scene.count(options)
    kills = [Kill(number, bool(index % 2), options) for index, number in enumerate(range(12, total - 2, total // 9))]

    hits = tried(moto_scene, kills)

    assert len(kills) >= 8
    assert not hits[""], "a kill that hits nothing in flight proves nothing"
    assert moto_scene.kept["parts"], "no kill left anything to be moved again"


@pytest.mark.timeout(1500)
@pytest.mark.skipif("S3COPY_TEST_KILLS" not in os.environ, reason="S3COPY_TEST_KILLS=all kills a run 300 times")
def test_a_run_killed_at_any_of_its_requests_is_finished(sim_scene: Scene) -> None:
    """
    Every request of a run, before and after it: each kill converges, and every stage was hit.
    """
    wanted = os.environ["S3COPY_TEST_KILLS"]
    possible = [
        Kill(number, after, options)
        for options in OPTION_SETS
        for number in range(1, sim_scene.count(options) + 1)
        for after in (False, True)
    ]

    kills = possible if wanted == "all" else possible[:: max(1, len(possible) // int(wanted))]

    hits = tried(sim_scene, kills)

    print(f"kills by stage: {dict(hits)}; left for reruns: {dict(sim_scene.kept)}")
    assert sim_scene.kept["objects"]
    assert sim_scene.kept["parts"]
    # The order of requests differs from run to run, so the last of one may be beyond the end of another.
    assert hits[""] <= len(kills) * 0.05
    assert all(hits[stage] for stage in ("temp", "part", "compose", "small"))
    if wanted == "all":
        assert hits.total() - hits[""] >= 200
        assert all(hits[stage] >= 5 for stage in ("temp", "part", "compose", "complete", "record", "small"))
