"""
One version of one object: what names it, how it is copied, and what is said where it is not there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from s3copy_async.app import Action
from s3copy_async.errors import ConfigError, Failure
from s3copy_async.events import Checked, CheckedSame, ObjectDone, Planned, RunStarted
from s3copy_async.faults import error_for
from s3copy_async.library import select
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import StoredObject
from s3copy_async.model import CopyRequest, CopyResult, Finding, Head, ObjectInfo, Outcome, PartRequest, Proof
from s3copy_async.options import Options, Selection
from s3copy_async.selection import work_of
from s3copy_async.uri import S3Uri
from s3copy_async.validate import problems
from staging import Wire, buckets, copying, pieces, run_over
from support import Watched, run_in_memory

OLD: Final = "3sL4kqtJlcpXroDTDmJ"


def kept(key: str = "a/b") -> MemoryStore:
    """
    A store whose object has an older version of other bytes.
    """
    store = buckets()
    store.fill("in", {key: b"old"})
    keep(store, key)
    store.fill("in", {key: b"the new one"})
    return store


def keep(store: MemoryStore, key: str, version: str = OLD) -> StoredObject:
    """
    Makes what is there now an older version.
    """
    found = store.nature.versions["in", key, version] = store.buckets["in"].pop(key)
    return found


def of(source: str, dest: str = "s3://out", *, exact: bool = False) -> Options:
    """
    Options that copy one version.
    """
    return replace(copying(), selection=select(source, dest, exact_dest=exact))


def result_of(watched: Watched) -> CopyResult:
    """
    What was said of the one object.
    """
    (found,) = [event.result for event in watched.events if isinstance(event, ObjectDone)]
    return found


@pytest.mark.parametrize(
    ("text", "path", "version"),
    [
        ("s3://in/a", "a", ""),
        ("s3://in/a?versionId=x", "a", "x"),
        ("s3://in/a?versionId=null", "a", "null"),
        ("s3://in/a?b=c?versionId=x", "a?b=c", "x"),
        ("s3://in/a?versionId=x?versionId=y", "a?versionId=x", "y"),
        ("s3://in/a?versionid=x", "a?versionid=x", ""),
        ("s3://in/a?versionId=x/b", "a?versionId=x/b", ""),
        ("s3://in/a?versionId=x/b?versionId=y", "a?versionId=x/b", "y"),
    ],
)
def test_a_version_stands_at_the_end_of_the_path(text: str, path: str, version: str) -> None:
    """
    Only there, and an id has no slash.
    """
    assert (S3Uri("in", path), version) == S3Uri.parse(text).split_version()


def test_a_version_without_an_id_is_none() -> None:
    """
    Nobody can mean that.
    """
    with pytest.raises(ValueError, match="names no version"):
        S3Uri.parse("s3://in/a?versionId=").split_version()


def test_the_two_ways_to_name_a_version_are_the_same() -> None:
    """
    In the path, and beside it; as a value, a path is taken literally.
    """
    named = select("s3://in/a?versionId=x", "s3://out")

    assert named == select("s3://in/a", "s3://out", version_id="x")
    assert named == select("s3://in/a?versionId=x", "s3://out", version_id="x")
    assert select(S3Uri("in", "a?versionId=x"), "s3://out").version_id == ""
    with pytest.raises(ConfigError, match="version x"):
        select("s3://in/a?versionId=x", "s3://out", version_id="y")


@pytest.mark.parametrize(
    ("key", "dest", "exact", "dest_key"),
    [
        ("a/b", "", False, "b"),
        ("a/b", "c", False, "c/b"),
        ("a/b", "c/", False, "c/b"),
        ("b", "c", False, "c/b"),
        ("a/b/", "c", False, "c/b/"),
        ("a/b", "c", True, "c"),
    ],
)
def test_a_version_gets_a_name_as_with_cp(key: str, dest: str, dest_key: str, *, exact: bool) -> None:
    """
    Below a folder it keeps its last path element; with ``-T`` the destination is its whole key.
    """
    work = work_of(Selection(S3Uri("in", key), S3Uri("out", dest), exact_dest=exact, version_id=OLD))

    assert (work.files, work.exact_dest, work.version, work.rules) == ((key,), dest_key, OLD, ())


ONE: Final = Selection(S3Uri("in", "a"), S3Uri("out"), version_id=OLD)


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (replace(ONE, files=("x",)), "leave the keys, prefixes and lists out"),
        (replace(ONE, prefixes=()), "leave the keys, prefixes and lists out"),
        (replace(ONE, files_from="-"), "leave the keys, prefixes and lists out"),
        (replace(ONE, source=S3Uri("in", "a*")), "give its key"),
        (replace(ONE, source=S3Uri("in")), "give its key"),
        (replace(ONE, exact_dest=True), "it needs a key in the destination"),
        (replace(ONE, version_id="\udcff"), "not valid UTF-8"),
        (replace(ONE, dest=S3Uri("out", "a?versionId=x")), "a destination has no version"),
        (replace(ONE, dest=S3Uri("out", "a?versionId="), version_id=""), "a destination has no version"),
    ],
)
def test_what_cannot_mean_one_version_is_a_problem(selection: Selection, words: str) -> None:
    """
    Before anything is touched.
    """
    (problem,) = problems(selection)

    assert words in problem.text


def test_one_version_is_no_problem() -> None:
    """
    Below a folder, and under another name.
    """
    assert [*problems(ONE), *problems(replace(ONE, exact_dest=True, dest=S3Uri("out", "b")))] == []


async def test_an_older_version_is_copied() -> None:
    """
    One HEAD of it, one of the destination, and a copy that names it and its ETag.
    """
    store = kept()
    wire = Wire(store)

    watched = await run_over(wire, of(f"s3://in/a/b?versionId={OLD}", "s3://out/c"))

    result = result_of(watched)
    assert (result.outcome, result.proof, result.dest_key) == (Outcome.COPIED, Proof.ETAG, "c/b")
    assert store.buckets["out"]["c/b"].body == b"old"
    (sent,) = [sent.detail for sent in wire.requests if isinstance(sent.detail, CopyRequest)]
    assert (sent.source_version, sent.source_etag) == (OLD, store.nature.versions["in", "a/b", OLD].etag)
    assert watched.state.requests["HeadObject"] == 2


async def test_an_older_version_in_parts_is_copied() -> None:
    """
    Every part is taken from it, though there is a newer one of as many parts.
    """
    store = buckets()
    old = pieces(100, 100, 50)
    store.fill_multipart("in", "a", old)
    keep(store, "a")
    store.fill_multipart("in", "a", pieces(100, 100, 50, seed=1))
    wire = Wire(store)

    watched = await run_over(wire, of(f"s3://in/a?versionId={OLD}"))

    assert (result_of(watched).outcome, result_of(watched).proof) == (Outcome.COPIED, Proof.ETAG_LAYOUT)
    assert store.buckets["out"]["a"].body == b"".join(old)
    from_source = [
        sent.detail.source_version
        for sent in wire.requests
        if isinstance(sent.detail, PartRequest) and sent.detail.source_bucket == "in"
    ]
    assert from_source == [OLD] * 3


async def test_an_older_version_may_take_the_place_of_the_newer() -> None:
    """
    The same key in the same bucket is another object then.
    """
    store = kept("a")

    watched = await run_in_memory(of(f"s3://in/a?versionId={OLD}", "s3://in/a", exact=True), store)

    assert watched.state.copied == 1
    assert store.buckets["in"]["a"].body == b"old"


async def test_a_version_that_is_there_already_is_skipped() -> None:
    """
    A second run copies nothing.
    """
    store = kept()
    options = of(f"s3://in/a/b?versionId={OLD}")
    await run_in_memory(options, store)

    watched = await run_in_memory(options, store)

    assert (watched.state.copied, watched.state.skipped.total()) == (0, 1)


async def test_a_dry_run_plans_the_version() -> None:
    """
    With its own size.
    """
    watched = await run_in_memory(of(f"s3://in/a/b?versionId={OLD}"), kept(), Action.DRY_RUN)

    assert [event for event in watched.events if isinstance(event, Planned)] == [Planned("a/b", "b", 3)]


async def test_what_is_shown_names_the_version() -> None:
    """
    As it was asked for.
    """
    watched = await run_in_memory(of(f"s3://in/a/b?versionId={OLD}"), kept(), Action.DRY_RUN)

    (started,) = [event for event in watched.events if isinstance(event, RunStarted)]
    assert started.source == f"s3://in/a/b?versionId={OLD}"


@pytest.mark.parametrize("body", [b"old", b"the new one"])
async def test_a_check_compares_the_version(body: bytes) -> None:
    """
    Not the current one.
    """
    store = kept()
    store.fill("out", {"b": body})

    watched = await run_in_memory(of(f"s3://in/a/b?versionId={OLD}"), store, Action.CHECK)

    same = [event for event in watched.events if isinstance(event, CheckedSame)]
    others = [event.result.finding for event in watched.events if isinstance(event, Checked)]
    assert (len(same), others) == ((1, []) if body == b"old" else (0, [Finding.DIFFERENT]))


class Answering(MemoryStore):
    """
    A store that answers a HEAD of a version with this status.
    """

    status = 404

    async def head_object(self, bucket: str, key: str, *, version: str = "") -> ObjectInfo:
        """
        See `store.HeadsObjects`.
        """
        if version:
            code = str(self.status)
            raise error_for(Failure("HeadObject", code, self.status))
        return await super().head_object(bucket, key)

    async def head_details(self, bucket: str, key: str, part: int = 0, *, version: str = "") -> Head:
        """
        See `store.HeadsDetails`.
        """
        await self.head_object(bucket, key, version=version)
        return await super().head_details(bucket, key, part)


@pytest.mark.parametrize("action", [Action.COPY, Action.DRY_RUN, Action.CHECK])
@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (404, "NoSuchVersion", "no such version of it"),
        (400, "NoSuchVersion", "does not know this version id"),
        (405, "DeleteMarker", "delete marker"),
        (403, "403", "HeadObject"),
    ],
)
async def test_a_version_that_is_none_fails(status: int, code: str, words: str, action: Action) -> None:
    """
    Clearly, and nothing is copied.
    """
    store = Answering()
    store.status = status
    store.fill("in", {"a": b"new"})
    store.fill("out", {})

    watched = await run_in_memory(of("s3://in/a?versionId=x"), store, action)

    result = result_of(watched)
    assert (result.outcome, result.code) == (Outcome.FAILED, code)
    assert words in result.reason
    assert watched.state.exit_code == 3
    assert store.buckets["out"] == {}


class Forgetful(MemoryStore):
    """
    A store that keeps no versions and pays no regard to their ids.
    """

    async def head_object(self, bucket: str, key: str, *, version: str = "") -> ObjectInfo:
        """
        See `store.HeadsObjects`.
        """
        del version
        return await super().head_object(bucket, key)


async def test_the_current_object_is_never_taken_for_the_version() -> None:
    """
    A store without versions shows it whatever it is asked for.
    """
    store = Forgetful()
    store.fill("in", {"a": b"new"})
    store.fill("out", {})

    watched = await run_in_memory(of("s3://in/a?versionId=x"), store)

    assert result_of(watched).code == "NoSuchVersion"
    assert store.buckets["out"] == {}


async def test_a_version_that_is_deleted_meanwhile_fails() -> None:
    """
    It was asked for by name: to leave it out would say that all is well.
    """
    store = kept()

    def before(request: object) -> None:
        if isinstance(getattr(request, "detail", None), CopyRequest):
            store.nature.versions.clear()

    watched = await run_over(Wire(store, before), of(f"s3://in/a/b?versionId={OLD}"))

    assert (result_of(watched).outcome, result_of(watched).code) == (Outcome.FAILED, "NoSuchVersion")
