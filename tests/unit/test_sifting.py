"""
Filters at work: on listed objects, on named keys and on what only the destination has.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from s3copy_async.app import Action
from s3copy_async.columns import Columns
from s3copy_async.events import Checked, Event, Listed, Skipped
from s3copy_async.filters import Sieve, narrowed
from s3copy_async.keys import Rule, path_rule
from s3copy_async.memory import MemoryStore
from s3copy_async.model import Finding, ObjectInfo, SkipReason
from s3copy_async.options import Deletion, Filter, Glob, Options, Selection, exclude, include
from s3copy_async.selection import names_below, root_of
from s3copy_async.sifting import EVERYTHING, Sifter
from s3copy_async.uri import S3Uri
from support import Watched, run_in_memory

KEY = st.text(st.sampled_from("ab/"), min_size=1, max_size=5)
GLOB = st.builds(
    lambda make, pattern: make(pattern),
    st.sampled_from([include, exclude]),
    st.sampled_from(["a*", "/a/**", "a/", "**", "b", "/b*", "*/b", "/a/{a,b}/*"]),
)


def store_of(source: dict[str, bytes], dest: dict[str, bytes] | None = None) -> MemoryStore:
    """
    Two buckets, listed two keys at a time.
    """
    store = MemoryStore(page_size=2)
    store.fill("in", source)
    store.fill("out", dest or {})
    return store


async def ran(store: MemoryStore, wanted: Filter, path: str = "", action: Action = Action.COPY) -> Watched:
    """
    A run from ``s3://in/<path>`` to ``s3://out``.
    """
    return await run_in_memory(Options(Selection(S3Uri("in", path), S3Uri("out")), filter=wanted), store, action)


def left_out(events: list[Event]) -> list[tuple[int, int]]:
    """
    Objects and bytes that the filters left out.
    """
    return [
        (event.objects, event.nbytes)
        for event in events
        if isinstance(event, Skipped) and event.reason is SkipReason.FILTERED
    ]


@settings(deadline=None)
@given(st.sets(KEY, max_size=12), st.lists(GLOB, max_size=3).map(tuple), st.sampled_from(["", "a", "a/*", "a*"]))
async def test_a_run_copies_what_the_globs_select_and_nothing_else(
    keys: set[str], globs: tuple[Glob, ...], path: str
) -> None:
    """
    As if each listed name had been looked at, whatever the listing was narrowed to.
    """
    store = store_of({key: key.encode() for key in keys})
    rule, root = path_rule(path), root_of(Selection(S3Uri("in", path), S3Uri("out")))
    names = {
        key: key[len(root) :] if key.startswith(root) else key.rsplit("/", 1)[-1]
        for key in keys
        if (key.startswith(rule.prefix) or key == rule.exact) and rule.dest_key("", key)
    }
    wanted = {key for key, name in names.items() if Sieve(Filter(globs)).mask_names([name])[0]}

    watched = await ran(store, Filter(globs), path)

    assert {rule.dest_key("", key) for key in wanted} == set(store.buckets["out"])
    assert watched.state.copied == len(wanted)


async def test_what_is_left_out_is_counted_with_its_bytes() -> None:
    """
    Everything that is listed is counted once.
    """
    store = store_of({"a.txt": b"12345", "b.jpg": b"1", "c.txt": b"123"})

    watched = await ran(store, Filter((include("*.jpg"), include("c*")), max_size=2))

    assert set(store.buckets["out"]) == {"b.jpg"}
    assert [sum(column) for column in zip(*left_out(watched.events), strict=True)] == [2, 8]
    assert sum(event.objects for event in watched.events if isinstance(event, Listed)) == 3


async def test_what_is_left_out_fails_nothing() -> None:
    """
    A name that could not be copied does not matter where it is not wanted.
    """
    store = store_of({"a": b"", "b" * 1025: b""})

    watched = await ran(store, Filter((exclude("b*"),)))

    assert (watched.state.exit_code, set(store.buckets["out"])) == (0, {"a"})


async def test_only_what_can_match_is_listed_on_both_sides() -> None:
    """
    Each prefix once, and the object of the path's own name is looked for once.
    """
    store = store_of({f"a/{name}/x": b"" for name in "bcdefgh"} | {"a": b""})

    await ran(store, Filter((include("/c/**"), include("/g/**"))), "a")

    assert {call.key for call in store.calls if call.operation == "ListObjectsV2"} == {"a/c/", "a/g/"}
    assert len([call for call in store.calls if call.operation == "HeadObject" and call.bucket == "in"]) == 1
    assert set(store.buckets["out"]) == {"a/c/x", "a/g/x"}


async def test_the_object_of_the_paths_own_name_is_sifted_by_its_last_element() -> None:
    """
    It lies beside its folder.
    """
    for wanted, expected in ((include("b"), {"b", "b/b"}), (include("/b"), {"b", "b/b"}), (exclude("b"), {"b/c"})):
        store = store_of({"a/b": b"", "a/b/b": b"", "a/b/c": b""})

        await ran(store, Filter((wanted,)), "a/b")

        assert expected == set(store.buckets["out"])


async def test_a_check_looks_at_what_is_selected_on_either_side() -> None:
    """
    What only the destination has is selected as it is there; what the source has too is not extra.
    """
    store = store_of(
        {"a/1.jpg": b"1", "a/2.jpg": b"2", "a/3.txt": b"3", "a": b"", "a/5.jpg": b"too large"},
        {"a/1.jpg": b"1", "a/4.jpg": b"", "a/6.txt": b"", "a/7.jpg": b"too large", "a/5.jpg": b""},
    )

    watched = await ran(store, Filter((include("*.jpg"),), max_size=3), "a", Action.CHECK)

    found = {(event.result.finding, event.result.dest_key) for event in watched.events if isinstance(event, Checked)}
    assert found == {(Finding.MISSING, "a/2.jpg"), (Finding.EXTRA, "a/4.jpg")}
    assert watched.state.findings[Finding.SAME] == 1


def test_without_filters_a_page_is_handed_on_as_it_is() -> None:
    """
    Nothing is made anew.
    """
    page = Columns.of([ObjectInfo("a", 1, ""), ObjectInfo("b", 2, "")])
    events: list[Event] = []

    assert EVERYTHING.source(page, events.append) is page
    assert events == [Listed(2, 3)]
    assert EVERYTHING.dest(page, path_rule(""), "") is page


def test_prefixes_are_listed_whole_where_that_is_asked_for() -> None:
    """
    What lies elsewhere may have to be known, even if it is not wanted.
    """
    sieve = Sieve(Filter((include("/x/**"),)))

    assert Sifter(sieve, "a/").prefixes(path_rule("a/*")) == ("a/x/",)
    assert Sifter(sieve, "a/", whole=True).prefixes(path_rule("a/*")) == ("a/",)


@settings(deadline=None)
@given(
    st.sets(KEY, max_size=10),
    st.sets(KEY, max_size=10),
    st.lists(GLOB, max_size=3).map(tuple),
    st.sampled_from(["", "a", "a/*", "a*"]),
    st.booleans(),
)
async def test_what_is_deleted_is_selected_and_the_source_has_none_of_it(
    source: set[str], dest: set[str], globs: tuple[Glob, ...], path: str, excluded: bool
) -> None:
    """
    With ``--delete-excluded`` it is as if the source had only what the filters select.
    """
    store = store_of({key: key.encode() for key in source}, dict.fromkeys(dest, b"other"))
    selection = Selection(S3Uri("in", path), S3Uri("out"))
    rule, root, sieve = path_rule(path), root_of(selection), Sieve(Filter(globs))
    chosen = {key for key in source if key.startswith(rule.prefix) and sieve.mask_names(names_below(root, [key]))[0]}
    has = {rule.dest_key("", key) for key in (chosen if excluded else source) if key.startswith(rule.prefix)}
    lacking = {key for key in dest if key.startswith(rule.image("")) and key not in has}
    if not excluded:
        stem = rule.prefix[: rule.cut]
        lacking = {key for key in lacking if sieve.mask_names(names_below(root, [stem + key]))[0]}
    options = Options(selection, filter=Filter(globs), deletion=Deletion(wanted=True, excluded=excluded))

    watched = await run_in_memory(options, store)

    gone = dest - set(store.buckets["out"])
    assert gone <= lacking
    if watched.state.failed == 0 and has - {""} and (excluded or narrow(source, rule, root, sieve)):
        assert gone == lacking


def narrow(source: set[str], rule: Rule, root: str, sieve: Sieve) -> bool:
    """
    Whether the source has an object in what the filters let be listed.
    """
    return any(key.startswith(narrowed(rule.prefix, root, sieve.prefixes())) for key in source)


async def test_a_long_key_is_found_though_nothing_longer_can_be() -> None:
    """
    The object of the path's own name is looked for even where no key below its folder could match.
    """
    key = "k" * 600
    store = store_of({key: b"", f"{key}/a": b""})

    await ran(store, Filter((include(f"/{key}"),)), key)

    assert set(store.buckets["out"]) == {key}
