"""
The entry point: errors become one line each, and an exit code.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from s3copy_async import ConfigError
from s3copy_async.cli.commands import cli
from s3copy_async.text import harmless, shown

_YOUNG: Final = 50_000
"""
Objects that pile up before the garbage collector looks for cycles. Pages of tuples have none; with Python's 700 it
takes an eighth of a run's CPU time, and a fifth of the start's.
"""


def main(args: Sequence[str] | None = None) -> NoReturn:
    """
    Runs the command line and exits with its code.
    """
    gc.set_threshold(_YOUNG, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A locale that cannot hold a key gets its escape, not an end of the output.
            stream.reconfigure(errors="backslashreplace")
    code = _run(args)
    _flush()
    raise SystemExit(code)


def _run(args: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if args is None else args)
    try:
        result = cli.main(args=words, prog_name="s3copy", standalone_mode=False, obj=tuple(words))
    except ConfigError as error:
        return _usage(error.problems)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.UsageError as error:
        return _usage([shown(error.format_message())])
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        return 141
    except Exception as bug:
        if os.environ.get("S3COPY_TRACEBACK"):
            raise
        print(f"internal error ({type(bug).__name__}: {harmless(str(bug))}): please report it", file=sys.stderr)
        print("S3COPY_TRACEBACK=1 shows where", file=sys.stderr)
        return 1
    return result if isinstance(result, int) else 0


def _usage(problems: Sequence[str]) -> int:
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    print("nothing was touched; s3copy --help lists the options", file=sys.stderr)
    return 2


def _flush() -> None:
    """
    Empties standard output. Where its reader is gone, the interpreter must not complain about it at exit.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
