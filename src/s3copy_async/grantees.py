"""
Who an ACL gives rights to, in the words of S3's headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from s3copy_async.model import Pairs

PARAMETERS: Final = {
    "READ": "GrantRead",
    "WRITE": "GrantWrite",
    "READ_ACP": "GrantReadACP",
    "WRITE_ACP": "GrantWriteACP",
    "FULL_CONTROL": "GrantFullControl",
}
"""Permissions, and botocore's parameter for each."""
_USER_ID: Final = re.compile(r"[0-9a-fA-F]{64}").fullmatch
_SAFE: Final = re.compile(r"[!#-+\--~]+").fullmatch
"""Printable ASCII without what ends a value in the header: space, quote and comma."""
_KINDS: Final = {
    "id=": ("id", re.compile(".").match),
    "uri=": ("uri", re.compile("https?://.").match),
    "emailaddress=": ("emailAddress", re.compile(".+@.").match),
}
_EXPECTED: Final = (
    "expected an e-mail address, a canonical user id (64 hexadecimal digits), id=... for that of another store, or the "
    "URI of a group (http://acs.amazonaws.com/groups/...)"
)


def grantee_header(grantee: str) -> str:
    """
    A grantee as the value of a header: ``id="..."``, ``uri="..."`` or ``emailAddress="..."``.

    It is a canonical user id (64 hexadecimal digits), the URI of a group, or an e-mail address. Other ids, as other
    stores have them, are written as ``id=...``.

    Raises:
        ValueError: it is none of these.
    """
    kind, found, rest = grantee.partition("=")
    prefix, value = ((kind + found).lower(), rest) if (kind + found).lower() in _KINDS else (_prefix(grantee), grantee)
    name, is_one = _KINDS.get(prefix, ("", None))
    if is_one is None or not _SAFE(value) or not is_one(value):
        raise ValueError(_EXPECTED)
    return f'{name}="{value}"'


def _prefix(grantee: str) -> str:
    if grantee.startswith(("http://", "https://")):
        return "uri="
    if "@" in grantee:
        return "emailaddress="
    return "id=" if _USER_ID(grantee) else ""


def grant_headers(grants: Iterable[tuple[str, str]]) -> Pairs:
    """
    Permissions and grantees as botocore's parameters: one for each permission, with all its grantees once.
    """
    grantees: dict[str, dict[str, None]] = {}
    for permission, grantee in grants:
        grantees.setdefault(PARAMETERS[permission], {})[grantee] = None
    return tuple((name, ", ".join(who)) for name, who in grantees.items())
