"""
Opens the stores of a run, each behind its guards, and finds out where its buckets are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import NamedTuple

from s3copy_async.advice import with_remedy
from s3copy_async.errors import AccessDenied, FatalError, NotFound, ObjectRefused, S3Error
from s3copy_async.events import Emit, Notice
from s3copy_async.flow import Flow
from s3copy_async.grantees import grant_headers, grantee_header
from s3copy_async.guards import Guarded
from s3copy_async.model import BucketInfo
from s3copy_async.options import Access, Grant, Options, Transport
from s3copy_async.patience import Meter, RetryPolicy
from s3copy_async.store import Store

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

    @property
    def all(self) -> tuple[Guarded, ...]:
        """
        Every store once.
        """
        return tuple(dict.fromkeys((self.main, *self.dest)))


class Owner(NamedTuple):
    """
    The account that must own a bucket, and the option that says so.
    """

    account: str
    option: str


@dataclass(frozen=True, slots=True)
class Guards:
    """
    What all guarded stores of a run share.
    """

    flow: Flow
    policy: RetryPolicy
    meter: Meter
    emit: Emit

    def around(self, store: Store) -> Guarded:
        """
        `store` behind the shared guards.
        """
        return Guarded(store, self.flow, self.policy, self.meter, self.emit)


async def connect(options: Options, guards: Guards, stack: AsyncExitStack, open_store: OpenStore) -> Stores:
    """
    Opens every store that `options` names, and looks both buckets up.

    Raises:
        FatalError: no credentials, no such bucket, or no answer.
    """

    async def opened(access: Access) -> Guarded:
        return guards.around(await open_store(access, stack, options.limits.at_most))

    main = await opened(options.access)
    dest: tuple[Guarded, ...] = (main,)
    if options.dest_access:
        dest = (await opened(options.dest_access),)
    elif options.dest_fallback:
        dest = (main, await opened(options.dest_fallback))
    main.witness = dest[0]
    stores = Stores(main, dest)
    selection = options.selection
    owners = owners_of(options)
    for bucket, owner in owners.items():
        for store in stores.all:
            store.set_owner(bucket, owner.account)
    await _find(selection.source.bucket, (main,), stores, owners.get(selection.source.bucket), guards.emit)
    work_bucket = options.parts.work_bucket or selection.dest.bucket
    for bucket in dict.fromkeys((selection.dest.bucket, work_bucket)):
        if bucket != selection.source.bucket:
            await _find(bucket, (main, *dest), stores, owners.get(bucket), guards.emit)
    return stores


def owners_of(options: Options) -> dict[str, Owner]:
    """
    Whose each bucket must be. The work area belongs to the destination's owner.
    """
    found: dict[str, Owner] = {}
    selection, owners = options.selection, options.owners
    if owners.dest:
        expected = Owner(owners.dest, "--expected-dest-owner")
        found = dict.fromkeys((options.parts.work_bucket or selection.dest.bucket, selection.dest.bucket), expected)
    if owners.source:
        found[selection.source.bucket] = Owner(owners.source, "--expected-source-owner")
    return found


async def _find(bucket: str, askers: Sequence[Guarded], stores: Stores, owner: Owner | None, emit: Emit) -> None:
    """
    Finds the region of a bucket, once. Who may not list it is told nevertheless.
    """
    region: str | None = None
    for asker in dict.fromkeys(askers):
        info = await _asked(bucket, asker)
        region = region or info.region
        if info.allowed:
            break
        if owner:
            await _check_owner(bucket, owner, asker)
        elif region:
            break
    else:
        if owner:
            hint = f"if access is denied, it may be that account {owner.account} ({owner.option}) does not own it"
            emit(Notice(f"s3://{bucket} may not be listed with these credentials: {hint}"))
    if region:
        for store in stores.all:
            store.set_region(bucket, region)


async def _asked(bucket: str, asker: Guarded) -> BucketInfo:
    try:
        return await asker.head_bucket(bucket)
    except NotFound:
        raise FatalError(f"there is no bucket s3://{bucket}: check its name, or make the bucket first") from None
    except FatalError:
        raise
    except S3Error as error:
        raise FatalError(f"s3://{bucket} cannot be reached: {with_remedy(error)}") from error


async def _check_owner(bucket: str, owner: Owner, asker: Guarded) -> None:
    """
    Raises FatalError where a bucket may be listed as soon as nobody in particular must own it.
    """
    asker.set_owner(bucket, "")
    info = await _asked(bucket, asker)
    asker.set_owner(bucket, owner.account)
    if info.allowed:
        raise FatalError(
            f"s3://{bucket} does not belong to account {owner.account} ({owner.option}): check the name of the bucket, "
            "and whose it is"
        )


async def grant_parameters(grants: Sequence[Grant], store: Guarded, emit: Emit) -> tuple[tuple[str, str], ...]:
    """
    The parameters of ``--acl-grant``. They replace the default ACL, so the owner's own grant is among them.
    """
    if not grants:
        return ()
    found = [(grant.permission, grantee_header(grant.grantee)) for grant in grants]
    try:
        owner = await store.caller_id()
    except (AccessDenied, ObjectRefused):
        owner = ""
    if owner:
        found.insert(0, ("FULL_CONTROL", f'id="{owner}"'))
    else:
        words = "the owner's id is not to be had (s3:ListAllMyBuckets): the ACL of the copies names only the grantees"
        emit(Notice(words))
    return grant_headers(found)


class OpenS3:
    """
    Opens S3 stores: over the wire store where nothing forbids it, else through aiobotocore.

    Args:
        say: told when a bucket is served by aiobotocore after all, or listed by version 1, in one line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    async def __call__(self, access: Access, stack: AsyncExitStack, at_most: int) -> Store:
        """
        A store for a set of credentials. Imports here, because botocore takes a quarter of a second that ``--help`` can
        do without.

        Raises:
            FatalError: there are no credentials.
        """
        from s3copy_async.s3.session import Clients

        clients = await stack.enter_async_context(Clients(access, at_most))
        await clients.describe()  # raises where there are none
        from s3copy_async.s3.versions import Versions

        listings = Versions(access.list_version, self._say)
        if access.transport is Transport.AIOBOTOCORE:
            from s3copy_async.s3.boto import BotoStore

            return BotoStore(clients, listings)
        from s3copy_async.s3.wire import WireStore

        store = WireStore(clients, self._say, listings, forced=access.transport is Transport.WIRE)
        stack.callback(store.close)
        return store


async def open_s3(access: Access, stack: AsyncExitStack, at_most: int) -> Store:
    """
    An S3 store whose choices nobody hears of.

    Raises:
        FatalError: there are no credentials.
    """
    return await OpenS3(lambda _: None)(access, stack, at_most)
