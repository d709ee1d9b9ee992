"""
Runs the programs in turns and checks what each has done.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import tls
from benchmarks.measure import TooLongError, run
from benchmarks.model import OURS, Load, Result, Sample, Section, Workload
from benchmarks.peers import CALLS, DIRECT, Job, ours, program, shown, tools
from benchmarks.settings import Settings
from benchmarks.stores import Counts, Store, Verdict

_LIMIT: Final = 3600.0
_ENOUGH: Final = 200


class WrongError(Exception):
    """
    A program did not do what it was asked for; the message says why.
    """


@dataclass(slots=True)
class Bench:
    """
    A store and what its source bucket holds now.
    """

    store: Store
    settings: Settings
    filled: Load | None = None

    def section(self, workload: Workload) -> Section:
        """
        Runs all programs with one workload.
        """
        if reason := self._unfit(workload):
            return Section(workload, skipped=reason)
        place = self.settings.place
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="s3copy-bench-")))
            front = stack.enter_context(tls.front(place.endpoint, folder)) if workload.tls else None
            endpoint, ca = (front.endpoint, front.certificate) if front else (place.endpoint, None)
            job = Job(workload, endpoint, place.source, place.dest, folder, ca)
            self.store.pace({})
            if self.filled != workload.load:
                self.store.fill(place.source, workload.load)
                self.filled = workload.load
            self.store.pace(workload.pace)
            stack.callback(self.store.pace, {})
            return Section(workload, self._turns(job))

    def _unfit(self, workload: Workload) -> str:
        if workload.sim_only and not self.store.simulated:
            return "only a simulator is filled with that much"
        return tls.missing(self.settings.place.endpoint) if workload.tls else ""

    def _turns(self, job: Job) -> Sequence[Result]:
        results = {name: _new(name, job) for name in tools(job.workload, self.settings.peers)}
        for turn in range(self.settings.runs):
            for name, result in results.items():
                spent = sum(sample.seconds for sample in result.samples)
                if not result.failure and (not turn or spent < self.settings.patience):
                    results[name] = self._turn(result, job)
        return tuple(results.values())

    def _turn(self, result: Result, job: Job) -> Result:
        try:
            sample = self._sample(result.tool, job)
        except WrongError as error:
            _say(f"{job.workload.name:8} {result.tool:14} {error}")
            return replace(result, failure=str(error))
        _say(f"{job.workload.name:8} {result.tool:14} {sample.seconds:9.2f} s {sample.cpu:9.2f} s CPU")
        return replace(result, samples=(*result.samples, sample))

    def _sample(self, name: str, job: Job) -> Sample:
        self._prepare(job)
        call = CALLS[name](job)
        for path, text in call.files.items():
            path.write_text(text, "utf-8")
        argv = [program(call.argv[0]) or call.argv[0], *call.argv[1:]]
        self.store.counts()
        try:
            used = run(argv, {**self._environment(job), **call.env}, _LIMIT)
        except TooLongError as error:
            raise WrongError(str(error)) from None
        counts = self.store.counts()
        if used.code:
            raise WrongError(f"failed with exit code {used.code}: {_short(used.words, job)}")
        verdict = Verdict() if job.workload.dry else self.store.verify(job.workload.load)
        if problem := verdict.problem or misdone(job.workload, counts):
            raise WrongError(problem)
        asked = None if counts is None else counts.requests
        return Sample(used.seconds, used.cpu, used.memory, asked, verdict.same_etag)

    def _prepare(self, job: Job) -> None:
        """
        An empty destination, or a full one.
        """
        if not job.workload.done:
            self.store.clear(job.dest)
            return
        argv = ours(job).argv
        subprocess.run([program(OURS) or OURS, *argv[1:]], check=True, env=self._environment(job))

    def _environment(self, job: Job) -> Mapping[str, str]:
        """
        Nothing of the user's own but the path.
        """
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(job.folder),
            "LANG": "C.UTF-8",
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.settings.place.credentials,
        }


def misdone(workload: Workload, counts: Counts | None) -> str:
    """
    What the counts of a store say against a run whose result is right.
    """
    if counts is None:
        return ""
    if not workload.copies and counts.copied:
        return "copied what was not to be copied"
    if workload.copies and counts.copied < workload.load.nbytes:
        return "the bytes passed through the program, not inside the store"
    return ""


def _new(name: str, job: Job) -> Result:
    call = CALLS[name](job)
    found = program(OURS if name == DIRECT else name)
    return Result(name, shown(call, job), failure="" if found else "not installed")


def _short(words: str, job: Job) -> str:
    """
    A message without the address of the store and the names of buckets.
    """
    text = words.replace(job.endpoint, "$ENDPOINT").replace(job.source, "source").replace(job.dest, "dest")
    return text if len(text) <= _ENOUGH else f"{text[:_ENOUGH]}…"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
