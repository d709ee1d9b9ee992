"""
Turns what click parsed into the library's `Options` and into a `Display`, and finds every problem on the way.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from s3copy_async import (
    CleanOptions,
    Compare,
    ConfigError,
    Deletion,
    Display,
    IfExists,
    Limits,
    Multipart,
    Options,
    Owners,
    PartOptions,
    Progress,
    Selection,
    Verify,
    problems,
)
from s3copy_async.cli.build_access import AccessBuilder
from s3copy_async.cli.build_carry import carry_of
from s3copy_async.cli.build_filter import filter_of
from s3copy_async.cli.build_selection import SelectionBuilder
from s3copy_async.cli.form import Form
from s3copy_async.text import shown

_OUTPUTS: Final = {
    "-L/--log-file": "log_file",
    "--report": "report",
    "--failures": "failures",
    "--html": "html",
}


@dataclass(frozen=True, slots=True)
class Request:
    """
    What one command line asks for.
    """

    options: Options
    display: Display


class Builder:
    """
    Builds a `Request` out of the values of one command line, collecting problems and warnings on the way.

    Args:
        values: click's parameters, None where a value was bad or absent.
        found: problems already found.
        on_argv: the names of parameters that were given on the command line.
        command: the command line that continues the run.
    """

    def __init__(self, values: Mapping[str, Any], found: list[str], on_argv: frozenset[str], command: str = "") -> None:
        self._form = Form(values, found, on_argv)
        self._command = command

    def copying(self) -> Request:
        """
        For ``copy`` and ``check``.

        Raises:
            ConfigError: with every problem there is.
        """
        form = self._form
        selection = SelectionBuilder(form).build()
        access = AccessBuilder(form).build()
        limits, parts, display = self._limits(), self._parts(), self._display()
        carry, wanted = carry_of(form), filter_of(form, time.time())
        if form.problems or selection is None:
            raise ConfigError(*form.problems)
        options = Options(
            selection=selection,
            access=access.main,
            dest_access=access.dest,
            dest_fallback=access.dest_fallback,
            limits=limits,
            grants=tuple(form.get("grants") or ()),
            parts=parts,
            carry=carry,
            one_way=bool(form.get("one_way")),
            verify=Verify(form.get("verify") or "auto"),
            compare=Compare(form.get("compare") or "auto"),
            deep=bool(form.get("deep")),
            owners=Owners(form.get("expected_source_owner"), form.get("expected_dest_owner")),
            if_exists=IfExists(form.get("if_exists") or "overwrite"),
            filter=wanted,
            deletion=Deletion(
                wanted=bool(form.get("delete")),
                at_most=form.get("max_delete"),
                excluded=bool(form.get("delete_excluded")),
            ),
            warnings=tuple(form.warnings),
        )
        return Request(self._sound(options), display)

    def cleaning(self) -> Request:
        """
        For ``clean``, whose one argument is the destination of earlier copies.

        Raises:
            ConfigError: with every problem there is.
        """
        form = self._form
        access = AccessBuilder(form).build()
        limits, parts, display = self._limits(), self._parts(), self._display()
        place = form.get("dest")
        if form.problems or place is None:
            raise ConfigError(*form.problems)
        clean = CleanOptions(form.get("older_than") or 0.0, bool(form.get("yes")))
        options = Options(
            Selection(place, place),
            access.main,
            limits=limits,
            parts=parts,
            clean=clean,
            owners=Owners(dest=form.get("expected_dest_owner")),
            warnings=tuple(form.warnings),
        )
        return Request(self._sound(options), replace(display, removes=clean.remove))

    def _sound(self, options: Options) -> Options:
        """
        The options, unless something is wrong with them as a whole.

        Raises:
            ConfigError: with every problem there is.
        """
        self._form.problems_with(problems(options))
        if self._form.problems:
            raise ConfigError(*self._form.problems)
        return options

    def showing(self) -> Display:
        """
        Only how a run is shown, for commands that copy nothing of the user's.

        Raises:
            ConfigError: with every problem there is.
        """
        display = self._display()
        if self._form.problems:
            raise ConfigError(*self._form.problems)
        return display

    def _parts(self) -> PartOptions:
        prefix = (self._form.get("work_prefix") or "").strip("/")
        parts = PartOptions(
            size=self._form.get("part_size"),
            work_prefix=prefix + "/",
            work_bucket=self._form.get("work_bucket"),
            keep=self._form.get("keep_parts") is not False,
            method=Multipart(self._form.get("multipart") or "staged"),
        )
        self._form.problems_with(problems(parts))
        return parts

    def _limits(self) -> Limits:
        values = {
            "permits": self._form.get("threads"),
            "max_rate": self._form.get("max_rate"),
            "retries": self._form.get("retries"),
            "retry_for": self._form.get("retry_for"),
            "large_file": self._form.get("large_file"),
        }
        limits = replace(Limits(), **{name: value for name, value in values.items() if value is not None})
        # As in the original, -t 0 is one at a time.
        limits = replace(limits, permits=None if limits.permits is None else max(1, limits.permits))
        self._form.problems_with(problems(limits))
        return limits

    def _display(self) -> Display:
        quiet, verbose = self._form.get("quiet"), self._form.get("verbose") or 0
        if quiet and verbose:
            self._form.problem("-q/--quiet and -v/--verbose exclude each other: use one of them")
        log_file = self._form.get("log_file")
        outputs = {option: self._form.get(name) for option, name in _OUTPUTS.items()}
        self._check_outputs((option, path) for option, path in outputs.items() if path)
        return Display(
            progress=Progress(self._form.get("progress") or "auto"),
            verbosity=-1 if quiet else verbose,
            log_level=self._form.get("log_level") or ("INFO" if log_file else None),
            log_file=log_file,
            command=self._command if self._repeatable() else "",
            report=outputs["--report"],
            failures=outputs["--failures"],
            html=outputs["--html"],
        )

    def _repeatable(self) -> bool:
        # What stood on standard input is used up.
        return "-" not in (self._form.get("files_from"), self._form.get("prefixes_from"))

    def _check_outputs(self, outputs: Iterable[tuple[str, str]]) -> None:
        inputs = [("-F/--files", self._form.get("files_from")), ("-P/--prefixes", self._form.get("prefixes_from"))]
        given = [*outputs]
        for option, path in given:
            self._check_writable(option, path)
            for other, read in inputs:
                if read and _same(path, read):
                    self._form.problem(f"{option} and {other} name the same file: give {option} another")
        for (one, path), (other, again) in combinations(given, 2):
            if _same(path, again):
                self._form.problem(f"{one} and {other} name the same file: give each its own")

    def _check_writable(self, option: str, path: str) -> None:
        file = Path(path)
        parent = file.absolute().parent
        if file.exists():
            writable = os.access(path, os.W_OK) and not file.is_dir()
        else:
            writable = parent.is_dir() and os.access(parent, os.W_OK)
        if not writable:
            self._form.problem(
                f"{option}: {shown(path)} cannot be written: give a file in a folder that you may write to"
            )


def _same(one: str, other: str) -> bool:
    file = Path(one).absolute()
    is_device = file.exists() and not file.is_file()
    return file == Path(other).absolute() and not is_device
