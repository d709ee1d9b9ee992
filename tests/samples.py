"""
One instance of every event, with hostile text wherever text comes from outside.
"""

from __future__ import annotations

from typing import Final

from s3copy_async.events import (
    Checked,
    CheckedSame,
    CopyStarted,
    Deleted,
    DeleteFailed,
    DeletePlanned,
    DeletionStarted,
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
from s3copy_async.model import CheckResult, CopyResult, Finding, Outcome, Proof, SkipReason

HOSTILE: Final = "a\n\x1b[31m\x9b2J\u202e\udcff[red]##[error]::stop-commands::x"
STARTED: Final = RunStarted("copy", "s3://in/a", "s3://out/b")
COPIED: Final = ObjectDone(CopyResult(HOSTILE, "b", 7, Outcome.COPIED, proof=Proof.ETAG, etag="e"))
FAILED: Final = ObjectDone(
    CopyResult(
        HOSTILE, "b", 5, Outcome.FAILED, f"said {HOSTILE}", "AccessDenied", request_id="REQ\x1b", extended_id="ID2\x1b"
    )
)
EVENTS: Final[dict[str, Event]] = {
    "run-started": STARTED,
    "notice": Notice(f"careful {HOSTILE}"),
    "listed": Listed(2, 12),
    "listing-done": ListingDone(),
    "skipped": Skipped(SkipReason.SAME, 1, 3),
    "planned": Planned(HOSTILE, HOSTILE, 9),
    "copy-started": CopyStarted(HOSTILE, HOSTILE, 9),
    "object-started": ObjectStarted(HOSTILE, HOSTILE, 9, 2, 2),
    "part-done": PartDone(HOSTILE, 1, Stage.TEMP, 9),
    "part-failed": PartFailed(HOSTILE, 2, f"said {HOSTILE}"),
    "retrying": Retrying("CopyObject", HOSTILE, 1, 0.25, HOSTILE, throttled=True),
    "object-done": COPIED,
    "checked": Checked(CheckResult(HOSTILE, HOSTILE, Finding.DIFFERENT, f"why {HOSTILE}")),
    "checked-same": CheckedSame(1, 2),
    "leftover-found": LeftoverFound(HOSTILE, 1, 2, 3.0),
    "leftover-removed": LeftoverRemoved(HOSTILE),
    "upload-found": UploadFound("out", HOSTILE, HOSTILE),
    "delete-planned": DeletePlanned(HOSTILE, 4),
    "deletion-started": DeletionStarted(3, 12),
    "deleted": Deleted(HOSTILE, 4),
    "delete-failed": DeleteFailed(HOSTILE, 4, "AccessDenied", f"said {HOSTILE}", "REQ\x1b", "ID2\x1b"),
    "requests-made": RequestsMade((("CopyObject", 2),)),
    "stopping": Stopping(2, 30.0),
    "run-ended": RunEnded(1.5, f"broke {HOSTILE}"),
}
"""By the ``type`` of their JSON."""
