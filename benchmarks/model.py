"""
What is measured, and the few sums that are done with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

OURS: Final = "s3copy"
MIB: Final = 1 << 20
GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Load:
    """
    What the source bucket holds. `part` is 0 for objects that were not uploaded in parts.
    """

    objects: int
    size: int
    part: int = 0

    @property
    def nbytes(self) -> int:
        """
        Bytes of all objects.
        """
        return self.objects * self.size


@dataclass(frozen=True, slots=True)
class Workload:
    """
    Args:
        name: how the command line calls it.
        title: its heading.
        load: what the source holds.
        pace: how slow a simulator is made, in its own words.
        tls: whether nginx stands in front of the store.
        done: whether the destination holds everything already.
        dry: whether it is only said what would be copied.
        sim_only: whether other stores would need too long to be filled.
    """

    name: str
    title: str
    load: Load
    pace: Mapping[str, int] = field(default_factory=dict)
    tls: bool = False
    done: bool = False
    dry: bool = False
    sim_only: bool = False

    @property
    def copies(self) -> bool:
        """
        Whether the destination is to be filled.
        """
        return not self.done and not self.dry


@dataclass(frozen=True, slots=True)
class Sample:
    """
    One run. `requests` is None where the store does not count them.
    """

    seconds: float
    cpu: float
    memory: int
    requests: Mapping[str, int] | None = None
    same_etag: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """
    All runs of one program with one workload; `failure` says why there are none, or no more.
    """

    tool: str
    shown: Sequence[str]
    samples: Sequence[Sample] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """
    All programs with one workload; `skipped` says why it was not run.
    """

    workload: Workload
    results: Sequence[Result] = ()
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """
    A median with the least and the greatest value.
    """

    mid: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """
        The figure of at least one value.
        """
        return cls(median(values), min(values), max(values))


def seconds(result: Result) -> Figure:
    """
    Wall time.
    """
    return Figure.of([sample.seconds for sample in result.samples])


def cpu(result: Result) -> Figure:
    """
    CPU seconds, user and system.
    """
    return Figure.of([sample.cpu for sample in result.samples])


def memory(result: Result) -> Figure:
    """
    Peak memory in MiB.
    """
    return Figure.of([sample.memory / MIB for sample in result.samples])


def requests(result: Result) -> Figure | None:
    """
    Requests of a run, if the store counts them.
    """
    counts = [sum(sample.requests.values()) for sample in result.samples if sample.requests is not None]
    return Figure.of(counts) if counts else None


def kinds(result: Result) -> Mapping[str, float]:
    """
    The median of each kind of request, most frequent first.
    """
    counted = [sample.requests for sample in result.samples if sample.requests is not None]
    names = {name for counts in counted for name in counts}
    medians = {name: median([counts.get(name, 0) for counts in counted]) for name in names}
    return dict(sorted(medians.items(), key=lambda item: (-item[1], item[0])))


def rate(workload: Workload, result: Result) -> float:
    """
    Objects per second, or bytes per second of objects in parts.
    """
    amount = workload.load.nbytes if workload.load.part else workload.load.objects
    return amount / seconds(result).mid


def ours(section: Section) -> Result | None:
    """
    The runs that all others are compared with.
    """
    return next((result for result in section.results if result.tool == OURS and result.samples), None)


def ratio(figure: Figure, base: Figure) -> float:
    """
    How many times the base a figure is, by medians.
    """
    return figure.mid / base.mid if base.mid else float("inf")
