"""
What is shown: harmless keys, JSON lines, pipes that close.
"""

from __future__ import annotations

import json
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from e2e.proxy import Proxy
from e2e.tools import PATIENCE, PROGRAM, Bucket, S3Copy, client_of, endpoint_named, keys_of, new_bucket
from support import Endpoint

HOSTILE: Final = (
    "esc\x1b[31mred\x1b[0m",
    "[red]bold[/red]",
    "[/]",
    "bidi\u202etxt.exe",
    "emoji-\U0001f600",
    "bell\x07",
    "c1\x9b31m",
    "space and +plus %2F%41",
    "//double//",
    "quote'\"\\",
    "$(touch x)`x`",
    "zero\u200bwidth",
)


def harmful(text: str) -> set[str]:
    """
    The characters of an output that could move a cursor or reorder a line.
    """
    return {
        char for char in text if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
    }


def check_hostile_keys(s3copy: S3Copy, source: Bucket, dest: Bucket, keys: tuple[str, ...]) -> None:
    """
    Copies hostile keys, looks at every output on the way, and at what stands at the destination.
    """
    source.put(*keys)
    dry = s3copy("-n", source, f"{dest}/to")
    assert dry.code == 0, dry.err
    assert len(dry.lines) == len(keys)
    assert len(set(dry.lines)) == len(keys)
    failing = s3copy(source, f"{dest}/to", "-v", "-l", "DEBUG", "-f", *(f"no {key}" for key in keys))
    assert failing.code == 3
    first = s3copy(source, f"{dest}/to", "--progress", "json")
    assert first.code == 0, first.err
    documents = [json.loads(line) for line in first.lines]
    done = {document["key"] for document in documents if document["type"] == "object-done"}
    assert done == set(keys)
    assert dest.contents() == {f"to/{key}": key for key in keys}
    check = s3copy("check", source, f"{dest}/elsewhere")
    assert check.code == 4
    assert len(check.lines) == len(keys)
    for result in (dry, failing, first, check):
        assert not harmful(result.out)
        assert not harmful(result.err)


