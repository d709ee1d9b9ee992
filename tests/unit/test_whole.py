"""
Copies with one request: what is asked of them, and what proves them.
"""

from __future__ import annotations

import pytest

from s3copy_async.copying.job import CopyJob
from s3copy_async.copying.probe import Capabilities
from s3copy_async.copying.whole import copy_whole
from s3copy_async.errors import PreconditionFailed
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Fault
from s3copy_async.model import CopyAnswer, CopyRequest, CopyResult, CopyTask, ObjectInfo, Outcome, Proof
from s3copy_async.options import IfExists, Limits, Verify
from s3copy_async.patience import Meter
from support import Clock, patient


class Bench:
    """
    A store that encrypts the destination, so that no ETag is comparable, with one object.
    """

    def __init__(self, store: MemoryStore | None = None, *, checksums: str = "CRC64NVME") -> None:
        self.store = store or MemoryStore()
        self.store.nature.encrypts = frozenset({"out"})
        self.store.nature.checksums = checksums
        self.store.fill("in", {"a": b"hello"})
        self.store.fill("out", {})

    @property
    def source(self) -> ObjectInfo:
        """
        The source as a listing shows it.
        """
        found = self.store.buckets["in"]["a"]
        return ObjectInfo("a", found.size, found.etag)

    async def copy(
        self, verify: Verify = Verify.REQUIRED, *, retries: int = 3, if_exists: IfExists = IfExists.OVERWRITE
    ) -> CopyResult:
        """
        Copies the object whole.
        """
        store = Guarded(self.store, Flow(4), patient(Clock()), Meter(), lambda _: None)
        job = CopyJob(store, store, "in", "out", Limits(retries=retries), verify=verify, if_exists=if_exists)
        return await copy_whole(CopyTask("a", "a", self.source), self.source, job)

    @property
    def asked(self) -> list[str]:
        """
        The operations that were asked for so far.
        """
        return [call.operation for call in self.store.calls]


class Terse(MemoryStore):
    """
    A store whose answers to copies have no checksum.
    """

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        return (await super().copy_object(request))._replace(checksum="")


async def test_by_default_the_stores_word_is_enough_and_costs_nothing() -> None:
    """
    One request, and the proof is named for what it is.
    """
    bench = Bench()

    result = await bench.copy(Verify.AUTO)

    assert (result.proof, bench.asked) == (Proof.SERVER, ["CopyObject"])


async def test_required_proof_is_a_checksum_where_etags_say_nothing() -> None:
    """
    The source's from a HEAD, the copy's from its own answer.
    """
    bench = Bench()

    result = await bench.copy()

    assert (result.outcome, result.proof) == (Outcome.COPIED, Proof.CHECKSUM)
    assert bench.asked == ["CopyObject", "HeadObject"]


async def test_a_copy_whose_answer_is_terse_is_looked_at() -> None:
    """
    Its checksum is in a HEAD.
    """
    bench = Bench(Terse())

    result = await bench.copy()

    assert (result.proof, bench.asked) == (Proof.CHECKSUM, ["CopyObject", "HeadObject", "HeadObject"])


async def test_comparable_etags_need_no_checksum() -> None:
    """
    They are the proof.
    """
    bench = Bench()
    bench.store.nature.encrypts = frozenset()

    result = await bench.copy()

    assert (result.proof, bench.asked) == (Proof.ETAG, ["CopyObject"])


@pytest.mark.parametrize("kind", [MemoryStore, Terse])
async def test_a_wrong_checksum_is_copied_again(kind: type[MemoryStore]) -> None:
    """
    As a wrong ETag is.
    """
    bench = Bench(kind(corrupt=lambda call: call.number <= 2))

    result = await bench.copy()

    assert (result.outcome, result.proof, bench.store.count("CopyObject")) == (Outcome.COPIED, Proof.CHECKSUM, 3)
    assert bench.store.buckets["out"]["a"].body == b"hello"


async def test_checksums_that_stay_wrong_fail() -> None:
    """
    After the repetitions.
    """
    bench = Bench(MemoryStore(corrupt=lambda _: True))

    result = await bench.copy(retries=1)

    assert (result.outcome, result.code, bench.store.count("CopyObject")) == (Outcome.FAILED, "WrongChecksum", 2)


