"""
Everything that can happen in a run, as values. Core code says it with one of these and never prints, logs or draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from s3copy_async.model import CheckResult, CopyResult, CopyTask, SkipReason


@dataclass(frozen=True, slots=True)
class RunStarted:
    """
    The run begins. URIs as the user may write them; `action` is ``copy``, ``dry-run`` or ``check``.
    """

    action: str
    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class Notice:
    """
    Something the user should know, one line. `warning` tells advice from information.
    """

    text: str
    warning: bool = True


@dataclass(frozen=True, slots=True)
class Listed:
    """
    One page of the source was listed: objects, and their bytes.
    """

    objects: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class ListingDone:
    """
    All of the source has been listed: the totals are final.
    """


@dataclass(frozen=True, slots=True)
class Skipped:
    """
    Objects of one page that need no copy; where they were compared, `tasks` says which.
    """

    reason: SkipReason
    objects: int
    nbytes: int
    tasks: Sequence[CopyTask] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """
    A dry run would copy this, with about so many requests. `note` is what may prevent it.
    """

    key: str
    dest_key: str
    size: int
    requests: int = 1
    note: str = ""


class Stage(StrEnum):
    """
    How far a part has come.
    """

    TEMP = "temp"
    PART = "part"
    COMPOSED = "composed"


@dataclass(frozen=True, slots=True)
class CopyStarted:
    """
    A worker took up an object. `size` is 0 where it is not known yet.
    """

    key: str
    dest_key: str
    size: int


@dataclass(frozen=True, slots=True)
class ObjectStarted:
    """
    An object is being copied in parts; this many of them are not durable yet, of `total`.
    """

    key: str
    dest_key: str
    size: int
    parts: int
    total: int = 0


@dataclass(frozen=True, slots=True)
class PartDone:
    """
    A part of the object `key` reached a stage; its bytes were copied once more.
    """

    key: str
    number: int
    stage: Stage
    nbytes: int


@dataclass(frozen=True, slots=True)
class PartFailed:
    """
    A step of a part of the object `key` was refused or came out wrong: it is done anew, or the object fails.
    """

    key: str
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Retrying:
    """
    A request failed and is repeated after `wait` seconds. `attempt` counts from 1.
    """

    operation: str
    key: str
    attempt: int
    wait: float
    code: str
    throttled: bool


@dataclass(frozen=True, slots=True)
class ObjectDone:
    """
    One object reached its end: copied, skipped after a lookup, or failed.
    """

    result: CopyResult


@dataclass(frozen=True, slots=True)
class Checked:
    """
    `check` found that one key is not the same on both sides.
    """

    result: CheckResult


@dataclass(frozen=True, slots=True)
class CheckedSame:
    """
    `check` found these many objects of a page to be the same, with their bytes.
    """

    objects: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class LeftoverFound:
    """
    `clean` found objects of ours below `prefix`: how many, their bytes, and seconds since the last was written.
    """

    prefix: str
    objects: int
    nbytes: int
    age: float


@dataclass(frozen=True, slots=True)
class UploadFound:
    """
    `clean` found an open upload of ours.
    """

    bucket: str
    key: str
    upload_id: str


@dataclass(frozen=True, slots=True)
class LeftoverRemoved:
    """
    `clean` removed one object of ours.
    """

    key: str


@dataclass(frozen=True, slots=True)
class DeletePlanned:
    """
    A dry run would delete this object of the destination, which the source lacks.
    """

    key: str
    size: int


@dataclass(frozen=True, slots=True)
class DeletionStarted:
    """
    Everything is listed and copied; now so many objects of the destination are deleted, with their bytes.
    """

    objects: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """
    An object of the destination that the source lacks was deleted.
    """

    key: str
    size: int


@dataclass(frozen=True, slots=True)
class DeleteFailed:
    """
    An object of the destination could not be deleted. Codes and ids are those of `model.CopyResult`.
    """

    key: str
    size: int
    code: str
    reason: str
    request_id: str = ""
    extended_id: str = ""


@dataclass(frozen=True, slots=True)
class RequestsMade:
    """
    Requests since the last such event, by S3 operation, and how many are in flight now.
    """

    counts: tuple[tuple[str, int], ...]
    in_flight: int = 0


@dataclass(frozen=True, slots=True)
class Stopping:
    """
    A signal asked for the end: no new object is begun, and what is in flight may finish within `grace` seconds.
    """

    signal: int
    grace: float


@dataclass(frozen=True, slots=True)
class RunEnded:
    """
    The run is over. `error` is the reason why it could not go on, empty otherwise; `signal` 0 unless interrupted.
    """

    seconds: float
    error: str = ""
    signal: int = 0


DeletionEvent = DeletePlanned | DeletionStarted | Deleted | DeleteFailed
"""What happens to objects that the source lacks."""
Event = (
    RunStarted
    | Notice
    | Listed
    | ListingDone
    | Skipped
    | Planned
    | CopyStarted
    | ObjectStarted
    | PartDone
    | PartFailed
    | Retrying
    | ObjectDone
    | Checked
    | CheckedSame
    | LeftoverFound
    | UploadFound
    | LeftoverRemoved
    | DeletionEvent
    | RequestsMade
    | Stopping
    | RunEnded
)
Emit = Callable[[Event], None]
"""Called for every event, on the event loop. It never blocks, never awaits and never raises."""


def ignore(event: Event) -> None:
    """
    The sink of those who do not care.
    """
