"""
What is shown: harmless keys, JSON lines, pipes that close.
"""

from __future__ import annotations

import json
import re
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from e2e.proxy import Proxy
from e2e.tools import PATIENCE, PROGRAM, Bucket, Result, S3Copy, client_of, endpoint_named, keys_of, new_bucket
from golden import matches_golden
from schema import problems
from support import Endpoint

GOLDEN: Final = Path(__file__).parent / "golden"
MIB: Final = 1 << 20

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


class Scenario:
    """
    Runs of every kind, one after the other, between two buckets that always hold the same.
    """

    def __init__(self, s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
        self._s3copy = s3copy
        self._names = {source.name: "source", dest.name: "dest", s3copy.url: "http://endpoint"}
        self.source, self.dest = source, dest
        source.put("a/one", "a/two \u00fc", "esc\x1b[31mred")
        source.write_parts("a/big", b"x" * 5 * MIB, b"y" * MIB)

    def run(self, *words: object) -> Result:
        """
        One at a time, so that it is always the same order.
        """
        return self._s3copy(*words, "-t", "1")

    def runs(self, *more: str) -> Iterator[tuple[str, Result]]:
        """
        Each command line with what it said. `more` are options of all.
        """
        source, dest = self.source, self.dest
        yield self._named("-n", f"{source}/a", f"{dest}/to", *more)
        yield self._named(source, f"{dest}/to", *more, "-f", "a/one", "missing")
        yield self._named(source, f"{dest}/to", *more)
        yield self._named(source, f"{dest}/to", *more)
        dest.write("to/a/one", "other")
        dest.put("to/more")
        dest.delete("to/a/two \u00fc")
        yield self._named("check", source, f"{dest}/to", *more)
        yield self._named("clean", dest, *more)
        yield self._named("clean", dest, "--yes", *more)
        yield self._named(source, "s3://no-such-bucket-anywhere", *more)

    def _named(self, *words: object) -> tuple[str, Result]:
        return self.normal(" ".join(map(str, words))), self.run(*words)

    def normal(self, text: str) -> str:
        """
        `text` without what differs from run to run: names, times and ids.
        """
        for name, always in self._names.items():
            text = text.replace(name, always)
        text = re.sub(r"\b\d+\.\d s\b", "N s", text)
        text = re.sub(r"(?m)^N s: .*\n", "", text)
        return re.sub(r"\[request \w+(?:, x-amz-id-2 [^]]+)?\]", "[request ID]", text)

    def normal_line(self, line: str) -> str:
        """
        One line of JSON likewise.
        """
        document = json.loads(self.normal(line))
        for name in ("seconds", "wait", "age", "request_id", "extended_id", "upload_id"):
            if document.get(name):
                document[name] = "*"
        if document["type"] == "summary":
            document["requests"] = dict(sorted(document["requests"].items()))
        return json.dumps(document)


@pytest.fixture
def scenario(s3copy: S3Copy, source: Bucket, dest: Bucket) -> Scenario:
    """
    Against the moto server.
    """
    return Scenario(s3copy, source, dest)


def test_golden_plain_output(scenario: Scenario) -> None:
    """
    Every kind of run says what it said before. S3COPY_TEST_UPDATE_GOLDEN=1 writes the golden file anew.
    """
    text = ""
    for words, result in scenario.runs():
        text += f"$ s3copy {words}\n{scenario.normal(result.out)}{scenario.normal(result.err)}[exit {result.code}]\n\n"

    assert matches_golden(GOLDEN / "plain.txt", text)


def test_golden_json_output(scenario: Scenario) -> None:
    """
    The same in JSON. Lines that count requests come with the time and are left out; the summary has their sums.
    """
    lines: list[str] = []
    for words, result in scenario.runs("--progress", "json"):
        lines.append(json.dumps({"command": words.replace(" --progress json", ""), "exit": result.code}))
        lines += [scenario.normal_line(line) for line in result.lines if '"requests-made"' not in line]

    assert matches_golden(GOLDEN / "json.jsonl", "\n".join(lines) + "\n")


@pytest.mark.parametrize(("service", "variable"), [("github", "GITHUB_ACTIONS"), ("gitlab", "GITLAB_CI")])
def test_golden_output_for_ci_services(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, service: str, variable: str
) -> None:
    """
    A run with failures, in a group, with annotations where the service knows them.
    """
    monkeypatch.setenv(variable, "true")
    result = scenario.run(scenario.source, f"{scenario.dest}/to", "-f", "a/one", "::error::x", "##[error]", "100%0A")
    text = re.sub(r"section_(\w+):\d+:s3copy_\w+", r"section_\1:0:s3copy_ID", scenario.normal(result.err))

    assert (result.code, result.out) == (3, "")
    assert matches_golden(GOLDEN / f"{service}.txt", text.replace("\x1b", "ESC").replace("\r", "CR"))


def test_every_json_line_of_real_runs_is_as_the_schema_says(scenario: Scenario) -> None:
    """
    Copy, copy in parts, dry run, check, clean, failing runs: nothing is written that docs/ do not describe.
    """
    seen = set()
    for _, result in scenario.runs("--progress", "json"):
        seen |= {json.loads(line)["type"] for line in result.lines}
        assert [problem for line in result.lines for problem in problems(line)] == []

    assert seen >= {
        "run-started", "listed", "listing-done", "skipped", "planned", "copy-started", "object-started",
        "part-done", "object-done", "checked", "checked-same", "leftover-found", "leftover-removed", "requests-made",
        "run-ended", "summary",
    }  # fmt: skip


def test_every_line_of_a_real_report_is_as_the_schema_says(scenario: Scenario, tmp_path: Path) -> None:
    """
    Copied whole and in parts, failed, and already there.
    """
    lines: list[str] = []
    for more in (("-f", "a/one", "missing"), (), ()):
        scenario.run(scenario.source, f"{scenario.dest}/to", "--report", tmp_path / "report", *more)
        lines += (tmp_path / "report").read_text().splitlines()

    assert [problem for line in lines for problem in problems(line, "report")] == []
    assert {json.loads(line)["outcome"] for line in lines} == {"copied", "failed", "skipped"}
    assert {json.loads(line)["method"] for line in lines} == {"", "whole", "staged"}
