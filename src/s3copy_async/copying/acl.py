"""
The source's grants for its copy.
"""

from __future__ import annotations

from typing import Final

from s3copy_async.copying.job import CopyJob
from s3copy_async.errors import AccessDenied, ObjectRefused
from s3copy_async.grantees import PARAMETERS, grant_headers
from s3copy_async.model import ObjectInfo, Pairs
from s3copy_async.options import KEEP

LOST: Final = "ACL"
_NAMES: Final = frozenset({"ACL", *PARAMETERS.values()})


def canned(job: CopyJob) -> Pairs:
    """
    The canned ACL that was asked for.
    """
    acl = job.carry.acl
    return (("ACL", acl),) if acl not in (None, KEEP) else ()


def canned_for_work(job: CopyJob) -> Pairs:
    """
    The same for temp and part objects, where it is about the owner of the bucket: the work area is no place for what
    is meant for the public.
    """
    return tuple(pair for pair in canned(job) if pair[1].startswith("bucket-owner-"))


async def kept(source: ObjectInfo, job: CopyJob) -> tuple[Pairs, tuple[str, ...]]:
    """
    The source's grants as parameters, and what of them is lost. The owner's own become the caller's, who owns the copy;
    where nobody else has any, nothing is sent.

    Raises:
        S3Error: the source cannot be looked up.
    """
    if job.carry.acl != KEEP:
        return (), ()
    try:
        acl = await job.store.get_acl(job.source_bucket, source.key, version=source.version)
    except (AccessDenied, ObjectRefused) as error:
        job.say_once(f"ACLs cannot be read ({error}): {LOST}s are not carried over")
        return (), (LOST,)
    owner = f'id="{acl.owner}"'
    if all(who == owner for _, who in acl.grants):
        return (), ()
    if job.known.refuses_acls:
        return (), (LOST,)
    caller = await _caller(job)
    mine = f'id="{caller}"' if caller else ""
    grants = ((permission, mine if who == owner else who) for permission, who in acl.grants)
    return grant_headers((permission, who) for permission, who in grants if permission in PARAMETERS and who), ()


async def _caller(job: CopyJob) -> str:
    known = job.known
    async with known.asking:
        if known.caller is None:
            try:
                known.caller = await job.store.caller_id()
            except (AccessDenied, ObjectRefused):
                known.caller = ""
                job.say_once("your own id is not to be had (s3:ListAllMyBuckets): kept ACLs name only the others")
    return known.caller


def without_acl(settings: Pairs) -> Pairs | None:
    """
    The settings without any ACL, None where there is none among them.
    """
    left = tuple(pair for pair in settings if pair[0] not in _NAMES)
    return left if len(left) < len(settings) else None
