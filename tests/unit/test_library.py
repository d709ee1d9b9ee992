"""
The library: jobs, their events, their summaries, and what is wrong with their settings.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import s3copy_async as s3
from s3copy_async import library
from s3copy_async.connect import OpenStore
from s3copy_async.memory import MemoryStore
from s3copy_async.store import Store
from s3copy_async.stream import EventStream
from s3copy_async.views import jsonl

OPTIONS = s3.Options(s3.Selection(s3.S3Uri("in"), s3.S3Uri("out")))


def store_with(*keys: str) -> MemoryStore:
    """
    A source with these keys, and an empty destination.
    """
    store = MemoryStore()
    store.fill("in", {key: key.encode() for key in keys})
    store.fill("out", {})
    return store


def keys_of(store: MemoryStore, bucket: str = "out") -> list[str]:
    """
    What a bucket holds.
    """
    return sorted(store.buckets[bucket])


def opener(store: MemoryStore) -> OpenStore:
    """
    Opens `store`, whoever asks.
    """

    async def open_store(_access: s3.Access, _stack: AsyncExitStack, _permits: int) -> Store:
        return store

    return open_store


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[[MemoryStore], None]:
    """
    Lets `copy`, `check` and `clean` find a store in memory in the place of S3.
    """

    def serve(store: MemoryStore) -> None:
        monkeypatch.setitem(library.Job.__init__.__kwdefaults__ or {}, "open_store", opener(store))

    return serve


async def test_copy_returns_what_was_done(served: Callable[[MemoryStore], None]) -> None:
    """
    Counts, proofs and requests are in the summary; a second call copies nothing.
    """
    store = store_with("a", "b")
    served(store)

    first = await s3.copy("s3://in", "s3://out/x")
    second = await s3.copy("s3://in", "s3://out/x")

    assert (first.copied, first.ok, first.proofs) == (2, True, {s3.Proof.ETAG: 2})
    assert (second.copied, second.skipped) == (0, {s3.SkipReason.SAME: 2})
    assert first.requests["CopyObject"] == 2
    assert keys_of(store) == ["x/a", "x/b"]


async def test_a_dry_run_copies_nothing_and_names_what_it_would_copy(served: Callable[[MemoryStore], None]) -> None:
    """
    `on_event` is called for each object.
    """
    store = store_with("a", "b")
    served(store)
    planned: list[str] = []

    summary = await s3.copy(
        "s3://in",
        "s3://out",
        dry_run=True,
        on_event=lambda event: planned.append(event.key) if isinstance(event, s3.Planned) else None,
    )

    assert (summary.planned, sorted(planned), keys_of(store)) == (2, ["a", "b"], [])


async def test_a_filter_chooses_among_named_keys(served: Callable[[MemoryStore], None]) -> None:
    """
    What it leaves out is counted, and a limit ends the run.
    """
    store = store_with("a.jpg", "b.txt", "c.jpg", "d.jpg")
    served(store)
    wanted = s3.Filter((s3.include("*.jpg"), s3.exclude("d*")), limit=1)

    summary = await s3.copy("s3://in", "s3://out", files=["a.jpg", "b.txt", "c.jpg", "d.jpg"], filter=wanted)

    assert (summary.copied, keys_of(store)) == (1, ["a.jpg"])
    assert summary.skipped == {s3.SkipReason.FILTERED: 2}


async def test_check_counts_what_it_finds(served: Callable[[MemoryStore], None]) -> None:
    """
    A difference makes a summary that is not ok.
    """
    served(store_with("a"))

    summary = await s3.check("s3://in", "s3://out")

    assert (summary.findings, summary.ok, summary.exit_code) == ({s3.Finding.MISSING: 1}, False, 4)


async def test_clean_counts_and_leaves_unless_it_is_told_to_remove(served: Callable[[MemoryStore], None]) -> None:
    """
    Only with `remove` anything goes.
    """
    store = store_with()
    part = "temp/big/abcdef0/parts/part-00001"
    store.fill("out", {part: b"x"})
    served(store)

    found = await s3.clean("s3://out")
    kept = keys_of(store)
    removed = await s3.clean("s3://out", remove=True)

    assert (found.leftovers, found.removed, kept) == (1, 0, [part])
    assert (removed.removed, keys_of(store)) == (1, [])


async def test_a_run_that_cannot_go_on_raises_with_its_summary(served: Callable[[MemoryStore], None]) -> None:
    """
    The words name the cause, and the summary is there.
    """
    served(store_with("a"))

    with pytest.raises(s3.RunFailed, match="there is no bucket s3://nowhere") as caught:
        await s3.copy("s3://in", "s3://nowhere")

    assert caught.value.summary.exit_code == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: s3.copy("/home/me", "s3://out"), "source: '/home/me' is not s3://bucket/path"),
        (lambda: s3.copy("s3://in", "s3://out/*"), "a destination is a folder"),
        (lambda: s3.copy("s3://in", "s3://out", limits=s3.Limits(permits=0)), "limits.permits: "),
        (lambda: s3.copy("s3://in", "s3://out", limits=s3.Limits(retries=-1)), "limits.retries: "),
        (lambda: s3.copy("s3://in", "s3://out", limits=s3.Limits(retry_for=float("nan"))), "limits.retry_for: "),
        (lambda: s3.copy("s3://in", "s3://out", limits=s3.Limits(large_file=6 * 1024**3)), "limits.large_file: "),
        (lambda: s3.copy("s3://in", "s3://out", parts=s3.PartOptions(size=5)), "parts.size: "),
        (lambda: s3.copy("s3://in", "s3://out", parts=s3.PartOptions(work_prefix="/")), "parts.work_prefix: "),
        (lambda: s3.copy("s3://in", "s3://out", parts=s3.PartOptions(work_prefix="temp")), "parts.work_prefix: "),
        (lambda: s3.copy("s3://in", "s3://out", parts=s3.PartOptions(work_bucket="s3://b")), "parts.work_bucket: "),
        (lambda: s3.copy("s3://in", "s3://out", access=s3.Access(endpoint_url="here")), "access.endpoint_url: "),
        (lambda: s3.copy("s3://in", "s3://out", access=s3.Access(addressing_style="x")), "access.addressing_style: "),
        (
            lambda: s3.copy("s3://in", "s3://out", access=s3.Access(anonymous=True, profile="p")),
            "access.anonymous: it excludes",
        ),
        (
            lambda: s3.copy("s3://in", "s3://out", access=s3.Access(s3.Keys("a", "b"), profile="p")),
            "access.profile: it excludes",
        ),
        (lambda: s3.copy("s3://in", "s3://out", grants=[s3.Grant("ALL", "a@b")]), "grants: 'ALL' is not one of"),
        (lambda: s3.copy("s3://in", "s3://out", grants=[s3.Grant("READ", "ab")]), "grants: 'ab': expected an e-mail"),
        (lambda: s3.copy("s3://in", "s3://out", carry=s3.Carry(acl="x")), "carry.acl: 'x' is not keep or one of"),
        (lambda: s3.copy("s3://in", "s3://out", files=[""]), "selection.files: an empty key"),
        (lambda: s3.copy("s3://in", "s3://out", prefixes=["\udc80"]), "selection.prefixes: .*not valid UTF-8"),
        (lambda: s3.copy("s3://in/a", "s3://out", exact_dest=True), "selection.exact_dest: it needs a key"),
        (lambda: s3.copy("s3://in/a", "s3://out/b", files=["c"], exact_dest=True), "exact_dest: it copies one object"),
        (lambda: s3.copy("s3://in/a*b", "s3://out"), "selection.source: "),
        (lambda: s3.copy("s3://in/a*", "s3://out", files=["c"]), "selection.source: .*names no folder"),
        (lambda: s3.copy("s3://in", "s3://out", prefixes=["a/x", "b/x"]), "selection.prefixes: "),
        (lambda: s3.copy("s3://in", "s3://out", filter=s3.Filter((s3.include("[a"),))), "filter.include: '.a': a . is"),
        (lambda: s3.check("s3://in", "s3://out", filter=s3.Filter(min_size=2, max_size=1)), "filter.min_size: it is"),
        (
            lambda: s3.copy("s3://in", "s3://out", files=["a"], filter=s3.Filter(min_size=1)),
            "filter.min_size: named keys are not listed",
        ),
        (lambda: s3.clean("s3://out", older_than=-1.0), "clean.older_than: "),
    ],
)
async def test_wrong_settings_are_named_before_anything_is_touched(
    call: Callable[[], Any], words: str, served: Callable[[MemoryStore], None]
) -> None:
    """
    A `ConfigError` names the setting, and no request was made.
    """
    store = store_with("a")
    served(store)

    with pytest.raises(s3.ConfigError, match=words):
        await call()

    assert store.calls == []


async def test_all_problems_are_told_at_once() -> None:
    """
    One line each.
    """
    options = replace(OPTIONS, limits=s3.Limits(permits=0, retries=-1), parts=s3.PartOptions(size=1))

    with pytest.raises(s3.ConfigError) as caught:
        s3.Job(options)

    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "limits.permits",
        "limits.retries",
        "parts.size",
    ]


async def test_events_are_read_from_a_job() -> None:
    """
    From the start of the run to its end, in order, each once.
    """
    job = s3.Job(OPTIONS, open_store=opener(store_with("a", "b")))

    async with job.events() as events:
        seen = [event async for event in events]

    assert isinstance(seen[0], s3.RunStarted)
    assert isinstance(seen[-1], s3.RunEnded)
    assert {event.result.key for event in seen if isinstance(event, s3.ObjectDone)} == {"a", "b"}
    assert job.summary.copied == 2


async def test_leaving_the_events_early_ends_the_run_in_order() -> None:
    """
    The summary then tells of an interrupt, and what was begun is finished.
    """
    store = store_with(*(f"{number:05}" for number in range(5000)))
    job = s3.Job(OPTIONS, open_store=opener(store))

    async with job.events() as events:
        async for event in events:
            if isinstance(event, s3.ObjectDone):
                break

    assert job.summary.signal == 2
    assert job.summary.copied == len(keys_of(store))
    assert 0 < job.summary.copied < 5000


async def test_an_exception_while_reading_cancels_the_run() -> None:
    """
    It is the exception that comes out.
    """
    job = s3.Job(OPTIONS, open_store=opener(store_with(*(f"{number:05}" for number in range(5000)))))

    async def read() -> None:
        async with job.events() as events:
            async for event in events:
                if isinstance(event, s3.ObjectDone):
                    raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await read()

    assert job.summary.copied < 5000
    assert len(asyncio.all_tasks()) == 1


async def test_a_slow_reader_slows_the_run_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Unread events stay bounded, however many objects there are; and all are read at last.
    """
    monkeypatch.setattr(library, "EventStream", lambda: EventStream(kept=1000))
    number = 10_000
    store = store_with(*(f"{count:06}" for count in range(number)))
    job = s3.Job(OPTIONS, open_store=opener(store))

    async with job.events() as events:
        await anext(events)
        for _ in range(20_000):
            await asyncio.sleep(0)
        ahead = len(keys_of(store))
        done = sum([isinstance(event, s3.ObjectDone) async for event in events])

    assert 250 < ahead < 1500
    assert done == number


