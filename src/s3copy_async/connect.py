"""
Opens the stores of a run, each behind its guards, and finds out where its buckets are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from s3copy_async.advice import with_remedy
from s3copy_async.errors import AccessDenied, FatalError, NotFound, ObjectRefused, S3Error
from s3copy_async.events import Emit, Notice
from s3copy_async.guards import Guarded, Meter, RetryPolicy
from s3copy_async.options import Access, Grant, Options
from s3copy_async.store import Store

_PERMISSIONS: Final = {
    "READ": "GrantRead",
    "WRITE": "GrantWrite",
    "READ_ACP": "GrantReadACP",
    "WRITE_ACP": "GrantWriteACP",
    "FULL_CONTROL": "GrantFullControl",
}

OpenStore = Callable[[Access, AsyncExitStack, int], Awaitable[Store]]
"""Makes a store for a set of credentials; the stack closes it, the number is how many requests it may run at once."""


@dataclass(frozen=True, slots=True)
class Stores:
    """
    Args:
        main: lists the source, and signs every copy.
        dest: may look at the destination, in the order of trying.
    """

    main: Guarded
    dest: tuple[Guarded, ...]


@dataclass(frozen=True, slots=True)
class Guards:
    """
    What all guarded stores of a run share.
    """

    permits: asyncio.Semaphore
    policy: RetryPolicy
    meter: Meter
    emit: Emit

    def around(self, store: Store) -> Guarded:
        """
        `store` behind the shared guards.
        """
        return Guarded(store, self.permits, self.policy, self.meter, self.emit)


async def connect(options: Options, guards: Guards, stack: AsyncExitStack, open_store: OpenStore) -> Stores:
    """
    Opens every store that `options` names, and looks both buckets up.

    Raises:
        FatalError: no credentials, no such bucket, or no answer.
    """

    async def opened(access: Access) -> Guarded:
        return guards.around(await open_store(access, stack, options.limits.permits))

    main = await opened(options.access)
    dest: tuple[Guarded, ...] = (main,)
    if options.dest_access:
        dest = (await opened(options.dest_access),)
    elif options.dest_fallback:
        dest = (main, await opened(options.dest_fallback))
    main.witness = dest[0]
    stores = Stores(main, dest)
    selection = options.selection
    await _find(selection.source.bucket, (main,), stores)
    work_bucket = options.parts.work_bucket or selection.dest.bucket
    for bucket in dict.fromkeys((selection.dest.bucket, work_bucket)):
        if bucket != selection.source.bucket:
            await _find(bucket, (main, *dest), stores)
    return stores


async def _find(bucket: str, askers: Sequence[Guarded], stores: Stores) -> None:
    """
    Finds the region of a bucket, once. Who may not list it is told nevertheless.
    """
    region: str | None = None
    for asker in dict.fromkeys(askers):
        try:
            info = await asker.head_bucket(bucket)
        except NotFound:
            raise FatalError(f"there is no bucket s3://{bucket}: check its name, or make the bucket first") from None
        except FatalError:
            raise
        except S3Error as error:
            raise FatalError(f"s3://{bucket} cannot be reached: {with_remedy(error)}") from error
        region = info.region
        if region or info.allowed:
            break
    if region:
        for store in {stores.main, *stores.dest}:
            store.set_region(bucket, region)


async def grant_parameters(grants: Sequence[Grant], store: Guarded, emit: Emit) -> tuple[tuple[str, str], ...]:
    """
    The parameters of ``--acl-grant``. They replace the default ACL, so the owner's own grant is among them.
    """
    if not grants:
        return ()
    grantees: dict[str, list[str]] = {}
    for grant in grants:
        grantees.setdefault(_PERMISSIONS[grant.permission], []).append(f'emailAddress="{grant.grantee}"')
    try:
        owner = await store.caller_id()
    except (AccessDenied, ObjectRefused):
        owner = ""
    if owner:
        grantees.setdefault("GrantFullControl", []).insert(0, f'id="{owner}"')
    else:
        words = "the owner's id is not to be had (s3:ListAllMyBuckets): the ACL of the copies names only the grantees"
        emit(Notice(words))
    return tuple((name, ", ".join(who)) for name, who in grantees.items())


async def open_s3(access: Access, stack: AsyncExitStack, permits: int) -> Store:
    """
    S3 through aiobotocore. Imported here, because it takes a quarter of a second that ``--help`` can do without.

    Raises:
        FatalError: there are no credentials.
    """
    from s3copy_async.s3.boto import BotoStore
    from s3copy_async.s3.session import Clients

    clients = await stack.enter_async_context(Clients(access, permits))
    await clients.describe()  # raises where there are none
    return BotoStore(clients)
