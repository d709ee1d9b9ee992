"""
The closing words of a run, as lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from s3copy_async.advice import deletion_remedy, remedy
from s3copy_async.events import DeleteFailed, Stage
from s3copy_async.model import CopyResult, Finding, Proof, SkipReason
from s3copy_async.options import SOURCE_MARK, Display
from s3copy_async.selection import folder_of
from s3copy_async.state import RunState
from s3copy_async.text import count_text, harmless, quoted, seconds_text, shown, size_text
from s3copy_async.uri import S3Uri
from s3copy_async.views.facts import request_ids

_EXAMPLES: Final = 3


def summary_lines(state: RunState, display: Display) -> Iterator[str]:
    """
    What happened, what it cost, what failed and why, and the command that continues.
    """
    quiet = display.verbosity < 0
    troubled = bool(state.exit_code)
    unheard_of = state.error and not state.listed and not state.failed
    if not unheard_of and (not quiet or troubled or state.action != "copy"):
        yield _headline(state, display)
    if not quiet:
        yield from _details(state)
        yield from _files(state, display)
    yield from _failures(state)
    if state.error:
        yield f"error: {harmless(state.error)}"
    if state.exit_code not in (0, 4) and display.command:
        yield f"to continue: {display.command}"
    if (folder := _common_folder(state)) is not None and display.failures_command:
        source = quoted(folder)
        yield f"only what failed: {display.failures_command.replace(SOURCE_MARK, source)}"


def _common_folder(state: RunState) -> str | None:
    """
    The folder that all failed keys are relative to, as a URI, where there is one for all of them.
    """
    base = folder_of(S3Uri.parse(state.destination).path) if state.destination else ""
    folders = set()
    for failure in state.failures:
        relative = failure.dest_key.removeprefix(base)
        if not relative or not failure.key.endswith(relative):
            return None
        folders.add(failure.key[: len(failure.key) - len(relative)])
    if len(folders) != 1 or len(state.failures) < state.failed:
        return None
    return str(S3Uri(S3Uri.parse(state.source).bucket, folders.pop()))


def _headline(state: RunState, display: Display) -> str:
    spent = seconds_text(state.seconds)
    if state.action == "check":
        found = state.findings
        names = ", ".join(f"{found[item]:,} {item}" for item in Finding if found[item] or item is Finding.SAME)
        words = f"checked in {spent}: {names}"
    elif state.action == "clean":
        words = f"{count_text(state.leftovers, 'object')} in the work area ({size_text(state.leftover_bytes)}), "
        words += f"{count_text(state.open_uploads, 'open upload')}; {state.removed:,} objects removed in {spent}"
        if state.leftovers + state.open_uploads and not display.removes:
            words += ". Nothing was removed: add --yes"
    elif state.action == "dry-run":
        objects, requests = count_text(state.planned, "object"), count_text(state.planned_requests, "copy request")
        words = f"dry run: would copy {objects}, {size_text(state.planned_bytes)}, with {requests}"
        if state.to_delete:
            words += f", would delete {count_text(state.to_delete, 'object')}, {size_text(state.to_delete_bytes)}"
    elif not state.listed and not state.failed and not state.error and not state.signal:
        return "Nothing to copy"
    else:
        words = f"{count_text(state.copied, 'object')} copied ({size_text(state.copied_bytes)}) in {spent}"
    words += "".join(f", {number:,} {reason}" for reason, number in sorted(state.skipped.items()))
    if state.failed:
        words += f", {state.failed:,} failed"
    if state.deleted:
        words += f", {state.deleted:,} deleted ({size_text(state.deleted_bytes)})"
    if state.delete_failed:
        words += f", {state.delete_failed:,} not deleted"
    if state.signal:
        left = state.listed - state.finished
        words += "; interrupted" + (
            f", {left:,} {'' if state.listing_done else 'or more '}not finished" if left > 0 else ""
        )
    return words


def _details(state: RunState) -> Iterator[str]:
    if state.in_parts:
        steps = ", ".join(f"{state.parts[stage]:,} {stage}" for stage in Stage)
        moved = size_text(state.moved_bytes)
        yield f"  {count_text(state.in_parts, 'object')} in parts: {steps} ({moved} moved inside S3)"
    if state.proofs:
        yield "  proof: " + ", ".join(f"{number:,} by {proof}" for proof, number in state.proofs.most_common())
    if set(state.kept_proofs) - {Proof.ETAG}:
        yield "  not copied: " + ", ".join(
            f"{number:,} by {proof}" for proof, number in state.kept_proofs.most_common()
        )
    for what, number in state.lost.most_common():
        yield f"  not carried over: {what} of {count_text(number, 'object')}"
    if state.requests:
        kinds = sorted(state.requests.items(), key=lambda item: (-item[1], item[0]))
        asked = ", ".join(f"{number:,} {operation}" for operation, number in kinds)
        retried = f"; {state.retries:,} repeated ({state.throttled:,} throttled)" if state.retries else ""
        yield f"  {count_text(state.requests.total(), 'request')}: {asked}{retried}"
    if state.skipped[SkipReason.ITSELF]:
        yield "  note: an object whose destination is itself was left as it is"


def _files(state: RunState, display: Display) -> Iterator[str]:
    """
    Where more is written; a list of failures only if there are any.
    """
    failures = display.failures if state.failed else None
    files = {"report": display.report, "failures": failures, "page": display.html, "log": display.log_file}
    if named := [f"{name} in {quoted(path)}" for name, path in files.items() if path]:
        yield f"  {', '.join(named)}"


def _failures(state: RunState) -> Iterator[str]:
    yield from _by_code("failed with", state.failure_codes, state.failures, remedy)
    yield from _by_code("not deleted:", state.delete_failure_codes, state.delete_failures, deletion_remedy)


def _by_code(
    what: str, codes: Counter[str], failures: Sequence[CopyResult | DeleteFailed], advise: Callable[[str], str]
) -> Iterator[str]:
    for code, number in codes.most_common():
        examples = [failure for failure in failures if failure.code == code][:_EXAMPLES]
        yield f"  {number:,} {what} {harmless(code)}" + (f": {advise(code)}" if advise(code) else "")
        for failure in examples:
            request = f" [{ids}]" if (ids := request_ids(failure)) else ""
            # Never the key first: CI services take a line that begins with :: for a command.
            yield f"    - {shown(failure.key)}: {harmless(failure.reason)}{request}"
        if number > len(examples):
            yield f"    - and {number - len(examples):,} more"
