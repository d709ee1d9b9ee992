"""
What programs call: a copy, a check or a cleaning as one coroutine, or as a job with a stream of its events.

The command line uses nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from signal import SIGINT
from typing import Final, TypedDict, Unpack

from s3copy_async.app import Action, Run
from s3copy_async.connect import OpenStore
from s3copy_async.errors import ConfigError, FatalError
from s3copy_async.events import Event
from s3copy_async.options import (
    Access,
    Carry,
    CleanOptions,
    Compare,
    Deletion,
    Filter,
    Grant,
    IfExists,
    Limits,
    Options,
    Owners,
    PartOptions,
    Selection,
    Verify,
)
from s3copy_async.state import RunState
from s3copy_async.stop import Stop
from s3copy_async.stream import EventStream
from s3copy_async.summary import RunFailed, Summary, summary_of
from s3copy_async.uri import S3Uri
from s3copy_async.validate import validate
from s3copy_async.views import View

DEFAULT_FOLDER: Final = "temp/dest/"
"""Where copies go without a destination, or with the source's own bucket and no path."""

Place = str | S3Uri
"""``s3://bucket/path``, as text or as a value."""


class Places(TypedDict, total=False):
    """
    Which objects, in place of all below the source.

    Args:
        files: keys relative to the source path.
        prefixes: paths relative to the source path.
        files_from: path of a file of keys, one a line (README, lists of keys); ``-`` is standard input.
        exact_dest: the source is one object, and the destination its whole new key.
        version_id: the source is one object, and this version of it is meant. A source that is text may name it as
            ``s3://bucket/key?versionId=ID``.
    """

    files: Sequence[str]
    prefixes: Sequence[str] | None
    files_from: str | None
    exact_dest: bool
    version_id: str


class Settings(Places, total=False):
    """
    What `copy` and `check` take beside the two places. All have the command line's defaults.

    Args:
        access: who signs, and where requests go; without it botocore's own chain of credentials, and Amazon.
        dest_access: lists and looks up the destination instead.
        limits: how many requests at once, and how long to try.
        parts: how large objects are copied.
        verify: what a copy must show.
        compare: what tells that a destination is its source already.
        if_exists: what to do where something else is at the destination.
        owners: the accounts that must own the two buckets.
        filter: which of the objects below the source.
        on_event: called with every event, on the event loop; it must not block. What it raises ends the run.
    """

    access: Access
    dest_access: Access | None
    limits: Limits
    parts: PartOptions
    verify: Verify
    compare: Compare
    if_exists: IfExists
    owners: Owners
    filter: Filter
    on_event: Callable[[Event], object] | None


def select(source: Place, dest: Place | None = None, **places: Unpack[Places]) -> Selection:
    """
    A selection by the rules of the command line: without `dest`, or with the source's own bucket and no path, copies go
    below ``temp/dest/``.

    Raises:
        ConfigError: a place is no ``s3://bucket/path``.
    """
    origin, version_id = _versioned(source, places.get("version_id", ""))
    target = S3Uri(origin.bucket) if dest is None else _uri("dest", dest)
    exact = places.get("exact_dest", False)
    if target.bucket == origin.bucket and not target.path and not exact:
        target = S3Uri(target.bucket, DEFAULT_FOLDER)
    prefixes = places.get("prefixes")
    return Selection(
        origin,
        target,
        tuple(places.get("files", ())),
        None if prefixes is None else tuple(prefixes),
        places.get("files_from"),
        exact,
        version_id,
    )


def _versioned(source: Place, version_id: str) -> tuple[S3Uri, str]:
    """
    The source, and which version of it.
    """
    uri = _uri("source", source)
    if isinstance(source, S3Uri):
        return uri, version_id
    try:
        uri, named = uri.split_version()
    except ValueError as error:
        raise ConfigError(f"source: {error}") from None
    if named and version_id and named != version_id:
        raise ConfigError(f"source: it names version {named}, and another is asked for: give one of them")
    return uri, named or version_id


def _uri(setting: str, place: Place) -> S3Uri:
    if isinstance(place, S3Uri):
        return place
    try:
        return S3Uri.parse(place)
    except ValueError as error:
        raise ConfigError(f"{setting}: {error}") from None