def test_hostile_keys_are_copied_exactly_and_shown_harmlessly(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    Escapes, markup, bidi marks and emoji arrive byte for byte, and no output holds a control character.
    """
    check_hostile_keys(s3copy, source, dest, HOSTILE)


@pytest.fixture
def sim() -> Iterator[tuple[Endpoint, Any]]:
    """
    sim_s3, where there is one, and a client of it.
    """
    endpoint = endpoint_named("sim")
    with client_of(endpoint) as client:
        yield endpoint, client


def test_keys_with_line_breaks_stay_on_one_line(sim: tuple[Endpoint, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """
    A newline in a key cannot forge a line of output; moto loses such keys, so another server must be there.
    """
    endpoint, client = sim
    s3copy = S3Copy(endpoint.url, capsys, keys_of(endpoint))
    keys = ("line\nfailed: forged", "return\rx", *HOSTILE)
    check_hostile_keys(s3copy, new_bucket(client), new_bucket(client), keys)


@pytest.mark.parametrize(
    ("words", "code"), [((), 0), (("-n",), 0), (("-f", "a", "missing"), 3), (("-f", "\x1b[31mmissing", "-n"), 3)]
)
def test_every_json_line_has_a_type_and_the_last_is_the_summary(
    s3copy: S3Copy, source: Bucket, dest: Bucket, words: tuple[str, ...], code: int
) -> None:
    """
    ``--progress json`` writes nothing but JSON to standard output, and its summary knows the exit code.
    """
    source.put("a", "b")
    result = s3copy(source, dest, "--progress", "json", *words)
    assert result.code == code
    documents = [json.loads(line) for line in result.lines]
    assert all(document["type"] for document in documents)
    assert [document["type"] for document in documents].count("summary") == 1
    assert documents[0]["type"] == "run-started"
    assert documents[-1]["type"] == "summary"
    assert documents[-1]["exit_code"] == code
    assert result.out.isascii()


def test_json_summary_of_a_run_that_could_not_go_on_says_why(s3copy: S3Copy, source: Bucket) -> None:
    """
    Also then the last line is the summary, with error and exit code.
    """
    result = s3copy(source, "s3://no-such-bucket-anywhere", "--progress", "json")
    assert result.code == 1
    assert result.last["exit_code"] == 1
    assert "no-such-bucket-anywhere" in result.last["error"]


def test_check_in_json_has_one_document_for_each_difference(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    Findings carry the exact keys.
    """
    source.put("a", "tab\there")
    dest.put("a")
    result = s3copy("check", source, dest, "--progress", "json")
    assert result.code == 4
    found = [json.loads(line) for line in result.lines if '"checked"' in line]
    assert [(document["finding"], document["dest_key"]) for document in found] == [("missing", "tab\there")]


def test_progress_none_and_quiet_say_nothing_of_a_good_run(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    ``-q`` is silent unless something goes wrong.
    """
    source.put("a")
    quiet = s3copy(source, dest, "-q")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    troubled = s3copy(source, dest, "-q", "-f", "missing")
    assert troubled.code == 3
    assert "missing" in troubled.err


def test_broken_pipe_ends_a_dry_run_quietly(s3copy: S3Copy, source: Bucket) -> None:
    """
    ``s3copy -n ... | head -1``: nobody reads on, so it ends, without a traceback.
    """
    source.put(*(f"{number:04d}-{'x' * 900}" for number in range(150)))
    with s3copy.started("-n", source, f"{source}/copies") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(f"{source}/0000-")
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(100) in (0, 141)
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
    assert "Exception ignored" not in err


def test_broken_pipe_does_not_stop_a_copy(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    ``s3copy --progress json ... | head -1``: the copying itself was asked for, and goes on to its end.
    """
    keys = [f"{number:04d}-{'x' * 900}" for number in range(60)]
    source.put(*keys)
    with s3copy.started(source, dest, "--progress", "json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "run-started" in process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(100) == 0
    assert "Traceback" not in err
    assert dest.keys() == keys


@pytest.mark.parametrize("action", ["-n", "check"])
def test_an_ascii_locale_gets_every_line(s3copy: S3Copy, source: Bucket, dest: Bucket, action: str) -> None:
    """
    What standard output cannot hold is escaped, and no line is left out.
    """
    keys = ["a", "caf\u00e9", "\U0001f600", "z"]
    source.put(*keys)

    result = s3copy.process(action, source, dest, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})

    assert result.code == (0 if action == "-n" else 4)
    assert len(result.lines) == len(keys)
    assert result.out.isascii()
    assert "caf\\xe9" in result.out
    assert "\\U0001f600" in result.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [["-n"], ["check"], ["-n", "--progress", "json"], ["check", "--progress", "json"]])
def test_answers_on_a_full_disk_are_an_error(s3copy: S3Copy, source: Bucket, dest: Bucket, words: list[str]) -> None:
    """
    However little there was to write: exit code 1, and one clear word about it.
    """
    source.put("a")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, *s3copy.words((*words, source, dest))], stdout=full, stderr=subprocess.PIPE, text=True,
            timeout=PATIENCE, check=False, env=s3copy.environment(),
        )  # fmt: skip
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_copy_outlives_a_full_disk(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    Its lines are lost, the copy is not.
    """
    source.put("a", "b")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, *s3copy.words((source, dest, "--progress", "json"))], stdout=full, stderr=subprocess.PIPE,
            text=True, timeout=PATIENCE, check=False, env=s3copy.environment(),
        )  # fmt: skip
    assert done.returncode == 0
    assert dest.keys() == ["a", "b"]


def test_clean_that_may_not_remove_does_not_ask_for_yes(s3copy_by_proxy: S3Copy, proxy: Proxy, dest: Bucket) -> None:
    """
    ``--yes`` was given: the failures are said, and nothing that was done already is advised.
    """
    dest.put("temp/a/1234567/parts/part-00001")
    proxy.deny(proxy.endpoint.access_key, dest.name, "DeleteObject")

    result = s3copy_by_proxy("clean", dest, "--yes")

    assert result.code == 3
    assert "add --yes" not in result.err
    assert "add --yes" in s3copy_by_proxy("clean", dest).err
