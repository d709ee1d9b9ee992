"""
The command line that continues a run: the same words, the secrets left out.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

from s3copy_async.cli.tokens import Names, tokens
from s3copy_async.text import shown

_VARIABLES: Final = {
    "-a": '"$AWS_ACCESS_KEY_ID"',
    "--access-key": '"$AWS_ACCESS_KEY_ID"',
    "-k": '"$AWS_SECRET_ACCESS_KEY"',
    "--secret-key": '"$AWS_SECRET_ACCESS_KEY"',
}


def same_command(args: Sequence[str], names: Names) -> str:
    """
    `args` as one line for a POSIX shell. Secrets become the variables that hold them in most shells' environments.
    """
    words = ["s3copy"]
    for token in tokens(args, names):
        if token.positional:
            words.append(quoted(token.values[0]))
        elif token.option in _VARIABLES and token.values:
            words += [token.option, _VARIABLES[token.option]]
        elif token.option == "--":
            words += ["--", *map(quoted, token.values)]
        else:
            words += [_without_secret(token.option, names), *map(quoted, token.values)]
    return " ".join(words)


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


def quoted(word: str) -> str:
    """
    One word for a POSIX shell; what a terminal could not show harmlessly stands in bash's ``$'...'`` form.
    """
    if shown(word).replace("\\\\", "\\") == word:
        return shlex.quote(word)
    data = word.encode("utf-8", "surrogateescape")
    return (
        "$'"
        + "".join(chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\x{byte:02x}" for byte in data)
        + "'"
    )
