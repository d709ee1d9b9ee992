"""
What the user can do about an error: one remedy per error code.
"""

from __future__ import annotations

from typing import Final

from s3copy_async.errors import S3CopyError, S3Error

_RIGHTS: Final = "s3:GetObject on the source and s3:PutObject on the destination; for copies in parts, both there"
_CREDENTIALS: Final = "check the credentials (--profile, -c, -a and -k, or the environment)"

REMEDIES: Final[dict[str, str]] = {
    "AccessControlListNotSupported": (
        "the destination's owner owns all objects in it (bucket owner enforced): leave --acl and --acl-grant out, "
        "and give access with a bucket policy"
    ),
    "AccessDenied": f"the credentials need {_RIGHTS}",
    "Archived": "restore it first (aws s3api restore-object), then run the same command again",
    "AllAccessDisabled": "the bucket or account is blocked: ask its owner",
    "AuthorizationHeaderMalformed": "the bucket is in another region: give it with --region",
    "DeleteMarker": "give the version before it: a delete marker has no content",
    "Exists": "copy to another folder, or say what to do with --if-exists overwrite or skip",
    "ExpiredToken": "get new credentials and run the same command again",
    "ExpiredTokenException": "get new credentials and run the same command again",
    "CannotFit": "give another --part-size",
    "InvalidAccessKeyId": _CREDENTIALS,
    "InvalidKey": "choose another destination folder, or leave these keys out",
    "InvalidStorageClass": "the store has no such class: check --storage-class",
    "InvalidTag": "S3 takes 10 tags an object, of letters, digits, spaces and + - = . _ : / @: check --tag",
    "InvalidToken": _CREDENTIALS,
    "KMS.DisabledException": "the key is disabled: enable it, or give another with --sse-kms-key-id",
    "KMS.NotFoundException": "the destination's region has no such key: check --sse-kms-key-id",
    "MetadataTooLarge": "S3 takes 2 KB of metadata an object: give less with --metadata",
    "MisreadKey": "rename these objects, or copy them with another tool",
    "MethodNotAllowed": (
        "Amazon accepts no e-mail addresses in ACLs since October 2025: give the account's canonical user id "
        "(64 hexadecimal digits) to --acl-grant"
    ),
    "NoSuchBucket": "check the bucket's name, and make the destination bucket first",
    "NoSuchKey": "check the key: it is taken literally and relative to the source path",
    "NoSuchVersion": "check the version id: aws s3api list-object-versions shows them",
    "PartLost": "wait for the other run, then run the same command again",
    "PermanentRedirect": "the bucket is in another region: give it with --region",
    "RequestTimeTooSkewed": "set this machine's clock",
    "SignatureDoesNotMatch": _CREDENTIALS,
    "Unproven": "the store tells no checksums here: without --verify required its word is taken",
    "UnresolvableGrantByEmailAddress": "no account has this e-mail address: check --acl-grant",
}


def remedy(code: str) -> str:
    """
    What to do about S3's error `code`; empty where we know nothing better than S3's own words.
    """
    return REMEDIES.get(code, "")


_NO_DELETION: Final = {
    "AccessDenied": "the credentials need s3:DeleteObject on the destination, and no lock or policy may forbid it",
    "InvalidKey": "delete these objects with another tool",
}


def deletion_remedy(code: str) -> str:
    """
    The same where the error `code` kept an object from being deleted.
    """
    return _NO_DELETION.get(code, remedy(code))


def with_remedy(error: S3CopyError) -> str:
    """
    What went wrong and what to do about it, one line.
    """
    cause = error if isinstance(error, S3Error) else error.__cause__
    advice = remedy(cause.code) if isinstance(cause, S3Error) else ""
    return f"{error}: {advice}" if advice else str(error)
