"""
The whole exception tree.

::

    S3CopyError
      ConfigError            wrong usage                                    exit 2
      FatalError             the run cannot go on                           exit 1
        ListingError         a listing failed or cannot be trusted
        RunRefused           S3 refuses the caller or the bucket (also an S3Error)
      S3Error                one request failed
        TransientError       worth repeating
          Throttled          worth repeating, more slowly
          Conflict           another request was in the way
          BadAnswer          an answer that says success and proves nothing
        NotFound             no such key or version
        PreconditionFailed   a condition of the request does not hold
          SourceReplaced     a copy was made, and it may be of another version
        AccessDenied         this request is not allowed
        ObjectRefused        S3 will not do this for this object
        UploadGone           no such upload: completed, aborted, or never there
      Unproven               the answers do not prove a copy right
      Interrupted            the run ends before this object did
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from s3copy_async.text import harmless

UNREACHABLE: Final = "Unreachable"
"""Our code for a connection that could not be made: the request was never sent."""


class S3CopyError(Exception):
    """
    Base of every error this package raises on purpose.
    """


class ConfigError(S3CopyError):
    """
    Wrong usage: nothing was touched. Carries every problem found, one clear line each.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class FatalError(S3CopyError):
    """
    The run cannot go on. The same command continues once the cause is gone.
    """


class ListingError(FatalError):
    """
    A listing failed, or its pages break S3's rules: what it shows cannot be taken as complete.
    """


@dataclass(frozen=True, slots=True)
class Failure:
    """
    What is known of one failed request.

    Args:
        operation: the S3 operation, such as ``CopyObject``.
        code: S3's error code, or a name of ours for what never got an answer.
        status: HTTP status, 0 where there was no answer.
        message: S3's words, or the library's.
        request_id: ``x-amz-request-id``, which S3 support asks for; empty if unknown.
        extended_id: ``x-amz-id-2``; empty if unknown.
        maybe_done: the request may have had its effect although it failed.
        argument: the parameter of the request that S3 names (``ArgumentName``); empty where it names none.
    """

    operation: str
    code: str
    status: int = 0
    message: str = ""
    request_id: str = ""
    extended_id: str = ""
    maybe_done: bool = True
    argument: str = ""


class S3Error(S3CopyError):
    """
    One request failed. ``failure`` says how.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure

    @property
    def code(self) -> str:
        """
        S3's error code.
        """
        return self.failure.code

    def __str__(self) -> str:
        failure = self.failure
        words = f": {harmless(failure.message)}" if failure.message else ""
        return f"{failure.operation} failed with {harmless(failure.code)}{words}"


class TransientError(S3Error):
    """
    The request may succeed when it is repeated.
    """


class Throttled(TransientError):
    """
    S3 asks for fewer requests. It refused this one, so it had no effect.
    """


class Conflict(TransientError):
    """
    Another request on the same key was in the way.
    """


class BadAnswer(TransientError):
    """
    A success without its proof: no ETag, no ``IsTruncated``, not S3's XML.
    """


class NotFound(S3Error):
    """
    No such key, or no such version.
    """


class PreconditionFailed(S3Error):
    """
    A condition of the request, such as the pinned source, does not hold.
    """


class SourceReplaced(PreconditionFailed):
    """
    A copy was made, but the source is another version by now, and nothing tells which of them was copied.
    """


class AccessDenied(S3Error):
    """
    The caller may not do this.
    """


class ObjectRefused(S3Error):
    """
    S3 refuses this request for a reason that repeating cannot cure.
    """


class UploadGone(S3Error):
    """
    There is no such multipart upload: it was completed or aborted, or a lifecycle rule removed it.
    """


class Unproven(S3CopyError):
    """
    S3 answered, but its answers do not prove the copy right: `code` groups such failures, `reason` is one line.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Interrupted(S3CopyError):
    """
    The run is to end before this object is finished. What is durable stays, and the same command continues.
    """


class RunRefused(S3Error, FatalError):
    """
    S3 refuses the caller's credentials, the clock or the bucket: no request can succeed.
    """
