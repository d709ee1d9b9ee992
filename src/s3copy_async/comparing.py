"""
Chooses how two places are compared: by ranges in order, or over a file where a bucket has no order.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import TypeVar

from s3copy_async.compare import Scope
from s3copy_async.errors import FatalError
from s3copy_async.keys import Rule
from s3copy_async.scan import Scan
from s3copy_async.store import ListsObjects
from s3copy_async.stretch import Plan
from s3copy_async.there import DestinationSide
from s3copy_async.uri import is_directory_bucket

T = TypeVar("T")


def compared(
    source: ListsObjects, side: DestinationSide, plan: Plan[T], rules: Iterable[Rule]
) -> AsyncGenerator[T, None]:
    """
    What both sides hold, put to use as `plan` says: see `scan.Scan.results`, and `unordered.Unordered`.

    Raises:
        FatalError: there is no order, and no way to do without.
    """
    if not is_unordered(plan.scope):
        return Scan(source, side, plan).results(rules)
    try:
        # Here, because not every Python has SQLite, and most runs have no use for it.
        from s3copy_async.unordered import Unordered
    except ImportError as error:
        raise FatalError(f"directory buckets need Python's sqlite3, which is missing here ({error})") from error
    return Unordered(source, side, plan).results(rules)


def is_unordered(scope: Scope) -> bool:
    """
    Whether one of the buckets lists in no order.
    """
    return is_directory_bucket(scope.source_bucket) or is_directory_bucket(scope.dest_bucket)
