"""
Copies an object with one CopyObject, and compares the ETag that comes back.
"""

from __future__ import annotations

from s3copy_async.copying.job import CopyJob, copied, failed
from s3copy_async.model import CopyAnswer, CopyRequest, CopyResult, CopyTask, ObjectInfo, Proof


async def copy_whole(task: CopyTask, source: ObjectInfo, job: CopyJob) -> CopyResult:
    """
    Copies `source`, pinned by its ETag, again up to ``limits.retries`` times while another ETag comes back.

    Raises:
        PreconditionFailed: the source is no longer the one that was listed.
        NotFound: the source is gone.
        S3Error: the copy was refused, or patience ran out.
    """
    request = CopyRequest(
        job.source_bucket, source.key, source.etag, source.size, job.dest_bucket, task.dest_key, job.grants
    )
    answer = CopyAnswer("")
    for _ in range(job.limits.retries + 1):
        answer = await job.store.copy_object(request)
        if proof := _proof(source, answer):
            return copied(task, source, answer.etag, proof)
        # Either the bytes are wrong, or the comparison is: a look at the source tells.
        now = await job.store.head_object(job.source_bucket, source.key)
        if proof := _proof(now, answer):
            # A store that ignores the pinned ETag copied a newer version: whole, and proven.
            return copied(task, now, answer.etag, proof)
    return failed(
        task,
        "WrongETag",
        f"the copy came back with ETag {answer.etag} instead of {source.etag}, {job.limits.retries + 1} times; "
        "run the same command again",
    )


def _proof(source: ObjectInfo, answer: CopyAnswer) -> Proof | None:
    if answer.opaque or source.opaque:
        # No MD5 on one side: S3's own answer under a pinned source is what there is.
        return Proof.SERVER
    if answer.etag == source.etag or source.size == 0:
        return Proof.ETAG
    return None
