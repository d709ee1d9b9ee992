"""
Builds the selection: which keys, and where to.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from s3copy_async.cli.form import Form
from s3copy_async.errors import ConfigError
from s3copy_async.keys import folder
from s3copy_async.listfile import parse_lines
from s3copy_async.options import Selection
from s3copy_async.selection import rules_of
from s3copy_async.text import shown
from s3copy_async.uri import S3Uri

DEFAULT_DEST: Final = "temp/dest/"
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
        before = len(form.problems)
        exact = bool(form.get("no_target_directory"))
        files = self._keys("-f/--file", form.get("files") or ())
        files_from = form.get("files_from")
        if files_from is not None and files_from != "-":
            form.readable("-F/--files", files_from, _LIST)
        prefixes = self._prefixes(files_from)
        selection = Selection(source, self._dest(source, exact=exact), files, prefixes, files_from, exact)
        if exact:
            self._check_exact(selection)
        elif selection.named:
            self._check(lambda: folder(source.path), "SOURCE")
        if len(form.problems) == before:
            self._check(lambda: rules_of(selection), "-p/-P" if prefixes else "SOURCE")
        return selection

    def _dest(self, source: S3Uri, *, exact: bool) -> S3Uri:
        dest: S3Uri = self._form.get("dest") or S3Uri(source.bucket)
        if exact:
            return dest
        if "*" in dest.path:
            self._form.problem(f"DEST: {shown(str(dest))}: a destination is a folder: leave the * out")
        if dest.bucket == source.bucket and not dest.path:
            return S3Uri(dest.bucket, DEFAULT_DEST)
        return dest

    def _check(self, decide: Callable[[], object], name: str) -> None:
        try:
            decide()
        except (ValueError, ConfigError) as error:
            self._form.problem(f"{name}: {shown(str(error))}")

    def _check_exact(self, selection: Selection) -> None:
        if selection.named:
            self._form.problem("-T/--no-target-directory copies one object: leave out -f, -p, -F and -P")
        given = self._form.get("dest") is not None
        if not selection.source.path or (given and not selection.dest.path):
            self._form.problem("-T/--no-target-directory needs a key in SOURCE and in DEST: s3://bucket/key")

    def _keys(self, name: str, values: Iterable[str]) -> tuple[str, ...]:
        keys = tuple(values)
        for value in keys:
            if not value:
                self._form.problem(f"{name}: an empty key names nothing: leave it out")
            elif any("\udc80" <= char <= "\udcff" for char in value):
                self._form.problem(f"{name}: {shown(value)}: not valid UTF-8, as S3 keys are")
        return keys

    def _prefixes(self, files_from: str | None) -> tuple[str, ...] | None:
        given = self._form.get("prefixes")
        path = self._form.get("prefixes_from")
        if path is None:
            return self._keys("-p/--prefix", given) if given else None
        if path == "-" and files_from == "-":
            self._form.problem("-F -, -P -: only one of them can read standard input: give the other a file")
            return ()
        return self._keys("-p/--prefix", given or ()) + self._keys("-P/--prefixes", self._lines(path))

    def _lines(self, path: str) -> list[str]:
        if path != "-" and not self._form.readable("-P/--prefixes", path, _LIST):
            return []
        try:
            data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        except OSError as error:
            self._form.problem(f"-P/--prefixes: {shown(path)} cannot be read ({error.strerror}): give {_LIST}")
            return []
        return parse_lines(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"))
