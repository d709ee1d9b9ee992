"""
Builds the filter: which of the objects of the selection.
"""

from __future__ import annotations

from s3copy_async import Filter, Glob, GlobKind, problems
from s3copy_async.cli.form import Form
from s3copy_async.text import Moment


def filter_of(form: Form, start: float) -> Filter:
    """
    Which objects are wanted, for a run that starts at `start`. What is wrong with it is in the form.
    """
    newer: Moment | None = form.get("newer_than")
    older: Moment | None = form.get("older_than")
    wanted = Filter(
        globs=tuple(Glob(GlobKind(option.removeprefix("--")), text) for option, text in form.get("globs") or ()),
        min_size=form.get("min_size") or 0,
        max_size=form.get("max_size"),
        newer_than=newer.at(start) if newer else None,
        older_than=older.at(start) if older else None,
        storage_classes=tuple(dict.fromkeys(name for names in form.get("storage_classes") or () for name in names)),
        limit=form.get("limit"),
    )
    form.problems_with(problems(wanted))
    return wanted
