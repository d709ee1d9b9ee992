"""
Options: where they may stand, where they are read from, how their mistakes are reported, help and completion.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from e2e.proxy import Proxy
from e2e.tools import PATIENCE, PROGRAM, Bucket, S3Copy
from s3copy_async import __version__

GOLDEN: Final = Path(__file__).parent / "golden" / "help.txt"


def test_all_configuration_errors_are_reported_together_and_nothing_is_touched(
    s3copy_by_proxy: S3Copy, proxy: Proxy, tmp_path: Path
) -> None:
    """
    Exit 2, one line for each mistake, and no request.
    """
    result = s3copy_by_proxy(
        "s3://in/a*b", "http://out", "-t", "many", "--retry-for", "soon", "--acl-grant", "ALL:me", "--large-file",
        "6GiB", "-c", tmp_path / "none.s3cfg", "-F", tmp_path / "none.txt", "-k", "s3cret-of-mine", "-q", "-v",
        "--profile", "nobody", "--ca-bundle", tmp_path / "none.pem", "-L", tmp_path / "no" / "log", "-l", "LOUD",
    )  # fmt: skip
    assert result.code == 2
    assert result.out == ""
    problems = [line for line in result.err.splitlines() if line.startswith("error: ")]
    for name in (
        "DEST", "--threads", "--retry-for", "--acl-grant", "--large-file", "--config-file", "--files", "--access-key",
        "-q/--quiet", "--profile", "--ca-bundle", "--log-file", "--log-level", "SOURCE",
    ):  # fmt: skip
        assert any(name in problem for problem in problems), (name, problems)
    assert len(problems) == len(set(problems))
    assert "nothing was touched" in result.err
    assert "s3cret-of-mine" not in result.err
    assert not proxy.requests


@pytest.mark.parametrize(
    "words",
    [
        ["s3://in", "s3://out", "--no-such-option"],
        ["s3://in", "s3://out", "s3://more"],
        ["s3://in", "s3://out", "-f"],
        ["in", "out"],
        ["s3://in/a*", "s3://out", "-f", "x"],
        ["s3://in", "s3://out/a*"],
        ["-T", "s3://in", "s3://out/x"],
        ["-T", "s3://in/x", "s3://out/y", "-f", "z"],
        ["check", "s3://in"],
        ["s3://in", "s3://out", "-t", "-1"],
        ["s3://in", "s3://out", "--endpoint-url", "localhost:9000"],
        ["s3://in", "s3://out", "--no-sign-request", "-a", "A", "-k", "B"],
        ["s3://in", "s3://out", "--ca-bundle", "/dev/null", "--no-verify-ssl"],
        ["s3://in", "s3://out", "--work-bucket", "s3://work"],
        ["s3://in", "s3://out", "--work-bucket", "Work_Bucket!"],
        ["s3://in", "s3://out", "--work-bucket", ""],
        ["s3://in", "s3://out", "--include", "[a"],
        ["check", "s3://in", "s3://out", "--exclude", ""],
        ["s3://in", "s3://out", "--min-size", "2", "--max-size", "1"],
        ["s3://in", "s3://out", "--newer-than", "1d", "--older-than", "7d"],
        ["s3://in", "s3://out", "--limit", "0"],
        ["check", "s3://in", "s3://out", "--limit", "1"],
        ["s3://in", "s3://out", "-f", "a", "--min-size", "1"],
        ["-T", "s3://in/a", "s3://out/b", "--include", "a"],
    ],
)
def test_wrong_usage_exits_with_2_and_no_request(s3copy_by_proxy: S3Copy, proxy: Proxy, words: list[str]) -> None:
    """
    Wrong usage is told in a line that begins with error, never with a traceback.
    """
    result = s3copy_by_proxy(*words)
    assert result.code == 2
    assert result.err.startswith("error: ")
    assert "Traceback" not in result.err
    assert not proxy.requests


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--max-rate", "0"], "--max-rate: '0' is not a number of requests per second, such as 500"),
        (["--max-rate", "x"], "--max-rate: 'x' is not a number of requests per second, such as 500"),
        (["--max-rate", "-3"], "--max-rate: '-3' is not"),
        (["--max-rate", "inf"], "--max-rate: 'inf' is not"),
        (["--max-rate", "nan"], "--max-rate: 'nan' is not"),
        (["--list-version", "3"], "--list-version: '3' is not one of 'auto', '1', '2'"),
        (["--transport", "foo"], "--transport: 'foo' is not one of 'auto', 'wire', 'aiobotocore'"),
        (["-t", "1.5"], "-t/--threads"),
    ],
)
def test_a_wrong_speed_is_told_in_one_clear_line(
    s3copy_by_proxy: S3Copy, proxy: Proxy, words: list[str], said: str
) -> None:
    """
    Which option, what it was given, and what it takes.
    """
    result = s3copy_by_proxy("s3://in", "s3://out", *words)
    assert (result.code, result.out) == (2, "")
    (problem,) = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert said in problem
    assert not proxy.requests


def test_bad_paths_are_reported_beside_bad_options(s3copy: S3Copy) -> None:
    """
    A source path that is no path, and prefixes that overlap, do not wait until the options are right.
    """
    bad_path = s3copy("s3://in/a*b", "s3://out", "-t", "many").err
    assert "SOURCE" in bad_path
    assert "--threads" in bad_path
    overlap = s3copy("s3://in", "s3://out", "-p", "a/x", "b/x", "-t", "many").err
    assert "would both write below" in overlap
    assert "--threads" in overlap


def test_options_are_read_from_the_environment(
    proxy: Proxy, s3copy: S3Copy, source: Bucket, dest: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    S3COPY_<LONG_OPTION> stands for an option, and not S3COPY_COPY_<LONG_OPTION>.
    """
    source.put("a")
    bare = S3Copy("", s3copy.capsys, s3copy.keys)
    monkeypatch.setenv("S3COPY_ENDPOINT_URL", proxy.endpoint.url)
    monkeypatch.setenv("S3COPY_LOG_FILE", str(tmp_path / "log.txt"))
    monkeypatch.setenv("S3COPY_DRY_RUN", "1")
    dry = bare(source, dest)
    assert (dry.code, len(dry.lines)) == (0, 1)
    assert proxy.requests["ListObjectsV2"] > 0
    assert (tmp_path / "log.txt").exists()
    monkeypatch.delenv("S3COPY_DRY_RUN")
    monkeypatch.setenv("S3COPY_COPY_DRY_RUN", "1")
    assert bare(source, dest).code == 0
    assert dest.keys() == ["a"]


