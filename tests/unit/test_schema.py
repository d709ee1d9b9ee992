"""
docs/json.md, docs/events.schema.json and what is written say the same.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, get_args

import pytest
from jsonschema import Draft202012Validator

from s3copy_async.app import Action
from s3copy_async.events import Event, ObjectDone, Skipped, Stage
from s3copy_async.model import CopyResult, CopyTask, Finding, ObjectInfo, Outcome, Proof, SkipReason
from s3copy_async.state import RunState
from s3copy_async.views.jsonl import JsonLines, encoded, type_name
from s3copy_async.views.report import report_lines
from samples import COPIED, EVENTS, FAILED, STARTED
from schema import DEFINITIONS, DOCS, SCHEMA, TYPES, problems

MANUAL: Final = (DOCS / "json.md").read_text("utf-8")
SECTIONS: Final = dict(re.findall(r"^###? ([a-z-]+|Report)\n(.*?)(?=^##|\Z)", MANUAL, re.MULTILINE | re.DOTALL))


def lines_of(*events: Event) -> list[str]:
    """
    What the view for programs writes of these events.
    """
    data = io.StringIO()
    state = RunState()
    view = JsonLines(state, data)
    for event in events:
        state.apply(event)
        view.handle(event)
    return data.getvalue().splitlines()


def examples(section: str) -> list[str]:
    """
    The lines of JSON that a section shows.
    """
    return re.findall(r"^```json\n(.*?)\n```", SECTIONS[section], re.MULTILINE | re.DOTALL)


def fields(section: str) -> Iterator[str]:
    """
    The names in the first column of a section's table.
    """
    for cell in re.findall(r"^\| (`.*?) \|", SECTIONS[section], re.MULTILINE):
        yield from re.findall(r"`([^`]+)`", cell)


def test_the_schema_is_one() -> None:
    """
    Draft 2020-12 knows every word of it.
    """
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_knows_every_event_and_no_other() -> None:
    """
    Each class of `events.Event` has a definition, and beside them there is only the summary.
    """
    assert {type_name(event) for event in get_args(Event)} | {"summary"} == set(TYPES)
    assert [rule["then"]["$ref"].rpartition("/")[2] for rule in SCHEMA["allOf"]] == list(TYPES)


def test_every_event_has_a_sample() -> None:
    """
    A new event is tested here too.
    """
    assert set(get_args(Event)) == {type(event) for event in EVENTS.values()}


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_as_the_schema_says(name: str) -> None:
    """
    With all fields, no other, and of the right types.
    """
    _, *lines = lines_of(STARTED, EVENTS[name])

    assert json.loads(lines[0])["type"] == name
    assert [problem for line in lines for problem in problems(line)] == []


@pytest.mark.parametrize("outcome", [COPIED, FAILED])
@pytest.mark.parametrize("proof", [None, *Proof])
def test_every_result_is_as_the_schema_says(outcome: ObjectDone, proof: Proof | None) -> None:
    """
    Also one without proof, or with what was lost.
    """
    result = outcome.result._replace(proof=proof, lost=("tags",))

    (line,) = lines_of(ObjectDone(result))

    assert problems(line) == []


def test_the_summary_of_everything_is_as_the_schema_says() -> None:
    """
    With an entry in every map that can have one.
    """
    done = [ObjectDone(COPIED.result._replace(lost=("tags",))), FAILED]
    *_, line = lines_of(*[event for name, event in EVENTS.items() if name != "run-ended"], *done, EVENTS["run-ended"])

    assert json.loads(line)["type"] == "summary"
    assert problems(line) == []


def test_what_is_wrong_is_found() -> None:
    """
    A missing field, one too many, and a value of another kind: this validation can fail.
    """
    good = json.loads(lines_of(STARTED)[0])
    bad: list[dict[str, Any]] = [
        {name: value for name, value in good.items() if name != "source"},
        good | {"more": 1},
        good | {"action": "move"},
        good | {"source": 1},
        {"type": "news"},
    ]

    assert [bool(problems(json.dumps(one))) for one in bad] == [True] * len(bad)


def test_programs_may_meet_new_fields_and_types() -> None:
    """
    What the documentation announces, the published schema allows.
    """
    published = Draft202012Validator(SCHEMA)
    line = json.loads(lines_of(EVENTS["listed"])[0])

    assert published.is_valid(line | {"news": 1})
    assert published.is_valid({"type": "news", "what": 1})
    assert not published.is_valid(line | {"objects": "many"})


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("action", Action),
        ("reason", SkipReason),
        ("outcome", Outcome),
        ("proof", Proof),
        ("stage", Stage),
        ("finding", Finding),
    ],
)
def test_the_schema_knows_every_word(definition: str, words: Any) -> None:
    """
    Of each enumeration.
    """
    assert DEFINITIONS[definition]["enum"] == [str(word) for word in words]


@pytest.mark.parametrize("name", TYPES)
def test_every_type_is_documented_field_by_field(name: str) -> None:
    """
    Its table names the fields of the schema, each once.
    """
    documented = list(fields(name))

    assert sorted(documented) == sorted(set(DEFINITIONS[name]["properties"]) - {"type"})
    assert set(DEFINITIONS[name]["properties"]) == set(DEFINITIONS[name]["required"])


@pytest.mark.parametrize("name", TYPES)
def test_every_example_is_as_the_schema_says(name: str) -> None:
    """
    And there is one for each type that has fields.
    """
    shown = examples(name)

    assert len(shown) == (0 if name == "listing-done" else 1)
    assert [problem for line in shown for problem in problems(line)] == []
    assert all(json.loads(line)["type"] == name for line in shown)


def test_the_documentation_names_every_word() -> None:
    """
    Outcomes, proofs, reasons, findings and stages that can occur stand where their field is explained.
    """
    for name, words in (("checked", set(Finding) - {Finding.SAME}), ("part-done", Stage), ("object-done", Outcome)):
        for word in words:
            assert f"`{word}`" in SECTIONS[name], word
    for reason in SkipReason:
        assert f"`{reason}`" in SECTIONS["skipped"] + SECTIONS["object-done"]


def test_lines_of_the_report_are_as_the_schema_says() -> None:
    """
    Copied, failed, skipped one by one, and skipped by the page; and so is the example.
    """
    info = ObjectInfo("in/s", 3, "x")
    page = Skipped(SkipReason.SAME, 1, 3, (CopyTask("in/s", "out/s", info, info),))
    gone = ObjectDone(CopyResult("k", "k", 1, Outcome.SKIPPED, SkipReason.VANISHED))

    lines = [encoded(line) for event in (COPIED, FAILED, gone, page) for line in report_lines(event)]

    assert len(lines) == 4
    assert [problem for line in (*lines, *examples("Report")) for problem in problems(line, "report")] == []


def test_the_report_has_the_fields_of_a_result() -> None:
    """
    All of them, under the same names but one.
    """
    (line,) = report_lines(COPIED)

    assert set(line) == set(CopyResult._fields) - {"dest_key"} | {"destination"}


def test_a_page_of_skipped_objects_is_one_line() -> None:
    """
    Its objects are not in it.
    """
    event = EVENTS["skipped"]
    assert isinstance(event, Skipped)
    info = ObjectInfo("k", 3, "x")

    (line,) = lines_of(replace(event, tasks=(CopyTask("k", "k", info, info),) * 1000))

    assert problems(line) == []
