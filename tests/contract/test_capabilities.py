"""
What the probe finds out about every server, with how many requests, and that nothing of it stays.

Servers from ``S3COPY_TEST_ENDPOINT_<NAME>`` are asked too. ANSWERS is what they are known to do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import uuid4

import pytest
import pytest_asyncio

from s3copy_async.connect import open_s3
from s3copy_async.copying.experiments import Place
from s3copy_async.copying.probe import Capabilities
from s3copy_async.copying.uploads import open_uploads
from s3copy_async.memory import MemoryStore
from s3copy_async.store import Store
from support import Endpoint, endpoints_from_environment

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDPOINTS: Final = {endpoint.name: endpoint for endpoint in endpoints_from_environment()}
WORK: Final = "temp/"


class Answers(NamedTuple):
    """
    What a store answers to every question, in the order of `QUESTIONS`.
    """

    pins: bool = True
    copies_parts: bool = True
    etag_formula: bool = True
    reads_twice: bool = False
    conditional: bool = True
    completes_conditionally: bool = True


ANSWERS: Final = {
    "moto": Answers(pins=False, conditional=False),
    "ceph": Answers(pins=False, reads_twice=True, conditional=False, completes_conditionally=False),
}
"""Of those that do not do what Amazon does."""


@dataclass(frozen=True, slots=True)
class Bench:
    """
    A store with an empty bucket.
    """

    name: str
    store: Store
    bucket: str

    @property
    def probe(self) -> Capabilities:
        """
        A probe that has asked nothing yet.
        """
        return Capabilities(Place(self.store, self.bucket, WORK))


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["memory", "moto", *ENDPOINTS])
async def bench(request: pytest.FixtureRequest, moto_endpoint: Endpoint) -> AsyncIterator[Bench]:
    """
    One store after the other.
    """
    name = request.param
    bucket = f"probe-{uuid4().hex[:16]}"
    async with AsyncExitStack() as stack:
        if name == "memory":
            store: Store = MemoryStore()
        else:
            endpoint = moto_endpoint if name == "moto" else ENDPOINTS[name]
            store = await open_s3(endpoint.access, stack, 8)
        await store.create_bucket(bucket)
        yield Bench(name, store, bucket)


@pytest.mark.parametrize("question", Answers._fields)
async def test_the_probe_finds_out_what_a_store_does(bench: Bench, question: str) -> None:
    """
    And leaves neither objects nor uploads.
    """
    wanted = ANSWERS.get(bench.name, Answers())

    answer = await getattr(bench.probe, question)()

    assert getattr(wanted, question) == answer
    assert (await bench.store.list_page(bench.bucket, "")).objects == ()
    assert [upload async for upload in open_uploads(bench.store, bench.bucket, WORK)] == []
