"""
Copies in bulk: what they take, what they hand on, and that nothing is lost between the two.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import replace

import pytest

from bulky import Scripted
from s3copy_async.copying.bulk import PAGES, Bulk
from s3copy_async.copying.job import CopyJob
from s3copy_async.errors import AccessDenied, Failure, S3Error, Throttled, TransientError
from s3copy_async.flow import Flow
from s3copy_async.memory import MemoryStore
from s3copy_async.model import Batch, CopyAnswer, CopyResult, CopyTask, ObjectInfo, Outcome, Proof
from s3copy_async.options import Carry, IfExists, Limits
from s3copy_async.patience import Meter

DENIED = AccessDenied(Failure("CopyObject", "AccessDenied", 403))
BROKEN = TransientError(Failure("CopyObject", "InternalError", 500))
SLOW = Throttled(Failure("CopyObject", "SlowDown", 503))


def task_of(
    key: str, size: int = 3, etag: str = "0123456789abcdef0123456789abcdef", storage_class: str = ""
) -> CopyTask:
    """
    A copy of a small object.
    """
    return CopyTask(key, f"to/{key}", ObjectInfo(key, size, etag, storage_class=storage_class))


def page(first: int, number: int = 10) -> Batch:
    """
    Plain objects.
    """
    return tuple(task_of(f"{index:05}") for index in range(first, first + number))


async def batches_of(*batches: Batch) -> AsyncGenerator[Batch, None]:
    """
    What a lister gives.
    """
    for batch in batches:
        yield batch


class Bench:
    """
    Copies in bulk over a scripted store.
    """

    def __init__(
        self,
        outcome: Callable[[CopyTask], CopyAnswer | S3Error | None] | None = lambda _: None,
        limit: int = 4,
        job: CopyJob | None = None,
    ) -> None:
        self.store = Scripted(outcome)
        self.flow = Flow(limit)
        self.meter = Meter()
        self.results: list[CopyResult] = []
        self.told = 0
        self.is_stopping = False
        self.job = replace(job or plain_job(), stopping=lambda: self.is_stopping)
        self.bulk = Bulk(self.job, self.store, self.flow, self.meter, self._done)

    def _done(self, results: Iterable[CopyResult]) -> None:
        self.told += 1
        self.results.extend(results)

    async def through(self, *batches: Batch) -> list[Batch]:
        """
        All that is handed on.
        """
        found = [batch async for batch in self.bulk.through(batches_of(*batches))]
        await self.bulk.finish(0)
        return found


def plain_job(**more: object) -> CopyJob:
    """
    A job that asks for nothing special.
    """
    return replace(CopyJob(MemoryStore(), MemoryStore(), "in", "out", Limits()), **more)  # type: ignore[arg-type]


def keys(tasks: Iterable[CopyTask]) -> list[str]:
    """
    In their order.
    """
    return [task.key for task in tasks]


async def test_plain_objects_are_copied_and_told_many_at_a_time() -> None:
    """
    Each result is that of a copy proven by its ETag.
    """
    bench = Bench()

    assert await bench.through(page(0, 1000), page(1000, 5)) == []

    assert keys(bench.store.begun) == [result.key for result in bench.results] == [f"{n:05}" for n in range(1005)]
    assert bench.told == 1
    etag = bench.store.begun[0].source.etag  # type: ignore[union-attr]
    assert bench.results[0]._replace(seconds=0) == CopyResult(
        "00000",
        "to/00000",
        3,
        Outcome.COPIED,
        proof=Proof.ETAG,
        etag=etag,
        source_etag=etag,
        method="whole",
        requests=1,
    )
    assert bench.meter.counts == {"CopyObject": 1005}
    assert bench.meter.last_success is not None
    assert (bench.flow.in_flight, bench.meter.in_flight) == (0, 0)


async def test_the_sample_is_what_every_copy_is_like() -> None:
    """
    It is asked for once.
    """
    grants = (("GrantRead", 'id="x"'),)
    bench = Bench(job=plain_job(grants=grants, carry=Carry(storage_class="GLACIER_IR", sse="AES256"), is_aws=True))

    await bench.through(page(0), page(10))

    (sample,) = bench.store.samples
    assert (sample.source_bucket, sample.dest_bucket, sample.grants) == ("in", "out", grants)
    assert sample.settings == (("StorageClass", "GLACIER_IR"), ("ServerSideEncryption", "AES256"))
    assert (sample.metadata, sample.tags, sample.if_absent) == (None, None, False)


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(task_of("k", etag="0123456789abcdef0123456789abcdef-2"), id="uploaded in parts"),
        pytest.param(task_of("k", etag='a"b'), id="odd ETag"),
        pytest.param(task_of("k", etag="a\n"), id="ETag with a line feed"),
        pytest.param(task_of("k", etag="é"), id="ETag beyond ASCII"),
        pytest.param(task_of("k", etag=""), id="no ETag"),
        pytest.param(task_of("k", size=5 * 1024**3 + 1), id="too large"),
        pytest.param(task_of("k", storage_class="GLACIER"), id="unusual class"),
        pytest.param(task_of("k")._replace(there=ObjectInfo("to/k", 3, "else")), id="same size there"),
        pytest.param(task_of("k")._replace(version="v1"), id="one version"),
        pytest.param(CopyTask("k", "to/k"), id="unknown source"),
    ],
)
async def test_what_is_not_plain_is_handed_on(task: CopyTask) -> None:
    """
    In its order, while the plain ones beside it are taken.
    """
    bench = Bench()
    first, last = page(0, 2), page(5, 2)
    other = task._replace(key="other", dest_key="to/other")

    assert await bench.through((*first, task, *last, other), (task,)) == [(task, other), (task,)]

    assert keys(bench.store.begun) == keys((*first, *last))


async def test_what_is_there_with_another_size_is_plain() -> None:
    """
    Nothing is left to be found out.
    """
    bench = Bench()
    task = task_of("k")._replace(there=ObjectInfo("to/k", 4, "else"))

    assert await bench.through((task,)) == []

    assert bench.store.begun == [task]


async def test_a_class_that_is_asked_for_makes_every_class_plain() -> None:
    """
    What the source has is not what the copy gets.
    """
    bench = Bench(job=plain_job(carry=Carry(storage_class="STANDARD_IA")))

    assert await bench.through((task_of("k", storage_class="STANDARD"), task_of("l", storage_class="GLACIER_IR"))) == []

    assert keys(bench.store.begun) == ["k", "l"]


async def test_large_files_are_those_of_the_job() -> None:
    """
    ``--large-file`` says from where on they are copied in parts.
    """
    bench = Bench(job=plain_job(limits=Limits(large_file=10)))

    (others,) = await bench.through((task_of("k", 10), task_of("l", 11)))

    assert (keys(bench.store.begun), keys(others)) == (["k"], ["l"])


@pytest.mark.parametrize(
    "job",
    [
        pytest.param(plain_job(if_exists=IfExists.SKIP), id="skip"),
        pytest.param(plain_job(if_exists=IfExists.FAIL), id="fail"),
        pytest.param(plain_job(carry=Carry(tags=(("a", "b"),))), id="tags"),
        pytest.param(plain_job(carry=Carry(content_type="text/plain")), id="content type"),
        pytest.param(plain_job(carry=Carry(metadata=(("a", "b"),))), id="metadata"),
        pytest.param(plain_job(carry=Carry(storage_class="keep")), id="the source's class"),
        pytest.param(plain_job(carry=Carry(acl="keep")), id="the source's ACL"),
        pytest.param(plain_job(carry=Carry(object_lock=True)), id="object lock"),
        pytest.param(plain_job(carry=Carry(sse="AES256")), id="encryption elsewhere than at Amazon"),
    ],
)
async def test_what_depends_on_the_object_is_not_for_bulk(job: CopyJob) -> None:
    """
    Every object is handed on, and the store is not asked.
    """
    memory = MemoryStore()
    memory.fill("in", {f"{number:05}": b"abc" for number in range(20)})
    bench = Bench(job=replace(job, store=memory, dest=memory))

    assert await bench.through(page(0), page(10)) == [page(0), page(10)]

    assert (bench.store.begun, bench.store.samples) == ([], [])


async def test_a_website_is_not_for_bulk() -> None:
    """
    Its objects may redirect.
    """

    async def redirects() -> bool:
        return True

    memory = MemoryStore()
    memory.fill("in", {"00000": b"abc"})
    bench = Bench(job=plain_job(redirects=redirects, store=memory))

    assert await bench.through(page(0), page(10)) == [page(0), page(10)]


async def test_a_store_that_cannot_is_asked_once() -> None:
    """
    And every object is handed on.
    """
    bench = Bench()
    bench.store.can = False

    assert await bench.through(page(0), page(10)) == [page(0), page(10)]

    assert len(bench.store.samples) == 1


async def test_what_fails_comes_back_with_its_outcome() -> None:
    """
    Whatever it was; it is to be asked for once.
    """
    answer = CopyAnswer("other")
    outcomes: dict[str, CopyAnswer | S3Error] = {"00001": DENIED, "00004": BROKEN, "00005": answer}
    bench = Bench(lambda task: outcomes.get(task.key))

    found = [task for batch in await bench.through(page(0)) for task in batch]

    assert keys(found) == ["00001", "00004", "00005"]
    assert [bench.bulk.outcome_of(task) for task in found] == [DENIED, BROKEN, answer]
    assert [bench.bulk.outcome_of(task) for task in found] == [None, None, None]
    assert len(bench.results) == 7
    assert bench.meter.counts == {"CopyObject": 10}
    assert (bench.flow.in_flight, bench.meter.in_flight) == (0, 0)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("fails", ["0", "00000", "00009", "9"])
@pytest.mark.parametrize("error", [DENIED, BROKEN, SLOW], ids=lambda error: error.code)
async def test_nothing_is_forgotten_when_what_is_in_flight_fails(limit: int, fails: str, error: S3Error) -> None:
    """
    Neither the rest of a page nor the last failure, however few may be in flight, and whether copies end at once or
    later.
    """
    for at_once in (True, False):
        bench = Bench((lambda task: error if task.key.endswith(fails) else None) if at_once else None, limit)
        work = asyncio.create_task(bench.through(page(0), page(10)))
        while not work.done():
            for key in tuple(bench.store.open):
                bench.store.end(key, error if key.endswith(fails) else None)
            await asyncio.sleep(0.001)
        again = {task.key for batch in work.result() for task in batch}

        assert again | {result.key for result in bench.results} == set(keys((*page(0), *page(10))))
        assert len(again) + len(bench.results) == 20
        assert again == {key for key in keys((*page(0), *page(10))) if key.endswith(fails)}


async def test_it_ends_only_when_all_is_done() -> None:
    """
    A copy in flight may still fail, and then others must take it.
    """
    bench = Bench(None)
    work = asyncio.create_task(bench.through(page(0, 2)))
    await asyncio.sleep(0.01)
    bench.store.end("00000")
    await asyncio.sleep(0.01)
    assert not work.done()
    bench.store.end("00001", DENIED)

    assert [keys(batch) for batch in await work] == [["00001"]]


async def test_a_failure_is_handed_on_before_the_end() -> None:
    """
    Others begin with it while copies in bulk go on.
    """
    bench = Bench(None, limit=2)
    through = bench.bulk.through(batches_of(page(0)))
    first = asyncio.ensure_future(anext(through))
    await asyncio.sleep(0.01)
    bench.store.end("00001", BROKEN)

    assert keys(await first) == ["00001"]
    assert set(bench.store.open) == {"00000", "00002"}
    await through.aclose()


async def test_the_lister_waits_for_the_copies() -> None:
    """
    No more pages wait than `PAGES`, beside the one in hand and the one that is being copied.
    """
    bench = Bench(None, limit=1)
    asked = 0

    async def batches() -> AsyncGenerator[Batch, None]:
        nonlocal asked
        for number in range(100):
            asked += 1
            yield page(10 * number)

    async def drain() -> None:
        async for _ in bench.bulk.through(batches()):
            pass

    work = asyncio.create_task(drain())
    await asyncio.sleep(0.02)
    assert asked == PAGES + 2
    for _ in range(10):
        bench.store.end(next(iter(bench.store.open)))
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    assert asked == PAGES + 3
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


async def test_never_more_in_flight_than_there_are_places() -> None:
    """
    And as many as there are.
    """
    bench = Bench(None, limit=7)
    work = asyncio.create_task(bench.through(page(0, 100)))
    seen = set()
    while not work.done():
        await asyncio.sleep(0)
        if len(bench.store.begun) < 100 and bench.store.begun:
            seen.add(len(bench.store.open))
        for key in tuple(bench.store.open)[:3]:
            bench.store.end(key)

    assert seen == {7}
    assert await work == []


async def test_a_run_that_ends_begins_no_more() -> None:
    """
    What is in flight is waited for, and counted.
    """
    bench = Bench(None, limit=3)

    async def drain() -> None:
        async for _ in bench.bulk.through(batches_of(page(0))):
            pass

    work = asyncio.create_task(drain())
    await asyncio.sleep(0.01)
    bench.is_stopping = True
    bench.store.end("00000")
    await asyncio.sleep(0.01)
    assert set(bench.store.open) == {"00001", "00002"}
    work.cancel()
    await asyncio.wait([work])
    finish = asyncio.create_task(bench.bulk.finish(10))
    await asyncio.sleep(0.01)
    assert not finish.done()
    bench.store.end("00001")
    bench.store.end("00002")
    await finish

    assert [result.key for result in bench.results] == ["00000", "00001", "00002"]
    assert len(bench.store.begun) == 3


async def test_what_does_not_arrive_in_time_is_given_up() -> None:
    """
    What did arrive is told.
    """
    bench = Bench(None)
    through = bench.bulk.through(batches_of(page(0, 2)))
    first = asyncio.ensure_future(anext(through, None))
    await asyncio.sleep(0.01)
    bench.store.end("00000")
    first.cancel()
    await asyncio.wait([first])

    await bench.bulk.finish(0.01)

    assert [result.key for result in bench.results] == ["00000"]
    bench.store.end("00001")  # too late, and harmless
    assert (bench.flow.in_flight, bench.meter.in_flight) == (0, 0)


async def test_what_arrived_is_told_though_the_wait_is_cancelled() -> None:
    """
    The second interrupt loses no number.
    """
    bench = Bench(None)
    through = bench.bulk.through(batches_of(page(0, 2)))
    first = asyncio.ensure_future(anext(through, None))
    await asyncio.sleep(0.01)
    bench.store.end("00000")
    first.cancel()
    await asyncio.wait([first])
    finish = asyncio.create_task(bench.bulk.finish(10))
    await asyncio.sleep(0.01)
    finish.cancel()
    await asyncio.wait([finish])

    assert finish.cancelled()
    assert [result.key for result in bench.results] == ["00000"]


async def test_those_in_flight_for_longest_can_be_seen() -> None:
    """
    Some of them.
    """
    bench = Bench(None, limit=8)
    work = asyncio.create_task(bench.through(page(0)))
    await asyncio.sleep(0.01)
    bench.store.end("00001")

    assert keys(bench.bulk.glimpse(3)) == ["00000", "00002", "00003"]
    work.cancel()
    await asyncio.wait([work])


async def test_each_is_announced_to_those_who_want_it() -> None:
    """
    When it begins.
    """
    bench = Bench()
    announced: list[CopyTask] = []
    bulk = Bulk(bench.job, bench.store, bench.flow, bench.meter, bench._done, announced.append)

    assert [batch async for batch in bulk.through(batches_of(page(0)))] == []

    assert tuple(announced) == page(0)


async def test_what_cannot_be_asked_is_for_others_to_say() -> None:
    """
    They ask again, and fail or do not.
    """

    async def redirects() -> bool:
        raise BROKEN

    bench = Bench(job=plain_job(redirects=redirects))

    assert await bench.through(page(0)) == [page(0)]


async def test_what_the_lister_raises_is_raised() -> None:
    """
    And nothing new is begun.
    """

    async def batches() -> AsyncGenerator[Batch, None]:
        yield page(0)
        raise DENIED

    bench = Bench(None, limit=1)
    with pytest.raises(AccessDenied):
        async for _ in bench.bulk.through(batches()):
            pass
    await bench.bulk.finish(0)

    assert len(bench.store.begun) == 1
    bench.store.end("00000")
    assert len(bench.store.begun) == 1
