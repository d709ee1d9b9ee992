"""
How each program is called: its best flags for each workload, as one value that can be shown and run.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.model import GIB, MIB, OURS, Workload

PEERS: Final = ("s5cmd", "rclone", "aws")
DIRECT: Final = f"{OURS} direct"
_AT_ONCE: Final = 256
_MAX_COPY: Final = 5 * GIB
_VERSION: Final = re.compile(r"\d+\.\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Job:
    """
    One workload on a store. `ca` is the certificate to trust, `folder` where configuration may be written.
    """

    workload: Workload
    endpoint: str
    source: str
    dest: str
    folder: Path
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """
    A command, what its environment holds beside the credentials, and the files it reads.
    """

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Path, str] = field(default_factory=dict)


def ours(job: Job) -> Call:
    """
    s3copy, as a user would call it. For parts on a slow store, as many in flight as the others.
    """
    trust = () if job.ca is None else ("--ca-bundle", str(job.ca))
    many = ("-t", str(_AT_ONCE)) if job.workload.load.part else ()
    dry = ("-n",) if job.workload.dry else ()
    return Call(
        (OURS, "--endpoint-url", job.endpoint, *trust, *dry, "-q", *many, f"s3://{job.source}", f"s3://{job.dest}"),
    )


def direct(job: Job) -> Call:
    """
    s3copy without temp objects: the method of the others.
    """
    argv = ours(job).argv
    return Call((*argv[:-2], "--multipart", "direct", *argv[-2:]))


def s5cmd(job: Job) -> Call:
    """
    `cp` copies without looking at the destination; `sync` compares listings, `cp -n` would ask for each object.
    """
    verb = "cp" if job.workload.copies else "sync"
    dry = ("--dry-run",) if job.workload.dry else ()
    places = (f"s3://{job.source}/*", f"s3://{job.dest}/")
    words = ("s5cmd", "--endpoint-url", job.endpoint, "--numworkers", str(_AT_ONCE), "--log", "error", *dry)
    return Call((*words, verb, *places), _trust("AWS_CA_BUNDLE", job))


def rclone(job: Job) -> Call:
    """
    Both sides are the same remote, or rclone would not copy inside S3. `--checksum` compares ETags of listings and
    saves a HEAD for each object that is there; `--fast-list` lists without walking folders.
    """
    remote = {
        "RCLONE_CONFIG": str(job.folder / "rclone.conf"),
        "RCLONE_CONFIG_BENCH_TYPE": "s3",
        "RCLONE_CONFIG_BENCH_PROVIDER": "AWS" if "amazonaws.com" in job.endpoint else "Other",
        "RCLONE_CONFIG_BENCH_ENV_AUTH": "true",
        "RCLONE_CONFIG_BENCH_ENDPOINT": job.endpoint,
    }
    many = ("--transfers", str(_AT_ONCE), "--checkers", str(_AT_ONCE), "--fast-list", "--checksum")
    part = job.workload.load.part
    parts = (
        "--s3-copy-cutoff",
        f"{part // MIB}Mi",
        "--s3-chunk-size",
        f"{part // MIB}Mi",
        "--s3-upload-concurrency",
        str(_AT_ONCE),
    )
    verb = "copy" if job.workload.copies else "sync"
    dry = ("--dry-run",) if job.workload.dry else ()
    return Call(
        ("rclone", verb, "-q", *dry, *many, "--s3-no-check-bucket", *(parts if _giant(job) else ()),
         f"bench:{job.source}", f"bench:{job.dest}"),
        {**remote, **_trust("SSL_CERT_FILE", job)},
        {job.folder / "rclone.conf": ""},
    )  # fmt: skip


def aws(job: Job) -> Call:
    """
    `sync` with as many requests at once. Objects that fit into one copy request are not cut into parts.
    """
    part = job.workload.load.part
    lines = [f"max_concurrent_requests = {_AT_ONCE}", "max_queue_size = 10000"]
    if _giant(job):
        lines += [f"multipart_threshold = {part // MIB}MB", f"multipart_chunksize = {part // MIB}MB"]
    elif part:
        lines += ["multipart_threshold = 5GB"]
    config = job.folder / "aws.config"
    text = "[default]\ns3 =\n" + "".join(f"  {line}\n" for line in lines)
    places = (f"s3://{job.source}", f"s3://{job.dest}")
    dry = ("--dryrun",) if job.workload.dry else ()
    return Call(
        ("aws", "--endpoint-url", job.endpoint, "s3", "sync", *dry, "--only-show-errors", *places),
        {"AWS_CONFIG_FILE": str(config), **_trust("AWS_CA_BUNDLE", job)},
        {config: text},
    )


CALLS: Final[Mapping[str, Callable[[Job], Call]]] = {
    OURS: ours, DIRECT: direct, "s5cmd": s5cmd, "rclone": rclone, "aws": aws,
}  # fmt: skip


def tools(workload: Workload, peers: Sequence[str]) -> tuple[str, ...]:
    """
    Who gets a workload, in the order of turns. To say what it would copy, s5cmd 2.3 takes longer than to copy it: many
    minutes for a million objects.
    """
    others = [peer for peer in peers if not (workload.dry and peer == "s5cmd")]
    return (OURS, *((DIRECT,) if workload.load.part else ()), *others)


def program(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """
    Where a program is: beside this Python if it is ours, else as S3COPY_BENCH_<NAME> or the path has it.
    """
    if name == OURS:
        return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    return shutil.which(environment.get(f"S3COPY_BENCH_{name.upper()}", name))


def version(name: str) -> str:
    """
    What a program says that it is.
    """
    path = program(name)
    if path is None:
        return "not installed"
    words = [path, "version"] if name in {"s5cmd", "rclone"} else [path, "--version"]
    said = subprocess.run(words, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = _VERSION.search(said.stdout + said.stderr)
    return found.group() if found else "unknown"


def shown(call: Call, job: Job) -> tuple[str, ...]:
    """
    A call as lines for people: the settings of the environment, the files, the command.
    """
    texts = {path: text for path, text in call.files.items() if text}
    needless = {str(path) for path in call.files if path not in texts}
    lines = [line for path, text in texts.items() for line in (f"cat > {path.name} <<END", *text.splitlines(), "END")]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in call.env.items() if value not in needless]
    lines.append(shlex.join(call.argv))
    hidden = {job.endpoint: "$ENDPOINT", job.source: "source", job.dest: "dest"}
    hidden |= {str(path): path.name for path in texts}
    if job.ca is not None:
        hidden[str(job.ca)] = "$CERTIFICATE"
    return tuple(_replaced(line, hidden) for line in lines)


def _replaced(line: str, hidden: Mapping[str, str]) -> str:
    for value, name in hidden.items():
        line = line.replace(value, name)
    return line


def _giant(job: Job) -> bool:
    return job.workload.load.size > _MAX_COPY


def _trust(name: str, job: Job) -> Mapping[str, str]:
    return {} if job.ca is None else {name: str(job.ca)}
