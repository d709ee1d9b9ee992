"""
A command with sections in its help, and a group whose default command needs no name.
"""

from __future__ import annotations

from typing import Final

import click

from s3copy_async.cli.params import DEFAULT, Option
from s3copy_async.cli.tokens import Names, spread, verb_first

EXIT_CODES: Final = (
    ("0", "all copied, or already there"),
    ("1", "the run could not go on (credentials, bucket, listing), or --delete would delete too much"),
    ("2", "wrong usage; nothing was touched"),
    ("3", "some objects failed"),
    ("4", "check found differences"),
    ("130, 143", "interrupted by SIGINT, SIGTERM; the same command continues"),
    ("141", "the reader of a dry run's or a check's output went away"),
)


class Command(click.Command):
    """
    A command whose options stand in sections and may take lists.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """
        See `click.Command`.
        """
        names = Names.of(self.params)
        return super().parse_args(ctx, list(args) if ctx.resilient_parsing else spread(args, names))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Writes the options under their headings, and for the default command the other commands.
        """
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and not isinstance(param, click.Argument):
                sections.setdefault(param.section if isinstance(param, Option) else "Output", []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records, col_max=26)
        if self.name == DEFAULT and ctx.parent is not None and isinstance(ctx.parent.command, click.Group):
            others = ctx.parent.command.commands
            with formatter.section("Commands"):
                formatter.write_dl([(name, others[name].get_short_help_str(90)) for name in others if name != DEFAULT])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Writes the exit codes.
        """
        with formatter.section("Exit codes"):
            formatter.write_dl(list(EXIT_CODES))
        super().format_epilog(ctx, formatter)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Writes the usage line as people type it: the default command has no name.
        """
        path = ctx.command_path.removesuffix(f" {DEFAULT}")
        formatter.write_usage(path, " ".join(self.collect_usage_pieces(ctx)))


class DefaultGroup(click.Group):
    """
    Runs its default command where no other is named: ``s3copy SOURCE DEST`` is ``s3copy copy SOURCE DEST``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """
        Moves the verb to the front, so that common options may stand on both sides of it.
        """
        params = [param for command in self.commands.values() for param in command.params]
        return super().parse_args(ctx, verb_first(args, Names.of(params), self.commands, DEFAULT))
