"""
The command line that continues a run: the same words, the secrets left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from s3copy_async import SOURCE_MARK
from s3copy_async.cli.tokens import Names, Token, tokens
from s3copy_async.text import quoted

_VARIABLES: Final = {
    "-a": '"$AWS_ACCESS_KEY_ID"',
    "--access-key": '"$AWS_ACCESS_KEY_ID"',
    "-k": '"$AWS_SECRET_ACCESS_KEY"',
    "--secret-key": '"$AWS_SECRET_ACCESS_KEY"',
}


_SELECTING: Final = frozenset(
    (
        "--", "-f", "--file", "-p", "--prefix", "-F", "--files", "-P", "--prefixes", "-T", "--no-target-directory",
        "--failures", "--delete", "--max-delete", "--delete-excluded",
        # Filters have chosen already, and named keys are not listed.
        "--include", "--exclude", "--min-size", "--max-size", "--newer-than", "--older-than", "--only-storage-class",
        "--limit",
    )
)  # fmt: skip


def same_command(args: Sequence[str], names: Names) -> str:
    """
    `args` as one line for a POSIX shell. Secrets become the variables that hold them in most shells' environments.
    """
    return " ".join(["s3copy", *_words(tokens(args, names), names)])


def failures_command(args: Sequence[str], names: Names, dest: str, path: str) -> str:
    """
    The command line that copies only the keys listed in `path`: `args` with another selection. `SOURCE_MARK` stands
    where the folder goes that these keys are relative to.
    """
    kept = [token for token in tokens(args, names) if not token.positional and not _selects(token)]
    return " ".join(["s3copy", *_words(kept, names), SOURCE_MARK, quoted(dest), "-F", quoted(path)])


def _selects(token: Token) -> bool:
    name = token.option.partition("=")[0] if token.option.startswith("--") else token.option[:2]
    return name in _SELECTING


def _words(line: Iterable[Token], names: Names) -> list[str]:
    words: list[str] = []
    for token in line:
        if token.positional:
            words.append(quoted(token.values[0]))
        elif token.option in _VARIABLES and token.values:
            words += [token.option, _VARIABLES[token.option]]
        elif token.option == "--":
            words += ["--", *map(quoted, token.values)]
        else:
            words += [_without_secret(token.option, names), *map(quoted, token.values)]
    return words


def _without_secret(word: str, names: Names) -> str:
    """
    An option as it was written; a secret that is attached to it becomes its variable.
    """
    if word.startswith("--"):
        name, attached, _ = word.partition("=")
        return f"{name}={_VARIABLES[name]}" if attached and name in _VARIABLES else quoted(word)
    for at, letter in enumerate(word[1:], start=1):
        name = f"-{letter}"
        if name in _VARIABLES and word[at + 1 :]:
            return quoted(word[: at + 1]) + _VARIABLES[name]
        if name in names.valued | names.lists:
            break
    return quoted(word)
