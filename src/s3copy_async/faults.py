"""
Classifies what S3 answers: by error code, rarely by status, never by text.

Sources: Amazon S3 API reference, "Error responses"; the codes that compatible stores add.
"""

from __future__ import annotations

from typing import Final

from s3copy_async.errors import (
    AccessDenied,
    Conflict,
    Failure,
    NotFound,
    ObjectRefused,
    PreconditionFailed,
    RunRefused,
    S3Error,
    Throttled,
    TransientError,
    UploadGone,
)

_THROTTLED: Final = (
    "SlowDown",
    "SlowDownRead",
    "SlowDownWrite",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "BandwidthLimitExceeded",
)
_TRANSIENT: Final = (
    "InternalError",
    "InternalServerError",
    "InternalFailure",
    "RequestTimeout",
    "RequestTimeoutException",
    "IncompleteBody",
    "BadGateway",
    "GatewayTimeout",
)
_REFUSED_RUN: Final = (
    "AccountProblem",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "ExpiredTokenException",
    "IllegalLocationConstraintException",
    "InvalidAccessKeyId",
    "InvalidBucketName",
    "InvalidSecurity",
    "InvalidToken",
    "NoSuchBucket",
    "NotSignedUp",
    "PermanentRedirect",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
)

ARCHIVED: Final = ("InvalidObjectState", "ObjectNotInActiveTierError")
"""What S3 says of an object that has to be restored before it can be copied; repeating cannot cure it."""
SWITCHED: Final = "Switched"
"""Our code for a request that is repeated in another way, at once: by aiobotocore, or by another version."""
ARCHIVE_CLASSES: Final = ("GLACIER", "DEEP_ARCHIVE")
"""Storage classes of such objects. A restored one keeps its class, so the class alone does not tell."""

BY_CODE: Final[dict[str, type[S3Error]]] = {
    **dict.fromkeys(_THROTTLED, Throttled),
    **dict.fromkeys(_TRANSIENT, TransientError),
    **dict.fromkeys(_REFUSED_RUN, RunRefused),
    **dict.fromkeys(("ConditionalRequestConflict", "OperationAborted"), Conflict),
    **dict.fromkeys(("NoSuchKey", "NoSuchVersion", "NotFound"), NotFound),
    "NoSuchUpload": UploadGone,
    "PreconditionFailed": PreconditionFailed,
    **dict.fromkeys(("AccessDenied", "Forbidden"), AccessDenied),
    **dict.fromkeys(("NotImplemented", *ARCHIVED), ObjectRefused),
}
# A HEAD has no body, so botocore gives the status as the code; proxies in between answer in HTML.
BY_STATUS: Final[dict[int, type[S3Error]]] = {
    403: AccessDenied,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    429: Throttled,
    501: ObjectRefused,
    503: Throttled,
}


def classify(code: str, status: int) -> type[S3Error]:
    """
    The kind of error behind S3's `code` (the status in digits where S3 gave none) and HTTP `status`.

    A known code decides alone: S3 sends ``AccessDenied`` inside a 200, which botocore calls a 500. The status decides
    only where there is no code of S3's at all.
    """
    if found := BY_CODE.get(code):
        return found
    if not (code.isascii() and code.isdigit()):
        return TransientError if status >= 500 and status != 501 else ObjectRefused
    number = int(code)
    return BY_STATUS.get(number, TransientError if number >= 500 or number < 300 else ObjectRefused)


def error_for(failure: Failure) -> S3Error:
    """
    The exception that `failure` is raised as.
    """
    return classify(failure.code, failure.status)(failure)
