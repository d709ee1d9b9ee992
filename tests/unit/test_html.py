"""
The page of a run: what it shows, what it never holds, and when it is written.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from s3copy_async.events import Checked, Event, Listed, ObjectDone, Planned, RequestsMade, RunEnded, RunStarted
from s3copy_async.model import CheckResult, CopyResult, Finding, Outcome, Proof
from s3copy_async.options import Access, Filter, Keys, Limits, Options, Selection, exclude, include
from s3copy_async.state import RunState
from s3copy_async.uri import S3Uri
from s3copy_async.views.charts import Chart, nice_ceiling, svg
from s3copy_async.views.html import HtmlPage
from s3copy_async.views.series import KEPT, Series
from s3copy_async.views.settings import settings_of

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e'\"&"


class Page(HTMLParser):
    """
    A page as a browser would take it in: its tags with their attributes, and its text.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """
        Notes a tag.
        """
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "line", "polygon", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """
        Notes that it is closed, in order.
        """
        if tag in self.open:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """
        Notes text.
        """
        self.words.append(data)

    @property
    def text(self) -> str:
        """
        All text in one line.
        """
        return " ".join(" ".join(self.words).split())


class Run:
    """
    A page of a run, with time in hand.
    """

    def __init__(self, path: Path, action: str = "copy") -> None:
        self.now = 100.0
        self.path = path
        self.state = RunState()
        begun = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
        self.view = HtmlPage(str(path), self.state, [("source", "s3://in")], lambda: self.now, begun)
        self.emit(RunStarted(action, "s3://in/a", "s3://out/b"))

    def emit(self, *events: Event) -> None:
        """
        What happens is counted and shown.
        """
        for event in events:
            self.state.apply(event)
            self.view.handle(event)

    async def ended(self, seconds: float = 5.0, error: str = "") -> Page:
        """
        The run ends, and its page is read.
        """
        self.now += seconds
        self.emit(RunEnded(seconds, error))
        await self.view.close()
        return self.read()

    def read(self) -> Page:
        """
        The page as it is now.
        """
        return Page(self.path.read_text("utf-8"))


def copied(key: str = "k", size: int = 1000, seconds: float = 0.1) -> ObjectDone:
    """
    One object that was copied.
    """
    result = CopyResult(key, key, size, Outcome.COPIED, proof=Proof.ETAG, method="whole", requests=1)
    return ObjectDone(result._replace(seconds=seconds, lost=("tags",)))


def failed(key: str, code: str = "AccessDenied") -> ObjectDone:
    """
    One object that failed.
    """
    return ObjectDone(CopyResult(key, key, 10, Outcome.FAILED, f"{code} says S3", code, request_id="REQ-1"))


async def test_the_page_tells_what_happened(tmp_path: Path) -> None:
    """
    Numbers, proof, cost, what was lost, the slowest object, sizes and settings.
    """
    run = Run(tmp_path / "page.html")
    run.emit(Listed(3, 3000), copied("fast"), copied("slow", 5000, 3.25), RequestsMade((("CopyObject", 2),), 7))

    page = await run.ended()

    for words in ("s3://in/a", "s3://out/b", "2 objects copied", "all done", "CopyObject 2", "etag 2", "tags 2"):
        assert words in page.text, words
    assert page.text.index("slow 3.250") < page.text.index("fast 0.100")
    assert "8.0 KiB 1" in page.text
    assert "source s3://in" in page.text


async def test_failures_have_their_remedy_and_request_id(tmp_path: Path) -> None:
    """
    Grouped by code, and each with its key.
    """
    run = Run(tmp_path / "page.html")
    run.emit(failed("one"), failed("two"), failed("three", "SlowDown"))

    page = await run.ended()

    assert "2 AccessDenied the credentials need s3:GetObject" in page.text
    assert "one AccessDenied says S3 request REQ-1" in page.text
    assert "some objects failed (exit code 3)" in page.text


async def test_a_check_lists_its_findings(tmp_path: Path) -> None:
    """
    With the reason of each.
    """
    run = Run(tmp_path / "page.html", "check")
    run.emit(Checked(CheckResult("a", "b/a", Finding.DIFFERENT, "other bytes")))

    page = await run.ended()

    assert "different b/a other bytes" in page.text
    assert "differences found (exit code 4)" in page.text


async def test_a_dry_run_shows_what_it_would_copy(tmp_path: Path) -> None:
    """
    Objects, bytes and requests.
    """
    run = Run(tmp_path / "page.html", "dry-run")
    run.emit(Planned("a", "b", 2048, 3))

    page = await run.ended()

    assert "1 would be copied" in page.text
    assert "3 copy requests for it" in page.text


@pytest.mark.parametrize("count", [0, 1, 300, 5000])
async def test_much_is_counted_and_little_is_kept(tmp_path: Path, count: int) -> None:
    """
    However many objects there are, the page stays small and complete in numbers.
    """
    run = Run(tmp_path / "page.html")
    for number in range(count):
        run.emit(copied(f"k{number}", seconds=number), failed(f"f{number}"))
        run.now += 1.0
        run.view._look()

    page = await run.ended()

    assert f"{count:,} objects copied" in page.text
    assert f"{count:,} failed" in page.text
    assert run.path.stat().st_size < 150_000
    assert page.text.count(" whole") <= 20


