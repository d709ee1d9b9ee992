"""
docs/benchmarks.md: what was run, on what, with which flags, what came of it, and how to repeat it.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks import words
from benchmarks.model import GIB, Result, Section

_INTRO: Final = """\
# Benchmarks

`nox -s bench` writes this page. It runs s3copy and other programs in turns on the same two buckets and checks the
destination after each run.

![Rates of s3copy and other programs](images/benchmarks.svg)

"""
_HOW: Final = """\
## How it is measured

- Programs take turns: one run of each, then the next round. The destination is emptied before each run, or filled
  where nothing is left to copy. Figures are medians, with the least and the greatest in brackets. A program that has
  used up its time with a workload (ten minutes, or `--patience`) gets no more runs.
- Time and CPU are those of the whole process, from its start to its end, and CPU is user and system time. Peak memory
  is the greatest resident size.
- Ratios are medians divided by those of `s3copy`: 2 is twice the time, or twice the CPU.
- Each result is compared with its source, by the simulator byte by byte, on other stores by `s3copy check`. The
  simulator also counts requests and the bytes that it copied itself, so that no copy counts whose bytes
  went through a program. "ETags kept" are the copies whose ETag is their source's.
- A run that fails, or leaves a wrong result, is not counted but named.
- Every program has the flags that were found to be best for the workload. They stand below each table.
"""
_AGAIN: Final = """\
## Again

```sh
S3COPY_BENCH_ENDPOINT=http://127.0.0.1:9000 nox -s bench
```

`S3COPY_BENCH_KEY` and `S3COPY_BENCH_SECRET` are the credentials, else those of the AWS SDK. `S3COPY_BENCH_SOURCE` and
`S3COPY_BENCH_DEST` are the buckets (`s3copy-bench-source`, `s3copy-bench-dest`), made where they are missing; on a
real store they must be empty, or `--empty-buckets` empties them. Options follow `--`: `--only small,tls`,
`--peers s5cmd,rclone,aws`, `--runs 5`, `--objects 100000`, `--no-write`. Small objects over TLS need nginx and openssl.
"""
_SIMULATOR: Final = """\
The store is sim_s3, a simulator that holds no bytes, only what they are copies of. It shares the machine with the
program. So what is measured is the program: what it costs, and how well it uses a store that is never the bottleneck.
Amazon S3 adds its own latency and limits, which are the same for all.
"""
_NO_NUMBERS: Final = "This run was a short one, to try the benchmark itself: its figures say nothing.\n\n"
_SHORT: Final = 50_000


@dataclass(frozen=True, slots=True)
class Setting:
    """
    What a page says beside figures. `objects` is the number of small ones.
    """

    store: str
    simulated: bool
    versions: Mapping[str, str]
    objects: int
    today: str


def page(sections: Sequence[Section], setting: Setting) -> str:
    """
    The whole page.
    """
    where = _SIMULATOR if setting.simulated else f"The store is {setting.store}, over the network.\n"
    parts = [_INTRO, _NO_NUMBERS if setting.objects < _SHORT else "", where, "\n"]
    parts += [_section(section, setting) for section in sections]
    parts += [_HOW, "\n", _machine(setting), "\n", _AGAIN]
    return "".join(parts)


def today() -> str:
    """
    The date, in UTC.
    """
    return datetime.now(UTC).date().isoformat()


def _section(section: Section, setting: Setting) -> str:
    lines = [f"## {section.workload.title}", "", words.about(section.workload, simulated=setting.simulated), ""]
    if section.skipped:
        return "\n".join((*lines, f"Not run: {section.skipped}.", "", ""))
    lines += [_line(words.HEADINGS), "|---|" + "---:|" * (len(words.HEADINGS) - 1)]
    lines += [_line([_cell(text) for text in words.row(section, result)]) for result in section.results]
    lines += ["", "```sh", *_commands(section.results), "```", ""]
    broken = [f"- {result.tool}: {_cell(result.failure)}" for result in section.results if result.failure]
    if broken:
        lines += ["What failed:", "", *broken, ""]
    counted = [f"- {result.tool}: {words.asked(result)}" for result in section.results if words.asked(result)]
    return "\n".join((*lines, *(("Requests by kind:", "", *counted, "") if counted else ()), ""))


def _commands(results: Sequence[Result]) -> list[str]:
    """
    Every call, a blank line between.
    """
    lines: list[str] = []
    for result in results:
        lines += ["", *result.shown] if lines else result.shown
    return lines


def _machine(setting: Setting) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    system = f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}"
    programs = ", ".join(f"{name} {version}" for name, version in setting.versions.items())
    python = f"Python {platform.python_version()}"
    return (
        "## The machine\n\n"
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB of memory, {system}, {python}. "
        f"On {setting.today}: {programs}.\n"
    )


def _processor() -> str:
    """
    Its name, where the system tells.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """
    Text, that of programs too, which cannot leave its cell.
    """
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("`", "\\`").replace("<", "&lt;").replace("[", "\\[")