class Other(MemoryStore):
    """
    A store that gives its copies a checksum of another kind.
    """

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        return (await super().copy_object(request))._replace(checksum="CRC32:AAAAAA==")


@pytest.mark.parametrize(
    "bench",
    [
        Bench(checksums=""),
        Bench(Other()),
        Bench(MemoryStore(fault=lambda call: Fault("AccessDenied", 403) if call.operation == "HeadObject" else None)),
    ],
    ids=["none", "another-kind", "denied"],
)
async def test_without_a_comparable_checksum_required_proof_fails(bench: Bench) -> None:
    """
    The store's word alone is not enough. The copy is there, and that is said.
    """
    result = await bench.copy()

    assert (result.outcome, result.code) == (Outcome.FAILED, "Unproven")
    assert "copied, but" in result.reason
    assert bench.store.count("CopyObject") == 1


async def test_a_checksum_of_another_version_proves_nothing() -> None:
    """
    The source changed between the copy and the look at its checksum: it is looked at anew.
    """
    bench = Bench()
    listed = bench.source

    class Restless(Guarded):
        async def copy_object(self, request: CopyRequest) -> CopyAnswer:
            answer = await super().copy_object(request)
            bench.store.fill("in", {"a": b"newer"})
            return answer

    store = Restless(bench.store, Flow(4), patient(Clock()), Meter(), lambda _: None)
    job = CopyJob(store, store, "in", "out", Limits(), verify=Verify.REQUIRED)

    with pytest.raises(PreconditionFailed):
        await copy_whole(CopyTask("a", "a", listed), listed, job)
    assert bench.store.count("CopyObject") == 1


async def test_our_own_wrong_copy_is_not_in_the_way_of_the_next() -> None:
    """
    Where nothing may be overwritten, the condition holds for the first request: what is there then is ours.
    """
    bench = Bench(MemoryStore(corrupt=lambda call: call.number == 1))

    result = await bench.copy(if_exists=IfExists.SKIP)

    assert (result.outcome, bench.store.count("CopyObject")) == (Outcome.COPIED, 2)
    assert bench.store.buckets["out"]["a"].body == b"hello"


async def test_one_version_is_copied_and_looked_at() -> None:
    """
    The version id is in every request to the source.
    """
    bench = Bench()
    older = bench.store.buckets["in"]["a"]
    bench.store.nature.versions["in", "a", "v1"] = older
    source = bench.source._replace(version="v1")
    bench.store.fill("in", {"a": b"newer"})
    store = Guarded(bench.store, Flow(4), patient(Clock()), Meter(), lambda _: None)
    job = CopyJob(store, store, "in", "out", Limits(), verify=Verify.REQUIRED)

    result = await copy_whole(CopyTask("a", "a", source, version="v1"), source, job)

    assert (result.outcome, result.proof) == (Outcome.COPIED, Proof.CHECKSUM)
    assert bench.store.buckets["out"]["a"].body == b"hello"


class Unpinned(Capabilities):
    """
    A store that ignores the ETag that a copy is pinned to.
    """

    async def pins(self) -> bool:
        """
        See `Capabilities`.
        """
        return False


@pytest.mark.parametrize("changed", [False, True])
async def test_where_no_pin_holds_the_source_is_looked_at_after_the_copy(*, changed: bool) -> None:
    """
    Encryption hides the ETag, the store ignores the pin: only a second look tells which version was copied.
    """
    bench = Bench()
    bench.store.nature.pins = False
    listed = bench.source
    if changed:
        bench.store.fill("in", {"a": b"newer"})
    store = Guarded(bench.store, Flow(4), patient(Clock()), Meter(), lambda _: None)
    job = CopyJob(store, store, "in", "out", Limits(), probe=Unpinned())

    if changed:
        with pytest.raises(PreconditionFailed):
            await copy_whole(CopyTask("a", "a", listed), listed, job)
    else:
        assert (await copy_whole(CopyTask("a", "a", listed), listed, job)).proof is Proof.SERVER
    assert bench.asked == ["CopyObject", "HeadObject"]
