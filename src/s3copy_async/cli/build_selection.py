"""
Builds the selection: which keys, and where to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from s3copy_async import ConfigError, S3Uri, Selection, parse_list, problems, select
from s3copy_async.cli.form import Form
from s3copy_async.text import shown

_LIST: Final = "a text file, one key a line, or - for standard input"


class SelectionBuilder:
    """
    Builds a `Selection` out of a form.
    """

    def __init__(self, form: Form) -> None:
        self._form = form

    def build(self) -> Selection | None:
        """
        The selection, or None where there is no source. What is wrong with it is in the form.
        """
        form = self._form
        source: S3Uri | None = form.get("source")
        if source is None:
            return None
        files_from = form.get("files_from")
        if files_from is not None and files_from != "-":
            form.readable("-F/--files", files_from, _LIST)
        try:
            selection = select(
                str(source),
                form.get("dest"),
                files=form.get("files") or (),
                prefixes=self._prefixes(files_from),
                files_from=files_from,
                exact_dest=bool(form.get("no_target_directory")),
                version_id=form.get("version_id") or "",
            )
        except ConfigError as error:
            form.problem(f"SOURCE: {shown(str(error).removeprefix('source: '))}")
            return None
        form.problems_with(problems(selection))
        return selection

    def _prefixes(self, files_from: str | None) -> tuple[str, ...] | None:
        given: Iterable[str] | None = self._form.get("prefixes")
        path = self._form.get("prefixes_from")
        if path is None:
            return tuple(given) if given else None
        if path == "-" and files_from == "-":
            self._form.problem("-F -, -P -: only one of them can read standard input: give the other a file")
            return ()
        return (*(given or ()), *self._lines(path))

    def _lines(self, path: str) -> list[str]:
        if path != "-" and not self._form.readable("-P/--prefixes", path, _LIST):
            return []
        try:
            data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        except OSError as error:
            self._form.problem(f"-P/--prefixes: {shown(path)} cannot be read ({error.strerror}): give {_LIST}")
            return []
        return parse_list(data)
