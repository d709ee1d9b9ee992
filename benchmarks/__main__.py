"""
The command: ``python -m benchmarks``, which ``nox -s bench`` calls.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks import chart, page, words
from benchmarks.model import OURS, Result, Section
from benchmarks.peers import version
from benchmarks.settings import Settings, parse
from benchmarks.stores import NotEmptyError, find
from benchmarks.turns import Bench
from benchmarks.workloads import workloads

_DOCS: Final = Path(__file__).parents[1] / "docs"


def main() -> int:
    """
    Runs everything that was asked for. 1 if s3copy failed or left a wrong result, 2 if a bucket is in use.
    """
    settings = parse(sys.argv[1:])
    try:
        store = find(settings.place, empty_buckets=settings.empty_buckets)
    except NotEmptyError as error:
        print(error, file=sys.stderr)
        return 2
    versions = {name: version(name) for name in (OURS, *settings.peers)}
    setting = page.Setting(store.name, store.simulated, versions, settings.objects, page.today())
    bench, sections = Bench(store, settings), list[Section]()
    for workload in workloads(settings.objects):
        if workload.name in settings.only:
            sections.append(bench.section(workload))
            print(words.table(sections[-1]), flush=True)
            _write(sections, setting, settings)
    for bucket in (settings.place.source, settings.place.dest):
        store.clear(bucket)
    return int(any(result.failure for result in _ours(sections)))


def _ours(sections: Sequence[Section]) -> list[Result]:
    return [result for section in sections for result in section.results if result.tool.startswith(OURS)]


def _write(sections: Sequence[Section], setting: page.Setting, settings: Settings) -> None:
    """
    After every workload, so that a long run that is stopped leaves what it found.
    """
    if not settings.write:
        return
    note = f"{setting.store}, {', '.join(f'{name} {number}' for name, number in setting.versions.items())}"
    (_DOCS / "benchmarks.md").write_text(page.page(sections, setting), "utf-8")
    (_DOCS / "images" / "benchmarks.svg").write_text(chart.svg(sections, note), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
