"""
The command that continues a run.
"""

from __future__ import annotations

import shlex
import subprocess

import pytest

from s3copy_async.cli.commands import cli
from s3copy_async.cli.retry import same_command
from s3copy_async.cli.tokens import Names
from s3copy_async.text import quoted

NAMES = Names.of([param for command in cli.commands.values() for param in command.params])


@pytest.mark.parametrize(
    "args",
    [
        ["-a", "AKIASECRET", "-k", "SECRET/+"],
        ["--access-key", "AKIASECRET", "--secret-key", "SECRET/+"],
        ["--access-key=AKIASECRET", "--secret-key=SECRET/+"],
        ["-aAKIASECRET", "-kSECRET/+"],
        ["-nk", "SECRET/+"],
        ["-nkSECRET/+"],
        ["-vqnkSECRET/+", "-vaAKIASECRET"],
    ],
)
def test_secrets_are_left_out(args: list[str]) -> None:
    """
    However the keys were written, the command names the variables that hold them.
    """
    command = same_command([*args, "s3://in/a", "s3://out"], NAMES)

    assert "SECRET/+" not in command
    assert "AKIASECRET" not in command
    assert '"$AWS_SECRET_ACCESS_KEY"' in command
    assert command.startswith("s3copy ")
    assert command.endswith(" s3://in/a s3://out")


@pytest.mark.parametrize(
    "args",
    [
        ["s3://in/a", "s3://out"],
        ["-t", "20", "-l", "DEBUG", "-L", "log.txt", "s3://in/a", "s3://out"],
        ["-f", "a b", "it's", "s3://in/a", "s3://out", "-n"],
        ["--endpoint-url=http://127.0.0.1:9000", "s3://in/a*", "s3://out/$x"],
        ["s3://in", "--", "s3://out"],
        ["-pkeys", "-cakfile", "s3://in", "s3://out"],
    ],
)
def test_everything_else_is_kept(args: list[str]) -> None:
    """
    A shell reads the same words back.
    """
    assert ["s3copy", *args] == shlex.split(same_command(args, NAMES))


@pytest.mark.parametrize(
    "word", ["a b", "it's", "a\nb", "\x1b[31m", "\u202e'\\", "caf\u00e9", "a\\b", "$HOME", "\udcff", "*"]
)
def test_a_word_is_the_same_for_the_shell_and_harmless_for_the_eye(word: str) -> None:
    """
    What cannot be shown stands in bash's own escapes.
    """
    line = quoted(word)

    assert line.isprintable()
    said = subprocess.run(["bash", "-c", f"printf %s {line}"], capture_output=True, check=True).stdout
    assert word.encode("utf-8", "surrogateescape") == said
