"""
JSON Lines: one object per event, described in docs/json.md. ASCII only, so that no key can harm a terminal, and nothing
that a CI service takes for a command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TextIO

from s3copy_async.events import Event, RunEnded
from s3copy_async.state import RunState


def encoded(document: Mapping[str, Any]) -> str:
    """
    One line. Of ``##``, with which commands for CI services begin, the first sign is an escape.
    """
    line = json.dumps(document, ensure_ascii=True)
    return re.sub("#(?=#)", r"\\u0023", line) if "##" in line else line


def type_name(event: type[Event]) -> str:
    """
    The ``type`` of an event in JSON: ``ObjectDone`` is ``object-done``.
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "-", event.__name__).lower()


def to_json(event: Event) -> dict[str, Any]:
    """
    One event as JSON's own types. A result stands flat beside the type.
    """
    document: dict[str, Any] = {"type": type_name(type(event))}
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name == "result":
            document |= value._asdict()
        elif field.name == "tasks":
            continue  # one line for a page, not for each of its objects: --report has those
        elif field.name == "counts":
            document["counts"] = dict(value)
        else:
            document[field.name] = round(value, 3) if isinstance(value, float) else value
    return document


def summary(state: RunState) -> dict[str, Any]:
    """
    The last line of a run: every number, and the exit code.
    """
    return {
        "type": "summary",
        "action": state.action,
        "source": state.source,
        "destination": state.destination,
        "listed": state.listed,
        "listed_bytes": state.listed_bytes,
        "planned": state.planned,
        "planned_bytes": state.planned_bytes,
        "planned_requests": state.planned_requests,
        "copied": state.copied,
        "copied_bytes": state.copied_bytes,
        "skipped": dict(state.skipped),
        "skipped_bytes": state.skipped_bytes,
        "failed": state.failed,
        "failed_bytes": state.failed_bytes,
        "parts": dict(state.parts),
        "moved_bytes": state.moved_bytes,
        "lost": dict(state.lost),
        "failures": dict(state.failure_codes),
        "findings": dict(state.findings),
        "leftovers": state.leftovers,
        "leftover_bytes": state.leftover_bytes,
        "open_uploads": state.open_uploads,
        "removed": state.removed,
        "to_delete": state.to_delete,
        "to_delete_bytes": state.to_delete_bytes,
        "deleted": state.deleted,
        "deleted_bytes": state.deleted_bytes,
        "delete_failed": state.delete_failed,
        "delete_failures": dict(state.delete_failure_codes),
        "proofs": dict(state.proofs),
        "kept_proofs": dict(state.kept_proofs),
        "requests": dict(state.requests),
        "retries": state.retries,
        "throttled": state.throttled,
        "seconds": round(state.seconds, 3),
        "error": state.error,
        "signal": state.signal,
        "exit_code": state.exit_code,
    }


class JsonLines:
    """
    The view for programs.
    """

    answers = True

    def __init__(self, state: RunState, data: TextIO) -> None:
        self._state = state
        self._data = data

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        self._write(to_json(event))
        if isinstance(event, RunEnded):
            self._write(summary(self._state))

    def tick(self) -> None:
        """
        See `views.View`.
        """
        self._data.flush()

    async def close(self) -> None:
        """
        See `views.View`.
        """
        self._data.flush()

    def _write(self, document: dict[str, Any]) -> None:
        self._data.write(encoded(document) + "\n")
