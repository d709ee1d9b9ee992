"""
All settings of a run, as frozen values. Everything here was validated before it was built.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from s3copy_async.uri import S3Uri

MAX_COPY: Final = 5 * 1024**3
"""The largest object that one CopyObject takes: 5 GiB (S3 API, CopyObject)."""


SOURCE_MARK: Final = "\0"
"""Stands in `Display.failures_command` for what is known only at the end."""


MAX_DELETE: Final = 1000
"""So many objects a run deletes at most, unless it is told otherwise."""


_AT_FIRST: Final = 40
_AT_MOST: Final = 1024


class Transport(StrEnum):
    """
    What sends the requests. WIRE is the lean path of our own, AIOBOTOCORE does everything; AUTO is WIRE wherever
    nothing unusual is asked for.
    """

    AUTO = "auto"
    WIRE = "wire"
    AIOBOTOCORE = "aiobotocore"


class ListVersion(StrEnum):
    """
    Which version of the listing (S3 API: ListObjects, ListObjectsV2) stores are asked for. AUTO is the second, and the
    first for each bucket whose store shows that it knows no other.
    """

    AUTO = "auto"
    FIRST = "1"
    SECOND = "2"


class Progress(StrEnum):
    """
    How a run is shown.
    """

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


class Multipart(StrEnum):
    """
    How an object is copied in parts.

    STAGED makes temp and part objects first; DIRECT copies straight into the final upload; AUTO is DIRECT where temp
    objects would do harm (versioned, locked or replicated destination), else STAGED.
    """

    STAGED = "staged"
    DIRECT = "direct"
    AUTO = "auto"


class Compare(StrEnum):
    """
    What tells that a destination is its source already.

    AUTO takes the strongest there is: equal ETags, equal checksums of the full objects, the record of an earlier copy,
    and only where nothing can be compared, equal size and a destination written after its source. ETAG takes equal
    ETags alone, CHECKSUM looks at the checksums of every pair, SIZE and SIZE_TIME believe listings.
    """

    AUTO = "auto"
    ETAG = "etag"
    CHECKSUM = "checksum"
    SIZE = "size"
    SIZE_TIME = "size-time"


class Verify(StrEnum):
    """
    What a copy must show. REQUIRED fails objects for which only S3's own word or the size speaks.
    """

    AUTO = "auto"
    REQUIRED = "required"


class IfExists(StrEnum):
    """
    What to do where the destination holds another object under that key.
    """

    OVERWRITE = "overwrite"
    SKIP = "skip"
    FAIL = "fail"


KEEP: Final = "keep"
"""In `Carry`: what the source has."""


@dataclass(frozen=True, slots=True)
class Carry:
    """
    What copies get beside the bytes, where it is not what S3 gives them. Headers, user metadata and tags are the
    source's unless they are named here; what is named replaces single values and leaves the others.

    Args:
        storage_class: a class of S3's, `KEEP` for the source's, None for the destination's default.
        sse: ``AES256``, ``aws:kms`` or ``aws:kms:dsse``; None leaves it to the destination bucket.
        sse_kms_key_id: key for the latter two.
        acl: a canned ACL, `KEEP` for the source's grants, None for the owner alone.
        object_lock: also retention and legal hold of the source.
        metadata: user metadata, names in lower case.
        content_type, cache_control: the headers.
        tags: tags.
    """

    storage_class: str | None = None
    sse: str | None = None
    sse_kms_key_id: str | None = None
    acl: str | None = None
    object_lock: bool = False
    metadata: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None
    cache_control: str | None = None
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Owners:
    """
    The accounts (12 digits) that must own the two buckets; None asks for nothing.
    """

    source: str | None = None
    dest: str | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """
    One pair of keys. The secret and the token never appear in its repr.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Fallback:
    """
    Keys for when the user set nothing up, and the endpoint that belongs to them.
    """

    keys: Keys
    endpoint_url: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """
    Who signs, and where the requests go.

    Args:
        keys: use these and nothing else; None asks botocore's chain (environment, profile, SSO, ..., roles).
        fallback: used when the chain has nothing before container and instance roles (``~/.s3cfg``).
        profile: profile of the AWS configuration files.
        anonymous: do not sign at all.
        endpoint_url: None for AWS, or what botocore's own configuration says.
        region: the region to sign for until a bucket's own is known.
        ca_bundle: file of CA certificates instead of the usual ones.
        verify_tls: False accepts any certificate.
        addressing_style: ``auto``, ``path`` or ``virtual``; ``auto`` means path for endpoints other than AWS.
        request_payer: agree to pay for requests to buckets whose owner lets others pay.
        transport: what sends the requests.
        list_version: the version of the listing.
    """

    keys: Keys | None = None
    fallback: Fallback | None = None
    profile: str | None = None
    anonymous: bool = False
    endpoint_url: str | None = None
    region: str | None = None
    ca_bundle: str | None = None
    verify_tls: bool = True
    addressing_style: str = "auto"
    request_payer: bool = False
    transport: Transport = Transport.AUTO
    list_version: ListVersion = ListVersion.AUTO


