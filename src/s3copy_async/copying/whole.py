"""
Copies an object with one CopyObject, and compares what comes back with the source.
"""

from __future__ import annotations

from s3copy_async.copying.carry import class_lost, passed_over, tags_settled, whole_wishes, with_less
from s3copy_async.copying.exists import must_be_absent
from s3copy_async.copying.job import CopyJob, copied, failed
from s3copy_async.copying.known import Wishes
from s3copy_async.copying.pinned import still_the_same
from s3copy_async.copying.steps import contradict
from s3copy_async.errors import AccessDenied, Failure, ObjectRefused, PreconditionFailed, SourceReplaced
from s3copy_async.model import CopyAnswer, CopyRequest, CopyResult, CopyTask, ObjectInfo, Proof
from s3copy_async.options import IfExists, Verify


async def copy_whole(task: CopyTask, source: ObjectInfo, job: CopyJob) -> CopyResult:
    """
    Copies `source`, pinned by its ETag, again up to ``limits.retries`` times while other bytes come back.

    Raises:
        PreconditionFailed: the source is no longer the one that was listed, or something is there that must not be.
        NotFound: the source is gone.
        S3Error: the copy was refused, or patience ran out.
    """
    wishes = job.known.wishes or await whole_wishes(source, job)
    request = CopyRequest(
        job.source_bucket, source.key, source.etag, source.size, job.dest_bucket, task.dest_key, job.grants,
        wishes.metadata, wishes.settings, wishes.tags, source.version,
        job.if_exists is not IfExists.OVERWRITE and await must_be_absent(task, job),
    )  # fmt: skip
    answer = CopyAnswer("")
    for _ in range(job.limits.retries + 1):
        try:
            answer = await job.store.copy_object(request)
        except (AccessDenied, ObjectRefused) as error:
            answer, request, less = await _sent_with_less(request, error, job)
            wishes = wishes._replace(lost=wishes.lost + less)
        if proof := await _proof(source, answer, request, job):
            return await _settled(task, source, answer, proof, wishes, job)
        # Either the bytes are wrong, or the comparison is: a look at the source tells.
        now = await job.store.head_object(job.source_bucket, source.key, version=source.version)
        if proof := await _proof(now, answer, request, job):
            # A store that ignores the pinned ETag copied a newer version: whole, and proven.
            return await _settled(task, now, answer, proof, wishes, job)
        # What is there now is of our own making.
        request = request._replace(if_absent=False)
    times = f"{job.limits.retries + 1} times; run the same command again"
    if answer.opaque or source.opaque:
        return failed(task, "WrongChecksum", f"the copy came back with another checksum than its source's, {times}")
    return failed(task, "WrongETag", f"the copy came back with ETag {answer.etag} instead of {source.etag}, {times}")


async def _sent_with_less(
    request: CopyRequest, error: AccessDenied | ObjectRefused, job: CopyJob
) -> tuple[CopyAnswer, CopyRequest, tuple[str, ...]]:
    """
    The copy without what S3 may have refused it for, and what is lost by that.

    Raises:
        S3Error: that is not why.
    """
    refusal: AccessDenied | ObjectRefused = error
    lost: tuple[str, ...] = ()
    while less := with_less(request, refusal, job):
        request, what = less
        lost += (what,)
        try:
            answer = await job.store.copy_object(request)
        except (AccessDenied, ObjectRefused) as again:
            refusal = again
        else:
            if request.tags == ():
                job.known.tried_without_tags(helped=True)
            return answer, request, lost
    if request.tags == () and lost:
        job.known.tried_without_tags(helped=False)
    raise refusal


async def _proof(source: ObjectInfo, answer: CopyAnswer, request: CopyRequest, job: CopyJob) -> Proof | None:
    """
    What shows that the copy is `source`, None where it is not.
    """
    if not (answer.opaque or source.opaque):
        return Proof.ETAG if answer.etag == source.etag or source.size == 0 else None
    # No MD5 on one side: S3's own answer under a pinned source is what there is, unless more is asked for.
    if job.verify is not Verify.REQUIRED:
        return Proof.SERVER
    wanted, found = await _checksums(source, answer, request, job)
    if contradict(wanted, found):
        return None
    return Proof.CHECKSUM if wanted and wanted == found else Proof.SERVER


async def _checksums(source: ObjectInfo, answer: CopyAnswer, request: CopyRequest, job: CopyJob) -> tuple[str, str]:
    """
    The checksums of source and copy, empty where they are not to be had.

    Raises:
        PreconditionFailed: the source is another by now.
    """
    try:
        now = (await job.store.head_details(request.source_bucket, request.source_key, version=source.version)).info
    except (AccessDenied, ObjectRefused):
        return "", answer.checksum
    if now.etag != source.etag:
        raise PreconditionFailed(Failure("HeadObject", "PreconditionFailed", 412))
    if answer.checksum or not now.checksum:
        return now.checksum, answer.checksum
    try:
        there = (await job.store.head_details(request.dest_bucket, request.dest_key)).info
    except (AccessDenied, ObjectRefused):
        return now.checksum, ""
    return now.checksum, there.checksum


async def _settled(
    task: CopyTask, source: ObjectInfo, answer: CopyAnswer, proof: Proof, wishes: Wishes, job: CopyJob
) -> CopyResult:
    """
    The result of a copy that is there.

    Raises:
        SourceReplaced: nothing but a pin spoke for it, which this store ignores, and the source is another by now.
    """
    if proof is Proof.SERVER and job.verify is Verify.REQUIRED:
        return failed(task, "Unproven", "copied, but only the store's own word for it: --verify required")
    if proof is Proof.SERVER and not await job.probe.pins() and not await still_the_same(source, job):
        raise SourceReplaced(Failure("HeadObject", "PreconditionFailed", 412))
    bucket, key, lost = job.dest_bucket, task.dest_key, wishes.lost
    if await class_lost(source, bucket, key, job):
        lost += ("storage class",)
    if wishes.tags:
        lost += await tags_settled(bucket, key, wishes.tags, job)
    if wishes.settings:
        lost += await passed_over(bucket, key, wishes.settings, job)
    return copied(task, source, answer.etag, proof, lost)
