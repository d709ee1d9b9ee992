"""
Properties of signing: botocore signs the same requests alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from unittest.mock import patch
from urllib.parse import parse_qsl, unquote_to_bytes

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given, settings
from hypothesis import strategies as st

from s3copy_async.s3.sigv4 import Signer, Template, canonical_query, quoted_path

quick = settings(deadline=None, max_examples=200)

KEY: Final = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text(st.sampled_from("ab/.%+ ?&=#~'\"\\\n\r\t\x00\u00e9\U0001f600"), max_size=12),
    st.sampled_from(["..", "../a", "a//b", "/", "//", "%2F", "%%s", "%(x)s", "a?versionId=1"]),
    st.binary(max_size=12).map(lambda key: key.decode("utf-8", "surrogateescape")),
)
# What a header may hold: no line breaks, blanks anywhere.
VALUE: Final = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
SECRET: Final = st.text(st.sampled_from("abcXYZ019+/="), min_size=1, max_size=80)
NAME: Final = st.sampled_from(
    [
        "Accept",
        "Content-Type",
        "X-Amz-Acl",
        "X-Amz-Copy-Source-If-None-Match",
        "x-amz-meta-a",
        "x-amz-meta-a-b",
        "X-Amz-Server-Side-Encryption",
        "X-Amz-Storage-Class",
        "X-Amz-Tagging",
        "x-amz-z",
    ]
)
VARIABLE: Final = ("x-amz-copy-source", "x-amz-copy-source-if-match", "x-amz-copy-source-range")


@dataclass(frozen=True)
class Wish:
    """
    One request and who makes it.
    """

    method: str
    host: str
    key: str
    query: tuple[tuple[str, str], ...]
    fixed: tuple[tuple[str, str], ...]
    values: tuple[str, ...]
    body: bytes
    access_key: str
    secret_key: str
    token: str | None
    region: str
    second: int


WISHES: Final = st.builds(
    Wish,
    method=st.sampled_from(["GET", "PUT", "POST", "HEAD", "DELETE"]),
    host=st.sampled_from(["s3.amazonaws.com", "bucket.s3.eu-west-1.amazonaws.com", "127.0.0.1:9000", "localhost"]),
    key=KEY,
    query=st.lists(
        st.tuples(st.text(st.sampled_from("ab-_. %&=+\u00e9"), min_size=1, max_size=4), KEY), max_size=4
    ).map(tuple),
    fixed=st.dictionaries(NAME, VALUE, max_size=4).map(lambda found: tuple(found.items())),
    values=st.lists(VALUE.map(lambda value: " ".join(value.split())), max_size=3).map(tuple),
    body=st.binary(max_size=8),
    access_key=SECRET,
    secret_key=SECRET,
    token=st.one_of(st.none(), SECRET),
    region=st.sampled_from(["us-east-1", "eu-central-1", "auto"]),
    second=st.integers(0, 4_000_000_000),
)


def signer_of(wish: Wish) -> Signer:
    """
    Whoever makes the request.
    """
    return Signer(wish.access_key, wish.secret_key, wish.token, wish.region, clock=lambda: wish.second + 0.75)


def made(wish: Wish, signer: Signer) -> bytes:
    """
    The request as we sign it.
    """
    template = Template(wish.method, wish.host, dict(wish.fixed), VARIABLE[: len(wish.values)])
    return template.signed(signer, f"/{quoted_path(wish.key)}", canonical_query(wish.query), wish.values, wish.body)


def taken_apart(request: bytes) -> tuple[str, dict[str, str], bytes]:
    """
    First line, headers and body of a request, as a server reads them.
    """
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = [line.split(":", 1) for line in lines]
    headers = {name.lower(): value.strip() for name, value in pairs}
    assert len(headers) == len(pairs), "a header stands there twice"
    return first, headers, body


def botocore_signs(wish: Wish) -> dict[str, str]:
    """
    The headers of the same request as botocore signs it.
    """
    query = canonical_query(wish.query)
    url = f"http://{wish.host}/{quoted_path(wish.key)}" + (f"?{query}" if query else "")
    headers = {**dict(wish.fixed), **dict(zip(VARIABLE, wish.values, strict=False))}
    request = AWSRequest(method=wish.method, url=url, headers=headers, data=wish.body)
    credentials = Credentials(wish.access_key, wish.secret_key, wish.token)
    now = datetime.fromtimestamp(wish.second, UTC).replace(tzinfo=None)
    with patch("botocore.auth.get_current_datetime", lambda: now):
        S3SigV4Auth(credentials, "s3", wish.region).add_auth(request)
    return {name.lower(): str(value) for name, value in request.headers.items()}


@quick
@given(WISHES)
def test_a_request_is_signed_as_botocore_signs_it(wish: Wish) -> None:
    """
    With a session token and without, whatever the key, the query and the headers hold.
    """
    query = canonical_query(wish.query)

    first, headers, body = taken_apart(made(wish, signer_of(wish)))
    theirs = botocore_signs(wish)

    assert headers["authorization"] == theirs["authorization"]
    assert first == f"{wish.method} /{quoted_path(wish.key)}{'?' if query else ''}{query} HTTP/1.1"
    assert body == wish.body
    assert int(headers["content-length"]) == len(wish.body)
    assert headers["host"] == wish.host
    assert {name: headers.get(name) for name in theirs} == {name: value.strip() for name, value in theirs.items()}


@quick
@given(st.lists(WISHES, min_size=2, max_size=4), WISHES)
def test_what_was_signed_before_leaves_no_trace(wishes: list[Wish], who: Wish) -> None:
    """
    One template signs many requests, with a token and without, over seconds and days, as a new one would.
    """
    now = [0]
    signers = {
        token: Signer(who.access_key, who.secret_key, token, who.region, clock=lambda: now[0])
        for token in (None, "t", who.token)
    }
    template = Template(who.method, who.host, dict(who.fixed), VARIABLE)

    for wish in wishes:
        now[0] = wish.second
        token = (who.token, None, "t")[wish.second % 3]
        values = (*wish.values, "", "", "")[:3]
        arguments = (f"/{quoted_path(wish.key)}", canonical_query(wish.query), values, wish.body)
        fresh = Signer(who.access_key, who.secret_key, token, who.region, clock=lambda: now[0])
        alone = Template(who.method, who.host, dict(who.fixed), VARIABLE)

        assert template.signed(signers[token], *arguments) == alone.signed(fresh, *arguments)
        assert template.plain(*arguments) == alone.plain(*arguments)


@quick
@given(WISHES)
def test_a_request_without_credentials_is_the_same_without_a_signature(wish: Wish) -> None:
    """
    Nothing of the headers, the path or the body is lost.
    """
    template = Template(wish.method, wish.host, dict(wish.fixed), VARIABLE[: len(wish.values)])

    plain = template.plain(f"/{quoted_path(wish.key)}", canonical_query(wish.query), wish.values, wish.body)

    first, headers, body = taken_apart(made(wish, signer_of(wish)))
    signs = {"authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"}
    assert taken_apart(plain) == (first, {name: headers[name] for name in headers.keys() - signs}, body)


@quick
@given(KEY)
@example("\udcff")
def test_a_path_is_the_bytes_of_its_key(key: str) -> None:
    """
    Encoded as Amazon wants it: nothing but unreserved characters and slashes stands as it is.
    """
    path = quoted_path(key)

    assert unquote_to_bytes(path) == key.encode("utf-8", "surrogateescape")
    assert set(path) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~/%")
    assert path.count("%") * 3 <= len(path)


@quick
@given(st.lists(st.tuples(KEY, KEY), max_size=5))
def test_a_query_is_the_pairs_it_was_made_of(pairs: list[tuple[str, str]]) -> None:
    """
    Sorted by what is encoded.
    """
    query = canonical_query(pairs)

    found = parse_qsl(query, keep_blank_values=True, errors="surrogateescape") if query else []
    assert sorted(found) == sorted(pairs)
    assert query == "&".join(sorted(query.split("&"), key=lambda pair: pair.split("=")))
