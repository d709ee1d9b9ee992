"""
Parts that fail are said to, and seen.
"""

from __future__ import annotations

import pytest

from s3copy_async.errors import AccessDenied, Failure
from s3copy_async.events import PartDone, PartFailed, Stage
from s3copy_async.memory_data import Call
from s3copy_async.state import PartState
from staging import Request, Wire, copying, is_copy, run_over, with_parts


def is_part_copy(call: Call) -> bool:
    """
    Whether a request makes a part object.
    """
    return (Request(call.number, call.operation, call.bucket, call.key).stage, call.operation) == ("part", "CopyObject")


async def test_a_part_that_came_out_wrong_is_said_to_have_failed_and_is_done_anew() -> None:
    """
    Once for each time, before its steps are repeated.
    """
    store = with_parts(100, 100, 50)
    corrupted: list[Call] = []

    def corrupt(call: Call) -> bool:
        if corrupted or not is_part_copy(call):
            return False
        corrupted.append(call)
        return True

    store.corrupt = corrupt

    watched = await run_over(Wire(store), copying())

    (failed,) = [event for event in watched.events if isinstance(event, PartFailed)]
    steps = [event for event in watched.events if isinstance(event, PartDone) and event.number == failed.number]
    assert is_copy(store)
    assert failed.key == "big"
    assert [event.stage for event in steps] == [Stage.TEMP, Stage.TEMP, Stage.PART, Stage.COMPOSED]
    assert watched.events.index(steps[0]) < watched.events.index(failed) < watched.events.index(steps[2])


@pytest.mark.parametrize("operation", ["UploadPartCopy", "CopyObject"])
async def test_a_part_that_is_refused_fails_with_its_object(operation: str) -> None:
    """
    Its row is kept, and shows which part it was.
    """
    store = with_parts(100, 100, 50)

    def refuse(request: Request) -> None:
        if request.operation == operation:
            raise AccessDenied(Failure(operation, "AccessDenied", 403, "no"))

    watched = await run_over(Wire(store, before=refuse), copying(permits=1))

    (failed,) = {event.number: event for event in watched.events if isinstance(event, PartFailed)}.values()
    (row,) = watched.state.failed_rows
    assert "AccessDenied" in failed.reason
    assert row.parts[failed.number - 1] == PartState.FAILED
    assert watched.state.exit_code == 3


async def test_without_trouble_no_part_fails() -> None:
    """
    A good copy says nothing of the kind.
    """
    store = with_parts(100, 100, 50)

    watched = await run_over(Wire(store), copying())

    assert is_copy(store)
    assert not [event for event in watched.events if isinstance(event, PartFailed)]
