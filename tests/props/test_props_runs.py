"""
Properties of whole runs over a store in memory.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from s3copy_async.app import Action
from s3copy_async.events import Checked
from s3copy_async.memory import MemoryStore
from s3copy_async.memory_data import Call, Fault
from s3copy_async.model import Finding, Outcome, SkipReason
from s3copy_async.options import Limits, Options, Selection
from s3copy_async.there import DestinationSide, Image, There
from s3copy_async.uri import S3Uri
from support import Clock, patient, run_in_memory

# Few characters, so that keys meet, nest and lie next to each other; some that sort far apart.
KEY = st.text(st.sampled_from("ab/!\x01\n\ud7ff\ue000\uffff\U00010000\U0010ffff"), min_size=1, max_size=5)
BODY = st.sampled_from([b"", b"x", b"y", b"yy"])
OBJECTS = st.dictionaries(KEY, BODY, max_size=25)
TREE = st.dictionaries(st.text("ab/", min_size=1, max_size=6), BODY, max_size=25)
PAGE = st.sampled_from([1, 2, 3, 5, 1000])

runs = settings(deadline=None, max_examples=60)
quick = settings(deadline=None, max_examples=150)


def bodies(store: MemoryStore, bucket: str) -> dict[str, bytes]:
    """
    What a bucket holds.
    """
    return {key: found.body for key, found in store.buckets[bucket].items()}


def store_of(source: dict[str, bytes], dest: dict[str, bytes], page_size: int) -> MemoryStore:
    """
    Two buckets.
    """
    store = MemoryStore(page_size=page_size)
    store.fill("in", source)
    store.fill("out", dest)
    return store


WHOLE = Options(Selection(S3Uri("in"), S3Uri("out")), limits=Limits(permits=4))


@runs
@given(OBJECTS, OBJECTS, PAGE)
async def test_a_run_copies_what_a_dictionary_would(
    source: dict[str, bytes], dest: dict[str, bytes], page_size: int
) -> None:
    """
    Whatever is on both sides: afterwards the destination holds the source, nothing else changed, nothing twice.
    """
    store = store_of(source, dest, page_size)
    different = {key for key, body in source.items() if dest.get(key) != body}

    state = (await run_in_memory(WHOLE, store)).state

    assert dest | source == bodies(store, "out")
    assert source == bodies(store, "in")
    assert (len(different), len(source) - len(different), 0) == (state.copied, state.skipped.total(), state.failed)
    assert different == {call.key for call in store.calls if call.operation == "CopyObject"}
    assert len(different) == store.count("CopyObject")
    assert (len(source), True, 0) == (state.listed, state.listing_done, state.exit_code)


@runs
@given(OBJECTS, OBJECTS, PAGE)
async def test_a_second_run_copies_nothing(source: dict[str, bytes], dest: dict[str, bytes], page_size: int) -> None:
    """
    What is there is found again.
    """
    store = store_of(source, dest, page_size)
    await run_in_memory(WHOLE, store)
    copies = store.count("CopyObject")

    state = (await run_in_memory(WHOLE, store)).state

    assert copies == store.count("CopyObject")
    assert state.skipped.total() == state.skipped[SkipReason.SAME] == len(source)


@runs
@given(
    TREE,
    st.sampled_from(["a", "a/", "a/*", "a*", "a/b", "a/b/", "a/b/*", "a/b*", "*"]),
    st.sampled_from(["", "t", "a", "a/b"]),
    PAGE,
)
async def test_paths_work_as_the_table_says(source: dict[str, bytes], path: str, base: str, page_size: int) -> None:
    """
    The specification's table, spelt out with a dictionary.
    """
    store = store_of(source, {}, page_size)
    folder = base + "/" if base else ""
    stem = path.removesuffix("*")
    prefix = stem if path.endswith("*") else stem.removesuffix("/") + "/"
    kept = prefix.removesuffix("/") if not path.endswith("*") else prefix
    cut = kept.rfind("/") + 1
    wanted = {
        folder + key[cut:]: body
        for key, body in source.items()
        if key.startswith(prefix) or (key == path and not path.endswith("/"))
    }

    await run_in_memory(Options(Selection(S3Uri("in", path), S3Uri("out", base))), store)

    assert {key: body for key, body in wanted.items() if key} == bodies(store, "out")


@runs
@given(OBJECTS, OBJECTS, PAGE)
async def test_a_check_finds_what_a_dictionary_would(
    source: dict[str, bytes], dest: dict[str, bytes], page_size: int
) -> None:
    """
    Missing, different and extra, each key once; the rest is the same.
    """
    store = store_of(source, dest, page_size)
    expected = dict.fromkeys(dest.keys() - source.keys(), Finding.EXTRA)
    expected |= dict.fromkeys(source.keys() - dest.keys(), Finding.MISSING)
    expected |= {key: Finding.DIFFERENT for key in source.keys() & dest.keys() if source[key] != dest[key]}

    watched = await run_in_memory(WHOLE, store, Action.CHECK)

    found = [event.result for event in watched.events if isinstance(event, Checked)]
    assert expected == {result.dest_key: result.finding for result in found}
    assert len(expected) == len(found)
    assert len(source.keys() & dest.keys()) == watched.state.findings[Finding.SAME] + sum(
        finding is Finding.DIFFERENT for finding in expected.values()
    )
    assert watched.state.exit_code == (4 if expected else 0)


@runs
@given(OBJECTS, OBJECTS, PAGE)
async def test_a_dry_run_changes_nothing_and_plans_what_a_run_copies(
    source: dict[str, bytes], dest: dict[str, bytes], page_size: int
) -> None:
    """
    The plan is the later copy.
    """
    store = store_of(source, dest, page_size)

    planned = (await run_in_memory(WHOLE, store, Action.DRY_RUN)).state
    assert dest == bodies(store, "out")
    copied = (await run_in_memory(WHOLE, store)).state

    assert (planned.planned, planned.planned_bytes) == (copied.copied, copied.copied_bytes)


@quick
@given(st.sets(KEY, max_size=40), st.sets(KEY, max_size=15), PAGE, st.integers(1, 5))
async def test_the_destination_is_looked_up_like_a_dictionary(
    there: set[str], asked: set[str], page_size: int, step: int
) -> None:
    """
    Any ascending keys over any pages, in any portions.
    """
    store = store_of({}, dict.fromkeys(there, b""), page_size)
    cursor = There(DestinationSide((store,), "out", lambda _: None), Image(""), "", every=False)
    keys = sorted(asked)

    found: set[str] = set()
    for at in range(0, len(keys), step):
        some = keys[at : at + step]
        found.update((await cursor.upto(some, some[-1], None))[0].keys)
    await cursor.close()

    assert set(there) & set(keys) == found & set(keys)


@quick
@given(st.sets(st.integers(0, 999), max_size=200), st.sets(st.integers(0, 999), max_size=20), PAGE)
async def test_a_lookup_costs_at_most_two_list_requests_a_key(there: set[int], asked: set[int], page_size: int) -> None:
    """
    However dense the destination, and never more than its pages and one besides.
    """
    store = store_of({}, {f"k{number:03}": b"" for number in there}, page_size)
    keys = [f"k{number:03}" for number in sorted(asked)]

    cursor = There(DestinationSide((store,), "out", lambda _: None), Image(""), "", every=False)
    await cursor.upto(keys, keys[-1] if keys else None, None)
    await cursor.close()

    assert store.count("ListObjectsV2") <= 2 * len(keys)


FAULT = st.one_of(
    st.none(),
    st.none(),
    st.builds(
        Fault,
        st.sampled_from(["InternalError", "SlowDown", "RequestTimeout", "ServerDisconnectedError", "BadAnswer", "503"]),
        st.sampled_from([500, 503]),
        st.booleans(),
    ),
)


@runs
@given(OBJECTS, OBJECTS, PAGE, st.lists(FAULT, max_size=60), st.sets(st.integers(1, 10)))
async def test_no_fault_loses_an_object(
    source: dict[str, bytes], dest: dict[str, bytes], page_size: int, faults: list[Fault | None], corrupted: set[int]
) -> None:
    """
    Errors before and after the effect, and copies that store wrong bytes: in the end everything is there.
    """
    store = store_of(source, dest, page_size)
    left = iter(faults)
    store.fault = lambda _: next(left, None)
    store.corrupt = lambda call: call.number in corrupted and call.number % 3 != 0
    options = Options(WHOLE.selection, limits=Limits(permits=3, retries=20))

    state = (await run_in_memory(options, store)).state

    assert state.exit_code == 0
    assert dest | source == bodies(store, "out")


HARD = st.one_of(
    FAULT,
    st.builds(
        Fault, st.sampled_from(["AccessDenied", "InvalidObjectState", "NoSuchKey", "PreconditionFailed"]), st.just(400)
    ),
)


@runs
@given(OBJECTS, PAGE, st.lists(HARD, max_size=40), st.sampled_from([None, Fault("InternalError")]))
async def test_what_is_not_copied_is_said(
    source: dict[str, bytes], page_size: int, faults: list[Fault | None], at_last: Fault | None
) -> None:
    """
    Under any errors a run that ends without one has copied everything; otherwise it names what it did not.
    """
    store = store_of(source, {}, page_size)
    left = iter(faults)
    store.fault = lambda call: next(left, at_last if call.operation == "CopyObject" else None)

    watched = await run_in_memory(WHOLE, store, policy=patient(Clock(), budget=60))

    state = watched.state
    right = {key for key, body in source.items() if bodies(store, "out").get(key) == body}
    if state.exit_code == 0:
        assert source.keys() == right
    elif state.exit_code == 3:
        failed = {failure.key for failure in state.failures}
        assert source.keys() - right <= failed
        assert {Outcome.FAILED} == {failure.outcome for failure in state.failures}
    else:
        assert (state.exit_code, bool(state.error)) == (1, True)


@quick
@given(st.dictionaries(KEY, BODY, min_size=1, max_size=10), st.integers(0, 12))
async def test_a_listing_that_fails_never_looks_complete(source: dict[str, bytes], number: int) -> None:
    """
    Whichever page is refused, the run says that it could not go on, unless it was one that only tried where to cut:
    then everything is listed all the same.
    """
    store = store_of(source, {}, 1)
    listings = 0

    def fault(call: Call) -> Fault | None:
        nonlocal listings
        listings += (call.operation, call.bucket) == ("ListObjectsV2", "in")
        refused = listings == number and (call.operation, call.bucket) == ("ListObjectsV2", "in")
        return Fault("InvalidArgument", 400) if refused else None

    store.fault = fault
    state = (await run_in_memory(WHOLE, store)).state

    assert (state.exit_code, state.copied) == (0, len(source)) or (state.exit_code == 1 and 1 <= number <= listings)
    assert state.exit_code == (1 if number == 1 else 0) or 1 < number <= listings
    assert state.listing_done == (state.exit_code == 0)
