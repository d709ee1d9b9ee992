"""
What is wrong with a filter, and where none can be used.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from s3copy_async.globs import shapes
from s3copy_async.options import Filter, Selection
from s3copy_async.text import harmless

_NOTHING_LEFT = "so no object could be selected: swap the two, or leave one out"


def filter_problems(wanted: Filter) -> Iterator[tuple[str, str]]:
    """
    Names of settings and what is wrong with each.
    """
    for glob in wanted.globs:
        try:
            shapes(glob.pattern)
        except ValueError as error:
            yield glob.kind, harmless(str(error))
    if wanted.min_size < 0:
        yield "min_size", "expected bytes, 0 or more"
    if wanted.max_size is not None and wanted.max_size < wanted.min_size:
        yield "min_size", f"it is above the largest size, {_NOTHING_LEFT}"
    if any(time is not None and not math.isfinite(time) for time in (wanted.newer_than, wanted.older_than)):
        yield "newer_than", "expected seconds since the epoch"
    elif wanted.newer_than is not None and wanted.older_than is not None and wanted.newer_than >= wanted.older_than:
        yield "newer_than", f"it is no earlier than what objects must be older than, {_NOTHING_LEFT}"
    if not all(wanted.storage_classes):
        yield "storage_classes", "an empty class names nothing: leave it out, or write STANDARD"
    if wanted.limit is not None and wanted.limit < 1:
        yield "limit", "expected 1 or more"


def misplaced(wanted: Filter, selection: Selection) -> Iterator[tuple[str, str]]:
    """
    Names of settings that the selection has no use for, and why.
    """
    attributes = list(_attributes(wanted))
    if selection.exact_dest or selection.version_id:
        kinds = dict.fromkeys(str(glob.kind) for glob in wanted.globs)
        for name in (*kinds, *attributes, *(["limit"] if wanted.limit is not None else [])):
            yield name, "it chooses among many objects, and one is named: leave it out"
    elif selection.files or selection.files_from is not None:
        for name in attributes:
            yield (
                name,
                "named keys are not listed, so this is not known of them: leave it out, or name prefixes instead",
            )


def _attributes(wanted: Filter) -> Iterator[str]:
    usual = Filter()
    for name in ("min_size", "max_size", "newer_than", "older_than", "storage_classes"):
        if getattr(wanted, name) != getattr(usual, name):
            yield name
