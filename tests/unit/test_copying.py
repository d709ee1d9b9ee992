"""
The whole program against a store in memory.
"""

from __future__ import annotations

from s3copy_async.memory import MemoryStore
from s3copy_async.options import Options, Selection
from s3copy_async.uri import S3Uri
from support import run_in_memory


async def test_copies_a_bucket_and_then_nothing_again() -> None:
    """
    A second run of the same command makes no copy request.
    """
    store = MemoryStore(page_size=7)
    store.fill("in", {f"a/{number:03}": b"x" * number for number in range(50)})
    store.fill("out", {})
    options = Options(Selection(S3Uri("in"), S3Uri("out", "b")))

    first = await run_in_memory(options, store)
    second = await run_in_memory(options, store)

    assert (first.state.copied, second.state.copied) == (50, 0)
    assert store.count("CopyObject") == 50
    assert {f"b/a/{number:03}" for number in range(50)} == set(store.buckets["out"])
    assert 0 == first.state.exit_code == second.state.exit_code
