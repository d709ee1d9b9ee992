"""
The JSON Schema of docs/, so strict that a field without documentation is an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator

DOCS: Final = Path(__file__).parent.parent / "docs"
SCHEMA: Final[dict[str, Any]] = json.loads((DOCS / "events.schema.json").read_text("utf-8"))
DEFINITIONS: Final[dict[str, Any]] = SCHEMA["$defs"]
TYPES: Final = tuple(name for name, found in DEFINITIONS.items() if "type" in found.get("properties", ()))
"""The types of lines, in the order of the schema."""


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema and "required" in schema else {}
    return {**closed, **{name: _strict(one) for name, one in schema.items()}}


_DEFINITIONS: Final = {name: _strict(found) for name, found in DEFINITIONS.items()}
_VALIDATORS: Final = {
    name: Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": _DEFINITIONS}) for name in (*TYPES, "report")
}


def problems(line: str, kind: str = "") -> list[str]:
    """
    What is wrong with a line of JSON; `kind` is its definition, that of its ``type`` where none is given.
    """
    document = json.loads(line)
    name = kind or document.get("type", "")
    if name not in _VALIDATORS:
        return [f"no definition for {name!r}"]
    return [f"{name}: {error.json_path}: {error.message}" for error in _VALIDATORS[name].iter_errors(document)]
