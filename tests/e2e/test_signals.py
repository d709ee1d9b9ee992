"""
Ctrl-C and its like: an orderly end, the command that continues, and that this command completes.
"""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
from typing import Final

import pytest

from e2e.proxy import Proxy
from e2e.tools import PATIENCE, PROGRAM, Bucket, S3Copy

OBJECTS: Final = 30


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """
    Reads standard error up to the line with `words` in it.
    """
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError(f"{words!r} was not said, but: {''.join(lines)}")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_first_signal_finishes_what_is_in_flight_and_the_printed_command_completes(
    s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket, number: signal.Signals, code: int
) -> None:
    """
    No new object is begun, those in flight arrive, the exit code is 128 + signal, and nothing is copied twice later.
    """
    keys = [f"k{at:02d} $x" for at in range(OBJECTS)]
    source.put(*keys)
    proxy.hold("CopyObject")
    with s3copy_by_proxy.started(source, dest, "-t", "4") as process:
        proxy.wait_until_held(4)
        process.send_signal(number)
        read_until(process, "interrupted: finishing what is in flight")
        proxy.release()
        assert process.stderr is not None
        rest = process.stderr.read()
        assert process.wait(PATIENCE) == code
    assert "Traceback" not in rest
    done = dest.keys()
    assert len(done) == proxy.requests["CopyObject"]
    assert 4 <= len(done) < OBJECTS
    assert "interrupted" in rest
    command = next(line for line in rest.splitlines() if line.startswith("to continue: "))
    words = shlex.split(command.removeprefix("to continue: "))
    assert words[0] == "s3copy"
    again = subprocess.run(
        [*PROGRAM, *words[1:]], capture_output=True, text=True, timeout=PATIENCE, check=False,
        env=s3copy_by_proxy.environment(),
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert dest.keys() == keys
    assert proxy.requests["CopyObject"] == OBJECTS


def test_second_interrupt_ends_at_once(s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket) -> None:
    """
    What is in flight is given up, without waiting for its grace, and without a traceback.
    """
    source.put(*(f"k{at}" for at in range(OBJECTS)))
    proxy.hold("CopyObject")
    with s3copy_by_proxy.started(source, dest, "-t", "4") as process:
        proxy.wait_until_held(4)
        process.send_signal(signal.SIGINT)
        read_until(process, "interrupt again to stop now")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        rest = process.stderr.read()
        assert process.wait(PATIENCE) == 130
        assert proxy.requests["CopyObject"] == 4
        assert proxy.waiting > 0
    assert "Traceback" not in rest


def test_interrupt_in_json_is_in_the_summary(
    s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket
) -> None:
    """
    The last line of standard output is the summary with signal and exit code, also then.
    """
    source.put("a", "b", "c")
    proxy.hold("CopyObject")
    with s3copy_by_proxy.started(source, dest, "-t", "1", "--progress", "json") as process:
        proxy.wait_until_held(1)
        process.send_signal(signal.SIGINT)
        read_until(process, "interrupted")
        proxy.release()
        assert process.stdout is not None
        summary = json.loads(process.stdout.read().splitlines()[-1])
        assert process.wait(PATIENCE) == 130
    assert (summary["type"], summary["signal"], summary["exit_code"]) == ("summary", 2, 130)
    assert summary["copied"] == len(dest.keys()) < 3


def test_interrupt_while_connecting_ends_at_once(
    s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket
) -> None:
    """
    Where nothing is in flight that is worth waiting for, the first interrupt is enough.
    """
    proxy.hold("HeadBucket")
    with s3copy_by_proxy.started(source, dest) as process:
        proxy.wait_until_held(1)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        rest = process.stderr.read()
        assert process.wait(PATIENCE) == 130
    assert "Traceback" not in rest


def test_interrupt_while_standard_input_stays_open_ends_promptly(
    s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket
) -> None:
    """
    ``-F -`` waits for more keys that never come: what is in flight arrives, and nobody waits for the input.
    """
    keys = [f"k{at:04d}" for at in range(1500)]
    source.put(keys[0], keys[1])
    proxy.hold("HeadObject")
    process = subprocess.Popen(
        [*PROGRAM, *s3copy_by_proxy.words((source, dest, "-F", "-", "-t", "1"))],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=s3copy_by_proxy.environment(),
    )  # fmt: skip
    with process:
        try:
            assert process.stdin is not None
            assert process.stderr is not None
            process.stdin.write("\n".join(keys))
            process.stdin.flush()
            proxy.wait_until_held(1)
            process.send_signal(signal.SIGINT)
            read_until(process, "interrupted: finishing")
            proxy.release()
            rest = process.stderr.read()
            assert process.wait(PATIENCE) == 130
            assert not process.stdin.closed
        finally:
            process.kill()
    assert "Traceback" not in rest
    assert "2 objects copied" in rest


def test_second_interrupt_ends_also_while_a_cleanup_hangs(
    s3copy_by_proxy: S3Copy, proxy: Proxy, source: Bucket, dest: Bucket
) -> None:
    """
    The store does not answer to the aborting of an upload: the process says so and ends, and does not wait for it.
    What it leaves is in the work area, where ``clean`` finds it.
    """
    source.write_parts("big", b"x" * 5 * 1024**2, b"y")
    proxy.hold("UploadPartCopy")
    proxy.hold("AbortMultipartUpload")
    with s3copy_by_proxy.started(source, dest, "-t", "2") as process:
        proxy.wait_until_held(1)
        process.send_signal(signal.SIGINT)
        read_until(process, "interrupt again to stop now")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        rest = process.stderr.read()
        assert process.wait(PATIENCE) == 130
        assert proxy.requests["AbortMultipartUpload"] > 0
        assert proxy.waiting > 0
    assert "stopped at once" in rest
    assert "Traceback" not in rest
    left = dest.keys()
    assert [key for key in left if not key.startswith("temp/")] == []
    proxy.release()
    assert s3copy_by_proxy("clean", dest, "--yes").code == 0
    assert dest.keys() == []
