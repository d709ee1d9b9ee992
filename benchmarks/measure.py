"""
Runs a command and measures it from outside.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LAUNCH: Final = Path(__file__).with_name("launch.py")
_TAIL: Final = 4096


@dataclass(frozen=True, slots=True)
class Usage:
    """
    What a command used, and how it ended. `words` is its last line on standard error.
    """

    seconds: float
    cpu: float
    memory: int
    code: int
    words: str


class TooLongError(Exception):
    """
    The command did not end in time and was killed.
    """


def run(command: Sequence[str], env: Mapping[str, str], timeout: float) -> Usage:
    """
    Runs a command to its end. Standard output is thrown away.

    Raises:
        TooLongError: it took longer than `timeout` seconds.
    """
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as errors, os.fdopen(reading, "rb") as report:
        try:
            launcher = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LAUNCH), str(writing), *command],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=(writing,),
                start_new_session=True,
            )
        finally:
            os.close(writing)
        try:
            launcher.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TooLongError(f"took longer than {timeout:.0f} seconds") from None
        finally:
            _end(launcher)
        used = json.loads(report.read() or b"{}")
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _TAIL))
        lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    if not used:
        raise OSError(lines[-1] if lines else f"{command[0]} could not be started")
    return Usage(used["seconds"], used["cpu"], used["memory"], used["code"], lines[-1] if lines else "")


def _end(launcher: subprocess.Popen[bytes]) -> None:
    """
    Leaves no process behind, whatever happened.
    """
    if launcher.poll() is None:
        os.killpg(launcher.pid, signal.SIGKILL)
        launcher.wait()
