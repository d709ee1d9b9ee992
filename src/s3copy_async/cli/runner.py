"""
Starts the event loop, chooses the views and turns signals into an orderly end.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from s3copy_async import Action, Display, Job, Options, Progress, RunState, Stop, View, __version__
from s3copy_async.text import harmless
from s3copy_async.views.ci import ci_view
from s3copy_async.views.jsonl import JsonLines
from s3copy_async.views.lines import Lines, Nowhere, Streams, Writes
from s3copy_async.views.log import Log
from s3copy_async.views.report import failures, report

if TYPE_CHECKING:
    from rich.console import Console

_TERMINAL_INTERVAL: Final = 2.0
_PIPE_INTERVAL: Final = 10.0
_LAST_WORDS: Final = 2.0
_WATCHED: Final = 0.4
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def run(options: Options, display: Display, action: str) -> int:
    """
    Runs one job to its end and returns the exit code.
    """
    stop = Stop()
    job = Job(options, Action(action), views=lambda state: views_for(state, display, options), stop=stop)
    code = supervised(job.run(), stop, lambda: job.summary.exit_code)
    if job.summary.error and not job.is_shown:
        sys.stderr.write(f"error: {harmless(job.summary.error)}\n")
    return code


def run_demo(display: Display) -> int:
    """
    Runs the demonstration and returns its exit code.

    Raises:
        ConfigError: the extra ``[demo]`` is not installed.
    """
    from s3copy_async.cli.demo import Demo, Scale

    stop = Stop()
    scale = Scale(delay=_WATCHED if sys.stderr.isatty() else 0.0)
    demo = Demo(lambda state: views_for(state, display), stop, scale)
    return supervised(demo.execute(), stop, lambda: demo.exit_code)


def views_for(state: RunState, display: Display, options: Options | None = None) -> list[View]:
    """
    The views that the user asked for.
    """
    base = options.selection.dest.folder if options else ""
    views: list[View] = []
    data: Writes = sys.stdout
    interval = _TERMINAL_INTERVAL if sys.stderr.isatty() else _PIPE_INTERVAL
    if display.progress in (Progress.NONE, Progress.JSON):
        interval = math.inf
    if display.progress is Progress.JSON:
        views.append(JsonLines(state, sys.stdout))
        data = Nowhere()
    words: Writes = sys.stderr
    console = None if display.progress is not Progress.AUTO or display.verbosity else _console()
    if console is not None:
        from s3copy_async.views.live import live_view

        live = live_view(state, console, display, data)
        words = live.above
        views.append(live)
    if display.verbosity >= 0 and (marks := ci_view(os.environ, words)):
        views.insert(0, marks)
    if console is None:
        views.append(Lines(state, Streams(data, sys.stderr), display, interval))
    if display.report is not None:
        views.append(report(display.report))
    if display.failures is not None:
        views.append(failures(display.failures, base))
    if display.html is not None:
        from s3copy_async.views.html import html_page
        from s3copy_async.views.settings import settings_of

        views.append(html_page(display.html, state, settings_of(options) if options else (), __version__))
    if display.log_level is not None:
        views.append(Log(getattr(logging, display.log_level), display.log_file, words))
    return views


def _console() -> Console | None:
    """
    A console for the live view, where standard error is a terminal that can move its cursor.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        return None
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    return console if console.is_terminal and not (console.is_dumb_terminal or console.legacy_windows) else None


def supervised(job: Coroutine[Any, Any, object], stop: Stop, exit_code: Callable[[], int]) -> int:
    """
    Runs `job` on an event loop of its own. The first signal lets what is in flight finish; a second ends it at once.
    """

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()

        def interrupted(number: int) -> None:
            again = stop.wanted
            stop.interrupt(number)
            if again or not stop.graceful:
                task.cancel()
                # Whatever still cleans up: what it leaves is on record or has our name, and clean finds it.
                loop.call_later(_LAST_WORDS, _abandon, number)

        for number in _SIGNALS:
            try:
                loop.add_signal_handler(number, interrupted, number)
            except NotImplementedError:  # Windows: Ctrl-C cancels, as asyncio does it
                break
        await job

    try:
        with asyncio.Runner(loop_factory=_new_loop()) as runner:
            runner.run(main())
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 128 + (stop.signal or signal.SIGINT)
    return exit_code()


def _abandon(number: int) -> None:
    """
    Ends the process, whoever is not ready yet.
    """
    sys.stderr.write("stopped at once; the same command continues\n")
    sys.stderr.flush()
    os._exit(128 + number)


def _new_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows has none
        return None
    return uvloop.new_event_loop
