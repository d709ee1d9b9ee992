"""
The values of one command line, and what was found wrong with them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from s3copy_async.text import shown


@dataclass(slots=True)
class Form:
    """
    What click parsed, filled in by one command.

    Args:
        values: click's parameters, None where a value was bad or absent.
        problems: one line each; any of them ends in exit code 2.
        on_argv: the names of parameters that were given on the command line.
        warnings: said when the run starts.
    """

    values: Mapping[str, Any]
    problems: list[str]
    on_argv: frozenset[str] = frozenset()
    warnings: list[str] = field(default_factory=list)

    def get(self, name: str) -> Any:
        """
        A parameter's value, None where there is none.
        """
        return self.values.get(name)

    def problem(self, text: str) -> None:
        """
        Notes one problem, once.
        """
        if text not in self.problems:
            self.problems.append(text)

    def warn(self, text: str) -> None:
        """
        Notes one warning, once.
        """
        if text not in self.warnings:
            self.warnings.append(text)

    def readable(self, name: str, path: str, wanted: str) -> bool:
        """
        Whether `path` is a file that can be read; if not, that is a problem of option `name`.
        """
        file = Path(path)
        if not file.exists():
            self.problem(f"{name}: there is no file {shown(path)}: give {wanted}")
        elif file.is_dir() or not os.access(path, os.R_OK):
            self.problem(f"{name}: {shown(path)} cannot be read: give {wanted}")
        else:
            return True
        return False
