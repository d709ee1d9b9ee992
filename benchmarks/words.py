"""
Figures as people read them: one table for the terminal, the page and the chart.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import model
from benchmarks.model import GIB, Figure, Result, Section, Workload

HEADINGS = (
    "program", "time", "rate", "CPU", "CPU an object", "peak memory", "requests", "ETags kept",
    "time ratio", "CPU ratio", "runs",
)  # fmt: skip


def number(value: float) -> str:
    """
    Three digits that count, and all before the point.
    """
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(figure: Figure, unit: str) -> str:
    """
    A median, and what it lies between.
    """
    low, mid, high = number(figure.low), number(figure.mid), number(figure.high)
    return f"{mid} {unit}" if low == high else f"{mid} {unit} ({low} to {high})"


def pace(workload: Workload, result: Result) -> str:
    """
    The rate of a result, with its unit.
    """
    value = model.rate(workload, result)
    if not workload.load.part:
        return f"{number(float(f'{value:.3g}'))} objects/s"
    return f"{number(value / GIB)} GiB/s" if value >= GIB else f"{number(value / model.MIB)} MiB/s"


def each(value: float) -> str:
    """
    CPU seconds of one object.
    """
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.3g} ms"


def times(figure: Figure, base: Figure) -> str:
    """
    A ratio of medians.
    """
    return f"{number(model.ratio(figure, base))}"


def failed(result: Result) -> str:
    """
    The beginning of what went wrong, in a few words.
    """
    return result.failure.partition(":")[0] or "not run"


def row(section: Section, result: Result) -> Sequence[str]:
    """
    The cells of one program under `HEADINGS`.
    """
    blank = "-"
    if not result.samples:
        return (result.tool, failed(result), *([blank] * (len(HEADINGS) - 3)), "0")
    base = model.ours(section)
    load = section.workload.load
    asked = model.requests(result)
    kept = result.samples[-1].same_etag
    return (
        result.tool,
        spread(model.seconds(result), "s") + (f", then {failed(result)}" if result.failure else ""),
        pace(section.workload, result),
        spread(model.cpu(result), "s"),
        each(model.cpu(result).mid / load.objects),
        spread(model.memory(result), "MiB"),
        blank if asked is None else f"{asked.mid:,.0f}",
        blank if kept is None else f"{kept:,} of {load.objects:,}",
        times(model.seconds(result), model.seconds(base)) if base else blank,
        times(model.cpu(result), model.cpu(base)) if base else blank,
        str(len(result.samples)),
    )


def asked(result: Result) -> str:
    """
    Requests by kind.
    """
    return ", ".join(f"{name} {count:,.0f}" for name, count in model.kinds(result).items() if count >= 1)


def size(nbytes: int) -> str:
    """
    A size that is a whole number of its unit.
    """
    units = ((GIB, "GiB"), (model.MIB, "MiB"), (1024, "KiB"), (1, "bytes"))
    unit, name = next(pair for pair in units if nbytes % pair[0] == 0)
    return f"{nbytes // unit} {name}"


def about(workload: Workload, *, simulated: bool) -> str:
    """
    What is done, in a sentence or two.
    """
    load = workload.load
    objects = "One object" if load.objects == 1 else f"{load.objects:,} objects"
    parts = f", uploaded in parts of {size(load.part)}" if load.part else ""
    words = [f"{objects} of {size(load.size)}{parts}."]
    if workload.done:
        words.append("The destination holds all of them already, and nothing may be copied.")
    if workload.dry:
        words.append("The destination is empty, and nothing may be copied: programs only say what they would do.")
        words.append("s5cmd is left out, because that takes it longer than copying does.")
    if workload.tls:
        words.append("An nginx in front of the store speaks TLS 1.2 and 1.3, with an RSA certificate of 2,048 bits.")
    if simulated:
        copy, mib = workload.pace.get("copy_latency_us", 0), workload.pace.get("copy_us_per_mib", 0)
        slow = f"takes {copy // 1000} ms for a copy request and {mib // 1000} ms more for each MiB it copies."
        words.append(f"The store {slow}" if copy else "The store answers at once.")
    return " ".join(words)


def table(section: Section) -> str:
    """
    A section for the terminal.
    """
    lines = [section.workload.title]
    if section.skipped:
        return f"{lines[0]}\n  not run: {section.skipped}\n"
    rows = [HEADINGS, *(row(section, result) for result in section.results)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(HEADINGS))]
    lines += ["  ".join(map(str.ljust, cells, widths)).rstrip() for cells in rows]
    lines += [f"{result.tool}: {result.failure}" for result in section.results if result.failure]
    return "\n  ".join(lines) + "\n"
