"""
The classes of S3's errors.
"""

from __future__ import annotations

import pytest

from s3copy_async.advice import REMEDIES, remedy, with_remedy
from s3copy_async.errors import (
    AccessDenied,
    Conflict,
    Failure,
    FatalError,
    NotFound,
    ObjectRefused,
    PreconditionFailed,
    RunRefused,
    S3Error,
    Throttled,
    TransientError,
)
from s3copy_async.faults import BY_CODE, classify, error_for


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("SlowDown", 503, Throttled),
        ("SlowDown", 200, Throttled),
        ("TooManyRequests", 429, Throttled),
        ("RequestLimitExceeded", 400, Throttled),
        ("InternalError", 500, TransientError),
        ("InternalError", 200, TransientError),
        ("RequestTimeout", 400, TransientError),
        ("NoSuchKey", 404, NotFound),
        ("NoSuchVersion", 404, NotFound),
        ("PreconditionFailed", 412, PreconditionFailed),
        ("OperationAborted", 409, Conflict),
        ("ConditionalRequestConflict", 409, Conflict),
        ("AccessDenied", 403, AccessDenied),
        ("AccessDenied", 500, AccessDenied),
        ("NoSuchBucket", 404, RunRefused),
        ("ExpiredToken", 400, RunRefused),
        ("InvalidAccessKeyId", 403, RunRefused),
        ("SignatureDoesNotMatch", 403, RunRefused),
        ("RequestTimeTooSkewed", 403, RunRefused),
        ("InvalidObjectState", 403, ObjectRefused),
        ("KeyTooLongError", 400, ObjectRefused),
        ("EntityTooLarge", 400, ObjectRefused),
        ("AccessControlListNotSupported", 400, ObjectRefused),
        ("NotImplemented", 501, ObjectRefused),
        ("XOfAnotherStore", 500, TransientError),
        ("XOfAnotherStore", 501, ObjectRefused),
        ("XOfAnotherStore", 400, ObjectRefused),
        ("403", 403, AccessDenied),
        ("404", 404, NotFound),
        ("409", 409, Conflict),
        ("412", 412, PreconditionFailed),
        ("429", 429, Throttled),
        ("500", 500, TransientError),
        ("501", 501, ObjectRefused),
        ("502", 502, TransientError),
        ("503", 503, Throttled),
        ("504", 504, TransientError),
        ("400", 400, ObjectRefused),
        ("301", 301, ObjectRefused),
        ("200", 200, TransientError),
    ],
)
def test_an_answer_has_one_class(code: str, status: int, kind: type[S3Error]) -> None:
    """
    The code decides; the status only where there is no code of S3's.
    """
    assert kind is classify(code, status)


def test_what_no_request_can_survive_ends_the_run() -> None:
    """
    Refused credentials and missing buckets are fatal, refused objects are not.
    """
    assert isinstance(error_for(Failure("CopyObject", "NoSuchBucket", 404)), FatalError)
    assert not isinstance(error_for(Failure("CopyObject", "AccessDenied", 403)), FatalError)


def test_no_fatal_code_is_worth_repeating() -> None:
    """
    An error is either fatal or transient or neither, never both.
    """
    fatal = {code for code, kind in BY_CODE.items() if issubclass(kind, FatalError)}
    transient = {code for code, kind in BY_CODE.items() if issubclass(kind, TransientError)}

    assert fatal
    assert transient
    assert set() == fatal & transient


def test_an_error_says_operation_code_and_words() -> None:
    """
    One line, with S3's own words where there are any.
    """
    assert str(error_for(Failure("CopyObject", "SlowDown", 503, "please"))) == "CopyObject failed with SlowDown: please"
    assert str(error_for(Failure("HeadObject", "404", 404))) == "HeadObject failed with 404"


def test_an_error_cannot_harm_a_terminal() -> None:
    """
    S3's words may repeat a key.
    """
    assert "\x1b" not in str(error_for(Failure("CopyObject", "NoSuchKey", 404, "no \x1b[31m")))


def test_an_error_with_a_remedy_says_it() -> None:
    """
    What the user can do stands behind what went wrong; without a remedy nothing does.
    """
    known = error_for(Failure("ListObjectsV2", "ExpiredToken", 400))
    unknown = error_for(Failure("ListObjectsV2", "XOfAnotherStore", 400))

    assert f"{known}: {REMEDIES['ExpiredToken']}" == with_remedy(known)
    assert str(unknown) == with_remedy(unknown)
    assert remedy("XOfAnotherStore") == ""
