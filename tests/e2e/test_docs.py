"""
The nightly script of the documentation does what its page says, by each of its exit codes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from e2e.tools import PATIENCE, Bucket, keys_of
from support import Endpoint

SCRIPT: Final = Path(__file__).parents[2] / "docs" / "examples" / "nightly.sh"

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="a shell script"),
    pytest.mark.skipif(
        not (shutil.which("bash") and shutil.which("flock")), reason="needs bash, and flock of util-linux"
    ),
]


@dataclass(frozen=True, slots=True)
class Night:
    """
    A machine on which the script runs: a home, and the program in its path.
    """

    home: Path
    endpoint: Endpoint
    source: Bucket
    dest: Bucket

    def run(self, **settings: str) -> subprocess.CompletedProcess[str]:
        """
        One night.
        """
        environment = {
            **os.environ,
            **keys_of(self.endpoint),
            "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "S3COPY_ENDPOINT_URL": self.endpoint.url,
            "SOURCE": str(self.source),
            "DEST": str(self.dest),
            "PAUSE": "0",
            "CHECK_DAY": "0",  # no day of the week
            **settings,
        }
        return subprocess.run(
            ["bash", str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    @property
    def state(self) -> Path:
        """
        Where the script keeps what it keeps.
        """
        return self.home / ".local" / "state" / "s3copy"


@pytest.fixture
def night(tmp_path: Path, moto_endpoint: Endpoint, source: Bucket, dest: Bucket) -> Night:
    """
    With three objects to copy.
    """
    program = tmp_path / "bin" / "s3copy"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m s3copy_async "$@"\n', "utf-8")
    program.chmod(0o700)
    source.put("a/1", "a/2", "b")
    return Night(tmp_path, moto_endpoint, source, dest)


def test_a_good_night_is_silent(night: Night) -> None:
    """
    Everything is copied, reports and log are there, and cron has nothing to mail; the second night neither.
    """
    for _ in range(2):
        done = night.run()
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    assert night.dest.keys() == ["a/1", "a/2", "b"]
    assert {path.name for path in night.state.iterdir()} >= {"report.jsonl", "run.html", "s3copy.log", "lock"}


@pytest.mark.parametrize("path", ["", "/a", "/a/*"])
def test_what_failed_is_tried_again_where_it_belongs(night: Night, path: str) -> None:
    """
    The list of failures is relative to the folder that the script finds out.
    """
    night.dest.put("x")
    settings = {"SOURCE": f"{night.source}{path}", "S3COPY_IF_EXISTS": "fail"}
    for key in ("a/1", "1"):
        night.dest.write(key, "in the way")

    done = night.run(**settings)

    assert done.returncode == 3
    assert done.stdout.startswith(f"{night.source}{path} -> {night.dest}: some objects failed twice")
    failed = (night.state / "failed-again.txt").read_text("utf-8").split()
    assert failed == ["1" if path == "/a/*" else "a/1"]
    assert "InternalError" not in done.stdout


def test_a_run_that_cannot_go_on_is_told(night: Night) -> None:
    """
    With what the program said.
    """
    done = night.run(DEST="s3://there-is-no-such-bucket-at-all")

    assert done.returncode == 1
    assert "the run could not go on" in done.stdout
    assert "there is no bucket" in done.stdout


def test_wrong_settings_are_told(night: Night) -> None:
    """
    Nothing was touched.
    """
    done = night.run(S3COPY_RETRIES="many")

    assert done.returncode == 2
    assert "wrong settings" in done.stdout
    assert night.dest.keys() == []


def test_differences_are_listed_on_the_day_of_the_check(night: Night) -> None:
    """
    What only the destination has is none.
    """
    today = subprocess.run(["date", "+%u"], capture_output=True, text=True, check=True).stdout.strip()
    night.dest.put("only here")
    assert night.run(CHECK_DAY=today).returncode == 0
    night.dest.write("b", "xx")

    done = night.run(CHECK_DAY=today, S3COPY_IF_EXISTS="skip")

    assert done.returncode == 4
    assert "1 differences, listed in" in done.stdout
    assert (night.state / "differences.txt").read_text("utf-8").startswith(f"different: {night.dest}/b")


def test_two_nights_do_not_overlap(night: Night) -> None:
    """
    The second one says so and leaves.
    """
    night.state.mkdir(parents=True)
    with subprocess.Popen(
        ["flock", str(night.state / "lock"), "sh", "-c", "echo held; read wait"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done = night.run()
        holder.communicate("go\n")

    assert (done.returncode, done.stdout) == (0, "the run before this one is still going on\n")
    assert night.dest.keys() == []
