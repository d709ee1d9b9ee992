"""
What a benchmark asks of a store beside S3 itself: to be filled, emptied, slowed down, counted and compared.

A simulator answers all of that under /_sim/; another store is used through S3 alone.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from benchmarks.model import Load
from benchmarks.settings import Place

WORK: Final = "temp/"
"""
Where s3copy keeps copies of parts; no difference.
"""
_NO_OPERATIONS: Final = {"peak", "bytes_copied", "faults", "conns"}
_FULL: Final = {"latency_us": 0, "copy_latency_us": 0, "copy_us_per_mib": 0, "rate": 0}


@dataclass(frozen=True, slots=True)
class Counts:
    """
    What a store was asked for: requests by their names, and the bytes it copied itself.
    """

    requests: Mapping[str, int]
    copied: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What is wrong with the destination, if anything, and how many of its objects have the ETags of their sources.
    """

    problem: str = ""
    same_etag: int | None = None


class NotEmptyError(Exception):
    """
    A bucket holds objects that a benchmark would remove.
    """


class Store(Protocol):
    """
    One of the two kinds.
    """

    name: str
    simulated: bool

    def fill(self, bucket: str, load: Load) -> None:
        """
        Makes a bucket hold the load and nothing else.
        """

    def clear(self, bucket: str) -> None:
        """
        Makes a bucket exist and hold nothing.
        """

    def pace(self, settings: Mapping[str, int]) -> None:
        """
        Makes the store so slow; a real one is as slow as it is.
        """

    def counts(self) -> Counts | None:
        """
        What it was asked for since the last call.
        """

    def verify(self, load: Load) -> Verdict:
        """
        Compares destination and source.
        """


class Simulator:
    """
    A sim_s3.
    """

    name = "sim_s3"
    simulated = True

    def __init__(self, place: Place) -> None:
        self._place = place

    def fill(self, bucket: str, load: Load) -> None:
        """
        Makes a bucket hold the load and nothing else.
        """
        self.clear(bucket)
        ask(self._place.endpoint, "fill", bucket=bucket, n=load.objects, size=load.size, part=load.part)

    def clear(self, bucket: str) -> None:
        """
        Removes all objects and unfinished uploads.
        """
        ask(self._place.endpoint, "clear", bucket=bucket, uploads=1)

    def pace(self, settings: Mapping[str, int]) -> None:
        """
        Slows the store down; without settings it is as fast as it can.
        """
        ask(self._place.endpoint, "config", **{**_FULL, **settings})

    def counts(self) -> Counts:
        """
        Counts, and begins anew.
        """
        stats = ask(self._place.endpoint, "stats", reset=1)
        return Counts({name: stats[name] for name in stats if name not in _NO_OPERATIONS}, stats["bytes_copied"])

    def verify(self, load: Load) -> Verdict:
        """
        Compares every object.
        """
        return judge(ask(self._place.endpoint, "diff", a=self._place.source, b=self._place.dest, skip=WORK), load)


def judge(diff: Mapping[str, Any], load: Load) -> Verdict:
    """
    What a comparison by the simulator means. Metadata may differ: rclone adds its own.
    """
    wrong = {name: diff[name] for name in ("missing", "differ", "extra", "uploads") if diff[name]}
    if wrong or diff["same"] != load.objects:
        found = ", ".join(f"{count:,} {name}" for name, count in wrong.items()) or "not all there"
        return Verdict(f"wrong result: {found} (of {load.objects:,})")
    return Verdict("", diff["same_etag"])


def ask(endpoint: str, what: str, **words: str | int) -> dict[str, Any]:
    """
    One word with a simulator.
    """
    url = f"{endpoint}/_sim/{what}?{urllib.parse.urlencode(words)}"
    with urllib.request.urlopen(url, timeout=600) as answer:  # noqa: S310 - the scheme is the user's
        found: dict[str, Any] = json.load(answer)
    return found


def is_simulator(endpoint: str) -> bool:
    """
    Whether the store counts for us.
    """
    try:
        return "bytes_copied" in ask(endpoint, "stats")
    except (urllib.error.URLError, ValueError):
        return False


def find(place: Place, *, empty_buckets: bool) -> Store:
    """
    The store at a place.
    """
    if is_simulator(place.endpoint):
        return Simulator(place)
    from benchmarks.buckets import Buckets

    return Buckets(place, empty_buckets=empty_buckets)
