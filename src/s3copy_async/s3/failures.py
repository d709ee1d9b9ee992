"""
Turns the exceptions of botocore and of the HTTP library into ours: the only place that does.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import botocore.exceptions
from aiohttp import ClientConnectorCertificateError as CertificateError
from aiohttp import ClientError as HttpError

from s3copy_async.errors import UNREACHABLE, Failure, FatalError, S3Error, TransientError
from s3copy_async.faults import error_for


@contextmanager
def translated(operation: str) -> Generator[None, None, None]:
    """
    Raises botocore's and the HTTP library's exceptions as ours.
    """
    try:
        yield
    except botocore.exceptions.ClientError as error:
        raise from_client_error(operation, error) from error
    except (TimeoutError, botocore.exceptions.BotoCoreError, HttpError, OSError, RecursionError) as error:
        raise from_library(operation, error) from error


# A HEAD has no body, so botocore gives the status for a code.
NAMES: Final = {"403": "AccessDenied", "404": "NotFound", "412": "PreconditionFailed", "503": "SlowDown"}


def from_client_error(operation: str, error: botocore.exceptions.ClientError) -> S3Error:
    """
    S3 answered with an error.
    """
    answer = error.response
    metadata = answer.get("ResponseMetadata", {})
    said = answer.get("Error", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    failure = Failure(
        operation=operation,
        code=NAMES.get(str(said.get("Code")), str(said.get("Code") or status)),
        status=status,
        message=str(said.get("Message") or ""),
        request_id=str(metadata.get("RequestId") or ""),
        extended_id=str(metadata.get("HostId") or ""),
        argument=str(said.get("ArgumentName") or ""),
    )
    return error_for(failure)


_CREDENTIALS: Final = (
    botocore.exceptions.NoCredentialsError,
    botocore.exceptions.PartialCredentialsError,
    botocore.exceptions.CredentialRetrievalError,
    botocore.exceptions.TokenRetrievalError,
    botocore.exceptions.UnauthorizedSSOTokenError,
    botocore.exceptions.ProfileNotFound,
)
_NEVER_SENT: Final = (
    botocore.exceptions.EndpointConnectionError,
    botocore.exceptions.ConnectTimeoutError,
    botocore.exceptions.ProxyConnectionError,
    botocore.exceptions.SSLError,
)


def from_library(operation: str, error: Exception) -> S3Error | FatalError:
    """
    There was no answer that could be read, or none at all.
    """
    if _is_endless(error):
        return FatalError(
            f"{operation}: the endpoint answers with nothing but redirects: check --endpoint-url and the network"
        )
    if isinstance(error, _CREDENTIALS):
        return FatalError(f"credentials: {error}")
    if isinstance(error, botocore.exceptions.SSLError) and isinstance(error.kwargs.get("error"), CertificateError):
        return FatalError(f"{error}: give the right certificates with --ca-bundle")
    if isinstance(
        error, (botocore.exceptions.ParamValidationError, botocore.exceptions.InvalidEndpointConfigurationError)
    ):
        return FatalError(str(error))
    if isinstance(error, _NEVER_SENT):
        return TransientError(Failure(operation, UNREACHABLE, message=str(error), maybe_done=False))
    return TransientError(Failure(operation, type(error).__name__, message=str(error)))


def _is_endless(error: BaseException | None) -> bool:
    """
    Whether botocore gave up looking for a bucket's region: it asks again for as long as it is redirected.
    """
    while error is not None and not isinstance(error, RecursionError):
        error = error.__cause__ or error.__context__
    return error is not None
