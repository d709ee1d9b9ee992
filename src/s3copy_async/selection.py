"""
Turns the paths of a run into rules and work: pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from s3copy_async.errors import ConfigError
from s3copy_async.keys import Merged, Rule, folder, merge, path_rule
from s3copy_async.options import Selection

_KNOWN: Final[WeakKeyDictionary[Selection, Merged]] = WeakKeyDictionary()
"""The rules of a selection are asked for several times before a run begins, and there may be a million of them."""


@dataclass(frozen=True, slots=True)
class Work:
    """
    What a run has to list.

    Args:
        rules: prefixes, none of them inside another.
        folder: `files` and the lines of `files_from` are relative to it.
        files_from: path of a list of keys, ``-`` for standard input.
        exact_dest: the whole destination key for the one named file (``-T``, or a version).
        version: of the one named file; empty for the current one.
        inside: prefixes that were merged, each with the rule that it lies inside.
        root: the folder below which filters name objects; see `root_of`.
    """

    rules: tuple[Rule, ...] = ()
    folder: str = ""
    files: tuple[str, ...] = ()
    files_from: str | None = None
    exact_dest: str | None = None
    inside: tuple[tuple[Rule, Rule], ...] = ()
    version: str = ""
    root: str = ""


def work_of(selection: Selection) -> Work:
    """
    What a selection lists.

    Raises:
        ConfigError: paths that cannot be copied together.
    """
    if selection.exact_dest or selection.version_id:
        key = selection.source.path
        dest_key = selection.dest.path if selection.exact_dest else folder_of(selection.dest.path) + last_element(key)
        return Work(files=(key,), exact_dest=dest_key, version=selection.version_id)
    merged = rules_of(selection)
    base = folder(selection.source.path) if selection.named else ""
    root = root_of(selection)
    return Work(merged.kept, base, selection.files, selection.files_from, inside=merged.inside, root=root)


def root_of(selection: Selection) -> str:
    """
    The folder below which filters name objects: that of named keys and prefixes, or the one that the source path names
    or lies in. Every listed key begins with it.

    ===================  ==========================  ==========================
    source path          named: the folder of -f -p  else
    ===================  ==========================  ==========================
    empty, or ``*``      empty                       empty
    ``a/b``, ``a/b/``    ``a/b/``                    ``a/b/``
    ``a/b/*``            ``a/b/``                    ``a/b/``
    ``a/b*``             refused                     ``a/``
    ===================  ==========================  ==========================

    Raises:
        ValueError: the path is none that can be listed.
    """
    path = selection.source.path
    if selection.named:
        return folder(path)
    prefix = path_rule(path).prefix
    return prefix[: prefix.rfind("/") + 1]


def names_below(root: str, keys: Iterable[str]) -> list[str]:
    """
    What filters call `keys`: what follows `root`. The object whose key is the source path itself lies beside its folder
    and keeps its last element.
    """
    cut = len(root)
    return [key[cut:] if key.startswith(root) else last_element(key) for key in keys]


def rules_of(selection: Selection) -> Merged:
    """
    The prefixes of a selection, those inside another merged into it.

    Raises:
        ConfigError: two would write to the same place, or a path is none that can be listed.
    """
    if selection.exact_dest or selection.version_id:
        return Merged((), ())
    if found := _KNOWN.get(selection):
        return found
    path = selection.source.path
    try:
        if selection.named:
            parent = folder(path)
            rules = [path_rule(parent + prefix) for prefix in selection.prefixes or ()]
        else:
            rules = [path_rule(path)]
        found = _KNOWN[selection] = merge(rules, folder_of(selection.dest.path))
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return found


def last_element(key: str) -> str:
    """
    What a key is called in a folder that it is copied to, as with cp: what follows its last slash, or that before it.
    """
    return key[key.removesuffix("/").rfind("/") + 1 :]


def folder_of(path: str) -> str:
    """
    A destination path as a folder: empty, or with a slash at its end.
    """
    return path if not path or path.endswith("/") else path + "/"
