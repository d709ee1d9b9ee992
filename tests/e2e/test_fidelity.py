"""
What survives a copy beside the bytes: headers, metadata, tags, class, encryption, ACL, lock, redirect; for objects that
are copied whole and for those that are copied in parts.

Against moto, and against LocalStack, Ceph and sim_s3 where the environment names them. What a server does not have is
in the table LACKS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final

import pytest

from e2e.tools import Bucket, Result, S3Copy, client_of, endpoint_named, keys_of, new_bucket
from support import Endpoint

PART: Final = 5 * 1024**2
HEADERS: Final[dict[str, Any]] = {
    "ContentType": "text/html; charset=utf-8",
    "ContentEncoding": "identity",
    "ContentLanguage": "de, en",
    "ContentDisposition": 'attachment; filename="a b.html"',
    "CacheControl": "max-age=60, must-revalidate",
    "Expires": datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC),
}
GROUP: Final = "http://acs.amazonaws.com/groups/global/AllUsers"
USER: Final = "0123456789abcdef" * 4


class Feature(Enum):
    """
    What not every server has.
    """

    ACLS = auto()
    ACLS_OF_UPLOADS = auto()
    CLASSES = auto()
    ENCRYPTION = auto()
    EXPIRES_OF_COPIES = auto()
    LOCKED_COPIES = auto()
    LOCKED_UPLOADS = auto()
    REFUSES_CLASSES = auto()
    REDIRECTS = auto()


LACKS: Final[dict[str, frozenset[Feature]]] = {
    "moto": frozenset(
        {Feature.ACLS_OF_UPLOADS, Feature.LOCKED_COPIES, Feature.LOCKED_UPLOADS, Feature.REFUSES_CLASSES}
    ),
    "localstack": frozenset({Feature.EXPIRES_OF_COPIES}),
    "ceph": frozenset({Feature.CLASSES, Feature.ENCRYPTION, Feature.LOCKED_UPLOADS, Feature.REDIRECTS}),
    "sim": frozenset(
        {
            Feature.ACLS, Feature.ENCRYPTION, Feature.LOCKED_COPIES, Feature.LOCKED_UPLOADS, Feature.REDIRECTS,
            Feature.REFUSES_CLASSES,
        }
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """
    A server with two buckets, and the kind of object that is copied.
    """

    server: str
    client: Any
    source: Bucket
    dest: Bucket
    s3copy: S3Copy
    in_parts: bool

    def make(self, key: str = "a", **settings: Any) -> None:
        """
        Makes an object, of two parts or of one request.
        """
        name = {"Bucket": self.source.name, "Key": key}
        if not self.in_parts:
            self.client.put_object(**name, Body=b"hello", **settings)
            return
        upload = {**name, "UploadId": self.client.create_multipart_upload(**name, **settings)["UploadId"]}
        bodies = (b"x" * PART, b"y")
        parts = [
            {"PartNumber": number, "ETag": self.client.upload_part(**upload, PartNumber=number, Body=body)["ETag"]}
            for number, body in enumerate(bodies, 1)
        ]
        self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

    def tag(self, tags: dict[str, str], key: str = "a") -> None:
        """
        Gives an object tags.
        """
        found = [{"Key": name, "Value": value} for name, value in tags.items()]
        self.client.put_object_tagging(Bucket=self.source.name, Key=key, Tagging={"TagSet": found})

    def tags(self, bucket: Bucket) -> dict[str, str]:
        """
        The tags of an object.
        """
        answer = self.client.get_object_tagging(Bucket=bucket.name, Key="a")
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def head(self, bucket: Bucket) -> dict[str, Any]:
        """
        What a HEAD tells of an object.
        """
        answer: dict[str, Any] = self.client.head_object(Bucket=bucket.name, Key="a")
        return answer

    def grants(self, bucket: Bucket, key: str = "a") -> set[tuple[str, str]]:
        """
        Permission and grantee of each grant of an object.
        """
        found = self.client.get_object_acl(Bucket=bucket.name, Key=key)["Grants"]
        return {
            (one["Permission"], str(one["Grantee"].get("ID") or one["Grantee"].get("URI") or one["Grantee"]))
            for one in found
        }

    def owner(self) -> str:
        """
        The id of who owns all of it.
        """
        return str(self.client.list_buckets()["Owner"]["ID"])

    def copy(self, *options: object, code: int = 0) -> Result:
        """
        Copies everything.
        """
        result = self.s3copy(self.source, self.dest, "--progress", "json", *options)
        assert result.code == code, result.err + result.out
        return result

    def has(self, feature: Feature) -> bool:
        """
        Whether the server has this feature.
        """
        return feature not in LACKS.get(self.server, ())

    def needs(self, feature: Feature) -> None:
        """
        Skips the test on a server without this feature.
        """
        if not self.has(feature):
            pytest.skip(f"{self.server} lacks: {feature.name.lower().replace('_', ' ')}")


@pytest.fixture(params=["moto", "localstack", "ceph", "sim"])
def endpoint(request: pytest.FixtureRequest, moto_endpoint: Endpoint) -> Endpoint:
    """
    Each server in turn.
    """
    return moto_endpoint if request.param == "moto" else endpoint_named(request.param)


@pytest.fixture(params=["whole", "parts"])
def place(request: pytest.FixtureRequest, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    """
    A server with two empty buckets, for each kind of object.
    """
    with ExitStack() as stack:
        client = stack.enter_context(client_of(endpoint))
        s3copy = S3Copy(endpoint.url, capsys, keys_of(endpoint))
        yield Place(
            endpoint.name, client, new_bucket(client), new_bucket(client), s3copy, in_parts=request.param == "parts"
        )


def lost_of(result: Result) -> dict[str, int]:
    """
    What the summary says was not carried over.
    """
    found: dict[str, int] = result.last["lost"]
    return found


def test_headers_metadata_and_tags_survive(place: Place) -> None:
    """
    All of them, as they are, without any option.
    """
    place.make(**HEADERS, Metadata={"plain": "a b", "percent": "50%+2"})
    place.tag({"team": "a b", "Size": "1+2=3"})

    result = place.copy()

    before, after = place.head(place.source), place.head(place.dest)
    for name in HEADERS:
        if name != "Expires" or place.in_parts or place.has(Feature.EXPIRES_OF_COPIES):
            assert (name, after.get(name)) == (name, before.get(name))
    assert after["Metadata"] == before["Metadata"] == {"plain": "a b", "percent": "50%+2"}
    assert place.tags(place.dest) == {"team": "a b", "Size": "1+2=3"}
    assert lost_of(result) == {}


def test_text_that_is_not_ascii_survives(place: Place) -> None:
    """
    Metadata as the source shows them, or encoded and named as such; tags as they are.
    """
    place.make(Metadata={"title": "=?UTF-8?B?R3LDvMOfZQ==?="})
    place.tag({"Größe": "ü + 1=/"})

    result = place.copy()

    before, after = place.head(place.source)["Metadata"], place.head(place.dest)["Metadata"]
    assert before == after or lost_of(result) == {"text that is not ASCII (encoded)": 1}
    assert place.tags(place.dest) == {"Größe": "ü + 1=/"}


def test_overrides_replace_single_values(place: Place) -> None:
    """
    Everything else stays.
    """
    place.make(**HEADERS, Metadata={"plain": "a b", "other": "x"})
    place.tag({"team": "a b", "kept": "1"})

    place.copy(
        "--metadata", "other=new", "--metadata", "Added=y z", "--content-type", "text/plain", "--cache-control",
        "no-store", "--tag", "team=new team", "--tag", "more=+",
    )  # fmt: skip

    before, after = place.head(place.source), place.head(place.dest)
    assert after["Metadata"] == {"plain": "a b", "other": "new", "added": "y z"}
    assert (after["ContentType"], after["CacheControl"]) == ("text/plain", "no-store")
    for name in ("ContentEncoding", "ContentLanguage", "ContentDisposition", "Expires"):
        assert (name, after.get(name)) == (name, before.get(name))
    assert place.tags(place.dest) == {"team": "new team", "kept": "1", "more": "+"}


@pytest.mark.parametrize(("wish", "made"), [("keep", "STANDARD_IA"), ("onezone_ia", "ONEZONE_IA")])
def test_the_storage_class_is_kept_or_set(place: Place, wish: str, made: str) -> None:
    """
    ``--storage-class keep`` and a class by name, in any case.
    """
    if wish != "keep":
        place.needs(Feature.CLASSES)
    place.make(StorageClass="STANDARD_IA")

    result = place.copy("--storage-class", wish)

    assert place.head(place.dest).get("StorageClass") == made
    assert lost_of(result) == {}


def test_a_class_left_behind_is_in_the_summary(place: Place) -> None:
    """
    Without the option the copy has the destination's. On Ceph, whole copies have the source's unasked.
    """
    place.make(StorageClass="STANDARD_IA")

    lost = lost_of(place.copy())

    inherits = place.server == "ceph" and not place.in_parts
    assert lost == ({} if inherits else {"storage class": 1})
    assert place.head(place.dest).get("StorageClass", "STANDARD") == ("STANDARD_IA" if inherits else "STANDARD")


def test_an_unknown_class_fails_in_the_servers_words(place: Place) -> None:
    """
    Nothing is copied under another class.
    """
    place.needs(Feature.REFUSES_CLASSES)
    if place.server == "localstack" and not place.in_parts:
        pytest.skip("localstack takes any class for a copy")
    place.make()

    result = place.copy("--storage-class", "NO_SUCH", code=3)

    assert "InvalidStorageClass" in result.err or "InvalidArgument" in result.err
    made = place.dest.keys()
    assert "a" not in made


@pytest.mark.parametrize("algorithm", ["AES256", "aws:kms"])
def test_encryption_is_as_asked_for(place: Place, algorithm: str) -> None:
    """
    On the copy; for those in parts it is on the work in progress too.
    """
    place.needs(Feature.ENCRYPTION)
    place.make()

    result = place.copy("--sse", algorithm, *(("--sse-kms-key-id", "testkey-1") if algorithm == "aws:kms" else ()))

    assert place.head(place.dest)["ServerSideEncryption"] == algorithm
    assert lost_of(result) == {}
    found = place.dest.keys()
    made = [name for name in found if name.startswith("temp/") and not name.endswith(".json")]
    assert len(made) == (4 if place.in_parts else 0)
    for name in made:
        head = place.client.head_object(Bucket=place.dest.name, Key=name)
        assert (name, head["ServerSideEncryption"]) == (name, algorithm)


def test_an_encryption_that_a_server_passes_over_is_told(place: Place) -> None:
    """
    It says 200 and encrypts nothing.
    """
    if place.has(Feature.ENCRYPTION) or (place.server == "sim" and place.in_parts):
        pytest.skip(f"{place.server} does as it is told")
    place.make()

    assert lost_of(place.copy("--sse", "AES256")) == {"encryption": 1}


def test_kept_grants_are_on_the_copy(place: Place) -> None:
    """
    ``--acl keep``: the grants of others, and full control for whom the copy belongs to.
    """
    place.needs(Feature.ACLS)
    place.make(ACL="public-read")

    place.copy("--acl", "keep")

    assert place.grants(place.dest) == {("READ", GROUP), ("FULL_CONTROL", place.owner())}


def test_without_the_option_copies_are_private(place: Place) -> None:
    """
    As S3 makes them; so is an object whose owner alone has a grant, with ``--acl keep`` too.
    """
    place.needs(Feature.ACLS)
    if place.in_parts:
        place.needs(Feature.ACLS_OF_UPLOADS)
    place.make(ACL="public-read")
    place.make("b")

    place.copy()
    assert [permission for permission, _ in place.grants(place.dest)] == ["FULL_CONTROL"]
    place.client.delete_object(Bucket=place.dest.name, Key="b")
    place.copy("--acl", "keep")
    assert place.grants(place.dest, "b") == place.grants(place.source, "b")


def test_a_canned_acl_is_on_the_copy(place: Place) -> None:
    """
    ``--acl public-read``.
    """
    place.needs(Feature.ACLS)
    place.make()

    place.copy("--acl", "public-read")

    assert ("READ", GROUP) in place.grants(place.dest)


def test_grants_go_to_groups_and_users(place: Place) -> None:
    """
    ``--acl-grant`` with the URI of a group and with a user's id.
    """
    place.needs(Feature.ACLS)
    place.make()
    user = place.owner() if place.server == "ceph" else USER
    grantee = f"id={user}" if place.server == "ceph" else user

    place.copy("--acl-grant", f"READ:{GROUP}", "--acl-grant", f"read-acp:{grantee}")

    assert {("READ", GROUP), ("READ_ACP", user), ("FULL_CONTROL", place.owner())} == place.grants(place.dest)


def test_a_lock_is_carried_where_asked_for(place: Place) -> None:
    """
    ``--object-lock keep``: retention and legal hold. A server that passes the wish over is found out.
    """
    place.needs(Feature.LOCKED_COPIES)
    until = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    for bucket in (place.source, place.dest):
        place.client.delete_bucket(Bucket=bucket.name)
        place.client.create_bucket(Bucket=bucket.name, ObjectLockEnabledForBucket=True)
    place.make()
    name = {"Bucket": place.source.name, "Key": "a"}
    place.client.put_object_retention(**name, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until})
    place.client.put_object_legal_hold(**name, LegalHold={"Status": "ON"})

    result = place.copy("--object-lock", "keep")

    after = place.head(place.dest)
    if place.in_parts and not place.has(Feature.LOCKED_UPLOADS):
        assert lost_of(result) == {"object lock": 1}
        return
    assert (after["ObjectLockMode"], after["ObjectLockRetainUntilDate"]) == ("GOVERNANCE", until)
    assert after["ObjectLockLegalHoldStatus"] == "ON"
    assert lost_of(result) == {}


def test_redirects_of_a_website_survive(place: Place) -> None:
    """
    CopyObject leaves them out.
    """
    place.needs(Feature.REDIRECTS)
    place.client.put_bucket_website(
        Bucket=place.source.name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
    )
    place.make(WebsiteRedirectLocation="/there")

    place.copy()

    assert place.head(place.dest)["WebsiteRedirectLocation"] == "/there"


def test_what_is_lost_stands_in_the_report(place: Place, tmp_path: Path) -> None:
    """
    For the object that it is lost of.
    """
    place.needs(Feature.CLASSES)
    place.make(StorageClass="STANDARD_IA")
    place.make("b")

    place.copy("--report", tmp_path / "report.jsonl")

    lines = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    assert {line["key"]: line["lost"] for line in lines if "lost" in line} == {"a": ["storage class"], "b": []}
