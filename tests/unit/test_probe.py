"""
What a store can do is found out once, on tiny objects that do not stay, and said where it is less than Amazon's does.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

import pytest

from s3copy_async.app import Action
from s3copy_async.copying.experiments import Place
from s3copy_async.copying.probe import PATIENCE, Capabilities
from s3copy_async.errors import FatalError
from s3copy_async.events import Event, Notice
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.keys import WorkArea
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault, Nature
from s3copy_async.model import CompleteRequest, CopyAnswer, PartRequest
from s3copy_async.options import PartOptions
from s3copy_async.parts import MIN_PART
from s3copy_async.patience import Meter
from s3copy_async.store import Stages
from staging import Wire, copying, with_parts
from support import Clock, patient, run_in_memory

QUESTIONS: Final = ("pins", "copies_parts", "etag_formula", "reads_twice", "conditional", "completes_conditionally")
REFUSED: Final = Fault("AccessDenied", 403)


@dataclass(slots=True)
class Bench:
    """
    A store with an empty bucket ``out``, and what was said about it.
    """

    store: MemoryStore = field(default_factory=MemoryStore)
    said: list[Event] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.store.fill("out", {})

    @property
    def probe(self) -> Capabilities:
        """
        A probe that has asked nothing yet.
        """
        guarded = Guarded(self.store, Flow(4), patient(self.clock), Meter(), lambda _: None)
        return Capabilities(Place(guarded.brief(PATIENCE), "out", "temp/"), self.said.append)

    @property
    def words(self) -> str:
        """
        All that was said.
        """
        assert all(isinstance(event, Notice) and event.warning for event in self.said)
        return "\n".join(event.text for event in self.said if isinstance(event, Notice))

    @property
    def requests(self) -> Counter[str]:
        """
        The requests so far, by operation.
        """
        return Counter(call.operation for call in self.store.calls)

    def is_clean(self) -> bool:
        """
        Whether nothing was left.
        """
        return not self.store.buckets["out"] and not self.store.uploads


class OwnParts(MemoryStore):
    """
    A store whose parts have ETags that are no MD5s.
    """

    async def copy_part(self, request: PartRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        answer = await super().copy_part(request)
        return answer._replace(etag=answer.etag.upper())

    async def complete_upload(self, request: CompleteRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        parts = tuple((number, etag.lower()) for number, etag in request.parts)
        return await super().complete_upload(request._replace(parts=parts))


class OwnWhole(MemoryStore):
    """
    A store whose uploads have ETags by another formula.
    """

    async def complete_upload(self, request: CompleteRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        return (await super().complete_upload(request))._replace(etag="f" * 32)


class Silent(MemoryStore):
    """
    A store that names no ETag when an upload is completed, as Ceph does.
    """

    async def complete_upload(self, request: CompleteRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        return (await super().complete_upload(request))._replace(etag="")


COSTS: Final = {
    "pins": {"PutObject": 1, "CopyObject": 1, "DeleteObject": 1},
    "copies_parts": {
        "PutObject": 1, "CreateMultipartUpload": 1, "UploadPartCopy": 1, "CompleteMultipartUpload": 1,
        "DeleteObject": 2,
    },
    "reads_twice": {
        "PutObject": 1, "CreateMultipartUpload": 1, "UploadPartCopy": 1, "AbortMultipartUpload": 1, "DeleteObject": 1,
    },
    "conditional": {"PutObject": 2, "CopyObject": 1, "DeleteObject": 2},
    "completes_conditionally": {
        "PutObject": 1, "CreateMultipartUpload": 1, "UploadPartCopy": 1, "CompleteMultipartUpload": 1,
        "AbortMultipartUpload": 1, "DeleteObject": 1,
    },
}  # fmt: skip


@pytest.mark.parametrize("question", COSTS)
async def test_a_question_costs_what_is_documented_once(question: str) -> None:
    """
    However often it is asked; and all names are ones of the work area, so that a clean finds what a killed run left.
    """
    bench = Bench()
    probe = bench.probe

    answers = {await getattr(probe, question)() for _ in range(3)}

    assert answers == {question != "reads_twice"}
    assert COSTS[question] == bench.requests
    assert all(call.key in WorkArea("temp/") for call in bench.store.calls)
    assert bench.is_clean()
    assert bench.said == []


async def test_the_formula_is_found_out_with_the_parts() -> None:
    """
    One experiment answers both.
    """
    bench = Bench()
    probe = bench.probe

    assert (await probe.copies_parts(), await probe.etag_formula()) == (True, True)
    assert COSTS["copies_parts"] == bench.requests


async def test_those_who_ask_at_once_wait_for_one_answer() -> None:
    """
    A hundred copies begin at once, and one of them asks.
    """
    bench = Bench()
    probe = bench.probe

    answers = await asyncio.gather(*(probe.pins() for _ in range(100)))

    assert set(answers) == {True}
    assert COSTS["pins"] == bench.requests


async def test_amazon_is_not_asked() -> None:
    """
    Without a place to try things out, the answers are those of Amazon.
    """
    probe = Capabilities()

    assert [await getattr(probe, name)() for name in QUESTIONS] == [True, True, True, False, True, True]


NATURES: Final = {
    "pins": (Nature(pins=False), "ignores the ETag that pins the source"),
    "conditional": (Nature(conditions=False), "copies without regard to conditions"),
    "completes_conditionally": (Nature(conditions=False), "completes uploads without regard to conditions"),
}


@pytest.mark.parametrize("question", NATURES)
async def test_what_a_store_lacks_is_said_once(question: str) -> None:
    """
    And so is what is done instead; nothing stays of what the store should not have made.
    """
    nature, words = NATURES[question]
    bench = Bench(MemoryStore(nature=nature))
    probe = bench.probe

    answers = {await getattr(probe, question)() for _ in range(3)}

    assert answers == {False}
    assert len(bench.said) == 1
    assert words in bench.words
    assert bench.is_clean()


@pytest.mark.parametrize("code", ["NotImplemented", "MethodNotAllowed", "InternalError", "BadAnswer"])
@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "UploadPartCopy", "CompleteMultipartUpload"])
async def test_a_store_that_copies_no_parts_is_found_out(operation: str, code: str) -> None:
    """
    Whether it says so, or never gives a good answer: that is not waited for as long as for other requests.
    """
    status = {"NotImplemented": 501, "MethodNotAllowed": 405, "InternalError": 500, "BadAnswer": 200}[code]
    fault = Fault("200" if code == "BadAnswer" else code, status)
    bench = Bench(MemoryStore(fault=lambda call: fault if call.operation == operation else None))
    probe = bench.probe

    assert (await probe.copies_parts(), await probe.etag_formula()) == (False, False)
    assert "objects up to 5GiB are copied whole, larger ones fail" in bench.words
    assert len(bench.said) == 1
    assert bench.clock.now - 1000 < 2 * PATIENCE
    assert bench.is_clean()


@pytest.mark.parametrize("kind", [OwnParts, OwnWhole])
async def test_etags_of_another_formula_are_found_out(kind: type[MemoryStore]) -> None:
    """
    Of a part or of the whole; parts can be copied all the same.
    """
    bench = Bench(kind())
    probe = bench.probe

    assert (await probe.copies_parts(), await probe.etag_formula()) == (True, False)
    assert "are not made of MD5s" in bench.words
    assert bench.is_clean()


def wrong_once() -> Callable[[Call], bool]:
    """
    The first copied part comes out as other bytes, and no other.
    """
    first: list[Call] = []

    def corrupt(call: Call) -> bool:
        if call.operation == "UploadPartCopy":
            first.append(call)
        return call is first[0] if first else False

    return corrupt


@pytest.mark.parametrize("question", ["etag_formula", "reads_twice"])
async def test_one_corrupted_copy_is_not_taken_for_the_stores_nature(question: str) -> None:
    """
    What shows something unusual is tried again: else no ETag of the run would be relied on.
    """
    bench = Bench()
    bench.store.corrupt = wrong_once()

    answer = await getattr(bench.probe, question)()

    assert answer is (question == "etag_formula")
    assert bench.said == []
    assert bench.requests["UploadPartCopy"] == 2
    assert bench.is_clean()


async def test_an_etag_that_is_not_told_is_looked_up() -> None:
    """
    One HEAD more.
    """
    bench = Bench(Silent())

    assert await bench.probe.etag_formula()
    assert bench.requests == {**COSTS["copies_parts"], "HeadObject": 1}


async def test_where_encryption_hides_the_etags_nothing_is_said() -> None:
    """
    They are not relied on, which every answer says by itself; and every other question can be answered.
    """
    bench = Bench(MemoryStore(nature=Nature(encrypts=frozenset({"out"}))))
    probe = bench.probe

    answers = {name: await getattr(probe, name)() for name in QUESTIONS}

    assert answers == {**dict.fromkeys(QUESTIONS, True), "etag_formula": False, "reads_twice": False}
    assert bench.said == []


SAFE: Final = {
    "pins": False,
    "copies_parts": True,
    "etag_formula": False,
    "reads_twice": True,
    "conditional": False,
    "completes_conditionally": False,
}


@pytest.mark.parametrize("fault", [REFUSED, Fault("SlowDown", 503), Fault("Unreachable", 0)], ids=lambda one: one.code)
@pytest.mark.parametrize("question", QUESTIONS)
async def test_what_cannot_be_found_out_gets_the_safe_answer(question: str, fault: Fault) -> None:
    """
    Which is said; nobody is asked again, and the run goes on.
    """
    bench = Bench(MemoryStore(fault=lambda call: fault if call.operation == "PutObject" else None))
    probe = bench.probe

    assert SAFE[question] == await getattr(probe, question)()

    made = len(bench.store.calls)
    assert SAFE[question] == await getattr(probe, question)()
    assert made == len(bench.store.calls)
    assert len(bench.said) == 1
    assert "cannot be found out" in bench.words
    assert fault.code in bench.words


@pytest.mark.parametrize("question", QUESTIONS)
async def test_what_fails_on_the_way_leaves_nothing(question: str) -> None:
    """
    Each request of each experiment fails in turn, before and after its effect. Deletions alone are not asked to work.
    """
    sound = Bench()
    await getattr(sound.probe, question)()
    for number in range(1, len(sound.store.calls) + 1):
        for after in (False, True):
            failing = Failing(number, after=after)
            bench = Bench(MemoryStore(fault=failing))
            await getattr(bench.probe, question)()

            assert failing.failed
            kept = {
                call.key for call in bench.store.calls if call.operation in ("DeleteObject", "AbortMultipartUpload")
            }
            assert set(bench.store.buckets["out"]) <= kept
            assert len(bench.store.uploads) <= (failing.failed.operation in LEAKS)


LEAKS: Final = ("AbortMultipartUpload", "CreateMultipartUpload")
"""What leaves an upload behind when it fails; its name is one that a clean finds."""


@dataclass(slots=True)
class Failing:
    """
    Denies the request of this number.
    """

    number: int
    after: bool
    seen: int = 0
    failed: Call | None = None

    def __call__(self, call: Call) -> Fault | None:
        """
        What goes wrong.
        """
        self.seen += 1
        if self.seen != self.number:
            return None
        self.failed = call
        return Fault("AccessDenied", 403, after_effect=self.after)


async def test_what_no_request_can_survive_ends_the_run() -> None:
    """
    An expired token is no answer.
    """
    bench = Bench(MemoryStore(fault=lambda _: Fault("ExpiredToken", 400)))

    with pytest.raises(FatalError):
        await bench.probe.pins()
    assert bench.said == []


async def test_a_cancelled_question_is_asked_anew() -> None:
    """
    By the next one who waits for it; what it had made is removed.
    """
    bench = Bench()
    put = asyncio.Event()
    wire = Wire(bench.store, after=lambda _: put.set())
    probe = Capabilities(Place(cast("Stages", wire), "out", "temp/"))
    first = asyncio.create_task(probe.conditional())
    await put.wait()
    first.cancel()

    assert await probe.conditional()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert bench.is_clean()


async def test_a_dry_run_asks_nothing() -> None:
    """
    It writes nothing, not even something tiny.
    """
    store = with_parts(MIN_PART, 10)
    store.fill("in", {"a": b"a"})

    watched = await run_in_memory(copying(parts=PartOptions(size=MIN_PART)), store, Action.DRY_RUN)

    assert watched.state.planned == 2
    assert not {"PutObject", "DeleteObject", "CopyObject", "CreateMultipartUpload"} & set(watched.state.requests)
