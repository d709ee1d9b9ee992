"""
Renders the page of a run. Every value that comes from outside is made harmless, and escaped by the template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from s3copy_async.advice import deletion_remedy, remedy
from s3copy_async.events import DeleteFailed
from s3copy_async.model import CheckResult, CopyResult, Finding
from s3copy_async.state import RunState
from s3copy_async.text import count_text, harmless, seconds_text, shown, size_text
from s3copy_async.views.charts import Chart, svg
from s3copy_async.views.facts import request_ids
from s3copy_async.views.series import Rates

_FAILURES: Final = 200
_VERDICTS: Final = {0: "all done", 1: "could not go on", 3: "some objects failed", 4: "differences found"}


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What the page shows.

    Args:
        seconds: since the run began.
        rates: the run over time.
        sizes: the binary logarithm of a size, rounded up; objects; bytes.
        slowest: copied objects, the slowest first.
        findings: the first differences of a check.
        ended: False while the run goes on.
        version: of this program.
    """

    state: RunState
    settings: tuple[tuple[str, str], ...]
    begun: datetime
    seconds: float
    rates: tuple[Rates, ...]
    sizes: tuple[tuple[int, int, int], ...] = ()
    slowest: tuple[CopyResult, ...] = ()
    findings: tuple[CheckResult, ...] = ()
    ended: bool = True
    version: str = ""


def render(facts: Facts) -> str:
    """
    The page as HTML.
    """
    state = facts.state
    return _template().render(
        title=f"{harmless(state.source)} to {harmless(state.destination)}",
        source=harmless(state.source),
        destination=harmless(state.destination),
        action=state.action,
        version=facts.version,
        begun=facts.begun.strftime("%Y-%m-%d %H:%M:%S UTC"),
        verdict=_verdict(facts),
        is_bad=bool(facts.ended and state.exit_code),
        error=harmless(state.error),
        tiles=list(_tiles(facts)),
        charts=[(name, Markup(svg(chart))) for name, chart in _charts(facts)],  # noqa: S704 - it escapes its texts
        settings=facts.settings,
        counts=list(_counts(state)),
        **_failures(state),
        **_findings(facts),
        **_sizes(facts),
        slowest=[
            (shown(one.key), f"{one.seconds:.3f}", size_text(one.size), f"{one.requests:,}", one.method)
            for one in facts.slowest
        ],
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, loader=FileSystemLoader(Path(__file__).parent), trim_blocks=True
    )
    return environment.get_template("page.html.j2")


def _verdict(facts: Facts) -> str:
    if not facts.ended:
        return "running when this was written"
    state = facts.state
    if state.signal:
        return f"interrupted by signal {state.signal}"
    return f"{_VERDICTS.get(state.exit_code, 'ended')} (exit code {state.exit_code})"


def _tiles(facts: Facts) -> Iterator[tuple[str, str]]:
    state, seconds = facts.state, max(facts.seconds, 1e-9)
    if state.action == "check":
        yield from ((f"{finding}", f"{state.findings[finding]:,}") for finding in Finding)
    elif state.action == "dry-run":
        yield "would be copied", f"{state.planned:,}"
        yield "their bytes", size_text(state.planned_bytes)
        yield "copy requests for it", f"{state.planned_requests:,}"
    elif state.action == "clean":
        yield "objects found", f"{state.leftovers:,}"
        yield "their bytes", size_text(state.leftover_bytes)
        yield "removed", f"{state.removed:,}"
    else:
        yield "objects copied", f"{state.copied:,}"
        yield "bytes copied", size_text(state.copied_bytes)
        yield "objects a second", f"{state.finished / seconds:,.0f}"
    yield "listed" if state.listing_done else "listed so far", f"{state.listed:,}"
    for reason, number in sorted(state.skipped.items()):
        yield str(reason), f"{number:,}"
    yield "failed", f"{state.failed:,}"
    if state.to_delete:
        yield from _deletion_tiles(state)
    yield "requests", f"{state.requests.total():,}"
    yield "of them repeated", f"{state.retries:,}"
    yield "time", seconds_text(facts.seconds)


def _deletion_tiles(state: RunState) -> Iterator[tuple[str, str]]:
    if state.action == "dry-run":
        yield "would be deleted", f"{state.to_delete:,}"
        yield "bytes of those", size_text(state.to_delete_bytes)
        return
    yield "deleted", f"{state.deleted:,} of {state.to_delete:,}"
    yield "bytes deleted", size_text(state.deleted_bytes)
    yield "not deleted", f"{state.delete_failed:,}"


def _charts(facts: Facts) -> Iterator[tuple[str, Chart]]:
    drawn: tuple[tuple[str, Callable[[Rates], float], Callable[[float], str]], ...] = (
        ("objects per second", lambda rate: rate.objects, _number),
        ("bytes per second that S3 moved", lambda rate: rate.nbytes, size_text),
        ("requests in flight, the most of each interval", lambda rate: rate.in_flight, _number),
        ("requests per second", lambda rate: rate.requests, _number),
        ("repeated requests per second", lambda rate: rate.repeats, _number),
    )
    for name, value, text in drawn:
        points = [(rate.seconds, value(rate)) for rate in facts.rates]
        if name.startswith("repeated") and not any(number for _, number in points):
            continue
        yield name, Chart(name, points, text, seconds_text)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


def _failures(state: RunState) -> dict[str, Any]:
    kept: tuple[CopyResult | DeleteFailed, ...] = (*state.failures[:_FAILURES], *state.delete_failures[:_FAILURES])
    number = state.failed + state.delete_failed
    codes = [(harmless(code), f"{n:,}", remedy(code)) for code, n in state.failure_codes.most_common()]
    codes += [
        (f"not deleted: {harmless(code)}", f"{n:,}", deletion_remedy(code))
        for code, n in state.delete_failure_codes.most_common()
    ]
    return {
        "failure_codes": codes,
        "failures": [(shown(one.key), harmless(one.reason), harmless(request_ids(one))) for one in kept],
        "failures_caption": "Each object" if number <= len(kept) else f"The first {len(kept):,} of {number:,} objects",
    }


def _findings(facts: Facts) -> dict[str, Any]:
    found = facts.state.findings
    number = found.total() - found[Finding.SAME]
    first = f"The first {len(facts.findings):,} of {number:,}" if number > len(facts.findings) else "Each key"
    rows = [(one.finding, shown(one.dest_key), harmless(one.reason)) for one in facts.findings]
    return {"findings": rows, "findings_caption": first}


def _sizes(facts: Facts) -> dict[str, Any]:
    most = max((number for _, number, _ in facts.sizes), default=1)
    total = sum(number for _, number, _ in facts.sizes)
    rows = [
        (size_text(2**step), f"{number:,}", size_text(nbytes), f"{100 * number / most:.1f}")
        for step, number, nbytes in facts.sizes
    ]
    return {"sizes": rows, "sizes_caption": f"Sizes of {count_text(total, 'object')}"}


def _counts(state: RunState) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    def rows(counter: Any) -> list[tuple[str, str]]:
        return [(harmless(str(name)), f"{number:,}") for name, number in counter.most_common()]

    yield "Proof", "What shows that the copies equal their sources", rows(state.proofs)
    yield "Not carried over", "Objects whose copy lacks it", rows(state.lost)
    yield "Requests", "What the run cost, repeated requests included", rows(state.requests)
