"""
The ranges of keys that are still to be listed, and where to cut them: no requests, only decisions.

A range is half open, (after, until]; all of them tile what is below their prefix. A cut is tried by a probe: a full
page that starts after a guess. Where it finds keys of the range, it is the first page of a range of its own. Where it
finds none, there is nothing to guess behind it any more; the range still goes to its own end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from s3copy_async.guess import Alphabet, beyond, common, middle
from s3copy_async.keys import in_bytes

_LEAP: Final = 8
_FEW: Final = 3.0
"""A range with fewer pages to go, as far as can be told, is not worth a cut."""
_SHARE: Final = 0.12
"""So many pages more than a serial listing needs may be asked for, as a share of those that it needs."""
_AT_LEAST: Final = 100
"""Pages on each side for which that is granted in advance."""
_TRUSTED: Final = 0.5
_AHEAD: Final = 5.0
_EARLY: Final = 150
"""That share of the pages that seem to come is counted on, but not more than so many times those that have come, nor
more than so many. Without it, it would take long until there are many lanes."""
_SEAM: Final = 0.8
_TRIED: Final = 8
"""What a cut costs, as long as not many have been seen through: between nothing and one page, which two ranges share. A
half on the average, but a whole one where pages end where ranges do."""
_FIRST: Final = 2
"""Pages below a prefix that are listed one after the other: most prefixes have no more."""


@dataclass(eq=False, slots=True)
class Root:
    """
    A prefix whose keys are listed.

    Args:
        pages: of the source, that have come so far.
    """

    prefix: str
    alphabet: Alphabet = field(default_factory=Alphabet)
    pages: int = 0


@dataclass(eq=False, slots=True)
class Span:
    """
    A range of keys that is being listed from its start on.

    Args:
        after: up to here everything is listed, or belongs to another range.
        end: the last key that may belong, on whatever side; None for the end of the prefix.
        until: the source had no more keys of this range behind this one; None where that is `end`. Only guesses
            rest on it.
        first: of the last page, by which its density is told.
        alive: a cut of `after` at this depth, or deeper, may find keys.
        dead: a cut at this depth finds none.
        leap: how much less deep the next cut is tried at most.
        is_known: whether there are keys up to the very end, so that the middle is a good guess.
        is_probed: whether a probe is under way.
        left: an estimate of how many pages there are to go, by what characters there may be.
        sure: a more careful one, by those that have been seen; 0 where it is not known whether there are any.
    """

    root: Root
    after: str
    end: str | None = None
    until: str | None = None
    first: str = ""
    alive: int = -1
    dead: int = -1
    leap: int = _LEAP
    is_known: bool = False
    is_probed: bool = False
    left: float = 0.0
    sure: float = 0.0

    def came(self, first: str, last: str) -> None:
        """
        The next page of this range has come.
        """
        self.first, self.after = first, last
        if self.until is not None and in_bytes(last) > in_bytes(self.until):
            # There was nothing behind it when that was found out.
            self.until, self.dead, self.is_known = self.end, -1, False
        self._estimate()
        if not self.is_known:
            varies = common(first, last)
            self.alive = varies if self.alive < 0 else min(varies, self.alive)

    def _estimate(self) -> None:
        alphabet, until = self.root.alphabet, self.until
        same = common(self.first, until) if until is not None else len(self.root.prefix)
        first, last, end = (alphabet.number(key, same) for key in (self.first, self.after, until))
        self.left = (end - last) / (last - first) if last > first else float("inf")
        self.sure = 0.0
        if self.is_known:
            first, last, end = (alphabet.measure(key, same) for key in (self.first, self.after, until))
            self.sure = (end - last) / (last - first) if last > first else 0.0

    def guess(self) -> tuple[str, int] | None:
        """
        Where to cut, and the depth of that cut or -1; None where no place is known.
        """
        root = self.root
        if not self.is_known:
            least = max(self.dead + 1, len(root.prefix))
            depth = max((self.alive + least) // 2, self.alive - self.leap)
            while least <= depth < self.alive:
                if found := beyond(self.after, depth, self.until, root.alphabet):
                    return found, depth
                # Nothing can follow there, so nothing can follow a cut that is less deep.
                self.dead = depth
                least, depth = depth + 1, depth + 1
        found = middle(self.after, self.until, root.prefix, root.alphabet)
        return (found, -1) if found else None

    def cut(self, guess: str, depth: int) -> Span:
        """
        Ends at `guess`, behind which there are keys of this range; returns the range of those.
        """
        rest = Span(self.root, guess, self.end, self.until, dead=self.dead, is_known=self.is_known)
        if depth >= 0:
            rest.alive, rest.leap = depth, 2 * self.leap
            rest.is_known = depth <= max(self.dead + 1, len(self.root.prefix))
        self.end = self.until = guess
        self.is_known = True
        self._estimate()
        return rest

    def shorten(self, guess: str, depth: int) -> None:
        """
        Ends at `guess` as far as the source goes, which has no keys behind it.
        """
        self.until = guess
        same = common(self.after, guess)
        if depth < 0 and self.is_known:
            self.is_known, self.alive, self.leap = False, common(self.first, self.after), _LEAP
        self.dead = max(self.dead, depth if depth >= 0 else same - 1)
        self._estimate()


def _left(span: Span) -> float:
    return span.left


class Cutter:
    """
    Decides which range is cut next, so that not many more pages are asked for than a serial listing would.
    """

    def __init__(self) -> None:
        self.spans: set[Span] = set()
        self.pages = 0
        self.wasted = 0.0
        self._seams = 0
        self._shared = 0.0

    def saw_seam(self, shared: float) -> None:
        """
        A range has come to its end, and so much of its last page belonged to the next.
        """
        self._seams += 1
        self._shared += shared
        self.wasted += shared

    def choose(self, others: int) -> tuple[Span, str, int] | None:
        """
        A range, where to cut it, and how deep; None where none is worth it or nothing more may be wasted.

        Args:
            others: pages of the destination that have come so far.
        """
        # Where the destination has much to list too, a cut costs a seam there as well.
        sides = 2 if others > self.pages // 4 else 1
        seams = max(0, len(self.spans) - len({id(span.root) for span in self.spans})) + 1
        seams += sum(span.is_probed for span in self.spans)
        to_come = min(sum(span.sure for span in self.spans) * _TRUSTED, _AHEAD * self.pages, _EARLY)
        pages = max(self.pages - self.wasted + to_come, _AT_LEAST) * sides
        each = (_SEAM * _TRIED + self._shared) / (_TRIED + self._seams)
        if (self.wasted + each * seams) * sides > _SHARE * pages:
            return None
        ripe = [span for span in self.spans if not span.is_probed and span.root.pages >= _FIRST and span.first]
        for span in sorted(ripe, key=_left, reverse=True):
            if span.left < _FEW:
                return None
            if found := span.guess():
                return span, *found
        return None