def is_aws(endpoint_url: str | None) -> bool:
    """
    Whether requests go to Amazon itself, and not to a compatible store.
    """
    host = urlsplit(endpoint_url or "").hostname or ""
    return not endpoint_url or host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Selection:
    """
    What to copy and where to.

    Args:
        source: bucket and path; the path follows the rules of ``keys.path_rule``.
        dest: bucket and folder, or with `exact_dest` bucket and key.
        files: keys relative to the source path.
        prefixes: paths relative to the source path; None where none were asked for, which an empty list is not.
        files_from: a file of such keys, ``-`` for standard input.
        exact_dest: the source is one object and `dest` its whole new name.
        version_id: the source is one object, and this version of it is meant; empty for the current one.
    """

    source: S3Uri
    dest: S3Uri
    files: tuple[str, ...] = ()
    prefixes: tuple[str, ...] | None = None
    files_from: str | None = None
    exact_dest: bool = False
    version_id: str = ""

    @property
    def source_text(self) -> str:
        """
        The source as people write it, with its version.
        """
        return f"{self.source}?versionId={self.version_id}" if self.version_id else str(self.source)

    @property
    def named(self) -> bool:
        """
        Whether keys or prefixes are named, and the source path is only the folder that they are relative to.
        """
        return bool(self.files) or self.prefixes is not None or self.files_from is not None


class GlobKind(StrEnum):
    """
    What becomes of the objects whose names match.
    """

    INCLUDE = "include"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True)
class Glob:
    """
    One ``--include`` or ``--exclude``. What patterns mean is told in docs/filters.md.
    """

    kind: GlobKind
    pattern: str


def include(pattern: str) -> Glob:
    """
    A glob for objects that are wanted.
    """
    return Glob(GlobKind.INCLUDE, pattern)


def exclude(pattern: str) -> Glob:
    """
    A glob for objects that are left out.
    """
    return Glob(GlobKind.EXCLUDE, pattern)


