"""
What a run may cost: every request of it, by kind.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

import pytest

from s3copy_async.app import Action
from s3copy_async.memory_data import Nature
from s3copy_async.options import Multipart, PartOptions
from staging import buckets, copying, is_copy, pieces
from support import Watched, run_in_memory

CRC: Final = "CRC64NVME"


def requests(watched: Watched) -> Counter[str]:
    """
    How many there were of each kind.
    """
    return Counter(dict(watched.state.requests))


@pytest.mark.parametrize("checksums", ["", CRC])
async def test_a_simple_object_costs_one_request(checksums: str) -> None:
    """
    With all it carries. Listing both sides, two looks at buckets and the question for a website are once a run.
    """
    store = buckets()
    store.nature = Nature(checksums=checksums)
    store.fill("in", {f"{number:03}": b"bytes" for number in range(50)})
    for found in store.buckets["in"].values():
        found.settings, found.metadata, found.tags = (("ContentType", "text/plain"),), (("a", "b"),), (("c", "d"),)

    watched = await run_in_memory(copying(), store)

    assert requests(watched) == {"HeadBucket": 2, "ListObjectsV2": 2, "GetBucketWebsite": 1, "CopyObject": 50}


IN_STEPS: Final = {"CreateMultipartUpload": 1, "UploadPartCopy": 2, "CompleteMultipartUpload": 1, "CopyObject": 1}


@pytest.mark.parametrize(
    ("method", "a_part", "around"),
    [
        (Multipart.STAGED, IN_STEPS, {"ListObjectsV2": 1, "ListMultipartUploads": 1}),
        (Multipart.DIRECT, {"UploadPartCopy": 1}, {"GetObject": 1}),
    ],
)
async def test_an_object_in_even_parts_costs_what_is_documented(
    method: Multipart, a_part: dict[str, int], around: dict[str, int]
) -> None:
    """
    Five requests a part in steps, or one directly; three HEADs, one look at its tags, a record while it lasts. A dry
    run foretells the number.
    """
    store = buckets()
    store.nature = Nature(checksums=CRC, is_aws=True)
    store.fill_multipart("in", "big", pieces(*[1000] * 7, 5), metadata=(("a", "b"),), tags=(("c", "d"),))
    options = replace(copying(), parts=PartOptions(method=method))
    planned = await run_in_memory(options, store, Action.DRY_RUN)

    watched = await run_in_memory(options, store)

    assert is_copy(store)
    assert store.buckets["out"]["big"].tags == (("c", "d"),)
    for_the_object = Counter({name: 8 * number for name, number in a_part.items()}) + Counter(around)
    once = ("CreateMultipartUpload", "CompleteMultipartUpload", "PutObject", "DeleteObject", "GetObjectTagging")
    for_the_object += Counter({"HeadObject": 3, **dict.fromkeys(once, 1)})
    assert requests(watched) == for_the_object + Counter({"HeadBucket": 2, "ListObjectsV2": 2})
    assert planned.state.planned_requests == for_the_object.total()
