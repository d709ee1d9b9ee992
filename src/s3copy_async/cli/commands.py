"""
The commands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import click
from click.core import ParameterSource

from s3copy_async.cli import declare
from s3copy_async.cli.group import Command, DefaultGroup
from s3copy_async.cli.params import problems_of
from s3copy_async.cli.tokens import Names, in_order

_HELP: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(cls=DefaultGroup, context_settings=_HELP, add_help_option=False)
def cli() -> None:
    """
    Copies S3 buckets to buckets inside S3: fast, restartable, with proof.
    """


@cli.command("copy", cls=Command)
@declare.ARGUMENTS
@declare.SELECTION
@declare.DRY_RUN
@declare.EXACT
@declare.VERSION
@declare.FILTERS
@declare.LIMIT
@declare.DELETION
@declare.ACCESS
@declare.OWNERS
@declare.IF_EXISTS
@declare.COMPARE
@declare.COPYING
@declare.LIMITS
@declare.WORK_BUCKET
@declare.CARRYING
@declare.REPORTS
@declare.PAGE
@declare.SHOWING
@click.pass_context
def copy(ctx: click.Context, /, **values: Any) -> None:
    """
    Copy what lies below SOURCE to the folder DEST, inside S3. Both are s3://bucket/path.

    \b
    Paths work as in cp -r:
      s3copy s3://in s3://out/x          all of the bucket, below x/
      s3copy s3://in/a/b s3://out        a/b/... as b/...
      s3copy s3://in/a/b/* s3://out      what is in a/b/, without b/
      s3copy s3://in/a/b* s3://out       everything that begins with a/b

    The same command again copies only what is missing or has changed. Without DEST, or with the source's own bucket
    and no path, copies go below temp/dest/.

    Each option can be set in the environment as S3COPY_<LONG_OPTION>, such as S3COPY_ENDPOINT_URL, but for lists
    and filters.
    """  # noqa: D301 - the character itself keeps click from wrapping
    _start(ctx, "dry-run" if values["dry_run"] else "copy", values)


@cli.command("check", cls=Command)
@declare.BOTH_ARGUMENTS
@declare.SELECTION
@declare.EXACT
@declare.VERSION
@declare.ONE_WAY
@declare.FILTERS
@declare.ACCESS
@declare.OWNERS
@declare.COMPARE
@declare.DEEP
@declare.LIMITS
@declare.WORK_BUCKET
@declare.PAGE
@declare.SHOWING
@click.pass_context
def check(ctx: click.Context, /, **values: Any) -> None:
    """
    Compare SOURCE with DEST, whoever made the copy, and copy nothing.

    Each difference is a line on standard output: missing, different, extra (only at the destination), other metadata
    (with --deep) or not comparable (equal in size, but encrypted or uploaded in other parts, so that neither ETags nor
    checksums can tell; alone it is no reason for exit code 4).
    """
    _start(ctx, "check", values)


@cli.command("clean", cls=Command)
@declare.PLACE
@declare.CLEANING
@declare.ACCESS
@declare.DEST_OWNER
@declare.LIMITS
@declare.PAGE
@declare.SHOWING
@click.pass_context
def clean(ctx: click.Context, /, **values: Any) -> None:
    """
    Show, and with --yes remove, what copies in parts left in the work area of DEST.

    DEST is s3://bucket, or s3://bucket/path for source keys at or below path. Only names that this program makes are
    ever touched. Do not clean while a copy to the same bucket is running: it would have to begin its parts again.
    """
    _start(ctx, "clean", values)


@cli.command("demo", cls=Command)
@declare.SHOWING
@click.pass_context
def demo(ctx: click.Context, /, **values: Any) -> None:
    """
    Show a copy between two buckets of an S3 server that runs inside this process.
    """
    from s3copy_async.cli.build import Builder
    from s3copy_async.cli.runner import run_demo

    display = Builder(values, problems_of(ctx), frozenset()).showing()
    ctx.exit(run_demo(display))


def _start(ctx: click.Context, action: str, values: dict[str, Any]) -> None:
    from s3copy_async.cli.build import Builder
    from s3copy_async.cli.retry import failures_command, same_command

    on_argv = frozenset(name for name in values if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE)
    params = [param for command in cli.commands.values() for param in command.params]
    args, names = ctx.obj or (), Names.of(params)
    globs = in_order(args, names, ("--include", "--exclude"))
    builder = Builder({**values, "globs": globs}, problems_of(ctx), on_argv, same_command(args, names))
    request = builder.cleaning() if action == "clean" else builder.copying()
    display = request.display
    selection = request.options.selection
    # One object, or one version of it, is not named by a list of keys.
    if (path := display.failures) and not (selection.exact_dest or selection.version_id):
        command = failures_command(args, names, str(selection.dest), path)
        display = replace(display, failures_command=command)

    from s3copy_async.cli.runner import run

    ctx.exit(run(request.options, display, action))
