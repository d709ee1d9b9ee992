"""
What to run and where: from the environment and the command line.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.peers import PEERS
from benchmarks.workloads import NAMES


@dataclass(frozen=True, slots=True)
class Place:
    """
    The store and the two buckets, of which all content is removed.
    """

    endpoint: str
    source: str
    dest: str
    credentials: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Settings:
    """
    Everything that a user chooses.
    """

    place: Place
    only: Sequence[str]
    peers: Sequence[str]
    runs: int
    objects: int
    patience: float
    write: bool
    empty_buckets: bool


def place(environment: Mapping[str, str]) -> Place | None:
    """
    The store that the environment names, or None.
    """
    endpoint = environment.get("S3COPY_BENCH_ENDPOINT", "").rstrip("/")
    if not endpoint:
        return None
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "us-east-1")
    credentials = {
        "AWS_ACCESS_KEY_ID": environment.get("S3COPY_BENCH_KEY") or environment.get("AWS_ACCESS_KEY_ID", "test"),
        "AWS_SECRET_ACCESS_KEY": environment.get("S3COPY_BENCH_SECRET")
        or environment.get("AWS_SECRET_ACCESS_KEY", "test"),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
    if "S3COPY_BENCH_KEY" not in environment and "AWS_SESSION_TOKEN" in environment:
        credentials["AWS_SESSION_TOKEN"] = environment["AWS_SESSION_TOKEN"]
    return Place(
        endpoint,
        environment.get("S3COPY_BENCH_SOURCE", "s3copy-bench-source"),
        environment.get("S3COPY_BENCH_DEST", "s3copy-bench-dest"),
        credentials,
    )


def parse(words: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """
    The settings of a run; ends the program, as argparse does, where they make no sense.
    """
    parser = _parser()
    given = parser.parse_args(words)
    where = place(environment)
    if where is None:
        parser.error("S3COPY_BENCH_ENDPOINT must name an S3 endpoint, such as http://127.0.0.1:9000")
    return Settings(
        where, given.only, given.peers, given.runs, given.objects, given.patience, given.write, given.empty_buckets
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s bench --", description="Measures s3copy beside other programs.")
    parser.add_argument(
        "--only", type=_among(NAMES), default=NAMES, metavar="NAMES", help=f"workloads, of {','.join(NAMES)}"
    )
    parser.add_argument(
        "--peers", type=_among(PEERS), default=PEERS, metavar="NAMES", help=f"programs, of {','.join(PEERS)}"
    )
    parser.add_argument("--runs", type=_positive, default=5, help="runs of each program [5]")
    parser.add_argument("--objects", type=_positive, default=100_000, help="small objects [100000]; one medium for 500")
    parser.add_argument(
        "--patience",
        type=float,
        default=600,
        help="seconds of a workload after which a program gets no more runs [600]",
    )
    parser.add_argument("--no-write", dest="write", action="store_false", help="leave docs/ as it is")
    parser.add_argument("--empty-buckets", action="store_true", help="remove what the two buckets hold already")
    return parser


def _among(names: Sequence[str]) -> Callable[[str], Sequence[str]]:
    def chosen(text: str) -> Sequence[str]:
        found = tuple(filter(None, text.split(",")))
        if unknown := [name for name in found if name not in names]:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}; there are {', '.join(names)}")
        return found

    return chosen


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number of at least 1")
    return int(text)
