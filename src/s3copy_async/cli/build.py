"""
Turns what click parsed into `Options`, and finds every problem that a single option cannot see.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from s3copy_async.cli.build_access import AccessBuilder
from s3copy_async.cli.build_selection import SelectionBuilder
from s3copy_async.cli.form import Form
from s3copy_async.errors import ConfigError
from s3copy_async.options import MAX_COPY, CleanOptions, Display, Limits, Options, PartOptions, Progress, Selection
from s3copy_async.parts import MAX_PART, MIN_PART
from s3copy_async.text import shown
from s3copy_async.uri import is_bucket


class Builder:
    """
    Builds `Options` out of the values of one command line, collecting problems and warnings on the way.

    Args:
        values: click's parameters, None where a value was bad or absent.
        problems: those already found.
        on_argv: the names of parameters that were given on the command line.
        command: the command line that continues the run.
    """

    def __init__(
        self, values: Mapping[str, Any], problems: list[str], on_argv: frozenset[str], command: str = ""
    ) -> None:
        self._form = Form(values, problems, on_argv)
        self._command = command

    def options(self) -> Options:
        """
        The options.

        Raises:
            ConfigError: with every problem there is.
        """
        form = self._form
        selection = SelectionBuilder(form).build()
        access = AccessBuilder(form).build()
        limits = self._limits()
        parts = self._parts(self._work_prefix())
        display = self._display()
        if form.problems or selection is None:
            raise ConfigError(*form.problems)
        return Options(
            selection=selection,
            access=access.main,
            dest_access=access.dest,
            dest_fallback=access.dest_fallback,
            limits=limits,
            display=display,
            grants=tuple(form.get("grants") or ()),
            parts=parts,
            one_way=bool(form.get("one_way")),
        )

    def clean_options(self) -> Options:
        """
        The options of ``clean``, whose one argument is the destination of earlier copies.

        Raises:
            ConfigError: with every problem there is.
        """
        form = self._form
        access = AccessBuilder(form).build()
        limits, display, work_prefix = self._limits(), self._display(), self._work_prefix()
        place = form.get("dest")
        if form.problems or place is None:
            raise ConfigError(*form.problems)
        clean = CleanOptions(form.get("older_than") or 0.0, bool(form.get("yes")))
        display = replace(display, removes=clean.remove)
        parts = PartOptions(work_prefix=work_prefix)
        return Options(Selection(place, place), access.main, limits=limits, display=display, parts=parts, clean=clean)

    def display(self) -> Display:
        """
        Only how a run is shown, for commands that copy nothing of the user's.

        Raises:
            ConfigError: with every problem there is.
        """
        display = self._display()
        if self._form.problems:
            raise ConfigError(*self._form.problems)
        return display

    def _parts(self, work_prefix: str) -> PartOptions:
        size = self._form.get("part_size")
        keep, bucket = self._form.get("keep_parts"), self._form.get("work_bucket")
        if bucket is not None and not is_bucket(bucket):
            self._form.problem(f"--work-bucket: {shown(bucket)!r} is not a bucket name: give it without s3://")
        return PartOptions(size, work_prefix, bucket, keep is not False)

    def _work_prefix(self) -> str:
        prefix = (self._form.get("work_prefix") or "").strip("/")
        if not prefix:
            self._form.problem("--work-prefix: it must name a folder, such as temp")
        return prefix + "/"

    def _limits(self) -> Limits:
        large_file = self._form.get("large_file")
        if large_file is not None and not 0 < large_file <= MAX_COPY:
            self._form.problem("--large-file: S3 copies at most 5GiB at once, so expected 1 byte to 5GiB")
        part_size = self._form.get("part_size")
        if part_size is not None and not MIN_PART <= part_size <= MAX_PART:
            self._form.problem("--part-size: S3 parts have 5MiB to 5GiB, such as --part-size 64MiB")
        threads, retries, retry_for = self._form.get("threads"), self._form.get("retries"), self._form.get("retry_for")
        return Limits(
            permits=max(1, threads if threads is not None else 40),
            retries=retries if retries is not None else 3,
            retry_for=retry_for if retry_for is not None else 900.0,
            large_file=large_file or MAX_COPY,
        )

    def _display(self) -> Display:
        quiet, verbose = self._form.get("quiet"), self._form.get("verbose") or 0
        if quiet and verbose:
            self._form.problem("-q/--quiet and -v/--verbose exclude each other: use one of them")
        log_file = self._form.get("log_file")
        report, failures = self._form.get("report"), self._form.get("failures")
        html = self._form.get("html")
        files = {"-L/--log-file": log_file, "--report": report, "--failures": failures, "--html": html}
        for name, path in files.items():
            if path:
                self._check_writable(name, path)
        if failures and failures == self._form.get("files_from"):
            self._form.problem("--failures and -F/--files name the same file: give --failures another")
        return Display(
            progress=Progress(self._form.get("progress") or "auto"),
            verbosity=-1 if quiet else verbose,
            log_level=self._form.get("log_level") or ("INFO" if log_file else None),
            log_file=log_file,
            command=self._command if self._repeatable() else "",
            warnings=tuple(self._form.warnings),
            report=report,
            failures=failures,
            html=html,
        )

    def _repeatable(self) -> bool:
        # What stood on standard input is used up.
        return "-" not in (self._form.get("files_from"), self._form.get("prefixes_from"))

    def _check_writable(self, name: str, path: str) -> None:
        parent = Path(path).absolute().parent
        writable = (
            os.access(path, os.W_OK) and not Path(path).is_dir() if Path(path).exists() else os.access(parent, os.W_OK)
        )
        if not writable:
            self._form.problem(
                f"{name}: {shown(path)} cannot be written: give a file in a folder that you may write to"
            )
