"""
Properties of runs that delete.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from s3copy_async.app import Action
from s3copy_async.candidates import Candidate, Candidates, is_deletable
from s3copy_async.compare import Scope
from s3copy_async.delete_rules import endangered
from s3copy_async.errors import ConfigError
from s3copy_async.events import DeletePlanned
from s3copy_async.keys import RuleIndex, WorkArea, hidden_prefixes, path_rule
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Fault
from s3copy_async.model import ObjectInfo
from s3copy_async.options import Deletion, Limits, Options, Selection
from s3copy_async.selection import work_of
from s3copy_async.uri import S3Uri
from s3copy_async.validate import validate
from support import run_in_memory

KEY = st.text(st.sampled_from("ab/!\x01\n \ud7ff\U0010ffff"), min_size=1, max_size=5)
KEYS = st.sets(KEY, max_size=25)
TREE = st.sets(st.text("ab/", min_size=1, max_size=6), max_size=25)
PATH = st.sampled_from(["a", "a/", "a/*", "a*", "a/b", "a/b/*", "a/b*", "*", ""])
BASE = st.sampled_from(["", "t", "a", "a/b", "b/t", "temp/dest"])
LIMIT = st.sampled_from([0, 1, 3, 1000])
FAULTS = st.sampled_from(["", "CopyObject", "DeleteObjects", "DeleteObject", "ListObjectsV2", "key"])

runs = settings(deadline=None, max_examples=150)


def filled(bucket: str, keys: set[str], store: MemoryStore | None = None, body: bytes = b"x") -> MemoryStore:
    """
    A store with these keys.
    """
    store = store or MemoryStore(page_size=3)
    store.fill(bucket, dict.fromkeys(keys, body))
    return store


def fault_of(kind: str, at: int) -> MemoryStore:
    """
    A store in which the requests of one kind, or deletions of single keys, go wrong now and then.
    """
    store = MemoryStore(page_size=3)
    if kind == "key":
        store.nature.key_fault = lambda call: Fault("AccessDenied", 403) if len(call.key) % 2 else None
    elif kind:
        store.fault = lambda call: (
            Fault("AccessDenied", 403, after_effect=False) if (call.operation, call.number) == (kind, at) else None
        )
    return store


def options(source: str, dest: str, limit: int) -> Options:
    """
    A copy that deletes.
    """
    selection = Selection(S3Uri.parse(source), S3Uri.parse(dest))
    return Options(selection, deletion=Deletion(wanted=True, at_most=limit), limits=Limits(permits=4))


@runs
@given(TREE, TREE, PATH, BASE, LIMIT, FAULTS, st.integers(1, 4))
async def test_a_deletion_never_touches_a_key_that_the_source_has(
    source: set[str], dest: set[str], path: str, base: str, limit: int, kind: str, at: int
) -> None:
    """
    Nor one outside of the image, whatever goes wrong; and a run that ends well leaves the image of the source and
    nothing else there.
    """
    store = filled("out", dest, filled("in", source, fault_of(kind, at)))
    chosen = options(f"s3://in/{path}", f"s3://out/{base}", limit)
    (rule,) = work_of(chosen.selection).rules
    folder = chosen.selection.dest.folder
    mapped = {rule.dest_key(folder, key) for key in source if key.startswith(rule.prefix)}
    image = rule.image(folder)

    state = (await run_in_memory(chosen, store)).state

    gone = dest - set(store.buckets["out"])
    assert set(store.buckets["in"]) == source
    assert not gone & mapped
    assert all(key.startswith(image) for key in gone)
    assert len(gone) == state.deleted
    assert not gone or (mapped and not state.failed and (not limit or len(gone) <= limit))
    if state.exit_code == 0 and mapped:
        assert {key for key in store.buckets["out"] if key.startswith(image)} == mapped


@runs
@given(TREE, PATH, BASE, LIMIT)
async def test_inside_one_bucket_no_source_is_ever_deleted(keys: set[str], path: str, base: str, limit: int) -> None:
    """
    Where the two places are such that it could be, the run is refused.
    """
    store = filled("in", keys)
    chosen = options(f"s3://in/{path}", f"s3://in/{base}", limit)
    try:
        validate(chosen)
    except ConfigError:
        return
    rules = work_of(chosen.selection).rules
    hidden = hidden_prefixes(rules, chosen.selection.dest.folder)
    sources = {key for key in keys if RuleIndex(rules).find(key) and not key.startswith(hidden)}

    state = (await run_in_memory(chosen, store)).state

    gone = keys - set(store.buckets["in"])
    assert not gone & sources
    assert len(gone) == state.deleted


@runs
@given(KEYS, KEYS)
async def test_a_dry_run_shows_what_the_run_then_does(source: set[str], dest: set[str]) -> None:
    """
    No more, no less.
    """
    store = filled("out", dest, filled("in", source))
    chosen = options("s3://in", "s3://out", 0)

    planned = await run_in_memory(chosen, store, Action.DRY_RUN)
    before = set(store.buckets["out"])
    state = (await run_in_memory(chosen, store)).state

    shown = [event.key for event in planned.events if isinstance(event, DeletePlanned)]
    assert before == dest
    assert sorted(shown) == sorted(dest - set(store.buckets["out"]))
    assert (planned.state.to_delete, planned.state.exit_code) == (state.deleted, state.exit_code)


@given(st.lists(st.lists(st.text(max_size=6), max_size=5), max_size=8), st.integers(0, 2**60))
def test_candidates_come_back_as_they_went_in(pages: list[list[str]], size: int) -> None:
    """
    Any text that there is, also what is no valid Unicode.
    """
    rule = path_rule("*")
    with Candidates([rule], Scope("in", "out", "", RuleIndex([rule]), WorkArea("temp/")), None) as found:
        found.has_source(0)
        for page in pages:
            found.add(0, [ObjectInfo(key, size, "e") for key in page])

        kept = [one for batch in found.batches() for one in batch]

        assert kept == [Candidate(key, size) for page in pages for key in page]
        assert found.total == (len(kept), size * len(kept))


@settings(max_examples=500)
@given(st.lists(PATH, min_size=1, max_size=3), BASE, TREE)
def test_where_nothing_is_endangered_no_source_could_be_a_candidate(
    paths: list[str], base: str, keys: set[str]
) -> None:
    """
    The two rules agree: what the look at the prefixes lets pass, the look at each key need not stop.
    """
    folder = base + "/" if base else ""
    rules = [path_rule(path) for path in dict.fromkeys(paths)]
    hidden = hidden_prefixes(rules, folder)
    scope = Scope("in", "in", folder, RuleIndex(rules), WorkArea("work/"), hidden)
    nested = any(one is not other and one.prefix.startswith(other.prefix) for one in rules for other in rules)
    if nested or endangered(rules, folder, hidden):
        return

    for rule in rules:
        for key in keys:
            below = rule.image(folder) + key
            assert is_deletable(below, rule, scope)
