"""
Makes errors of answers that are none, for the wire store.
"""

from __future__ import annotations

import re
from dataclasses import replace
from http.client import responses
from typing import Final

from s3copy_async.errors import Failure, RunRefused, S3Error, TransientError
from s3copy_async.faults import SWITCHED
from s3copy_async.s3 import xml
from s3copy_async.s3.failures import NAMES
from s3copy_async.s3.http1 import Answer, Lost
from s3copy_async.s3.pool import UNTRUSTED

_ODD_STATUS: Final = (301, 302, 303, 307, 308, 401, 407, 426)
_ODD_CODES: Final = frozenset(
    (
        "AuthorizationHeaderMalformed", "AuthorizationQueryParametersError", "ExpiredToken",
        "ExpiredTokenException", "IllegalLocationConstraintException", "InvalidAccessKeyId",
        "InvalidSecurity", "InvalidToken", "PermanentRedirect", "Redirect", "RequestTimeTooSkewed",
        "SignatureDoesNotMatch", "TemporaryRedirect", "TokenRefreshRequired", "XAmzContentSHA256Mismatch",
    )
)  # fmt: skip


is_error: Final = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<Error").match
"""Whether a body begins as an error does: after blanks, one for every few seconds of a long copy."""


def header(answer: Answer, name: bytes) -> str:
    """
    The value of a header, whose name is given in lower case; empty where it is missing.
    """
    return next((value.decode("latin-1") for found, value in answer.headers if found.lower() == name), "")


def failure_of(operation: str, answer: Answer) -> Failure:
    """
    What an answer says that is no success.
    """
    said = xml.error(answer.body)
    # An error inside a 200 is one of the server's, as botocore has it too.
    status = answer.status if answer.status >= 300 else 500
    if said is None:
        # A HEAD, or somebody on the way.
        said = {"Message": responses.get(status, "")}
    return Failure(
        operation=operation,
        code=said.get("Code") or NAMES.get(str(status), str(status)),
        status=status,
        message=said.get("Message", ""),
        request_id=header(answer, b"x-amz-request-id") or said.get("RequestId", ""),
        extended_id=header(answer, b"x-amz-id-2") or said.get("HostId", ""),
        argument=said.get("ArgumentName", ""),
    )


def is_odd(failure: Failure, *, is_head: bool) -> bool:
    """
    Whether aiobotocore may know what to do: redirects, trouble with the signature, the clock or the credentials.
    """
    if failure.code in _ODD_CODES or failure.status in _ODD_STATUS:
        return True
    # S3 says to a HEAD no more than this of expired credentials, and of the wrong region.
    return is_head and failure.status == 400


def lost(operation: str, found: Lost) -> S3Error:
    """
    There was no answer.
    """
    failure = Failure(operation, found.code, message=found.message, maybe_done=found.sent)
    if found.code == UNTRUSTED:
        return RunRefused(replace(failure, message=f"{found.message}: give the right certificates with --ca-bundle"))
    return TransientError(failure)


def switched(operation: str, reason: str, *, maybe_done: bool) -> S3Error:
    """
    The request is to be repeated, by aiobotocore.
    """
    return TransientError(Failure(operation, SWITCHED, message=reason, maybe_done=maybe_done))
