"""
The command line: click options become `Options`, the final state becomes an exit code.

Nothing here imports aiobotocore before a command needs it, so that ``--help`` and completion answer at once.
"""

from s3copy_async.cli.main import main

__all__ = ["main"]
