"""
What whole copies and uploads carry beside the bytes, and what they cost.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl

import pytest

from s3copy_async import advice
from s3copy_async.copying.carry import (
    TAGS,
    UNSEEN_TAGS,
    UploadWishes,
    settle_tags,
    temp_wishes,
    upload_wishes,
    upload_with_less,
)
from s3copy_async.copying.job import CopyJob
from s3copy_async.copying.known import Website
from s3copy_async.copying.whole import copy_whole
from s3copy_async.errors import AccessDenied, Failure, ObjectRefused, PreconditionFailed, S3Error
from s3copy_async.events import Event, Notice
from s3copy_async.faults import error_for
from s3copy_async.flow import Flow
from s3copy_async.guards import Guarded
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Fault, StoredObject
from s3copy_async.model import (
    Acl,
    BucketTraits,
    CopyAnswer,
    CopyRequest,
    CopyResult,
    CopyTask,
    Head,
    ObjectInfo,
    Outcome,
    Pairs,
)
from s3copy_async.options import KEEP, Carry, Grant, Limits, Options, Selection
from s3copy_async.patience import Meter
from s3copy_async.uri import S3Uri
from support import Clock, patient, run_in_memory

PAST: Final = "2001-01-01T00:00:00+00:00"
FUTURE: Final = "2999-01-01T00:00:00+00:00"
HEADERS: Final = (("ContentType", "text/plain"), ("CacheControl", "no-store"), ("ContentLanguage", "de"))
GROUP: Final = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'


@dataclass
class Bench:
    """
    A store with an object ``a`` in ``in`` that has everything S3 copies by itself, and an empty ``out``.
    """

    carry: Carry = field(default_factory=Carry)
    store: MemoryStore = field(default_factory=MemoryStore)
    is_aws: bool = False
    grants: Pairs = ()
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store.fill("in", {"a": b"hello", "b": b"other"})
        self.store.fill("out", {})
        self.source.settings = HEADERS
        self.source.metadata = (("k", "v"), ("l", "w"))
        self.source.tags = (("t", "1"), ("u", "2"))
        self.guarded = Guarded(self.store, Flow(4), patient(Clock()), Meter(), self.events.append)
        self.job = CopyJob(
            self.guarded, self.guarded, "in", "out", Limits(), grants=self.grants, emit=self.events.append,
            carry=self.carry, is_aws=self.is_aws, redirects=Website(self.guarded, "in", self.events.append),
        )  # fmt: skip

    @property
    def source(self) -> StoredObject:
        """
        The source as the store holds it.
        """
        return self.store.buckets["in"]["a"]

    @property
    def made(self) -> StoredObject:
        """
        The copy as the store holds it.
        """
        return self.store.buckets["out"]["a"]

    def info(self, key: str = "a") -> ObjectInfo:
        """
        A source as a listing shows it.
        """
        found = self.store.buckets["in"][key]
        return ObjectInfo(key, found.size, found.etag, storage_class=found.setting("StorageClass") or "STANDARD")

    async def copy(self, key: str = "a") -> CopyResult:
        """
        Copies one object whole.
        """
        return await copy_whole(CopyTask(key, key, self.info(key)), self.info(key), self.job)

    async def upload(self) -> UploadWishes:
        """
        What an upload of the object is begun with.
        """
        self.store.calls.clear()
        head = await self.store.head_details("in", "a")
        self.store.calls.clear()
        return await upload_wishes(head, self.info(), self.job)

    @property
    def asked(self) -> list[str]:
        """
        The operations that were asked for so far.
        """
        return [call.operation for call in self.store.calls]

    @property
    def said(self) -> str:
        """
        All notices.
        """
        return "\n".join(event.text for event in self.events if isinstance(event, Notice))


def denied(*operations: str) -> MemoryStore:
    """
    A store that denies these operations.
    """
    return MemoryStore(fault=lambda call: Fault("AccessDenied", 403) if call.operation in operations else None)


# Whole copies: the default


async def test_by_default_s3_carries_it_all_in_one_request() -> None:
    """
    Headers, metadata and tags come with CopyObject. Once a run, the source bucket is asked whether it is a website.
    """
    bench = Bench()

    results = [await bench.copy("a"), await bench.copy("b")]

    assert bench.asked == ["GetBucketWebsite", "CopyObject", "CopyObject"]
    assert (bench.made.settings, bench.made.metadata, bench.made.tags) == (
        HEADERS, bench.source.metadata, bench.source.tags,
    )  # fmt: skip
    assert [result.lost for result in results] == [(), ()]


async def test_all_copies_share_one_wish_where_nothing_depends_on_the_object() -> None:
    """
    Nothing is built anew for each object.
    """
    bench = Bench(Carry(storage_class="STANDARD_IA", sse="aws:kms", sse_kms_key_id="k", acl="private"))

    await bench.copy("a")
    first = bench.job.known.wishes
    await bench.copy("b")

    assert first is not None
    assert bench.job.known.wishes is first


# Storage class, encryption, ACL


async def test_a_storage_class_left_behind_is_named() -> None:
    """
    The copy gets the destination's default.
    """
    bench = Bench()
    bench.source.settings = (("StorageClass", "STANDARD_IA"),)

    result = await bench.copy()

    assert (bench.made.setting("StorageClass"), result.lost) == ("", ("storage class",))


class Inheriting(MemoryStore):
    """
    A store whose copies have the class of their source, as on Ceph.
    """

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        source = self.buckets[request.source_bucket][request.source_key]
        kept = (("StorageClass", source.setting("StorageClass")),)
        return await super().copy_object(request._replace(settings=request.settings + kept))


@pytest.mark.parametrize(("kind", "lost"), [(MemoryStore, ("storage class",)), (Inheriting, ())])
async def test_whether_a_class_is_left_behind_is_looked_at_once(kind: type[MemoryStore], lost: tuple[str, ...]) -> None:
    """
    On a store that is not Amazon's.
    """
    bench = Bench(store=kind())
    for key in ("a", "b"):
        bench.store.buckets["in"][key].settings = (("StorageClass", "STANDARD_IA"),)

    results = [await bench.copy("a"), await bench.copy("b")]

    assert [result.lost for result in results] == [lost, lost]
    assert bench.asked.count("HeadObject") == 1


@pytest.mark.parametrize(("wish", "made"), [(KEEP, "STANDARD_IA"), ("GLACIER_IR", "GLACIER_IR")])
async def test_a_storage_class_is_kept_or_set(wish: str, made: str) -> None:
    """
    As the listing tells it, without another request; another class is not a lost one.
    """
    bench = Bench(Carry(storage_class=wish))
    bench.source.settings = (("StorageClass", "STANDARD_IA"),)

    result = await bench.copy()

    assert (bench.made.setting("StorageClass"), result.lost) == (made, ())
    assert bench.asked == ["GetBucketWebsite", "CopyObject"]


async def test_to_keep_the_usual_class_nothing_is_sent() -> None:
    """
    S3 gives it unasked, and some stores know no classes.
    """
    bench = Bench(Carry(storage_class=KEEP))

    await bench.copy()

    assert "StorageClass" not in dict(bench.made.settings)


async def test_encryption_is_asked_for() -> None:
    """
    Algorithm and key. A store that is not Amazon's is looked at once a run.
    """
    bench = Bench(Carry(sse="aws:kms", sse_kms_key_id="key-1"))

    result = await bench.copy()
    await bench.copy("b")

    assert (bench.made.setting("ServerSideEncryption"), bench.made.setting("SSEKMSKeyId")) == ("aws:kms", "key-1")
    assert (result.lost, bench.asked.count("HeadObject")) == ((), 1)


class Deaf(MemoryStore):
    """
    A store that passes over encryption, locks and the replacement of tags, as Ceph does.
    """

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        kept = tuple(pair for pair in request.settings if not pair[0].startswith(("ServerSide", "SSE", "ObjectLock")))
        return await super().copy_object(request._replace(settings=kept, tags=None))


@pytest.mark.parametrize("algorithm", ["AES256", "aws:kms"])
async def test_an_encryption_that_is_passed_over_is_told_of_every_object(algorithm: str) -> None:
    """
    One look a run shows that the store takes the wish and does nothing.
    """
    bench = Bench(Carry(sse=algorithm), Deaf())

    results = [await bench.copy("a"), await bench.copy("b")]

    assert [result.lost for result in results] == [("encryption",)] * 2
    assert bench.asked.count("HeadObject") == 1


async def test_a_canned_acl_is_sent() -> None:
    """
    With the copy itself.
    """
    bench = Bench(Carry(acl="bucket-owner-full-control"))

    await bench.copy()

    assert ("ACL", "bucket-owner-full-control") in bench.made.grants
    assert bench.asked == ["GetBucketWebsite", "CopyObject"]


async def test_kept_grants_are_the_sources_with_the_caller_for_its_owner() -> None:
    """
    The owner of the source need not be the owner of the copy. Who calls is asked once a run.
    """
    bench = Bench(Carry(acl=KEEP))
    acl = Acl("owner", (("FULL_CONTROL", 'id="owner"'), ("READ", GROUP), ("READ", 'id="friend"')))
    bench.source.acl = bench.store.buckets["in"]["b"].acl = acl

    results = [await bench.copy("a"), await bench.copy("b")]

    assert bench.made.grants == (("GrantFullControl", 'id="memory"'), ("GrantRead", f'{GROUP}, id="friend"'))
    assert (bench.asked.count("ListBuckets"), bench.asked.count("GetObjectAcl")) == (1, 2)
    assert [result.lost for result in results] == [(), ()]


async def test_a_private_object_needs_no_acl() -> None:
    """
    Where only the owner has a grant, nothing is sent: buckets that take no ACLs are content.
    """
    bench = Bench(Carry(acl=KEEP))
    bench.source.acl = Acl("owner", (("FULL_CONTROL", 'id="owner"'),))
    bench.store.nature.refuses_acls = True

    result = await bench.copy()

    assert (result.outcome, result.lost, bench.made.grants) == (Outcome.COPIED, (), ())


async def test_kept_grants_without_the_callers_id_are_the_others_alone() -> None:
    """
    And a word says so once.
    """
    bench = Bench(Carry(acl=KEEP), denied("ListBuckets"))
    bench.source.acl = Acl("owner", (("FULL_CONTROL", 'id="owner"'), ("READ", GROUP)))

    await bench.copy()

    assert bench.made.grants == (("GrantRead", GROUP),)
    assert "s3:ListAllMyBuckets" in bench.said


async def test_an_acl_that_cannot_be_read_is_lost_and_named() -> None:
    """
    The object is copied all the same.
    """
    bench = Bench(Carry(acl=KEEP), denied("GetObjectAcl"))

    result = await bench.copy()

    assert (result.outcome, result.lost) == (Outcome.COPIED, ("ACL",))
    assert "ACLs cannot be read" in bench.said


async def test_a_bucket_without_acls_gets_copies_without() -> None:
    """
    The first refusal is enough: further copies are sent without their grants, and each is named.
    """
    bench = Bench(Carry(acl=KEEP))
    bench.store.nature.refuses_acls = True
    bench.source.acl = bench.store.buckets["in"]["b"].acl = Acl("owner", (("READ", GROUP),))

    results = [await bench.copy("a"), await bench.copy("b")]

    assert [(result.outcome, result.lost) for result in results] == [(Outcome.COPIED, ("ACL",))] * 2
    assert bench.asked.count("CopyObject") == 3


@pytest.mark.parametrize("asked", ["canned", "grants"])
async def test_an_acl_that_was_asked_for_is_not_dropped(asked: str) -> None:
    """
    The object fails; its remedy is in the summary.
    """
    bench = Bench(Carry(acl="public-read")) if asked == "canned" else Bench(grants=(("GrantRead", GROUP),))
    bench.store.nature.refuses_acls = True

    with pytest.raises(ObjectRefused, match="AccessControlListNotSupported"):
        await bench.copy()


# Object lock


async def test_a_lock_is_carried_where_it_is_asked_for() -> None:
    """
    Retention and legal hold, for one HEAD.
    """
    bench = Bench(Carry(object_lock=True))
    lock = (
        ("ObjectLockMode", "GOVERNANCE"), ("ObjectLockRetainUntilDate", FUTURE), ("ObjectLockLegalHoldStatus", "ON"),
    )  # fmt: skip
    bench.source.settings = HEADERS + lock

    result = await bench.copy()

    assert set(lock) <= set(bench.made.settings)
    assert (result.lost, bench.asked) == ((), ["HeadObject", "CopyObject", "HeadObject"])


async def test_a_lock_that_is_passed_over_is_lost() -> None:
    """
    A store that is not Amazon's is looked at, after each copy that was to be locked.
    """
    bench = Bench(Carry(object_lock=True), Deaf())
    bench.source.settings = (("ObjectLockLegalHoldStatus", "ON"),)
    on_aws = Bench(Carry(object_lock=True), is_aws=True)
    on_aws.source.settings = (("ObjectLockLegalHoldStatus", "ON"),)
    wishes = await bench.upload()

    assert (await bench.copy()).lost == ("object lock",)
    assert await settle_tags("out", "a", wishes, bench.job) == ("object lock",)
    assert (await on_aws.copy()).lost == ()
    assert on_aws.asked == ["HeadObject", "CopyObject"]


async def test_a_retention_that_is_over_is_left_out() -> None:
    """
    S3 would refuse it. So is a hold that is off.
    """
    bench = Bench(Carry(object_lock=True))
    bench.source.settings = (
        ("ObjectLockMode", "COMPLIANCE"), ("ObjectLockRetainUntilDate", PAST), ("ObjectLockLegalHoldStatus", "OFF"),
    )  # fmt: skip
    wishes = await bench.upload()

    result = await bench.copy()

    assert bench.job.carry.object_lock
    assert not [name for name, _ in wishes.settings if name.startswith("ObjectLock")]
    assert (result.outcome, result.lost, wishes.lost) == (Outcome.COPIED, (), ())


# Website redirects


async def test_redirects_of_a_website_are_carried() -> None:
    """
    CopyObject leaves them out: each object of such a bucket is looked at once.
    """
    bench = Bench()
    bench.store.nature.traits["in"] = BucketTraits(website=True)
    bench.source.settings = (*HEADERS, ("WebsiteRedirectLocation", "/there"))

    await bench.copy("a")
    await bench.copy("b")

    assert bench.made.setting("WebsiteRedirectLocation") == "/there"
    assert bench.store.buckets["out"]["b"].setting("WebsiteRedirectLocation") == ""
    assert bench.asked == ["GetBucketWebsite", "HeadObject", "CopyObject", "HeadObject", "CopyObject"]


async def test_who_may_not_ask_for_a_website_is_told_once() -> None:
    """
    Then copies are made as from a bucket that is none.
    """
    bench = Bench(store=denied("GetBucketWebsite"))

    await asyncio.gather(bench.copy("a"), bench.copy("b"))

    assert bench.asked == ["GetBucketWebsite", "CopyObject", "CopyObject"]
    assert bench.said.count("cannot be asked whether it is a website") == 1


# Overrides


async def test_overrides_join_what_the_source_has() -> None:
    """
    One HEAD, and everything is restated: no header and no metadata is lost by replacing another.
    """
    carry = Carry(metadata=(("L", "new"), ("m", "Grüße")), content_type="text/html", cache_control="max-age=1")
    bench = Bench(carry)
    bench.source.settings = (*HEADERS, ("WebsiteRedirectLocation", "/there"))

    result = await bench.copy()

    assert dict(bench.made.metadata) == {"k": "v", "l": "new", "m": "=?utf-8?b?R3LDvMOfZQ==?="}
    assert dict(bench.made.settings) == {
        "ContentType": "text/html",
        "CacheControl": "max-age=1",
        "ContentLanguage": "de",
        "WebsiteRedirectLocation": "/there",
    }
    assert bench.made.tags == bench.source.tags
    assert (bench.asked, result.lost) == (["HeadObject", "CopyObject"], ())


async def test_what_cannot_be_restated_is_named() -> None:
    """
    Only where a HEAD says so, and everything must be restated.
    """

    class Unreadable(MemoryStore):
        async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
            return replace(await super().head_details(bucket, key, part, version=version), lost=("Expires",))

    restated = await Bench(Carry(content_type="a/b"), Unreadable()).copy()
    left_to_s3 = await Bench(Carry(object_lock=True), Unreadable()).copy()

    assert (restated.lost, left_to_s3.lost) == (("Expires",), ())


async def test_a_source_that_changed_is_noticed_before_its_headers_are_mixed() -> None:
    """
    The headers of one version never come with the bytes of another, not even where the store ignores the pin.
    """
    bench = Bench(Carry(content_type="a/b"))
    bench.store.nature.pins = False
    listed = bench.info()._replace(etag="0" * 32)

    with pytest.raises(PreconditionFailed):
        await copy_whole(CopyTask("a", "a", listed), listed, bench.job)

    assert bench.store.buckets["out"] == {}


async def test_tags_join_the_sources() -> None:
    """
    They are read once and replaced as a whole; no HEAD is needed for that. A store that is not Amazon's is looked at.
    """
    bench = Bench(Carry(tags=(("u", "new"), ("v", "a b"))))
    on_aws = Bench(Carry(tags=(("u", "new"),)), is_aws=True)

    await bench.copy()
    await on_aws.copy()

    assert dict(bench.made.tags) == {"t": "1", "u": "new", "v": "a b"}
    assert bench.asked == ["GetBucketWebsite", "GetObjectTagging", "CopyObject", "GetObjectTagging"]
    assert on_aws.asked == ["GetBucketWebsite", "GetObjectTagging", "CopyObject"]


async def test_tags_that_a_store_does_not_replace_are_put() -> None:
    """
    Ceph keeps the source's: then they are set afterwards.
    """
    bench = Bench(Carry(tags=(("u", "new"),)), Deaf())

    result = await bench.copy()

    assert (dict(bench.made.tags), result.lost) == ({"t": "1", "u": "new"}, ())


async def test_without_the_right_to_read_tags_the_new_ones_are_all() -> None:
    """
    Those of the source are named as lost.
    """
    bench = Bench(Carry(tags=(("u", "new"),)), denied("GetObjectTagging"), is_aws=True)

    result = await bench.copy()

    assert (dict(bench.made.tags), result.lost) == ({"u": "new"}, (TAGS,))


# Refused for tags


class Tagless(MemoryStore):
    """
    A store that lets nobody copy tags, as Amazon does without s3:GetObjectTagging.
    """

    async def copy_object(self, request: CopyRequest) -> CopyAnswer:
        """
        See `store.CopiesObjects`.
        """
        if request.tags is None and self.buckets[request.source_bucket][request.source_key].tags:
            self._begin("CopyObject", request.dest_bucket, request.dest_key)
            raise AccessDenied(Failure("CopyObject", "AccessDenied", 403))
        return await super().copy_object(request)


async def test_without_the_right_to_copy_tags_all_else_is_copied() -> None:
    """
    One more request for an object that has tags, and they are named as lost.
    """
    bench = Bench(store=Tagless())

    tagged, plain = await bench.copy("a"), await bench.copy("b")

    assert (tagged.outcome, tagged.lost, bench.made.tags) == (Outcome.COPIED, (TAGS,), ())
    assert (plain.outcome, plain.lost) == (Outcome.COPIED, ())
    assert bench.asked.count("CopyObject") == 3


async def test_a_plain_lack_of_rights_is_not_asked_twice_for_ever() -> None:
    """
    After some objects for which it did not help, nobody tries without tags any more.
    """
    bench = Bench(store=denied("CopyObject"))

    for _ in range(20):
        with pytest.raises(AccessDenied):
            await bench.copy()

    assert bench.asked.count("CopyObject") == 25


async def test_what_has_helped_is_tried_again() -> None:
    """
    A few objects that are denied for another reason do not count for ever.
    """
    bench = Bench(store=Tagless())
    results = []
    for _ in range(3):
        for _ in range(4):
            bench.job.known.tried_without_tags(helped=False)
        results.append(await bench.copy())

    assert [result.lost for result in results] == [(TAGS,)] * 3


async def test_a_refusal_for_both_reasons_leaves_out_both() -> None:
    """
    First the tags, then the ACL.
    """
    bench = Bench(Carry(acl=KEEP), Tagless())
    bench.store.nature.refuses_acls = True
    bench.source.acl = Acl("owner", (("READ", GROUP),))

    result = await bench.copy()

    assert (result.outcome, set(result.lost)) == (Outcome.COPIED, {TAGS, "ACL"})


async def test_tags_that_were_asked_for_are_not_dropped() -> None:
    """
    Then the object fails, and says that access was denied.
    """
    bench = Bench(Carry(tags=(("a", "b"),)), denied("CopyObject"))

    with pytest.raises(AccessDenied):
        await bench.copy()

    assert bench.asked.count("CopyObject") == 1


# Uploads


async def test_an_upload_is_told_everything() -> None:
    """
    Headers, metadata, redirect and tags, for one request.
    """
    bench = Bench()
    bench.source.settings = (*HEADERS, ("WebsiteRedirectLocation", "/there"))

    wishes = await bench.upload()

    found = dict(wishes.settings)
    assert parse_qsl(found.pop("Tagging")) == [("t", "1"), ("u", "2")]
    assert found == dict(bench.source.settings)
    assert (wishes.metadata, wishes.lost, wishes.tags_after) == (bench.source.metadata, (), ())
    assert bench.asked == ["GetObjectTagging"]


async def test_an_upload_takes_all_wishes() -> None:
    """
    The same as a whole copy.
    """
    carry = Carry(
        storage_class=KEEP, sse="aws:kms", sse_kms_key_id="k", acl="private", object_lock=True,
        metadata=(("l", "new"),), content_type="a/b", tags=(("u", "a b"),),
    )  # fmt: skip
    bench = Bench(carry)
    lock = (("ObjectLockMode", "GOVERNANCE"), ("ObjectLockRetainUntilDate", FUTURE))
    bench.source.settings = (*HEADERS, ("StorageClass", "STANDARD_IA"), *lock)

    wishes = await bench.upload()

    assert dict(wishes.settings) == {
        **dict(HEADERS), "ContentType": "a/b", "StorageClass": "STANDARD_IA", "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "k", "ACL": "private", **dict(lock), "Tagging": "t=1&u=a%20b",
    }  # fmt: skip
    assert (dict(wishes.metadata), wishes.lost) == ({"k": "v", "l": "new"}, ())


async def test_an_upload_names_what_it_leaves_behind() -> None:
    """
    What nobody asked to be carried, as far as the source tells.
    """
    bench = Bench()
    bench.source.settings = (
        ("StorageClass", "GLACIER_IR"), ("ObjectLockMode", "GOVERNANCE"), ("ObjectLockRetainUntilDate", FUTURE),
    )  # fmt: skip
    bench.source.opaque = True

    wishes = await bench.upload()

    assert set(wishes.lost) == {"storage class", "encryption key", "object lock"}
    assert {name for name, _ in wishes.settings} == {"Tagging"}


async def test_an_upload_keeps_grants() -> None:
    """
    As a whole copy does, and those of ``--acl-grant`` come with every upload.
    """
    bench = Bench(Carry(acl=KEEP))
    bench.source.acl = Acl("owner", (("FULL_CONTROL", 'id="owner"'), ("READ", GROUP)))
    granting = Bench(grants=(("GrantRead", GROUP),))

    kept, granted = await bench.upload(), await granting.upload()

    assert {("GrantFullControl", 'id="memory"'), ("GrantRead", GROUP)} <= set(kept.settings)
    assert ("GrantRead", GROUP) in granted.settings


async def test_tags_too_many_for_a_header_are_set_afterwards() -> None:
    """
    Ten tags of the longest kind take more than S3 takes of headers.
    """
    bench = Bench()
    tags = tuple((f"{number}" + "ü" * 127, "ö" * 256) for number in range(10))
    bench.source.tags = tags
    bench.store.fill("out", {"a": b"hello"})

    wishes = await bench.upload()
    lost = await settle_tags("out", "a", wishes, bench.job)

    assert "Tagging" not in dict(wishes.settings)
    assert (wishes.tags_after, bench.made.tags, lost) == (tags, tags, ())


async def test_tags_that_a_store_forgets_are_set_afterwards() -> None:
    """
    Ceph loses the tags that an upload was begun with. Amazon does not, and is not asked.
    """
    bench, on_aws = Bench(), Bench(is_aws=True)
    for one in (bench, on_aws):
        one.store.fill("out", {"a": b"hello"})
        wishes = await one.upload()
        one.store.calls.clear()
        assert await settle_tags("out", "a", wishes, one.job) == ()

    assert bench.made.tags == bench.source.tags
    assert bench.asked == ["GetObjectTagging", "PutObjectTagging"]
    assert on_aws.asked == []


async def test_tags_that_came_are_not_set_again() -> None:
    """
    One look.
    """
    bench = Bench()
    wishes = await bench.upload()
    bench.store.fill("out", {"a": b"hello"})
    bench.made.tags = tuple(reversed(bench.source.tags))
    bench.store.calls.clear()

    assert await settle_tags("out", "a", wishes, bench.job) == ()
    assert bench.asked == ["GetObjectTagging"]


@pytest.mark.parametrize("keeps", [True, False])
async def test_whether_the_tags_of_uploads_come_is_looked_at_once(*, keeps: bool) -> None:
    """
    Then they cost no request after the upload, or where they are lost the one that sets them.
    """
    bench = Bench()
    wishes = await bench.upload()
    bench.store.fill("out", {"a": b"hello", "b": b"hello"})
    bench.made.tags = bench.source.tags if keeps else ()
    assert await settle_tags("out", "a", wishes, bench.job) == ()
    bench.store.calls.clear()

    assert await settle_tags("out", "b", wishes, bench.job) == ()

    assert bench.asked == ([] if keeps else ["PutObjectTagging"])


async def test_tags_with_other_characters_are_looked_at_again() -> None:
    """
    A store may read a plus sign amiss that reads plain words well.
    """
    bench = Bench()
    bench.store.fill("out", {"a": b"hello"})
    asked = []
    for tags in ((("a", "b"),), (("c", "1"),), (("a", "b+c"),), (("+", "+"),), (("ä", "b"),)):
        bench.made.tags = tags
        bench.store.calls.clear()
        assert await settle_tags("out", "a", UploadWishes(tags=tags), bench.job) == ()
        asked.append(len(bench.asked))

    assert asked == [1, 0, 1, 0, 1]


async def test_tags_that_cannot_be_set_are_lost() -> None:
    """
    The object is there, and that is said of it.
    """
    bench = Bench(store=denied("PutObjectTagging"))
    bench.store.fill("out", {"a": b"hello"})

    wishes = await bench.upload()

    assert await settle_tags("out", "a", wishes, bench.job) == (TAGS,)


async def test_tags_that_may_not_be_read_are_lost() -> None:
    """
    The HEAD told of them.
    """
    wishes = await Bench(store=denied("GetObjectTagging")).upload()

    assert (wishes.lost, "Tagging" in dict(wishes.settings)) == ((TAGS,), False)


async def test_without_the_right_to_read_tags_none_to_be_seen_is_no_proof() -> None:
    """
    A HEAD shows their number only to those who may read them. That is found out once a run.
    """
    bench = Bench(store=denied("GetObjectTagging"), is_aws=True)
    bench.source.tags = ()

    first, second = await bench.upload(), await bench.upload()

    assert (first.lost, second.lost) == ((UNSEEN_TAGS,), (UNSEEN_TAGS,))
    assert bench.store.count("GetObjectTagging") == 1


async def test_amazon_is_asked_for_tags_once_and_where_there_are_some() -> None:
    """
    An object without tags costs no request, once it is known that they would be seen. Other stores may not count them.
    """
    on_aws, elsewhere = Bench(is_aws=True), Bench()
    for bench in (on_aws, elsewhere):
        bench.source.tags = ()
        for _ in range(3):
            assert (await bench.upload()).lost == ()

    assert on_aws.store.count("GetObjectTagging") == 1
    assert elsewhere.store.count("GetObjectTagging") == 3


async def test_a_store_without_tags_loses_none() -> None:
    """
    There is nothing that could be lost.
    """
    store = MemoryStore(
        fault=lambda call: Fault("NotImplemented", 501) if call.operation == "GetObjectTagging" else None
    )

    assert (await Bench(store=store).upload()).lost == ()


def refusal(code: str, status: int = 400) -> S3Error:
    """
    What S3 answers to CreateMultipartUpload.
    """
    return error_for(Failure("CreateMultipartUpload", code, status))


async def test_an_upload_refused_for_its_tags_gets_them_afterwards() -> None:
    """
    They are not lost before PutObjectTagging was refused too.
    """
    bench = Bench()
    wishes = await bench.upload()

    less = upload_with_less(wishes, refusal("AccessDenied", 403), bench.job)

    assert less is not None
    assert (less.tags_after, less.tags, less.lost) == (bench.source.tags, (), ())
    assert set(wishes.settings) - set(less.settings) == {("Tagging", "t=1&u=2")}
    assert upload_with_less(less, refusal("AccessDenied", 403), bench.job) is None


async def test_an_upload_refused_for_a_kept_acl_goes_without() -> None:
    """
    One that was asked for by name is not dropped.
    """
    bench = Bench(Carry(acl=KEEP))
    bench.source.acl = Acl("owner", (("READ", GROUP),))
    wishes = await bench.upload()
    asked_for = Bench(Carry(acl="public-read"))

    less = upload_with_less(wishes, refusal("AccessControlListNotSupported"), bench.job)

    assert less is not None
    assert ("ACL" in less.lost, "GrantRead" in dict(less.settings)) == (True, False)
    assert upload_with_less(await asked_for.upload(), refusal("AccessControlListNotSupported"), asked_for.job) is None


@pytest.mark.parametrize("code", ["InvalidStorageClass", "InvalidRequest", "KMS.NotFoundException"])
async def test_an_upload_refused_for_something_else_fails(code: str) -> None:
    """
    S3's own words tell why.
    """
    bench = Bench()

    assert upload_with_less(await bench.upload(), refusal(code), bench.job) is None


@pytest.mark.parametrize(
    ("carry", "settings"),
    [
        (Carry(), ()),
        (Carry(storage_class="GLACIER", content_type="a/b", tags=(("a", "b"),)), ()),
        (
            Carry(sse="aws:kms", sse_kms_key_id="k"),
            (("ServerSideEncryption", "aws:kms"), ("SSEKMSKeyId", "k")),
        ),
        (Carry(acl="bucket-owner-full-control"), (("ACL", "bucket-owner-full-control"),)),
        (Carry(acl="public-read"), ()),
        (Carry(acl=KEEP), ()),
    ],
)
def test_work_in_progress_is_encrypted_and_never_archived(carry: Carry, settings: Pairs) -> None:
    """
    Temp and part objects are sources of copies; and what is meant for the public is not published piece by piece.
    """
    assert temp_wishes(Bench(carry).job) == settings


async def test_grants_are_on_work_in_progress_too() -> None:
    """
    Whoever may read the copies may read what they are made of.
    """
    assert temp_wishes(Bench(grants=(("GrantRead", GROUP),)).job) == (("GrantRead", GROUP),)


async def test_an_upload_whose_encryption_is_passed_over_says_so() -> None:
    """
    As for whole copies, one look a run.
    """
    bench = Bench(Carry(sse="aws:kms"))
    bench.store.fill("out", {"a": b"hello"})

    wishes = UploadWishes((("ServerSideEncryption", "aws:kms"),))
    for _ in range(2):
        assert await settle_tags("out", "a", wishes, bench.job) == ("encryption",)

    assert bench.asked == ["HeadObject"]


@pytest.mark.parametrize(
    ("code", "status", "remedy"),
    [
        ("AccessControlListNotSupported", 400, "bucket owner enforced"),
        ("MethodNotAllowed", 405, "canonical user id"),
        ("InvalidStorageClass", 400, "--storage-class"),
    ],
)
async def test_what_s3_refuses_by_name_has_one_remedy(code: str, status: int, remedy: str) -> None:
    """
    Every object fails with S3's code, and for the code there is one line that tells what to do.
    """
    store = MemoryStore(fault=lambda call: Fault(code, status) if call.operation == "CopyObject" else None)
    store.fill("in", {"a": b"1", "b": b"2"})
    store.fill("out", {})
    options = Options(
        Selection(S3Uri("in"), S3Uri("out")), grants=(Grant("READ", "a@b.example"),), carry=Carry(storage_class="X")
    )

    watched = await run_in_memory(options, store)

    assert (watched.state.failure_codes, watched.state.exit_code) == ({code: 2}, 3)
    assert remedy in advice.remedy(code)
    assert store.count("CopyObject") == 2
