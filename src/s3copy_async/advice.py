"""
What the user can do about an error: one remedy per error code.
"""

from __future__ import annotations

from typing import Final

from s3copy_async.errors import S3CopyError, S3Error

_RIGHTS: Final = "s3:GetObject on the source and s3:PutObject on the destination; for copies in parts, both there"
_CREDENTIALS: Final = "check the credentials (--profile, -c, -a and -k, or the environment)"

REMEDIES: Final[dict[str, str]] = {
    "AccessControlListNotSupported": "the destination bucket accepts no ACLs: leave --acl-grant out",
    "AccessDenied": f"the credentials need {_RIGHTS}",
    "AllAccessDisabled": "the bucket or account is blocked: ask its owner",
    "AuthorizationHeaderMalformed": "the bucket is in another region: give it with --region",
    "ExpiredToken": "get new credentials and run the same command again",
    "ExpiredTokenException": "get new credentials and run the same command again",
    "CannotFit": "give another --part-size",
    "InvalidAccessKeyId": _CREDENTIALS,
    "InvalidKey": "choose another destination folder, or leave these keys out",
    "InvalidObjectState": "the object is archived: restore it first, then run the same command again",
    "InvalidToken": _CREDENTIALS,
    "MisreadKey": "rename these objects, or copy them with another tool",
    "MethodNotAllowed": "Amazon accepts no e-mail addresses in ACLs since October 2025: leave --acl-grant out",
    "NoSuchBucket": "check the bucket's name, and make the destination bucket first",
    "NoSuchKey": "check the key: it is taken literally and relative to the source path",
    "ObjectNotInActiveTierError": "the object is archived: restore it first, then run the same command again",
    "PartLost": "wait for the other run, then run the same command again",
    "PermanentRedirect": "the bucket is in another region: give it with --region",
    "RequestTimeTooSkewed": "set this machine's clock",
    "SignatureDoesNotMatch": _CREDENTIALS,
    "UnresolvableGrantByEmailAddress": "no account has this e-mail address: check --acl-grant",
}


def remedy(code: str) -> str:
    """
    What to do about S3's error `code`; empty where we know nothing better than S3's own words.
    """
    return REMEDIES.get(code, "")


def with_remedy(error: S3CopyError) -> str:
    """
    What went wrong and what to do about it, one line.
    """
    cause = error if isinstance(error, S3Error) else error.__cause__
    advice = remedy(cause.code) if isinstance(cause, S3Error) else ""
    return f"{error}: {advice}" if advice else str(error)