async def test_a_job_can_be_interrupted() -> None:
    """
    As by the first Ctrl-C: exit code 130.
    """
    store = store_with(*(f"{number:05}" for number in range(5000)))
    job: s3.Job

    def stop(event: s3.Event) -> None:
        if isinstance(event, s3.ObjectDone):
            job.interrupt()

    job = s3.Job(OPTIONS, on_event=stop, open_store=opener(store))
    summary = await job.run()

    assert summary.exit_code == 130
    assert 0 < summary.copied < 5000


async def test_what_on_event_raises_ends_the_run_and_is_raised() -> None:
    """
    It is the caller's bug, and the caller sees it.
    """
    seen: list[s3.Event] = []

    def broken(event: s3.Event) -> None:
        seen.append(event)
        raise LookupError("mine")

    job = s3.Job(OPTIONS, on_event=broken, open_store=opener(store_with(*map(str, range(3000)))))

    with pytest.raises(LookupError, match="mine"):
        await job.run()

    assert len(seen) == 1
    assert job.summary.copied < 3000


async def test_a_job_runs_once() -> None:
    """
    Its numbers would be those of two runs.
    """
    job = s3.Job(OPTIONS, open_store=opener(store_with("a")))
    await job.run()

    with pytest.raises(RuntimeError, match="a job runs once"):
        await job.run()