class Job:
    """
    One run, to be executed once: by `run`, or by reading its `events`.

    Args:
        options: everything the run needs to know.
        action: what to do with the selection.
        views: makes what shows the run, out of the numbers that it will read.
        on_event: see `Settings`.
        stop: ends the run early when it is set.
        open_store: makes the store for a set of credentials; for tests and for stores of one's own.

    Raises:
        ConfigError: with everything that is wrong with `options`; nothing was touched.
    """

    def __init__(
        self,
        options: Options,
        action: Action = Action.COPY,
        *,
        views: Callable[[RunState], Sequence[View]] = lambda _state: (),
        on_event: Callable[[Event], object] | None = None,
        stop: Stop | None = None,
        open_store: OpenStore | None = None,
    ) -> None:
        validate(options)
        self._options = options
        self._action = action
        self._stop = stop or Stop()
        self._state = RunState()
        self._views = list(views(self._state))
        self._listener = Listener(on_event, self._stop) if on_event else None
        self._open_store = open_store
        self._begun = False
        self._is_shown = False

    @property
    def summary(self) -> Summary:
        """
        What the run came to, or while it is under way, how far it is.
        """
        return summary_of(self._state)

    @property
    def is_shown(self) -> bool:
        """
        Whether a view is left after the run that has told how it ended.
        """
        return self._is_shown

    def interrupt(self, signal: int = SIGINT) -> None:
        """
        Ends the run in order, like the first Ctrl-C: nothing new is begun, and what is in flight has
        ``limits.grace`` seconds to finish. The summary then has this signal.
        """
        self._stop.interrupt(signal)

    async def run(self) -> Summary:
        """
        Does the job. A run that could not go on says why in ``summary.error``; it raises nothing. Cancelled, it ends at
        once: the same job begun again continues.

        Raises:
            RuntimeError: this job has been run already.
        """
        return await self._run(self._watchers())

    async def _run(self, views: Sequence[View], pace: EventStream | None = None) -> Summary:
        if self._begun:
            raise RuntimeError("a job runs once: make another for another run")
        self._begun = True
        run = Run(self._options, self._state, views, self._stop, self._open_store, pace=pace.room if pace else None)
        try:
            await run.execute(self._action)
        finally:
            self._is_shown = run.is_shown
        if self._listener and self._listener.error:
            raise self._listener.error
        return self.summary

    def _watchers(self) -> list[View]:
        return [*self._views, *([self._listener] if self._listener else [])]

    @asynccontextmanager
    async def events(self) -> AsyncGenerator[AsyncIterator[Event], None]:
        """
        Starts the run and gives its events, to be read with ``async for``; they end when the run does. A slow reader
        slows the run down, so that unread events stay bounded. Leaving the block early interrupts the run in order;
        an exception in the block cancels it.
        """
        stream = EventStream()
        task = asyncio.create_task(self._run([*self._watchers(), stream], stream))
        task.add_done_callback(lambda _: stream.end())
        try:
            yield stream
        except BaseException:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            raise
        if not task.done():
            stream.end()
            self.interrupt()
        try:
            await task
        except asyncio.CancelledError:
            task.cancel()
            raise


class Listener:
    """
    A function of the caller's as a view. What it raises ends the run and is raised by it.
    """

    answers = False

    def __init__(self, on_event: Callable[[Event], object], stop: Stop) -> None:
        self._on_event = on_event
        self._stop = stop
        self.error: Exception | None = None

    def handle(self, event: Event) -> None:
        """
        See `views.View`.
        """
        if self.error:
            return
        try:
            self._on_event(event)
        except Exception as error:  # noqa: BLE001 - it is raised again when the run has ended
            self.error = error
            self._stop.fail(FatalError(f"on_event raised {type(error).__name__}: {error}"))

    def tick(self) -> None:
        """
        See `views.View`.
        """

    async def close(self) -> None:
        """
        See `views.View`.
        """


