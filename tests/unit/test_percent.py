"""
Keys of listings, which come percent-encoded.
"""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from s3copy_async.s3.percent import all_decoded, decoded

TEXT = st.text(
    st.one_of(st.sampled_from("aB0/%+ \n~\u00e9\u65e5\U0001f600\x00"), st.characters(codec="utf-8")), max_size=9
)


def encoded(key: bytes) -> str:
    """
    As S3 writes keys.
    """
    return quote(key, safe="/~").replace("%20", "+")


@given(st.lists(st.one_of(TEXT.map(str.encode), st.binary(max_size=6)), min_size=1, max_size=9))
def test_keys_come_back_whatever_bytes_they_have(keys: list[bytes]) -> None:
    """
    Also such as are no UTF-8, and line breaks.
    """
    found = all_decoded(list(map(encoded, keys)))

    assert [key.encode("utf-8", "surrogateescape") for key in found] == keys


@given(st.text(st.sampled_from("%+4e1Aa\u00e9"), max_size=9))
def test_what_is_no_escape_stands_for_itself(text: str) -> None:
    """
    As in any other decoder.
    """
    assert unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "surrogateescape") == decoded(text)
