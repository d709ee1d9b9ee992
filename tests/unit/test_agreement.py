"""
Checksums as proof of copies in parts: asked for, compared from step to step, and given to the store on completion.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from s3copy_async.crc import checksum
from s3copy_async.events import ObjectDone
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import CompleteRequest, CopyAnswer, CopyResult, Outcome, Proof
from s3copy_async.options import Multipart, Options, PartOptions, Verify
from staging import MIB, Wire, buckets, copying, has_bytes, is_copy, pieces, run_over, some_bytes, with_parts
from support import Watched, run_in_memory

FIVE = 5 * MIB
METHODS = (Multipart.STAGED, Multipart.DIRECT)


def knowing(store: MemoryStore, algorithm: str = "CRC64NVME") -> MemoryStore:
    """
    `store` as Amazon's, where every object has a checksum.
    """
    store.nature.checksums = algorithm
    store.nature.is_aws = True
    for contents in store.buckets.values():
        for found in contents.values():
            found.checksum = checksum(algorithm, found.body)
    return store


def plain(size: int = 3000) -> MemoryStore:
    """
    An object that was stored whole and is copied in one part, so that its ETag cannot stay.
    """
    store = buckets()
    store.fill("in", {"big": some_bytes(size)})
    return store


def by(method: Multipart, verify: Verify = Verify.AUTO) -> Options:
    """
    Copies in parts by `method`.
    """
    return replace(copying(large_file=1000, parts=PartOptions(method=method)), verify=verify)


def result(watched: Watched) -> CopyResult:
    """
    What became of the one object.
    """
    (found,) = [event.result for event in watched.events if isinstance(event, ObjectDone)]
    return found


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("algorithm", ["CRC64NVME", "CRC32", "CRC32C"])
async def test_a_copy_whose_etag_cannot_stay_is_proven_by_its_checksum(method: Multipart, algorithm: str) -> None:
    """
    Stored whole, copied in parts: the source's own algorithm is asked for, and its value is given on completion.
    """
    store = knowing(plain(), algorithm)
    wire = Wire(store)

    watched = await run_over(wire, by(method, Verify.REQUIRED))

    (request,) = [
        sent.detail for sent in wire.requests if isinstance(sent.detail, CompleteRequest) and sent.key == "big"
    ]
    assert has_bytes(store)
    assert result(watched).proof is Proof.CHECKSUM
    assert request.checksum == store.buckets["in"]["big"].checksum == store.buckets["out"]["big"].checksum


@pytest.mark.parametrize("method", METHODS)
async def test_an_encrypted_copy_is_proven_by_its_checksum(method: Multipart) -> None:
    """
    The destination's ETags are no MD5s: the checksums of the parts foretell that of the whole.
    """
    store = knowing(with_parts(100, 100, 50))
    store.nature.encrypts = frozenset({"out"})

    watched = await run_in_memory(by(method, Verify.REQUIRED), store)

    assert has_bytes(store)
    assert result(watched).proof is Proof.CHECKSUM


@pytest.mark.parametrize("method", METHODS)
async def test_an_equal_etag_is_the_stronger_proof(method: Multipart) -> None:
    """
    Where both are there.
    """
    store = knowing(with_parts(100, 100, 50))

    watched = await run_in_memory(by(method), store)

    assert is_copy(store)
    assert result(watched).proof is Proof.ETAG_LAYOUT


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
async def test_corruption_that_no_etag_shows_is_found_by_the_checksum(
    method: Multipart, number: int, *, encrypted: bool
) -> None:
    """
    A part of the source is read wrongly: the checksums do not add up to the source's, and the parts are copied again.
    """
    store = knowing(with_parts(100, 100, 50))
    store.nature.encrypts = frozenset({"out"}) if encrypted else frozenset()
    store.corrupt = lambda call: call.operation == "UploadPartCopy" and call.number == number
    options = replace(by(method), parts=PartOptions(method=method, size=None))

    watched = await run_in_memory(options, store)

    assert has_bytes(store)
    assert watched.state.exit_code == 0


@pytest.mark.parametrize("operation", ["CopyObject", "UploadPartCopy"])
async def test_encrypted_steps_are_compared_by_checksums(operation: str) -> None:
    """
    With the ETags hidden, a wrong copy from step to step shows in its checksum, and is repeated.
    """
    store = knowing(with_parts(100, 100, 50))
    store.nature.encrypts = frozenset({"out"})
    store.corrupt = lambda call: call.operation == operation and call.number == 4 - 2 * (operation == "CopyObject")

    watched = await run_in_memory(by(Multipart.STAGED), store)

    assert has_bytes(store)
    assert result(watched).proof is Proof.CHECKSUM


async def test_the_store_refuses_a_wrong_whole() -> None:
    """
    What the answers did not show, S3 finds when it completes: nothing becomes visible, and the object fails.
    """
    store = knowing(plain())

    class Liar(MemoryStore):
        """
        Answers of the right part, and keeps a wrong one.
        """

        async def complete_upload(self, request: CompleteRequest) -> CopyAnswer:
            """
            See `store.UploadsParts`.
            """
            upload = self.uploads[request.upload_id]
            if request.key == "big":
                raise_refused = replace_parts(upload.parts)
                upload.parts.update(raise_refused)
            return await super().complete_upload(request)

    def replace_parts(parts: dict[int, bytes]) -> dict[int, bytes]:
        return {number: bytes(len(body)) for number, body in parts.items()}

    liar = Liar(buckets=store.buckets, nature=store.nature)
    liar.fault = lambda _: None
    watched = await run_in_memory(by(Multipart.DIRECT), liar)

    assert result(watched).outcome is Outcome.FAILED
    assert "big" not in store.buckets["out"]


@pytest.mark.parametrize("method", METHODS)
async def test_without_any_proof_a_required_one_fails_and_nothing_is_visible(method: Multipart) -> None:
    """
    Stored whole, copied in parts, no checksums: only the store's own word is left.
    """
    store = plain()

    watched = await run_in_memory(by(method, Verify.REQUIRED), store)

    assert (result(watched).outcome, result(watched).code) == (Outcome.FAILED, "Unproven")
    assert "big" not in store.buckets["out"]


@pytest.mark.parametrize("method", METHODS)
async def test_without_any_proof_the_servers_word_is_named(method: Multipart) -> None:
    """
    By default such a copy is made, and its proof says what it is.
    """
    store = plain()

    watched = await run_in_memory(by(method), store)

    assert has_bytes(store)
    assert result(watched).proof is Proof.SERVER


async def test_a_lost_answer_of_an_encrypted_completion_is_recognised_by_its_checksum() -> None:
    """
    The ETag could not be foretold; the object is there all the same, and is not composed again.
    """
    store = knowing(with_parts(100, 100, 50))
    store.nature.encrypts = frozenset({"out"})

    def lose(call: Call) -> Fault | None:
        last = call.operation == "CompleteMultipartUpload" and call.key == "big" and call.number == 1
        return Fault("InternalError", 500, after_effect=True) if last else None

    store.fault = lose
    watched = await run_in_memory(by(Multipart.DIRECT), store)

    assert has_bytes(store)
    assert (result(watched).outcome, result(watched).proof) == (Outcome.COPIED, Proof.CHECKSUM)
    assert store.count("UploadPartCopy") == 3


async def test_no_checksum_is_asked_of_a_store_that_may_know_none() -> None:
    """
    Only Amazon, and who has shown one, is asked.
    """
    store = with_parts(100, 100)

    await run_in_memory(by(Multipart.DIRECT), store)

    assert store.buckets["out"]["big"].checksum == ""


async def test_own_layout_of_five_mib_parts_with_another_part_size_is_proven() -> None:
    """
    ``--part-size`` gives another ETag; the checksum does not care.
    """
    store = buckets()
    store.fill_multipart("in", "big", pieces(FIVE, 10))
    knowing(store, "CRC32")
    options = replace(copying(parts=PartOptions(size=FIVE + MIB)), verify=Verify.REQUIRED)

    watched = await run_in_memory(options, store)

    assert result(watched).proof is Proof.CHECKSUM