@dataclass(frozen=True, slots=True)
class Filter:
    """
    Which of the listed objects are wanted: those that satisfy everything that is given.

    Args:
        globs: of those that match an object's name, the last decides. What matches none is wanted, unless the first is
            an include. Named keys know only these.
        min_size: bytes, inclusive.
        max_size: bytes, inclusive; None for no bound.
        newer_than: seconds since the epoch; only objects written later, and never those whose time is unknown.
        older_than: likewise; only objects written earlier.
        storage_classes: S3's names; empty for all. An object without a class is ``STANDARD``.
        limit: so many objects are copied at most, 1 or more; None for no limit. A check knows none.
    """

    globs: tuple[Glob, ...] = ()
    min_size: int = 0
    max_size: int | None = None
    newer_than: float | None = None
    older_than: float | None = None
    storage_classes: tuple[str, ...] = ()
    limit: int | None = None

    @property
    def is_on(self) -> bool:
        """
        Whether any object can be left out, the limit aside.
        """
        return self != Filter(limit=self.limit)


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Args:
        permits: S3 requests in flight at most, 1 or more; None begins with 40, and goes up to 1,024 while more of them
            get more done.
        max_rate: S3 requests that may begin in a second; None for no limit.
        retries: repeats after a copy came back with another ETag than its source's.
        retry_for: seconds that one request is repeated for without success.
        large_file: bytes above which an object is copied in parts, at most 5 GiB.
        grace: seconds that requests in flight may take to finish after the first interrupt.
    """

    permits: int | None = None
    max_rate: float | None = None
    retries: int = 3
    retry_for: float = 900.0
    large_file: int = MAX_COPY
    grace: float = 30.0

    @property
    def at_first(self) -> int:
        """
        S3 requests in flight at first.
        """
        return self.permits or _AT_FIRST

    @property
    def at_most(self) -> int:
        """
        S3 requests in flight at most.
        """
        return self.permits or _AT_MOST


@dataclass(frozen=True, slots=True)
class PartOptions:
    """
    How objects are copied in parts.

    Args:
        size: bytes of a part, 5 MiB to 5 GiB; None keeps the source's own, or 64 MiB where that is unknown.
        work_prefix: where work in progress is kept, with its trailing slash.
        work_bucket: the bucket that keeps it; None is the destination's.
        keep: leave temp and part objects when an object is done.
        method: whether there are such objects at all.
    """

    size: int | None = None
    work_prefix: str = "temp/"
    work_bucket: str | None = None
    keep: bool = True
    method: Multipart = Multipart.STAGED


@dataclass(frozen=True, slots=True)
class CleanOptions:
    """
    How a work area is cleaned.

    Args:
        older_than: seconds since anything in a folder was last written; younger folders are left alone.
        remove: False only shows what there is.
    """

    older_than: float = 0.0
    remove: bool = False


@dataclass(frozen=True, slots=True)
class Deletion:
    """
    Whether a copy also deletes what the source lacks, below where it copies to.

    Args:
        wanted: nothing is ever deleted without.
        at_most: where it would be more objects, none at all is deleted; 0 for no limit, None for 1,000.
        excluded: also what the filters of the run leave out.
    """

    wanted: bool = False
    at_most: int | None = None
    excluded: bool = False

    @property
    def limit(self) -> int | None:
        """
        The number of objects that may be deleted; None for any.
        """
        return (MAX_DELETE if self.at_most is None else self.at_most) or None


@dataclass(frozen=True, slots=True)
class Grant:
    """
    One ``--acl-grant``: READ, WRITE, READ_ACP, WRITE_ACP or FULL_CONTROL for an e-mail address, a canonical user id or
    the URI of a group.
    """

    permission: str
    grantee: str


@dataclass(frozen=True, slots=True)
class Display:
    """
    Args:
        verbosity: -1 quiet, 0 normal, 1 and more: a line per object.
        log_level: a name of the logging module, or None for no log.
        log_file: appended to; None logs to standard error.
        command: the command line that continues this run, without secrets; empty when used as a library.
        report: a file for one JSON line per object.
        failures: a file for the keys that failed, as ``-F`` reads them.
        html: a file for a page about the run, for people.
        removes: whether a clean removes what it finds.
        failures_command: the command line that copies only those; `SOURCE_MARK` stands for the folder they are in.
    """

    progress: Progress = Progress.AUTO
    verbosity: int = 0
    log_level: str | None = None
    log_file: str | None = None
    command: str = ""
    report: str | None = None
    failures: str | None = None
    html: str | None = None
    failures_command: str = ""
    removes: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """
    Everything that one run needs to know.

    Args:
        access: signs the listing of the source and every copy.
        dest_access: lists and looks up the destination instead of `access`, when given.
        dest_fallback: tried when `access` may not list the destination (the default ``~/.s3cfg`` beside ``-c FILE``).
        one_way: for a check: what only the destination has is no difference.
        parts: how large objects are copied.
        carry: what copies get beside the bytes.
        owners: whose the buckets must be.
        compare: what tells that a destination is its source already.
        verify: what a copy must show.
        if_exists: what to do where something else is in the way.
        deep: for a check: headers, metadata and tags too.
        filter: which of the objects of the selection.
        deletion: what the source lacks.
        warnings: said at the start, one line each.
    """

    selection: Selection
    access: Access = Access()
    dest_access: Access | None = None
    dest_fallback: Access | None = None
    limits: Limits = Limits()
    grants: tuple[Grant, ...] = ()
    parts: PartOptions = PartOptions()
    one_way: bool = False
    clean: CleanOptions = CleanOptions()
    carry: Carry = Carry()
    owners: Owners = Owners()
    compare: Compare = Compare.AUTO
    verify: Verify = Verify.AUTO
    if_exists: IfExists = IfExists.OVERWRITE
    deep: bool = False
    filter: Filter = Filter()
    deletion: Deletion = Deletion()
    warnings: tuple[str, ...] = ()
