"""
What a store can do, found out when an answer is first needed and remembered for the run.

Amazon's own S3 is never asked: what it can do is known. A dry run asks nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from s3copy_async.copying.experiments import (
    Formula,
    Place,
    composes,
    decodes_twice,
    refuses_to_complete,
    refuses_to_overwrite,
    refuses_wrong_pin,
)
from s3copy_async.errors import AccessDenied, FatalError, S3Error, Throttled
from s3copy_async.events import Emit, Notice, ignore

PATIENCE: Final = 20.0
"""A request of a probe is repeated for so many seconds: a store that never answers well has answered."""

T = TypeVar("T")


class Capabilities:
    """
    What a store can do. Those who ask while an answer is being found out wait for it.

    Args:
        place: where to find out; None answers for Amazon, and makes no request.

    Requests, and the answer where nothing can be found out, which is said:

    ===================================  ===============  =============
    `pins`                               3                no
    `copies_parts` with `etag_formula`   6 for the two    yes, and no
    `reads_twice`                        5                yes
    `conditional`                        5                no
    `completes_conditionally`            6                no
    ===================================  ===============  =============
    """

    def __init__(self, place: Place | None = None, emit: Emit = ignore) -> None:
        store = _Questions(place, emit) if place else None
        self._pins = _Once(True, store.pins if store else None)
        self._parts = _Once(_Parts(copied=True, formula=True), store.parts if store else None)
        self._twice = _Once(False, store.twice if store else None)
        self._copies = _Once(True, store.copies if store else None)
        self._completes = _Once(True, store.completes if store else None)

    async def pins(self) -> bool:
        """
        Whether a copy is refused when its source has another ETag than the one it names.
        """
        return await self._pins()

    async def copies_parts(self) -> bool:
        """
        Whether objects can be copied into parts of uploads (UploadPartCopy).
        """
        return (await self._parts()).copied

    async def etag_formula(self) -> bool:
        """
        Whether the ETag of a part is its MD5, and that of an upload the MD5 of these and their number.
        """
        return (await self._parts()).formula

    async def reads_twice(self) -> bool:
        """
        Whether the source keys of part copies are decoded twice. Ceph RGW does so: it copies ``a b`` when it is asked
        for ``a%20b``, and says 200.
        """
        return await self._twice()

    async def conditional(self) -> bool:
        """
        Whether an object can be copied on the condition that nothing is at its destination.
        """
        return await self._copies()

    async def completes_conditionally(self) -> bool:
        """
        Whether an upload can be completed on that condition.
        """
        return await self._completes()


class _Once(Generic[T]):
    """
    One answer, given by Amazon's default where there is nobody to ask.
    """

    def __init__(self, on_amazon: T, ask: Callable[[], Awaitable[T]] | None) -> None:
        self._answer = on_amazon if ask is None else None
        self._ask = ask
        self._asking = asyncio.Lock()

    async def __call__(self) -> T:
        if self._answer is None:
            async with self._asking:
                if self._answer is None:
                    assert self._ask  # else there is an answer
                    self._answer = await self._ask()
        return self._answer


class _Parts(NamedTuple):
    """
    What is known of uploads: whether parts can be copied, and whether the ETags follow S3's formula.
    """

    copied: bool
    formula: bool


@dataclass(frozen=True, slots=True)
class _Questions:
    """
    Asks the store, and says what it lacks and what is done instead.
    """

    place: Place
    emit: Emit

    async def pins(self) -> bool:
        instead = "where no ETag proves a copy, its source is looked at again afterwards"
        found = await self._found(refuses_wrong_pin, "honours the ETag that pins the source of a copy", instead)
        if found is False:
            self._say(f"this store ignores the ETag that pins the source of a copy: {instead}")
        return bool(found)

    async def parts(self) -> _Parts:
        try:
            found = await composes(self.place)
        except FatalError:
            raise
        except S3Error as error:
            return self._without_parts(error)
        if found is Formula.BROKEN:
            words = "the ETags of uploads are not made of MD5s in this store: they prove nothing of copies in parts"
            self._say(words)
        return _Parts(copied=True, formula=found is Formula.HOLDS)

    def _without_parts(self, error: S3Error) -> _Parts:
        if error.failure.operation not in ("PutObject", "HeadObject") and _is_an_answer(error):
            instead = "objects up to 5GiB are copied whole, larger ones fail"
            self._say(f"this store does not copy parts ({error}): {instead}")
            return _Parts(copied=False, formula=False)
        # The copies themselves will tell, and fail with the reason.
        self._unknown("copies parts", "ETags of copies in parts are not relied on", error)
        return _Parts(copied=True, formula=False)

    async def twice(self) -> bool:
        instead = "objects whose keys it could misread are copied to another name first"
        found = await self._found(decodes_twice, "decodes the source keys of part copies once", instead)
        return found is not False

    async def copies(self) -> bool:
        return await self._conditional(refuses_to_overwrite, "copies", "copy")

    async def completes(self) -> bool:
        return await self._conditional(refuses_to_complete, "completes uploads", "completion")

    async def _conditional(self, experiment: Callable[[Place], Awaitable[bool]], does: str, each: str) -> bool:
        instead = f"the destination is looked at before each {each}, and what comes in between is overwritten"
        found = await self._found(experiment, f"{does} on conditions", instead)
        if found is False:
            self._say(f"this store {does} without regard to conditions (If-None-Match): {instead}")
        return bool(found)

    async def _found(self, experiment: Callable[[Place], Awaitable[bool]], what: str, instead: str) -> bool | None:
        """
        What an experiment shows; None where it cannot be made, which is said.
        """
        try:
            return await experiment(self.place)
        except FatalError:
            raise
        except S3Error as error:
            self._unknown(what, instead, error)
            return None

    def _unknown(self, what: str, instead: str, error: S3Error) -> None:
        self._say(f"it cannot be found out whether this store {what} ({error}): {instead}")

    def _say(self, text: str) -> None:
        self.emit(Notice(f"s3://{self.place.bucket}: {text}"))


def _is_an_answer(error: S3Error) -> bool:
    """
    Whether an error tells what the store can do, and not only what the caller may, or that nobody answered.
    """
    return error.failure.status != 0 and not isinstance(error, (AccessDenied, Throttled))