async def copy(
    source: Place,
    dest: Place | None = None,
    *,
    dry_run: bool = False,
    grants: Sequence[Grant] = (),
    carry: Carry | None = None,
    deletion: Deletion | None = None,
    **settings: Unpack[Settings],
) -> Summary:
    """
    Copies what lies below `source` to the folder `dest`, inside S3. Called again, it copies only what is missing or has
    changed.

    Objects that failed are in the summary (``failed``, ``failures``): look at ``summary.ok``.

    Args:
        source: ``s3://bucket/path``; paths work as in ``cp -r`` (README, paths).
        dest: a folder; without it, see `select`.
        dry_run: copy nothing, and count what would be copied (``planned``); events name each object (`Planned`).
        grants: who else may read or write the copies.
        carry: what copies get beside the bytes: storage class, encryption, ACL, metadata, tags.
        deletion: with ``Deletion(wanted=True)``, what the source lacks is deleted from where this copies to (README,
            deleting).
        settings: see `Settings`.

    Raises:
        ConfigError: something is wrong with the arguments; nothing was touched.
        RunFailed: the run could not go on (credentials, bucket, listing), or more would have been deleted than may be.
    """
    options = _options(source, dest, settings)
    options = replace(options, grants=tuple(grants), carry=carry or Carry(), deletion=deletion or Deletion())
    return await _run(options, Action.DRY_RUN if dry_run else Action.COPY, settings.get("on_event"))


async def check(
    source: Place, dest: Place, *, one_way: bool = False, deep: bool = False, **settings: Unpack[Settings]
) -> Summary:
    """
    Compares two places and copies nothing. ``summary.findings`` counts what was found, and `Checked` events name each
    key that is not the same on both sides.

    Args:
        source: as for `copy`.
        dest: as for `copy`.
        one_way: what only the destination has is no difference.
        deep: compare headers, metadata and tags too.
        settings: see `Settings`.

    Raises:
        ConfigError: something is wrong with the arguments; nothing was touched.
        RunFailed: the run could not go on (credentials, bucket, listing).
    """
    options = replace(_options(source, dest, settings), one_way=one_way, deep=deep)
    return await _run(options, Action.CHECK, settings.get("on_event"))


async def clean(
    dest: Place,
    *,
    remove: bool = False,
    older_than: float = 0.0,
    access: Access | None = None,
    limits: Limits | None = None,
    work_prefix: str = PartOptions().work_prefix,
    on_event: Callable[[Event], object] | None = None,
) -> Summary:
    """
    Finds what copies in parts left in the work area of `dest`, and removes it if asked to. Nothing else is touched.

    Args:
        dest: ``s3://bucket``, or ``s3://bucket/path`` for source keys at or below ``path``.
        remove: False only counts what there is; events name it (`LeftoverFound`, `UploadFound`).
        older_than: seconds since anything in a folder was last written; younger ones are left alone.
        access: as for `copy`.
        limits: as for `copy`.
        work_prefix: the work area, with a slash at its end.
        on_event: as for `copy`.

    Raises:
        ConfigError: something is wrong with the arguments; nothing was touched.
        RunFailed: the run could not go on (credentials, bucket, listing).
    """
    place = _uri("dest", dest)
    options = Options(
        Selection(place, place),
        access or Access(),
        limits=limits or Limits(),
        parts=PartOptions(work_prefix=work_prefix),
        clean=CleanOptions(older_than, remove),
    )
    return await _run(options, Action.CLEAN, on_event)


def _options(source: Place, dest: Place | None, settings: Settings) -> Options:
    return Options(
        selection=select(
            source,
            dest,
            files=settings.get("files", ()),
            prefixes=settings.get("prefixes"),
            files_from=settings.get("files_from"),
            exact_dest=settings.get("exact_dest", False),
            version_id=settings.get("version_id", ""),
        ),
        access=settings.get("access", Access()),
        dest_access=settings.get("dest_access"),
        limits=settings.get("limits", Limits()),
        parts=settings.get("parts", PartOptions()),
        verify=settings.get("verify", Verify.AUTO),
        compare=settings.get("compare", Compare.AUTO),
        if_exists=settings.get("if_exists", IfExists.OVERWRITE),
        owners=settings.get("owners", Owners()),
        filter=settings.get("filter", Filter()),
    )


async def _run(options: Options, action: Action, on_event: Callable[[Event], object] | None) -> Summary:
    summary = await Job(options, action, on_event=on_event).run()
    if summary.error:
        raise RunFailed(summary)
    return summary
