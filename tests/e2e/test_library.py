"""
The library against a real server: the examples of docs/library.md, in short.
"""

from __future__ import annotations

import s3copy_async as s3
from e2e.tools import Bucket
from support import Endpoint


async def test_copy_then_check_then_change(moto_endpoint: Endpoint, source: Bucket, dest: Bucket) -> None:
    """
    What a program calls does what the command does.
    """
    source.put("a/1", "a/2")
    access = moto_endpoint.access

    copied = await s3.copy(f"s3://{source.name}/a", f"s3://{dest.name}/x", access=access)
    checked = await s3.check(f"s3://{source.name}/a", f"s3://{dest.name}/x", access=access)
    source.write("a/2", "new")
    changed = await s3.copy(f"s3://{source.name}/a", f"s3://{dest.name}/x", access=access)

    assert (copied.copied, checked.findings, changed.copied) == (2, {s3.Finding.SAME: 2}, 1)
    assert dest.contents() == {"x/a/1": "a/1", "x/a/2": "new"}


async def test_events_tell_of_every_object(moto_endpoint: Endpoint, source: Bucket, dest: Bucket) -> None:
    """
    A failed object is a value among the events.
    """
    source.put("there")
    selection = s3.select(f"s3://{source.name}", f"s3://{dest.name}", files=["there", "missing"])
    job = s3.Job(s3.Options(selection, moto_endpoint.access))

    async with job.events() as events:
        results = {event.result.key: event.result async for event in events if isinstance(event, s3.ObjectDone)}

    assert results["there"].outcome is s3.Outcome.COPIED
    assert results["missing"].code == "NoSuchKey"
    assert job.summary.exit_code == 3
