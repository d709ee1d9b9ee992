"""
Where a copy may delete what the source lacks: pure functions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from s3copy_async.errors import ConfigError
from s3copy_async.keys import Rule, RuleIndex, hidden_prefixes
from s3copy_async.options import IfExists, Options, Selection
from s3copy_async.selection import folder_of, rules_of
from s3copy_async.text import shown

_ALIASES: Final = ("-s3alias", "--xa-s3", "--ol-s3", "--op-s3")
"""Ends of the names of access points: of buckets, directory buckets, Object Lambda and Outposts."""


def deletion_problems(options: Options) -> Iterator[tuple[str, str]]:
    """
    What is wrong with the deletion that `options` ask for: the name of a setting of `options.Deletion`, and one line.
    """
    deletion, selection = options.deletion, options.selection
    if deletion.at_most is not None and deletion.at_most < 0:
        yield "at_most", "expected 0 or more objects; 0 is no limit"
    if not deletion.wanted:
        needs = "it belongs to --delete: ask for that too, or leave it out"
        if deletion.at_most is not None:
            yield "at_most", needs
        if deletion.excluded:
            yield "excluded", needs
        return
    if selection.files or selection.files_from is not None:
        yield "wanted", "single keys (-f, -F) do not tell what the source lacks: name folders or prefixes"
    if selection.exact_dest:
        yield "wanted", "one object (-T) does not tell what the source lacks: copy a folder"
    if selection.version_id:
        yield "wanted", "one version of one object does not tell what the source lacks: copy a folder"
    if options.filter.limit is not None:
        yield "wanted", "a run that ends early (--limit) does not tell what the source lacks: leave one of the two out"
    if options.if_exists is IfExists.SKIP:
        yield "wanted", "objects that are kept (--if-exists skip) may be in the way of what was renamed: leave one out"
    yield from _overlap(selection)


def _overlap(selection: Selection) -> Iterator[tuple[str, str]]:
    source, dest = selection.source.bucket, selection.dest.bucket
    if source != dest and not (_is_access_point(source) or _is_access_point(dest)):
        return
    base = folder_of(selection.dest.path)
    try:
        rules = rules_of(selection).kept
    except (ConfigError, ValueError):
        return  # it is the selection's problem, and said there
    # Whether an access point leads to the other bucket is not known; then nothing of the source would be hidden.
    hidden = hidden_prefixes(rules, base) if source == dest else ()
    if found := endangered(rules, base, hidden):
        image, prefix = f"s3://{dest}/{shown(found[0])}", f"s3://{source}/{shown(found[1])}"
        may = "lie" if source == dest else "may lie"
        yield "wanted", f"{image} and the source {prefix} {may} inside one another: copy to a folder apart from that"


def _is_access_point(bucket: str) -> bool:
    return bucket.startswith("arn:") or bucket.endswith(_ALIASES)


def endangered(rules: Sequence[Rule], base: str, hidden: tuple[str, ...]) -> tuple[str, str] | None:
    """
    Within one bucket: a place that a rule writes to and a source prefix of which one covers the other, if there are
    such. A destination below the source is none where all of it is `hidden` from the source (`keys.hidden_prefixes`).
    """
    prefixes = sorted(rule.prefix for rule in rules)
    index = RuleIndex(rules)
    for rule in rules:
        image = rule.image(base)
        at = bisect_left(prefixes, image)
        if at < len(prefixes) and prefixes[at].startswith(image):
            return image, prefixes[at]
        if not image.startswith(hidden) and (around := index.find(image)):
            return image, around.prefix
    return None
