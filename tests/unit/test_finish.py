"""
The end of a copy in parts: what must hold before an object is called copied, and what must not spoil it afterwards.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final
from urllib.parse import unquote

import pytest

from s3copy_async.events import Notice, ObjectDone
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault, Nature
from s3copy_async.model import CompleteRequest, CopyAnswer, CopyRequest, CopyResult, Head, PartRequest, Proof
from s3copy_async.options import PartOptions
from s3copy_async.parts import MIN_PART
from staging import Request, Wire, copying, has_bytes, is_copy, names, pieces, run_over
from support import Watched, run_in_memory

FIVE: Final = MIN_PART


def result_of(watched: Watched, key: str = "big") -> CopyResult:
    """
    What became of one object.
    """
    (found,) = [event.result for event in watched.events if isinstance(event, ObjectDone) and event.result.key == key]
    return found


class Careless(MemoryStore):
    """
    A store that ignores the ETag which pins the source of a part, and tells nothing of part numbers.
    """

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        See `store.HeadsDetails`.
        """
        return replace(await super().head_details(bucket, key), parts=0)

    async def copy_part(self, request: PartRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        found = self.buckets[request.source_bucket][request.source_key]
        return await super().copy_part(request._replace(source_etag=found.etag))


@pytest.mark.parametrize("when", [1, 2, 3])
@pytest.mark.parametrize("size", [None, FIVE], ids=["guessed", "given"])
async def test_a_mix_of_two_versions_is_never_called_copied(size: int | None, when: int) -> None:
    """
    No ETag can tell here, so the source is looked at again: replaced between two parts, the new version is copied.
    """
    sizes = (FIVE, FIVE, 50)
    old, new = b"".join(pieces(*sizes)), b"".join(pieces(*sizes, seed=1))
    store = Careless()
    store.fill("out", {})
    store.fill_multipart("in", "big", pieces(*sizes))
    seen = []

    def overwrite(request: Request) -> None:
        if (request.stage, request.operation) == ("temp", "UploadPartCopy"):
            seen.append(request)
            if len(seen) == when:
                store.fill_multipart("in", "big", pieces(*sizes, seed=1))

    watched = await run_over(Wire(store, before=overwrite), copying(permits=1, parts=PartOptions(size=size)))

    assert store.buckets["out"]["big"].body in (old, new)
    assert has_bytes(store)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    assert not store.uploads


class DecodingTwice(MemoryStore):
    """
    A store that decodes the source keys of part copies once too often.
    """

    async def copy_part(self, request: PartRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        return await super().copy_part(request._replace(source_key=unquote(request.source_key)))


def without_delete(call: Call) -> Fault | None:
    """
    Nothing may be deleted.
    """
    return Fault("AccessDenied", 403) if call.operation == "DeleteObject" else None


@pytest.mark.parametrize("kind", [MemoryStore, DecodingTwice])
async def test_without_the_right_to_delete_objects_are_copied_with_one_warning(kind: type[MemoryStore]) -> None:
    """
    Parts, records and the harmless name stay behind; that is said once, the copies count, and a second run knows them.
    """
    store = kind(fault=without_delete, nature=Nature(is_aws=False))
    store.fill("out", {})
    for number, key in enumerate(("a%20b", "big", "other")):
        store.fill_multipart("in", key, pieces(100, 50, seed=number))
    options = copying(parts=PartOptions(size=FIVE, keep=False))

    watched = await run_in_memory(options, store)

    assert all(has_bytes(store, key) for key in store.buckets["in"])
    assert (watched.state.copied, watched.state.failed, watched.state.exit_code) == (3, 0, 0)
    (warning,) = [event.text for event in watched.events if isinstance(event, Notice)]
    assert "s3:DeleteObject" in warning
    records = [json.loads(store.buckets["out"][name].body) for name in names(store) if "s3copy-done" in name]
    assert {record["dest_key"] for record in records} == set(store.buckets["in"])
    again = await run_in_memory(options, store)
    assert (again.state.copied, again.state.skipped.total(), again.state.exit_code) == (0, 3, 0)


@pytest.mark.parametrize("kind", [MemoryStore, DecodingTwice])
@pytest.mark.parametrize("key", ["a%20b", "a?versionId=null"])
async def test_a_store_is_asked_before_the_first_part_of_a_key_that_it_might_misread(
    kind: type[MemoryStore], key: str
) -> None:
    """
    Whatever the endpoint is, and also where the probe object cannot be removed.
    """
    store = kind(fault=without_delete, nature=Nature(is_aws=False))
    store.fill("out", {})
    store.fill_multipart("in", key, pieces(100, 50))
    wire = Wire(store)

    watched = await run_over(wire, copying())

    assert is_copy(store, key)
    assert (watched.state.copied, watched.state.exit_code) == (1, 0)
    copies = [sent.key for sent in wire.requests if sent.operation in {"CopyObject", "UploadPartCopy"}]
    assert "s3copy-probe" in copies[0]
    assert len([name for name in copies if "s3copy-probe" in name]) == 2  # parts at all, and keys with percent signs


async def test_a_source_whose_parts_are_all_durable_needs_no_harmless_name() -> None:
    """
    The parts are proven and only composed again: the source is not copied as a whole once more.
    """
    store = DecodingTwice(nature=Nature(is_aws=False))
    store.fill("out", {})
    store.fill_multipart("in", "a%20b", pieces(100, 50))
    await run_in_memory(copying(), store)
    del store.buckets["out"]["a%20b"]
    wire = Wire(store)

    await run_over(wire, copying())

    assert is_copy(store, "a%20b")
    assert [key for key in wire.copies() if "s3copy-probe" not in key] == ["a%20b"] * 2


class Decrypting(MemoryStore):
    """
    A store whose sources are encrypted with a key, and whose copies are not: their ETags are MD5s.

    Args:
        wrong: completed objects come out with another ETag than their parts foretell.
    """

    wrong = False

    async def copy_part(self, request: PartRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        return (await super().copy_part(request))._replace(opaque=False)

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        return (await super().copy_object(request))._replace(opaque=False)

    async def complete_upload(self, request: CompleteRequest) -> CopyAnswer:
        """
        See `store.UploadsParts`.
        """
        answer = await super().complete_upload(request)
        if self.wrong and "/parts/" not in request.key:
            return answer._replace(etag=f"{'0' * 32}-{len(request.parts)}")
        return answer


@pytest.mark.parametrize("wrong", [False, True])
async def test_the_foretold_etag_is_compared_although_the_source_is_encrypted(*, wrong: bool) -> None:
    """
    The source's ETag says nothing, but those of the parts foretell that of the plain copy, and it must come true.
    """
    store = Decrypting()
    store.wrong = wrong
    store.fill("out", {})
    store.fill_multipart("in", "big", pieces(100, 50))
    store.buckets["in"]["big"].opaque = True
    store.buckets["in"]["big"].etag = f"{'e' * 32}-2"

    watched = await run_in_memory(copying(), store)

    result = result_of(watched)
    if wrong:
        assert (result.code, watched.state.exit_code) == ("WrongETag", 3)
    else:
        assert (result.proof, watched.state.exit_code) == (Proof.SERVER, 0)
        assert has_bytes(store)
