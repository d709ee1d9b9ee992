"""
s3cmd's configuration files.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from s3copy_async.options import Keys
from s3copy_async.s3cfg import read_s3cfg


def written(folder: Path, text: str, mode: int = 0o600) -> str:
    """
    A configuration file of this text.
    """
    path = folder / "s3cfg"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


def test_takes_values_as_they_stand(tmp_path: Path) -> None:
    """
    A ``%`` in a secret is a ``%``, and whatever else the file sets is left alone.
    """
    path = written(
        tmp_path,
        "[default]\naccess_key = AKIA\nsecret_key = a%b%(c)s=/+;#\naccess_token = tok\n"
        "bucket_location = US\ngpg_command = None\n",
    )

    found = read_s3cfg(path)

    assert Keys("AKIA", "a%b%(c)s=/+;#", "tok") == found.keys
    assert found.endpoint_url is None


@pytest.mark.parametrize(
    ("lines", "endpoint"),
    [
        ("host_base = s3.amazonaws.com", None),
        ("host_base = ceph.example:8080", "https://ceph.example:8080"),
        ("host_base = ceph.example\nuse_https = False", "http://ceph.example"),
        ("host_base = ceph.example\nuse_https = True", "https://ceph.example"),
        ("host_base = http://ceph.example", "http://ceph.example"),
        ("use_https = False", None),
    ],
)
def test_the_endpoint_comes_from_host_and_https(tmp_path: Path, lines: str, endpoint: str | None) -> None:
    """
    Amazon's own host is no endpoint of its own; encryption is the default.
    """
    assert endpoint == read_s3cfg(written(tmp_path, f"[default]\n{lines}\n")).endpoint_url


@pytest.mark.parametrize("lines", ["", "access_key = A", "secret_key = S", "access_key =\nsecret_key = S"])
def test_half_a_pair_of_keys_is_none(tmp_path: Path, lines: str) -> None:
    """
    Empty values count as absent, and one key alone is no pair.
    """
    assert read_s3cfg(written(tmp_path, f"[default]\n{lines}\n")).keys is None


@pytest.mark.parametrize(("mode", "exposed"), [(0o600, False), (0o640, True), (0o604, True)])
def test_a_secret_that_others_can_read_is_exposed(tmp_path: Path, mode: int, *, exposed: bool) -> None:
    """
    Group and others count, and only where there is a secret.
    """
    assert exposed == read_s3cfg(written(tmp_path, "[default]\nsecret_key = S\n", mode)).exposed
    assert not read_s3cfg(written(tmp_path, "[default]\naccess_key = S\n", mode)).exposed


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """
    The system's reason is named.
    """
    with pytest.raises(ValueError, match="cannot be read"):
        read_s3cfg(str(tmp_path / "none"))


@pytest.mark.parametrize("text", ["secret_key = TOPSECRET\n", "[default\nsecret_key = TOPSECRET\n"])
def test_a_broken_file_is_said_without_its_secrets(tmp_path: Path, text: str) -> None:
    """
    A parser's words quote the line they stumbled over; ours do not.
    """
    with pytest.raises(ValueError, match="is not an s3cmd configuration") as caught:
        read_s3cfg(written(tmp_path, text))

    assert "TOPSECRET" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    """
    Bytes that are no UTF-8 are no configuration.
    """
    (tmp_path / "s3cfg").write_bytes(b"[default]\nsecret_key = \xff\n")

    with pytest.raises(ValueError, match="is not an s3cmd configuration"):
        read_s3cfg(str(tmp_path / "s3cfg"))
