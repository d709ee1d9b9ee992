"""
The settings of a run as names and values, without secrets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

from s3copy_async.options import Access, Keys, Options
from s3copy_async.text import harmless, masked

_SHOWN: Final = 20
_LEFT_OUT: Final = ("warnings",)
_MOMENTS: Final = ("filter.newer_than", "filter.older_than")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def settings_of(options: Options) -> list[tuple[str, str]]:
    """
    Every setting that is not at its default, and where the objects come from and go to.
    """
    found = [("source", str(options.selection.source)), ("destination", str(options.selection.dest))]
    found += _differing("", options, Options(options.selection))
    return [(name, harmless(value)) for name, value in found]


def _differing(path: str, value: Any, default: Any) -> Iterator[tuple[str, str]]:
    for field in fields(value):
        name = f"{path}.{field.name}" if path else field.name
        mine, usual = getattr(value, field.name), getattr(default, field.name, None)
        if field.name in _LEFT_OUT or name in ("selection.source", "selection.dest"):
            continue
        if name == "selection":
            yield from _differing(name, mine, type(mine)(mine.source, mine.dest))
        elif isinstance(mine, Keys):
            yield name, f"{masked(mine.access_key)} (secret not shown)"
        elif isinstance(mine, Access):
            yield from _differing(name, mine, Access())
        elif is_dataclass(mine) and is_dataclass(usual):
            yield from _differing(name, mine, usual)
        elif mine != usual:
            yield name, _time(mine) if name in _MOMENTS else _text(mine)


def _time(seconds: float) -> str:
    try:
        return (_EPOCH + timedelta(seconds=seconds)).isoformat(" ", "seconds")
    except OverflowError:  # before the year 1
        return str(seconds)


def _text(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        more = f", and {len(value) - _SHOWN:,} more" if len(value) > _SHOWN else ""
        return ", ".join(map(_text, value[:_SHOWN])) + more
    if is_dataclass(value):
        return " ".join(_text(getattr(value, field.name)) for field in fields(value) if field.name != "keys")
    return str(value)
