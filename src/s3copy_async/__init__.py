"""
Copies S3 buckets to buckets inside S3: the bytes never pass through this machine.

::

    import asyncio
    import s3copy_async as s3

    summary = asyncio.run(s3.copy("s3://source/photos", "s3://backup/2026"))
    print(summary.copied, summary.failed)

What is named in ``__all__`` is public, and so are the modules ``views`` (ways to show a run) and ``text`` (keys made
harmless). Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from s3copy_async.app import Action
    from s3copy_async.errors import ConfigError, FatalError, ListingError, S3CopyError, S3Error
    from s3copy_async.events import (
        Checked,
        CheckedSame,
        CopyStarted,
        Deleted,
        DeleteFailed,
        DeletePlanned,
        DeletionStarted,
        Emit,
        Event,
        LeftoverFound,
        LeftoverRemoved,
        Listed,
        ListingDone,
        Notice,
        ObjectDone,
        ObjectStarted,
        PartDone,
        PartFailed,
        Planned,
        RequestsMade,
        Retrying,
        RunEnded,
        RunStarted,
        Skipped,
        Stage,
        Stopping,
        UploadFound,
    )
    from s3copy_async.library import Job, Place, Places, Settings, check, clean, copy, select
    from s3copy_async.listfile import parse_list
    from s3copy_async.model import (
        CheckResult,
        CopyResult,
        CopyTask,
        Finding,
        ObjectInfo,
        Outcome,
        Proof,
        SkipReason,
    )
    from s3copy_async.options import (
        KEEP,
        MAX_COPY,
        SOURCE_MARK,
        Access,
        Carry,
        CleanOptions,
        Compare,
        Deletion,
        Display,
        Fallback,
        Filter,
        Glob,
        GlobKind,
        Grant,
        IfExists,
        Keys,
        Limits,
        ListVersion,
        Multipart,
        Options,
        Owners,
        PartOptions,
        Progress,
        Selection,
        Transport,
        Verify,
        exclude,
        include,
    )
    from s3copy_async.s3cfg import S3CFG_PATH, S3Cfg, read_s3cfg
    from s3copy_async.state import RunState
    from s3copy_async.stop import Stop
    from s3copy_async.summary import RunFailed, Summary
    from s3copy_async.uri import S3Uri
    from s3copy_async.validate import Problem, problems, validate
    from s3copy_async.views import View

__version__: Final = "0.1.0"

_NAMES: Final = {
    "app": ("Action",),
    "errors": ("ConfigError", "FatalError", "ListingError", "S3CopyError", "S3Error"),
    "events": (
        "Checked", "CheckedSame", "CopyStarted", "Deleted", "DeleteFailed", "DeletePlanned", "DeletionStarted", "Emit",
        "Event", "LeftoverFound", "LeftoverRemoved", "Listed", "ListingDone", "Notice", "ObjectDone", "ObjectStarted",
        "PartDone", "PartFailed", "Planned", "RequestsMade", "Retrying", "RunEnded", "RunStarted", "Skipped", "Stage",
        "Stopping", "UploadFound",
    ),
    "library": ("Job", "Place", "Places", "Settings", "check", "clean", "copy", "select"),
    "listfile": ("parse_list",),
    "model": (
        "CheckResult", "CopyResult", "CopyTask", "Finding", "ObjectInfo", "Outcome", "Proof", "SkipReason",
    ),
    "options": (
        "KEEP", "MAX_COPY", "SOURCE_MARK", "Access", "Carry", "CleanOptions", "Compare", "Deletion", "Display",
        "Fallback", "Filter", "Glob", "GlobKind", "Grant", "IfExists", "Keys", "Limits", "ListVersion", "Multipart",
        "Options", "Owners", "PartOptions", "Progress", "Selection", "Transport", "Verify", "exclude", "include",
    ),
    "s3cfg": ("S3CFG_PATH", "S3Cfg", "read_s3cfg"),
    "state": ("RunState",),
    "stop": ("Stop",),
    "summary": ("RunFailed", "Summary"),
    "uri": ("S3Uri",),
    "validate": ("Problem", "problems", "validate"),
    "views": ("View",),
}  # fmt: skip
_HOMES: Final = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [
    "KEEP",
    "MAX_COPY",
    "S3CFG_PATH",
    "SOURCE_MARK",
    "Access",
    "Action",
    "Carry",
    "CheckResult",
    "Checked",
    "CheckedSame",
    "CleanOptions",
    "Compare",
    "ConfigError",
    "CopyResult",
    "CopyStarted",
    "CopyTask",
    "DeleteFailed",
    "DeletePlanned",
    "Deleted",
    "Deletion",
    "DeletionStarted",
    "Display",
    "Emit",
    "Event",
    "Fallback",
    "FatalError",
    "Filter",
    "Finding",
    "Glob",
    "GlobKind",
    "Grant",
    "IfExists",
    "Job",
    "Keys",
    "LeftoverFound",
    "LeftoverRemoved",
    "Limits",
    "ListVersion",
    "Listed",
    "ListingDone",
    "ListingError",
    "Multipart",
    "Notice",
    "ObjectDone",
    "ObjectInfo",
    "ObjectStarted",
    "Options",
    "Outcome",
    "Owners",
    "PartDone",
    "PartFailed",
    "PartOptions",
    "Place",
    "Places",
    "Planned",
    "Problem",
    "Progress",
    "Proof",
    "RequestsMade",
    "Retrying",
    "RunEnded",
    "RunFailed",
    "RunStarted",
    "RunState",
    "S3Cfg",
    "S3CopyError",
    "S3Error",
    "S3Uri",
    "Selection",
    "Settings",
    "SkipReason",
    "Skipped",
    "Stage",
    "Stop",
    "Stopping",
    "Summary",
    "Transport",
    "UploadFound",
    "Verify",
    "View",
    "__version__",
    "check",
    "clean",
    "copy",
    "exclude",
    "include",
    "parse_list",
    "problems",
    "read_s3cfg",
    "select",
    "validate",
]


def __getattr__(name: str) -> Any:
    """
    Imports a public name when it is first asked for, so that ``--help`` answers at once.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """
    The public names.
    """
    return sorted(__all__)
