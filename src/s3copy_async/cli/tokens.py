"""
Reads a command line before click does: finds the verb, and gives list options all their values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import click

from s3copy_async.cli.params import Option


@dataclass(frozen=True, slots=True)
class Names:
    """
    What the options of a command take: one value each, or a list.
    """

    valued: frozenset[str]
    lists: frozenset[str]

    @classmethod
    def of(cls, params: Iterable[click.Parameter]) -> Names:
        """
        The names of `params`.
        """
        valued: set[str] = set()
        lists: set[str] = set()
        for param in params:
            if isinstance(param, Option) and not param.is_flag and not param.count:
                (lists if param.variadic else valued).update(param.opts)
        return cls(frozenset(valued), frozenset(lists))


@dataclass(frozen=True, slots=True)
class Token:
    """
    A piece of the command line: an option with its values, or one positional word.
    """

    option: str
    values: tuple[str, ...]

    @property
    def positional(self) -> bool:
        """
        Whether this is no option.
        """
        return not self.option


def tokens(args: Sequence[str], names: Names) -> Iterator[Token]:
    """
    Splits `args`. The values of a list end at an option, at ``--`` or at a word that starts with ``s3://``.
    """
    at = 0
    while at < len(args):
        word = args[at]
        at += 1
        if word == "--":
            yield Token("--", tuple(args[at:]))
            return
        if not _is_option(word):
            yield Token("", (word,))
            continue
        flags, name = _last_of_cluster(word, names)
        if flags:
            yield Token(flags, ())
        if name in names.lists:
            end = at
            while (
                end < len(args)
                and not _is_option(args[end])
                and args[end] != "--"
                and not args[end].startswith("s3://")
            ):
                end += 1
            yield Token(name, tuple(args[at:end]))
            at = end
        elif name in names.valued and at < len(args):
            yield Token(name, (args[at],))
            at += 1
        else:
            yield Token(name, ())


def in_order(args: Sequence[str], names: Names, wanted: Collection[str]) -> list[tuple[str, str]]:
    """
    The values of the options `wanted`, each with its option, in the order in which they stand on the command line.
    """
    found: list[tuple[str, str]] = []
    for token in tokens(args, names):
        option, attached, value = token.option.partition("=")
        if option in wanted:
            found += [(option, one) for one in ((value,) if attached else token.values)]
    return found


def _is_option(word: str) -> bool:
    return len(word) > 1 and word.startswith("-")


def _last_of_cluster(word: str, names: Names) -> tuple[str, str]:
    """
    Splits ``-nf`` into ``-n`` and ``-f`` where the last letter takes a value and those before it are flags.
    """
    if word.startswith("--") or len(word) == 2:
        return "", word
    takes = names.valued | names.lists
    if f"-{word[-1]}" in takes and not any(f"-{letter}" in takes for letter in word[1:-1]):
        return word[:-1], f"-{word[-1]}"
    return "", word


def spread(args: Sequence[str], names: Names) -> list[str]:
    """
    ``-f a b`` as ``-f a -f b``, which click understands.

    Raises:
        click.UsageError: a list option has no value.
    """
    words: list[str] = []
    for token in tokens(args, names):
        if token.option == "--" or token.positional:
            words += ([token.option] if token.option else []) + list(token.values)
        elif token.option in names.lists:
            if not token.values:
                raise click.UsageError(f"{token.option} needs at least one value: {token.option} VALUE...")
            for value in token.values:
                words += [token.option, value]
        else:
            words += [token.option, *token.values]
    return words


def verb_first(args: Sequence[str], names: Names, verbs: Iterable[str], default: str) -> list[str]:
    """
    The command line with its verb in front: options may stand before it, and without a verb it is `default`.
    """
    found: str | None = None
    rest: list[str] = []
    known = set(verbs)
    open_question = True
    for token in tokens(args, names):
        if token.positional and open_question:
            # Only the first positional word can be a verb; sources begin with s3://.
            open_question = False
            if token.values[0] in known:
                found = token.values[0]
                continue
        rest += ([token.option] if token.option else []) + list(token.values)
    return [found or default, *rest]
