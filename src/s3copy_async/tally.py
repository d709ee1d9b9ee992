"""
Counts the requests that are made for one object, in whichever task they are made.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class Tally:
    """
    The requests of one object.
    """

    requests: int = 0


TALLY: Final[ContextVar[Tally | None]] = ContextVar("s3copy_tally", default=None)
"""The object that the present task works for. Tasks that it starts inherit it."""


def count_request() -> None:
    """
    Counts one request for the present object, if there is one.
    """
    if tally := TALLY.get():
        tally.requests += 1