async def test_hostile_words_stay_words(tmp_path: Path) -> None:
    """
    Keys, reasons, codes and errors are neither markup nor control characters; no script, nothing from outside.
    """
    run = Run(tmp_path / "page.html")
    run.emit(copied(HOSTILE), failed(HOSTILE, HOSTILE))

    page = await run.ended(error=HOSTILE)

    text = run.path.read_text("utf-8")
    assert {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe", "a", "form"} == set()
    assert not any(name.startswith("on") or name in ("src", "href") for _, names in page.tags for name in names)
    assert not set(text) & set("\x1b\u202e\x00")
    assert "alert(1)" in page.text
    assert "http" not in text.replace("http-equiv", "")


async def test_the_page_allows_no_scripts_and_no_resources(tmp_path: Path) -> None:
    """
    By its own policy, whatever gets into it.
    """
    page = await Run(tmp_path / "page.html").ended()

    policies = [names["content"] for tag, names in page.tags if names.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert page.open == []


async def test_the_page_is_written_now_and_then(tmp_path: Path) -> None:
    """
    Every ten seconds, so that a killed run leaves its last state; the page says that it was running.
    """
    run = Run(tmp_path / "page.html")
    run.emit(copied())
    run.view.tick()
    assert not run.path.exists()

    run.now += 10.0
    run.view.tick()
    assert run.view._writing is not None
    await run.view._writing

    assert "running when this was written" in run.read().text
    assert "1 objects copied" in run.read().text


async def test_the_page_is_for_its_owner_only_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    """
    Keys are nobody else's business.
    """
    run = Run(tmp_path / "page.html")

    await run.ended()

    assert run.path.stat().st_mode & 0o077 == 0
    assert await asyncio.to_thread(lambda: [*tmp_path.iterdir()]) == [run.path]


async def test_a_write_that_fails_is_raised(tmp_path: Path) -> None:
    """
    Then the view is switched off with a warning, and copying goes on.
    """
    run = Run(tmp_path / "gone" / "page.html")

    with pytest.raises(OSError, match="No such file"):
        await run.view.close()


def test_settings_are_those_that_were_chosen_and_no_secret_is_among_them() -> None:
    """
    Defaults are left out; of a key the middle is masked.
    """
    access = Access(Keys("AKIAABCDEFGHIJKLMNOP", "TOPSECRET", "TOKEN"), endpoint_url="http://127.0.0.1:1")
    selection = Selection(S3Uri("in"), S3Uri("out"), files=("a", "b"))
    found = dict(settings_of(Options(selection, access, dest_access=access, limits=Limits(permits=7))))

    assert found["source"] == "s3://in"
    assert found["selection.files"] == "a, b"
    assert found["limits.permits"] == "7"
    assert found["access.endpoint_url"] == found["dest_access.endpoint_url"] == "http://127.0.0.1:1"
    assert "TOPSECRET" not in str(found)
    assert "TOKEN" not in str(found)
    assert "ABCDEFGHIJKL" not in str(found)
    assert "limits.retries" not in found


def test_filters_are_shown_as_people_read_them() -> None:
    """
    Patterns with their kind, times as dates.
    """
    wanted = Filter((include("*.jpg"), exclude("a/<b>")), min_size=5, newer_than=86400.0, older_than=-1e18)
    found = dict(settings_of(Options(Selection(S3Uri("in"), S3Uri("out")), filter=wanted)))

    assert found["filter.globs"] == "include *.jpg, exclude a/<b>"
    assert found["filter.min_size"] == "5"
    assert found["filter.newer_than"] == "1970-01-02 00:00:00+00:00"
    assert found["filter.older_than"] == "-1e+18"
    assert "filter.limit" not in found


def test_a_series_keeps_a_bounded_number_of_moments() -> None:
    """
    After a day as after a minute; sums stay right, and the most in flight is not lost.
    """
    series, state = Series(), RunState()
    for second in range(1, 86_401):
        state.copied += 3
        state.in_flight = 99 if second == 40_000 else 5
        state.requests["CopyObject"] += 3
        series.look(state, float(second), second * 10)
    series.look(state, 86_400.5, 864_000, last=True)

    rates = list(series.rates())

    assert KEPT // 2 - 2 <= len(rates) <= KEPT
    assert all(abs(rate.objects - 3) < 0.1 for rate in rates[:-1])
    assert all(abs(rate.nbytes - 10) < 0.1 for rate in rates[:-1])
    assert max(rate.in_flight for rate in rates) == 99


def test_a_run_of_no_time_has_no_rates() -> None:
    """
    Nothing is divided by zero.
    """
    series = Series()
    series.look(RunState(), 0.0, 0, last=True)

    assert list(series.rates()) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, 1), (-1, 1), (1, 1), (1.1, 2), (2.2, 2.5), (3, 5), (7, 10), (950, 1000), (1e12, 1e12), (0.003, 0.005)],
)
def test_axes_end_at_round_numbers(value: float, expected: float) -> None:
    """
    At the next one up.
    """
    assert nice_ceiling(value) == pytest.approx(expected)


@pytest.mark.parametrize(
    "points", [[], [(0.5, 0.0)], [(1.0, 5.0), (2.0, 0.0)], [(float(n), n % 7) for n in range(1, 240)]]
)
def test_a_chart_stays_within_its_frame(points: list[tuple[float, float]]) -> None:
    """
    Every number it draws is a coordinate inside; it has a title for those who cannot see it.
    """
    drawn = Page(svg(Chart("a < b", points, str, str)))

    corners = [
        tuple(map(float, pair.split(",")))
        for tag, names in drawn.tags
        if tag in ("polyline", "polygon")
        for pair in (names["points"] or "").split()
    ]
    assert all(0 <= x <= 640 and 0 <= y <= 200 for x, y in corners)
    assert "a < b" in drawn.text
    assert bool(corners) is bool(points)
