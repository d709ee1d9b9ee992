"""
Keeps what the destination has and the source lacks, on disk, until it is known whether any of it may be deleted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from struct import Struct
from types import TracebackType
from typing import IO, Final, NamedTuple, Self

from s3copy_async.compare import Scope, extras
from s3copy_async.errors import FatalError
from s3copy_async.keys import Rule
from s3copy_async.model import ObjectInfo
from s3copy_async.sifting import Sifter
from s3copy_async.stretch import Stretch

BATCH: Final = 1000
"""Keys that one DeleteObjects takes."""
_RECORD: Final = Struct("<IQI")
"""Number of the rule, bytes of the object, bytes of its key; the key follows."""
_BUFFER: Final = 1 << 20


class Candidate(NamedTuple):
    """
    An object of the destination that may have to go, and its bytes.
    """

    key: str
    size: int


class Total(NamedTuple):
    """
    So many objects, and their bytes.
    """

    objects: int = 0
    nbytes: int = 0

    def plus(self, other: Total) -> Total:
        """
        Both together.
        """
        return Total(self.objects + other.objects, self.nbytes + other.nbytes)


def is_deletable(key: str, rule: Rule, scope: Scope) -> bool:
    """
    Whether `key` of the destination may be deleted at all, should the source lack what `rule` would copy to it: it lies
    where the rule writes, is not the work area's, and is no source of this run itself.
    """
    if not key.startswith(rule.image(scope.base)) or key in scope.work:
        return False
    return not scope.same_bucket or key.startswith(scope.hidden) or scope.rules.find(key) is None


class Candidates:
    """
    Candidates in a file without a name, which is gone when it is closed or the process ends, however that comes about.
    A context manager.

    A rule that never shows a key of its source deletes nothing: an empty source is more often a mistake than a wish.

    Args:
        rules: of the run; the lister names them by their place in it.
        limit: so many may be deleted. Once it is known that there are more, they are only counted. None: any number.
            Kept as ``limit``.
        keeps_all: keep them even so, to show them.
        folder: where the file is; None is the usual place for temporary files.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        scope: Scope,
        limit: int | None,
        *,
        keeps_all: bool = False,
        folder: str | None = None,
    ) -> None:
        self._rules = tuple(rules)
        self._scope = scope
        self.limit = limit
        self._keeps_all = keeps_all
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._totals: dict[int, Total] = {}
        self._sourced: set[int] = set()
        self._due = Total()
        self._reason = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """
        Forgets them and removes the file.
        """
        if self._file is not None:
            with suppress(OSError):  # what could not be written is not needed any more
                self._file.close()
            self._file = None

    def has_source(self, rule_index: int) -> None:
        """
        This rule has shown a key of its source.
        """
        if rule_index not in self._sourced:
            self._sourced.add(rule_index)
            self._due = self._due.plus(self._totals.get(rule_index, Total()))

    def add(self, rule_index: int, objects: Sequence[ObjectInfo]) -> None:
        """
        Takes objects of the destination, below the image of this rule, that the source lacks. Those that no run may
        delete are left out here, whoever names them.
        """
        rule, scope = self._rules[rule_index], self._scope
        found = [one for one in objects if is_deletable(one.key, rule, scope)]
        if not found:
            return
        before = self._totals.get(rule_index, Total())
        more = Total(len(found), sum(one.size for one in found))
        self._totals[rule_index] = before.plus(more)
        if rule_index in self._sourced:
            self._due = self._due.plus(more)
        if self._keeps_all or not (self._exceeds(before.objects) or self.is_over):
            self._keep(rule_index, found)

    def give_up(self, reason: str) -> None:
        """
        What the destination has too many cannot be known, for this reason: nothing may be deleted.
        """
        self._reason = self._reason or reason

    def _keep(self, rule_index: int, objects: Sequence[ObjectInfo]) -> None:
        if self._reason:
            return
        encoded = [(one.size, one.key.encode("utf-8", "surrogatepass")) for one in objects]
        data = b"".join(_RECORD.pack(rule_index, size, len(key)) + key for size, key in encoded)
        try:
            if self._file is None:
                # Nameless where the system has such files; else it is removed when it is closed.
                self._file = tempfile.TemporaryFile(buffering=_BUFFER, prefix="s3copy-", dir=self._folder)  # noqa: SIM115
            self._file.write(data)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.give_up(
            f"what is to be deleted cannot be kept in {self._folder or tempfile.gettempdir()} "
            f"({error.strerror or error}): make room there, or name another folder in TMPDIR"
        )

    def _exceeds(self, objects: int) -> bool:
        return self.limit is not None and objects > self.limit

    @property
    def total(self) -> Total:
        """
        What would be deleted.
        """
        return self._due

    @property
    def is_over(self) -> bool:
        """
        Whether there are more than may be deleted.
        """
        return self._exceeds(self._due.objects)

    def without_source(self) -> list[tuple[Rule, int]]:
        """
        The rules whose source is empty, with how many objects they leave where they are.
        """
        return [
            (self._rules[index], total.objects) for index, total in self._totals.items() if index not in self._sourced
        ]

    def check(self) -> None:
        """
        Raises FatalError where it is not known, for certain and in full, what would be deleted.
        """
        if self._file is not None and not self._reason:
            try:
                self._file.flush()
            except OSError as error:
                self._fail(error)
        if self._reason:
            raise FatalError(f"nothing was deleted: {self._reason}")

    def batches(self) -> Iterator[tuple[Candidate, ...]]:
        """
        What would be deleted, up to 1,000 at a time, in the order in which it came.

        Raises:
            FatalError: it cannot be read again.
        """
        self.check()
        kept = self._kept()
        while batch := tuple(islice(kept, BATCH)):
            yield batch

    def _kept(self) -> Iterator[Candidate]:
        if self._file is None:
            return
        try:
            self._file.seek(0)
            while head := self._file.read(_RECORD.size):
                rule_index, size, length = _RECORD.unpack(head)
                key = self._file.read(length)
                if rule_index in self._sourced:
                    yield Candidate(key.decode("utf-8", "surrogatepass"), size)
        except OSError as error:
            self._fail(error)
            self.check()


def tell_extras(candidates: Candidates, stretch: Stretch, sifter: Sifter, scope: Scope) -> None:
    """
    Tells what the destination has and the source lacks in a piece of the key space of which both sides are known in
    full. What filters leave out is neither lacking nor deleted; where the sifter is asked for what they exclude too
    (``whole``), it is as if the source had only what they select.
    """
    number, rule = stretch.place.number, stretch.place.rule
    held = stretch.chosen if sifter.whole else stretch.listed
    known = rule.dest_keys(scope.base, held.keys)
    if stretch.mapped.dest_keys or any(scope.leave_out(*pair) is None for pair in zip(held.keys, known, strict=True)):
        candidates.has_source(number)
    found = extras(stretch.there, known)
    candidates.add(number, found if sifter.whole else sifter.dest(found, rule, scope.base))
