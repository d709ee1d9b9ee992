"""
The values of one command line, and what was found wrong with them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from s3copy_async import Problem
from s3copy_async.text import shown

OPTIONS: Final = {
    "access.addressing_style": "--addressing-style",
    "access.anonymous": "--no-sign-request",
    "access.endpoint_url": "--endpoint-url",
    "access.profile": "--profile",
    "carry.acl": "--acl",
    "carry.cache_control": "--cache-control",
    "carry.content_type": "--content-type",
    "carry.metadata": "--metadata",
    "carry.sse": "--sse",
    "carry.sse_kms_key_id": "--sse-kms-key-id",
    "carry.storage_class": "--storage-class",
    "carry.tags": "--tag",
    "clean.older_than": "--older-than",
    "filter.exclude": "--exclude",
    "filter.include": "--include",
    "filter.limit": "--limit",
    "filter.max_size": "--max-size",
    "filter.min_size": "--min-size",
    "filter.newer_than": "--newer-than",
    "filter.older_than": "--older-than",
    "filter.storage_classes": "--only-storage-class",
    "deletion.at_most": "--max-delete",
    "deletion.excluded": "--delete-excluded",
    "deletion.wanted": "--delete",
    "grants": "--acl-grant",
    "limits.large_file": "--large-file",
    "compare": "--compare",
    "limits.max_rate": "--max-rate",
    "limits.permits": "-t/--threads",
    "limits.retries": "--retries",
    "limits.retry_for": "--retry-for",
    "owners.dest": "--expected-dest-owner",
    "owners.source": "--expected-source-owner",
    "parts.size": "--part-size",
    "parts.work_bucket": "--work-bucket",
    "parts.work_prefix": "--work-prefix",
    "selection.dest": "DEST",
    "selection.exact_dest": "-T/--no-target-directory",
    "selection.files": "-f/--file",
    "selection.prefixes": "-p/-P",
    "selection.source": "SOURCE",
    "selection.version_id": "--version-id",
}
"""What a setting of the library is called on the command line."""


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

    def problems_with(self, found: Iterable[Problem]) -> None:
        """
        Notes what the library finds wrong, under the names that the command line has for it.
        """
        for problem in found:
            self.problem(f"{OPTIONS.get(problem.setting, problem.setting)}: {problem.text}")

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
