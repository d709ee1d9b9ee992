"""
The objects of a listed page as columns: most of them need never be made one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain, repeat
from typing import Final, overload

from s3copy_async.model import ObjectInfo, maker

_MAKE: Final = maker(ObjectInfo)


class Columns(Sequence[ObjectInfo]):
    """
    Objects as a listing shows them, in its order; a sequence of `ObjectInfo`, made as they are asked for.

    Args:
        keys: whole keys.
        sizes: bytes.
        etags: without quotes.
        classes: storage classes, empty where unknown.
        moments: of the last change: seconds since the epoch, or texts as S3 writes them, which are read when needed.
    """

    __slots__ = ("_times", "classes", "etags", "keys", "moments", "sizes")

    def __init__(
        self,
        keys: tuple[str, ...],
        sizes: tuple[int, ...],
        etags: tuple[str, ...],
        classes: tuple[str, ...],
        moments: tuple[str | float, ...],
    ) -> None:
        self.keys = keys
        self.sizes = sizes
        self.etags = etags
        self.classes = classes
        self.moments = moments
        self._times: tuple[float, ...] | None = None

    @staticmethod
    def of(objects: Sequence[ObjectInfo]) -> Columns:
        """
        These objects, as columns.
        """
        if isinstance(objects, Columns):
            return objects
        if not objects:
            return EMPTY
        keys, sizes, etags, times, classes, *_ = zip(*objects, strict=True)
        return Columns(keys, sizes, etags, classes, times)

    def pick(self, places: Sequence[int]) -> Columns:
        """
        Those at these places.
        """
        columns = (self.keys, self.sizes, self.etags, self.classes, self.moments)
        return Columns(*(tuple([column[at] for at in places]) for column in columns))  # type: ignore[arg-type]

    @property
    def times(self) -> tuple[float, ...]:
        """
        Seconds since the epoch.
        """
        if self._times is None:
            # Objects that were written together have one time.
            known = {moment: _seconds(moment) for moment in set(self.moments)}
            self._times = tuple(map(known.__getitem__, self.moments))
        return self._times

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, at: int) -> ObjectInfo: ...
    @overload
    def __getitem__(self, at: slice) -> Columns: ...
    def __getitem__(self, at: int | slice) -> ObjectInfo | Columns:
        if isinstance(at, slice):
            return Columns(self.keys[at], self.sizes[at], self.etags[at], self.classes[at], self.moments[at])
        moment = _seconds(self.moments[at])
        return _MAKE((self.keys[at], self.sizes[at], self.etags[at], moment, self.classes[at], False, "", ""))

    def __iter__(self) -> Iterator[ObjectInfo]:
        nothing = repeat("")
        columns = zip(self.keys, self.sizes, self.etags, self.times, self.classes, repeat(False), nothing, nothing)
        return map(_MAKE, columns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and not isinstance(other, str) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as lists: equal to any sequence of the same objects

    def __repr__(self) -> str:
        return f"Columns.of({tuple(self)!r})"


def _seconds(moment: str | float) -> float:
    return datetime.fromisoformat(moment).timestamp() if isinstance(moment, str) else moment


EMPTY: Final = Columns((), (), (), (), ())
"""No objects."""


def joined(pieces: Sequence[Columns]) -> Columns:
    """
    The objects of all pieces, in their order.
    """
    if len(pieces) < 2:
        return pieces[0] if pieces else EMPTY
    columns = zip(
        *((piece.keys, piece.sizes, piece.etags, piece.classes, piece.moments) for piece in pieces), strict=True
    )
    return Columns(*(tuple(chain.from_iterable(column)) for column in columns))
