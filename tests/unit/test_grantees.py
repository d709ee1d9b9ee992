"""
Who ACLs give rights to.
"""

from __future__ import annotations

from typing import Final

import pytest

from s3copy_async.grantees import grant_headers, grantee_header

USER: Final = "0123456789abcdef" * 4
GROUP: Final = "http://acs.amazonaws.com/groups/global/AllUsers"


@pytest.mark.parametrize(
    ("grantee", "header"),
    [
        (USER, f'id="{USER}"'),
        (USER.upper(), f'id="{USER.upper()}"'),
        ("friend@example.com", 'emailAddress="friend@example.com"'),
        (GROUP, f'uri="{GROUP}"'),
        ("id=tenant$user", 'id="tenant$user"'),
        ("ID=someone", 'id="someone"'),
        (f"uri={GROUP}", f'uri="{GROUP}"'),
        ("emailAddress=a@b", 'emailAddress="a@b"'),
    ],
)
def test_each_kind_of_grantee_has_its_header(grantee: str, header: str) -> None:
    """
    Ids, groups and e-mail addresses are told apart by their form, or by the name in front.
    """
    assert grantee_header(grantee) == header


@pytest.mark.parametrize(
    "grantee",
    ["", "me", USER[:-1], "@", "a@", "@b", "id=", "uri=AllUsers", 'a"@b', "a@b,c@d", "a@b c", "a@b\r\nx: y", "ü@b"],
)
def test_what_is_no_grantee_is_refused(grantee: str) -> None:
    """
    Neither a name without a form nor anything that would end the header or the value.
    """
    with pytest.raises(ValueError, match="canonical user id"):
        grantee_header(grantee)


def test_grantees_of_one_permission_share_a_header() -> None:
    """
    Each once, in the order in which they were named.
    """
    grants = [("READ", 'id="a"'), ("WRITE_ACP", 'id="a"'), ("READ", 'id="b"'), ("READ", 'id="a"')]

    assert grant_headers(grants) == (("GrantRead", 'id="a", id="b"'), ("GrantWriteACP", 'id="a"'))