async def test_a_stream_ends_for_a_reader_who_waits() -> None:
    """
    Nobody waits for ever for the end of a run.
    """
    stream = EventStream()
    reader = asyncio.ensure_future(anext(stream, None))
    await asyncio.sleep(0)

    stream.end()

    assert await reader is None


def test_the_summary_is_that_of_the_json_lines() -> None:
    """
    A program that reads one can read the other.
    """
    line = set(jsonl.summary(s3.RunState())) - {"type"}
    names = {field.name for field in fields(s3.Summary)}

    kept = {"failures", "failure_codes", "delete_failures", "delete_failure_codes"}
    assert names - kept == line - {"failures", "delete_failures"}


def test_a_selection_follows_the_rules_of_the_command_line() -> None:
    """
    Without a destination, or onto the bucket itself, copies go below ``temp/dest/``.
    """
    default = s3.S3Uri("in", "temp/dest/")

    assert s3.select("s3://in/a").dest == default
    assert s3.select("s3://in/a", "s3://in").dest == default
    assert s3.select("s3://in/a", "s3://in/b").dest == s3.S3Uri("in", "b")
    assert s3.select("s3://in/a", "s3://out").dest == s3.S3Uri("out")


def test_every_public_name_is_there() -> None:
    """
    ``__all__``, the table of lazy names and the imports for type checkers agree.
    """
    tree = ast.parse(Path(s3.__file__).read_text("utf-8"))
    typed = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names} - {
        "annotations",
        "import_module",
        "TYPE_CHECKING",
        "Any",
        "Final",
    }

    assert set(s3.__all__) == typed | {"__version__"} == set(dir(s3))
    assert all(getattr(s3, name) is not None for name in s3.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = s3.nothing


def test_the_command_line_uses_nothing_but_the_library() -> None:
    """
    Beside itself, it imports public names and the public modules ``text`` and ``views`` only.
    """
    allowed = ("s3copy_async.cli", "s3copy_async.text", "s3copy_async.views")
    for path in sorted((Path(s3.__file__).parent / "cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("s3copy_async"):
                names = {alias.name for alias in node.names}
                public = node.module == "s3copy_async" and names <= {*s3.__all__, "cli"}
                assert public or (node.module or "").startswith(allowed), (path.name, node.module)