def test_bad_value_in_the_environment_is_wrong_usage(s3copy: S3Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It is checked like the option itself; the command line wins over it.
    """
    monkeypatch.setenv("S3COPY_THREADS", "many")
    result = s3copy("s3://in", "s3://out")
    assert result.code == 2
    assert "--threads" in result.err


def test_lists_are_not_read_from_the_environment(
    s3copy: S3Copy, source: Bucket, dest: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A forgotten S3COPY_FILE must not narrow a copy, and no more may a filter.
    """
    for name in ("FILE", "PREFIX", "FILES", "PREFIXES", "INCLUDE", "EXCLUDE", "OLDER_THAN", "LIMIT"):
        monkeypatch.setenv(f"S3COPY_{name}", "a")
    source.put("a", "b")
    assert s3copy(source, dest).code == 0
    assert dest.keys() == ["a", "b"]


def test_options_stand_before_and_after_the_verb(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    ``s3copy --endpoint-url X check A B`` is ``s3copy check A B --endpoint-url X``; the copy may be named, too.
    """
    source.put("a")
    bare = S3Copy("", s3copy.capsys, s3copy.keys)
    assert bare("--endpoint-url", s3copy.url, "check", source, dest).code == 4
    assert bare("--endpoint-url", s3copy.url, "copy", source, dest).code == 0
    assert bare("check", source, dest, "--endpoint-url", s3copy.url).code == 0
    assert bare("check", "--endpoint-url", s3copy.url, source, dest).code == 0
    assert bare(source, "--endpoint-url", s3copy.url, dest).code == 0


def test_double_dash_ends_a_list(s3copy: S3Copy, source: Bucket, dest: Bucket) -> None:
    """
    What follows ``--`` are SOURCE and DEST.
    """
    source.put("a", "b", "c")
    assert s3copy("-f", "a", "b", "--", source, dest).code == 0
    assert dest.keys() == ["a", "b"]


def test_help_shows_copy_options_other_commands_and_exit_codes(s3copy: S3Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The help is that of golden/help.txt. S3COPY_TEST_UPDATE_GOLDEN=1 writes it anew.
    """
    monkeypatch.setenv("COLUMNS", "110")
    result = s3copy("--help")
    assert result.code == 0
    if os.environ.get("S3COPY_TEST_UPDATE_GOLDEN"):
        GOLDEN.write_text(result.out)
    assert result.out == GOLDEN.read_text()
    assert s3copy("-h").out == result.out


def test_golden_help_names_what_it_must() -> None:
    """
    Every option of the specification, the commands beside the copy, and the exit codes.
    """
    text = GOLDEN.read_text()
    for word in (
        "-h, --help", "-n, --dry-run", "-f, --file", "-p, --prefix", "-F, --files", "-P, --prefixes", "-a,", "-k,",
        "-c, --config-file, --config_file", "-d, --dest-config", "--acl-grant", "-t,", "-l,", "-L,", "--retries",
        "--work-prefix", "--version", "--endpoint-url", "--region", "--profile", "--no-sign-request", "--ca-bundle",
        "--no-verify-ssl", "--addressing-style", "-T, --no-target-directory", "--progress", "-q,", "-v,", "--retry-for",
    ):  # fmt: skip
        assert re.search(rf"^  .*{re.escape(word)}", text, re.MULTILINE), word
    for heading in ("Selection", "Filters", "Credentials and endpoint", "Copying", "Output", "Commands", "Exit codes"):
        assert f"{heading}:" in text
    for command in ("check", "demo"):
        assert re.search(rf"^  {command} ", text, re.MULTILINE)
    for code in ("0", "1", "2", "3", "4", "130, 143"):
        assert re.search(rf"^  {code} ", text, re.MULTILINE)


def test_each_command_has_its_own_help(s3copy: S3Copy) -> None:
    """
    ``s3copy check --help`` shows the options of check, also where the option stands first.
    """
    for words in (("check", "--help"), ("--help", "check")):
        result = s3copy(*words)
        assert result.code == 0
        assert "Usage: s3copy check [OPTIONS] SOURCE DEST" in result.out
        assert "--one-way" in result.out


def test_version_is_shown(s3copy: S3Copy) -> None:
    """
    ``--version`` is the name and the version, on standard output.
    """
    result = s3copy("--version")
    assert (result.code, result.out) == (0, f"s3copy {__version__}\n")


def test_no_arguments_at_all_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """
    Exit 2 and a word on what is missing.
    """
    result = S3Copy("", capsys)()
    assert result.code == 2
    assert "SOURCE" in result.err.upper()


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_no_library_that_is_slow(option: str) -> None:
    """
    They answer without aiobotocore, botocore, aiohttp, rich, uvloop and httptools.
    """
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *PROGRAM[1:], option],
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    imported = {line.rsplit("|", 1)[-1].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"aiobotocore", "botocore", "aiohttp", "rich", "uvloop", "httptools", "moto"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["s3copy", "--endp"], "--endpoint-url"),
        (["s3copy", "--progress", "js"], "json"),
        (["s3copy", "che"], "check"),
        (["s3copy", "check", "--one"], "--one-way"),
        (["s3copy", "--endpoint-url", "http://x", "check", "--one"], "--one-way"),
        (["s3copy", "s3://a", "s3://b", "--dry"], "--dry-run"),
    ],
)
def test_bash_completes_options_and_verbs(words: list[str], expected: str) -> None:
    """
    What bash asks is answered, also before the verb and behind it.
    """
    done = subprocess.run(
        PROGRAM, capture_output=True, text=True, timeout=PATIENCE, check=False,
        env={
            **os.environ,
            "_S3COPY_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(words),
            "COMP_CWORD": str(len(words) - 1),
        },
    )  # fmt: skip
    assert f"plain,{expected}" in done.stdout.splitlines(), done.stdout + done.stderr


def test_bash_completion_script_names_the_program() -> None:
    """
    ``_S3COPY_COMPLETE=bash_source s3copy`` prints the script to source.
    """
    done = subprocess.run(
        PROGRAM, capture_output=True, text=True, timeout=PATIENCE, check=False,
        env={**os.environ, "_S3COPY_COMPLETE": "bash_source"},
    )  # fmt: skip
    assert "complete -o nosort -F" in done.stdout
    assert "s3copy" in done.stdout
