"""
What a comparison of two places hands out: pieces of the key space, of which it is known what both sides hold; and what
is to be done with them.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from s3copy_async.columns import Columns
from s3copy_async.compare import Mapped, Scope, sort_out
from s3copy_async.errors import AccessDenied, FatalError
from s3copy_async.events import Emit
from s3copy_async.keys import Rule, place_of
from s3copy_async.sifting import EVERYTHING, Sifter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where the keys of one rule are listed, on both sides.

    Args:
        number: of the rule among those of the run.
        prefix: to list: the rule's, or one below that.
        exact: the key that belongs too although no prefix covers it; only one place of a rule has it.
    """

    number: int
    rule: Rule
    prefix: str
    exact: str | None = None


class Stretch(NamedTuple):
    """
    What both sides hold of a piece of the key space.

    Args:
        listed: everything that the source holds there.
        chosen: those that the filters select.
        mapped: those of them that are sources of the run.
        there: what the destination holds of `mapped`, or everything it holds there where that was asked for.
    """

    place: Place
    listed: Columns
    chosen: Columns
    mapped: Mapped
    there: Columns

    def split(self, dest_key: str, base: str) -> tuple[Stretch, Stretch]:
        """
        What of the source goes up to this key of the destination, and the rest.
        """
        place, listed, chosen, mapped, there = self
        at, picked = (place_of(place.rule.dest_keys(base, some.keys), dest_key) for some in (listed, chosen))
        to = place_of(mapped.dest_keys, dest_key)
        first, rest = (Mapped(mapped.objects[some], mapped.dest_keys[some]) for some in (slice(to), slice(to, None)))
        return (
            Stretch(place, listed[:at], chosen[:picked], first, there),
            Stretch(place, listed[at:], chosen[picked:], rest, there),
        )


@dataclass(frozen=True, slots=True)
class Plan(Generic[T]):
    """
    What is done with what is listed.

    Args:
        scope: which of the objects that are listed are sources of the run, and where they go.
        emit: told what was listed, and what of it was left out.
        digest: what a piece of the key space comes to; None for nothing.
        exact: what the one object comes to whose key is the path itself, beside which there is a folder of that name.
        denied: the error to raise where a side may not be listed that must be.
        sifter: which of the objects that are listed are wanted.
        every: everything that the destination holds is wanted, and not only what the source has too.
    """

    scope: Scope
    emit: Emit
    digest: Callable[[Stretch], T | None]
    exact: Callable[[Place], Coroutine[Any, Any, T | None]]
    denied: Callable[[Place, AccessDenied], FatalError]
    sifter: Sifter = EVERYTHING
    every: bool = False

    def sorted_out(self, place: Place, objects: Columns) -> tuple[Columns, Mapped]:
        """
        Of objects that were listed, those that the filters select, and those of these that are sources of the run.
        """
        chosen = self.sifter.source(objects, self.emit)
        return chosen, sort_out(chosen, place.rule, self.scope, self.emit)

    def places(self, rules: Iterable[Rule]) -> Iterator[Place]:
        """
        What is listed for these rules.
        """
        for number, rule in enumerate(rules):
            exact = rule.exact
            prefixes = self.sifter.prefixes(rule)
            if not prefixes and exact and self.sifter.sieve.prefixes():
                # The names that are wanted are too long to lie below it, but this one may be wanted.
                prefixes = (rule.prefix,)
            for prefix in prefixes:
                yield Place(number, rule, prefix, exact)
                exact = None
