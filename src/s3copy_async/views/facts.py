"""
What there is to say of a run, in the same words for every view.
"""

from __future__ import annotations

from typing import Final

from s3copy_async.events import DeleteFailed
from s3copy_async.model import CopyResult, Finding, SkipReason
from s3copy_async.state import RunState
from s3copy_async.text import count_text, harmless, size_text

GOOD: Final = ""
ODD: Final = "yellow"
BAD: Final = "bold red"

Fact = tuple[str, str]
"""A few words and their colour."""

_FINDINGS: Final = {
    Finding.SAME: GOOD,
    Finding.MISSING: BAD,
    Finding.DIFFERENT: BAD,
    Finding.EXTRA: BAD,
    Finding.METADATA: BAD,
    Finding.NOT_COMPARABLE: ODD,
}


def objects(state: RunState) -> str:
    """
    How many objects of how many; "at least" so many until the listing has ended.
    """
    if not state.listed and not state.listing_done:
        return "nothing listed yet"
    return f"{state.finished:,} of {_at_least(state)}{state.listed:,} objects done"


def nbytes(state: RunState, done: int) -> str:
    """
    The same for `done` bytes. The sizes of named keys are not known before.
    """
    if done > state.listed_bytes:
        return size_text(done)
    return f"{size_text(done)} of {_at_least(state)}{size_text(state.listed_bytes)}"


def _at_least(state: RunState) -> str:
    return "" if state.listing_done else "at least "


def outcomes(state: RunState) -> list[Fact]:
    """
    What became of the objects so far.
    """
    if state.action == "clean":
        return _leftovers(state)
    if state.action == "check":
        found = state.findings
        facts = [
            (f"{found[finding]:,} {finding}", colour)
            for finding, colour in _FINDINGS.items()
            if found[finding] or finding is Finding.SAME
        ]
    elif state.action == "dry-run":
        facts = [(f"{state.planned:,} would be copied", GOOD)]
    else:
        facts = [(f"{state.copied:,} copied", GOOD)]
    there = state.skipped[SkipReason.SAME]
    if there:
        facts.append((f"{there:,} {SkipReason.SAME}", GOOD))
    if others := state.skipped.total() - there:
        facts.append((f"{others:,} skipped", GOOD))
    return facts + _failed(state) + _deletions(state)


def _deletions(state: RunState) -> list[Fact]:
    if not state.to_delete:
        return []
    if state.action == "dry-run":
        return [(f"{state.to_delete:,} would be deleted", GOOD)]
    facts = [(f"{state.deleted:,} of {state.to_delete:,} deleted", GOOD)]
    return facts + ([(f"{state.delete_failed:,} not deleted", BAD)] if state.delete_failed else [])


def _leftovers(state: RunState) -> list[Fact]:
    found = f"{count_text(state.leftovers, 'object')} found ({size_text(state.leftover_bytes)})"
    facts = [(found, GOOD), (count_text(state.open_uploads, "open upload"), GOOD)]
    if state.removed:
        facts.append((f"{state.removed:,} removed", GOOD))
    return facts + _failed(state)


def _failed(state: RunState) -> list[Fact]:
    return [(f"{state.failed:,} failed", BAD)] if state.failed else []


def repeats(state: RunState) -> list[Fact]:
    """
    How often S3 had to be asked again, if it had to.
    """
    throttled = f" ({state.throttled:,} throttled)" if state.throttled else ""
    return [(f"{count_text(state.retries, 'repeat')}{throttled}", ODD)] if state.retries else []


def request_ids(result: CopyResult | DeleteFailed) -> str:
    """
    The two ids of the request that failed, which S3 support asks for; empty where none is known.
    """
    ids = {"request": result.request_id, "x-amz-id-2": result.extended_id}
    return ", ".join(f"{name} {harmless(value)}" for name, value in ids.items() if value)
