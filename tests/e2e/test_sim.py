"""
Runs against sim_s3, which can fail on purpose and prove every copy; skipped where there is none.

``S3COPY_TEST_CORRUPTED`` is the number of runs with wrong bytes, for each method; else there is one.
"""

from __future__ import annotations

import json
import os
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from e2e.tools import S3Copy, endpoint_named, keys_of

OBJECTS: Final = 3000
FAULTS: Final = {"p500": 5000, "p503": 5000, "preset": 2000, "plate": 2000, "p200err": 5000}


@dataclass(frozen=True, slots=True)
class Sim:
    """
    The control calls of sim_s3, with two buckets.
    """

    url: str
    source: str
    dest: str

    def call(self, name: str, **parameters: object) -> dict[str, Any]:
        """
        One control call.
        """
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/_sim/{name}?{query}", timeout=60) as answer:  # noqa: S310 - our own server
            text = answer.read().decode()
        document: dict[str, Any] = json.loads(text) if text.startswith("{") else {}
        return document


@pytest.fixture
def sim() -> Iterator[Sim]:
    """
    A sim_s3 without faults, before and after.
    """
    name = uuid.uuid4().hex[:12]
    server = Sim(endpoint_named("sim").url, f"e2e-src-{name}", f"e2e-dst-{name}")
    for bucket in (server.source, server.dest):
        server.call("clear", bucket=bucket)
    yield server
    server.call("config", **dict.fromkeys((*FAULTS, "pcorrupt"), 0))
    for bucket in (server.source, server.dest):
        server.call("clear", bucket=bucket)


@pytest.fixture
def s3copy(sim: Sim, capsys: pytest.CaptureFixture[str]) -> S3Copy:
    """
    The command line against sim_s3.
    """
    return S3Copy(sim.url, capsys, keys_of(endpoint_named("sim")))


def test_three_thousand_objects_survive_every_fault(sim: Sim, s3copy: S3Copy) -> None:
    """
    500, 503, resets, lost replies and 200 with an error: exit 0, every copy proven, and nothing copied twice later.
    """
    sim.call("fill", bucket=sim.source, n=OBJECTS, size=1024, format="tree")
    sim.call("config", **FAULTS)
    words = (f"s3://{sim.source}", f"s3://{sim.dest}", "--progress", "json")
    first = s3copy(*words)
    assert first.code == 0, first.err
    assert first.last["copied"] == OBJECTS
    assert first.last["retries"] > 0
    found = sim.call("diff", a=sim.source, b=sim.dest)
    assert (found["same"], found["missing"], found["differ"], found["extra"]) == (OBJECTS, 0, 0, 0)
    second = s3copy(*words)
    assert second.code == 0, second.err
    assert second.last["requests"].get("CopyObject", 0) == 0
    assert second.last["skipped"] == {"already there": OBJECTS}


def test_second_run_makes_no_copy_request(sim: Sim, s3copy: S3Copy) -> None:
    """
    As the server counts them.
    """
    sim.call("fill", bucket=sim.source, n=OBJECTS, size=10, format="flat")
    words = (f"s3://{sim.source}", f"s3://{sim.dest}/below")
    assert s3copy(*words).code == 0
    sim.call("stats", reset=1)
    assert s3copy(*words).code == 0
    assert "CopyObject" not in json.dumps(sim.call("stats"))
    found = sim.call("diff", a=sim.source, b=sim.dest, pb="below/")
    assert (found["same"], found["missing"], found["differ"]) == (OBJECTS, 0, 0)


def test_objects_uploaded_in_parts_arrive_with_their_etags(sim: Sim, s3copy: S3Copy) -> None:
    """
    Copied with the parts of their sources, they have equal ETags, and the second run copies none of them.
    """
    sim.call("fill", bucket=sim.source, n=20, size=20_000_000, part=8 << 20, format="tree")
    words = (f"s3://{sim.source}", f"s3://{sim.dest}", "--progress", "json")
    first = s3copy(*words)
    assert first.code == 0, first.err
    found = sim.call("diff", a=sim.source, b=sim.dest, skip="temp/")
    assert (found["same"], found["same_etag"], found["missing"], found["differ"]) == (20, 20, 0, 0)
    second = s3copy(*words)
    assert (second.code, second.last["copied"], second.last["skipped"]["already there"]) == (0, 0, 20)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("method", ["staged", "direct"])
def test_every_copy_with_wrong_bytes_is_found(sim: Sim, s3copy: S3Copy, method: str) -> None:
    """
    One copy in a hundred stores other bytes than its source's: small objects, and in parts, of which one has many.
    """
    sim.call("fill", bucket=sim.source, n=OBJECTS, size=1024, format="tree", prefix="small/")
    sim.call("fill", bucket=sim.source, n=4, size=100_000_000, part=8 << 20, format="flat", prefix="parts/")
    sim.call("fill", bucket=sim.source, n=1, size=1_000_000_000, part=5 << 20, format="flat", prefix="many/")
    for _ in range(int(os.environ.get("S3COPY_TEST_CORRUPTED", "1"))):
        sim.call("clear", bucket=sim.dest, uploads=1)
        sim.call("stats", reset=1)
        sim.call("config", pcorrupt=10_000)

        result = s3copy(f"s3://{sim.source}", f"s3://{sim.dest}", "--multipart", method, "--progress", "json")

        sim.call("config", pcorrupt=0)
        assert result.code == 0, result.err
        assert sim.call("stats")["faults"] > 0, "nothing was corrupted, which proves nothing"
        found = sim.call("diff", a=sim.source, b=sim.dest, skip="temp/")
        wanted = OBJECTS + 5
        assert (found["same"], found["same_etag"], found["missing"], found["differ"]) == (wanted, wanted, 0, 0)
        assert result.last["proofs"] == {"etag": OBJECTS, "etag+layout": 5}
