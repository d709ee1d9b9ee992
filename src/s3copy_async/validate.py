"""
What is wrong with the settings of a run, before anything is touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from s3copy_async.carry_rules import carry_problems
from s3copy_async.delete_rules import deletion_problems
from s3copy_async.errors import ConfigError
from s3copy_async.filter_rules import filter_problems, misplaced
from s3copy_async.grantees import PARAMETERS, grantee_header
from s3copy_async.keys import folder
from s3copy_async.options import (
    MAX_COPY,
    Access,
    Carry,
    Compare,
    Filter,
    Grant,
    Limits,
    ListVersion,
    Options,
    PartOptions,
    Selection,
    Verify,
)
from s3copy_async.parts import MAX_PART, MIN_PART
from s3copy_async.selection import rules_of
from s3copy_async.text import shown
from s3copy_async.uri import S3Uri, is_bucket, is_directory_bucket

_IS_ACCOUNT: Final = re.compile(r"[0-9]{12}").fullmatch
_HAS_SURROGATE: Final = re.compile("[\ud800-\udfff]").search
_STYLES: Final = ("auto", "path", "virtual")


class Problem(NamedTuple):
    """
    One thing that is wrong. `setting` is its path in `Options`, such as ``limits.permits``; `text` one line.
    """

    setting: str
    text: str


Settings = Options | Selection | Limits | PartOptions | Access | Grant | Carry | Filter


def validate(options: Options) -> None:
    """
    Checks all settings of a run.

    Raises:
        ConfigError: with every problem there is.
    """
    if found := [f"{problem.setting}: {problem.text}" for problem in problems(options)]:
        raise ConfigError(*found)


def problems(settings: Settings) -> Iterator[Problem]:
    """
    Everything that is wrong with `settings`.
    """
    match settings:
        case Options():
            yield from _all(settings)
        case Selection():
            yield from _selection(settings)
        case Limits():
            yield from _limits(settings)
        case PartOptions():
            yield from _parts(settings)
        case Access():
            yield from _access(settings)
        case Grant():
            yield from _grant(settings)
        case Carry():
            yield from (Problem(f"carry.{name}", text) for name, text in carry_problems(settings))
        case Filter():
            yield from (Problem(f"filter.{name}", text) for name, text in filter_problems(settings))


def _all(options: Options) -> Iterator[Problem]:
    yield from problems(options.selection)
    yield from problems(options.access)
    yield from problems(options.limits)
    yield from problems(options.parts)
    for access in (options.dest_access, options.dest_fallback):
        if access:
            yield from problems(access)
    for grant in options.grants:
        yield from problems(grant)
    yield from problems(options.carry)
    yield from problems(options.filter)
    yield from (Problem(f"filter.{name}", text) for name, text in misplaced(options.filter, options.selection))
    yield from _owners(options)
    if options.grants and options.carry.acl:
        yield Problem("carry.acl", "it excludes single grants: use one of the two")
    if options.verify is Verify.REQUIRED and options.compare in (Compare.SIZE, Compare.SIZE_TIME):
        yield Problem(
            "compare", f"{options.compare} is no proof, and verify=required asks for one: leave one of the two out"
        )
    yield from (Problem(f"deletion.{name}", text) for name, text in deletion_problems(options))
    if options.clean.older_than < 0:
        yield Problem("clean.older_than", "expected seconds, 0 or more")


def _owners(options: Options) -> Iterator[Problem]:
    owners, selection = options.owners, options.selection
    for setting, account in (("owners.source", owners.source), ("owners.dest", owners.dest)):
        if account is not None and not _IS_ACCOUNT(account):
            yield Problem(setting, f"{shown(account)!r} is no account id: expected 12 digits")
    shared = selection.source.bucket in (selection.dest.bucket, options.parts.work_bucket)
    if shared and owners.source and owners.dest and owners.source != owners.dest:
        yield Problem("owners.dest", "one bucket cannot belong to two accounts: give the same for both")


def _selection(selection: Selection) -> Iterator[Problem]:
    yield from _names("selection.files", selection.files)
    yield from _names("selection.prefixes", selection.prefixes or ())
    if _has_version(selection.dest):
        yield Problem("selection.dest", "a destination has no version: leave ?versionId= out")
    if selection.version_id:
        yield from _version(selection)
        return
    if selection.exact_dest:
        yield from _exact(selection)
        return
    if "*" in selection.dest.path:
        yield Problem("selection.dest", f"{shown(str(selection.dest))}: a destination is a folder: leave the * out")
    try:
        if selection.named:
            folder(selection.source.path)
    except ValueError as error:
        yield Problem("selection.source", shown(str(error)))
        return
    try:
        rules_of(selection)
    except ConfigError as error:
        yield Problem("selection.prefixes" if selection.prefixes else "selection.source", shown(str(error)))


def _has_version(place: S3Uri) -> bool:
    try:
        return bool(place.split_version()[1])
    except ValueError:
        return True


def _version(selection: Selection) -> Iterator[Problem]:
    key, setting = selection.source.path, "selection.version_id"
    if selection.named:
        yield Problem(setting, "it means one object: leave the keys, prefixes and lists out")
    elif not key or "*" in key:
        yield Problem(setting, "it means one object: give its key in the source, s3://bucket/key")
    if selection.exact_dest and not selection.dest.path:
        yield Problem("selection.exact_dest", "it needs a key in the destination: s3://bucket/key")
    yield from _names(setting, (selection.version_id,))


def _names(setting: str, values: tuple[str, ...]) -> Iterator[Problem]:
    for value in values:
        if not value:
            yield Problem(setting, "an empty key names nothing: leave it out")
        elif _HAS_SURROGATE(value):
            yield Problem(setting, f"{shown(value)}: not valid UTF-8, as S3 keys are")


def _exact(selection: Selection) -> Iterator[Problem]:
    if selection.named:
        yield Problem("selection.exact_dest", "it copies one object: leave the keys, prefixes and lists out")
    if not selection.source.path or not selection.dest.path:
        yield Problem("selection.exact_dest", "it needs a key in the source and in the destination: s3://bucket/key")


def _limits(limits: Limits) -> Iterator[Problem]:
    if limits.permits is not None and limits.permits < 1:
        yield Problem("limits.permits", "at least one request must be allowed: expected 1 or more")
    if limits.max_rate is not None and not limits.max_rate > 0:
        yield Problem("limits.max_rate", "expected requests per second, more than 0")
    if limits.retries < 0:
        yield Problem("limits.retries", "expected 0 or more")
    for name in ("retry_for", "grace"):
        if not getattr(limits, name) >= 0:
            yield Problem(f"limits.{name}", "expected seconds, 0 or more")
    if not 0 < limits.large_file <= MAX_COPY:
        yield Problem("limits.large_file", "S3 copies at most 5GiB at once: expected 1 byte to 5GiB")


def _parts(parts: PartOptions) -> Iterator[Problem]:
    if parts.size is not None and not MIN_PART <= parts.size <= MAX_PART:
        yield Problem("parts.size", "S3 parts have 5MiB to 5GiB: expected such a size, like 64MiB")
    if not parts.work_prefix.strip("/"):
        yield Problem("parts.work_prefix", "it must name a folder, such as temp")
    elif not parts.work_prefix.endswith("/") or parts.work_prefix.startswith("/"):
        yield Problem("parts.work_prefix", "it must end with a slash and not begin with one, such as temp/")
    if parts.work_bucket is not None and not is_bucket(parts.work_bucket):
        yield Problem("parts.work_bucket", f"{shown(parts.work_bucket)!r} is not a bucket name: give it without s3://")
    elif parts.work_bucket is not None and is_directory_bucket(parts.work_bucket):
        yield Problem("parts.work_bucket", "a directory bucket lists in no order, so no work can be found in it again")


def _access(access: Access) -> Iterator[Problem]:
    if access.endpoint_url is not None and endpoint_host(access.endpoint_url) is None:
        yield Problem(
            "access.endpoint_url", f"{shown(access.endpoint_url)!r} is not a URL such as https://s3.example.com"
        )
    if access.anonymous and (access.keys or access.profile):
        yield Problem("access.anonymous", "it excludes keys and profiles: use one of them")
    elif access.keys and access.profile:
        yield Problem("access.profile", "it excludes keys: use one of them")
    if access.list_version not in tuple(ListVersion):
        yield Problem("access.list_version", f"expected one of {', '.join(ListVersion)}")
    if access.addressing_style not in _STYLES:
        yield Problem("access.addressing_style", f"expected one of {', '.join(_STYLES)}")


def endpoint_host(url: str) -> str | None:
    """
    The host of an endpoint's URL; None where it is no ``http`` or ``https`` URL with a host.
    """
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme in ("http", "https") and parts.port != 0 else None
    except ValueError:
        return None


def _grant(grant: Grant) -> Iterator[Problem]:
    if grant.permission not in PARAMETERS:
        yield Problem("grants", f"{shown(grant.permission)!r} is not one of {', '.join(PARAMETERS)}")
    try:
        grantee_header(grant.grantee)
    except ValueError as error:
        yield Problem("grants", f"{shown(grant.grantee)!r}: {error}")
