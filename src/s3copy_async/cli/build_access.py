"""
Builds the credentials and endpoints.
"""

from __future__ import annotations

import configparser
import ipaddress
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from s3copy_async import S3CFG_PATH, Access, Fallback, Keys, ListVersion, S3Cfg, Transport, problems, read_s3cfg
from s3copy_async.cli.form import Form
from s3copy_async.text import shown

_NO_KEYS: Final = "the file has no access_key and secret_key in its [default] section: add them"


@dataclass(frozen=True, slots=True)
class Accesses:
    """
    Who signs what: see `options.Options`.
    """

    main: Access
    dest: Access | None
    dest_fallback: Access | None


class AccessBuilder:
    """
    Builds every `Access` of a run out of a form.
    """

    def __init__(self, form: Form) -> None:
        self._form = form

    def build(self) -> Accesses:
        """
        Every `Access` of the run. What is wrong with them is in the form.
        """
        config = self._s3cfg("-c/--config-file", self._form.get("config_file"))
        dest_config = self._s3cfg("-d/--dest-config", self._form.get("dest_config"))
        main = self._main(config)
        if dest_config is None:
            return Accesses(main, None, self._dest_fallback(main))
        if dest_config.keys is None:
            self._form.problem(f"-d/--dest-config: {_NO_KEYS}")
            return Accesses(main, None, None)
        return Accesses(main, self._other(main, dest_config, dest_config.keys), None)

    def _main(self, config: S3Cfg | None) -> Access:
        form = self._form
        access_key = form.get("access_key") or (config.access_key if config else None)
        secret_key = form.get("secret_key") or (config.secret_key if config else None)
        self._check_keys(access_key, secret_key, config)
        anonymous = bool(form.get("no_sign_request"))
        profile = self._profile()
        self._check_one_kind(config, profile, anonymous=anonymous)
        keys = Keys(access_key, secret_key, self._token(config)) if access_key and secret_key else None
        return Access(
            keys=keys,
            fallback=None if keys or anonymous else self._default_s3cfg(),
            profile=profile,
            anonymous=anonymous,
            endpoint_url=self._endpoint() or (config.endpoint_url if config else None),
            region=form.get("region"),
            ca_bundle=self._ca_bundle(),
            verify_tls=not form.get("no_verify_ssl"),
            addressing_style=form.get("addressing_style") or "auto",
            request_payer=bool(form.get("request_payer")),
            transport=Transport(form.get("transport") or Transport.AUTO),
            list_version=ListVersion(form.get("list_version") or ListVersion.AUTO),
        )

    def _check_one_kind(self, config: S3Cfg | None, profile: str | None, *, anonymous: bool) -> None:
        given = [
            name
            for name, is_given in (("--profile", profile), ("-a/-k", self._form.get("access_key")), ("-c", config))
            if is_given
        ]
        if anonymous and given:
            self._form.problem(f"--no-sign-request uses no credentials: leave out {' and '.join(given)}")
        elif profile and len(given) > 1:
            self._form.problem(f"--profile and {given[1]} both name credentials: use one of them")

    def _token(self, config: S3Cfg | None) -> str | None:
        # A token belongs to the keys it came with.
        return (
            config.token if config and not self._form.get("access_key") and not self._form.get("secret_key") else None
        )

    def _check_keys(self, access_key: str | None, secret_key: str | None, config: S3Cfg | None) -> None:
        if access_key and not secret_key:
            self._form.problem("-k/--secret-key is missing: -a needs it, or use -c FILE or --profile")
        if secret_key and not access_key:
            self._form.problem("-a/--access-key is missing: -k needs it, or use -c FILE or --profile")
        if config and not access_key and not secret_key:
            self._form.problem(f"-c/--config-file: {_NO_KEYS}")
        if {"access_key", "secret_key"} & self._form.on_argv:
            self._form.warn(
                "other users of this machine can read -a and -k: prefer -c FILE, --profile or the environment"
            )

    def _profile(self) -> str | None:
        name: str | None = self._form.get("profile")
        if name and name not in _profiles():
            self._form.problem(
                f"--profile: the AWS configuration has no profile {shown(name)!r}: see `aws configure list-profiles`"
            )
            return None
        return name

    def _s3cfg(self, name: str, path: str | None) -> S3Cfg | None:
        if path is None:
            return None
        try:
            found = read_s3cfg(path)
        except ValueError as error:
            self._form.problem(f"{name}: {shown(path)} {error}")
            return None
        if found.exposed:
            self._form.warn(f"{shown(path)} holds a secret that others can read: chmod 600 it")
        return found

    def _default_s3cfg(self) -> Fallback | None:
        if not Path(S3CFG_PATH).expanduser().exists():
            return None
        try:
            found = read_s3cfg(S3CFG_PATH)
        except ValueError as error:
            self._form.warn(f"{S3CFG_PATH} {error}")
            return None
        return Fallback(found.keys, found.endpoint_url) if found.keys else None

    def _other(self, main: Access, config: S3Cfg, keys: Keys) -> Access:
        """
        Another set of keys, for the destination, by the same way there.
        """
        endpoint_url = self._endpoint() or config.endpoint_url or main.endpoint_url
        return replace(main, keys=keys, fallback=None, profile=None, anonymous=False, endpoint_url=endpoint_url)

    def _dest_fallback(self, main: Access) -> Access | None:
        """
        With a special `-c`, the default ``~/.s3cfg`` may know how to list the destination, as in the original.
        """
        config_file = self._form.get("config_file")
        default = Path(S3CFG_PATH).expanduser()
        given = Path(config_file or "").expanduser()
        if not config_file or not default.exists() or not given.exists() or default.samefile(given):
            return None
        try:
            found = read_s3cfg(S3CFG_PATH)
        except ValueError:
            return None
        return self._other(main, found, found.keys) if found.keys else None

    def _endpoint(self) -> str | None:
        url: str | None = self._form.get("endpoint_url")
        if url is None:
            return None
        found = [*problems(Access(endpoint_url=url))]
        self._form.problems_with(found)
        if found:
            return None
        parts = urlsplit(url)
        if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            self._form.warn(f"{shown(url)} is not encrypted: others on the network can read keys and session tokens")
        return url

    def _ca_bundle(self) -> str | None:
        path: str | None = self._form.get("ca_bundle")
        if self._form.get("no_verify_ssl"):
            self._form.warn("--no-verify-ssl: certificates are not checked, anyone can pose as the store")
            if path:
                self._form.problem("--ca-bundle and --no-verify-ssl exclude each other: use one of them")
        if path and not os.access(path, os.R_OK):
            self._form.problem(f"--ca-bundle: {shown(path)} cannot be read: give a file of PEM certificates")
        return path


def _profiles() -> set[str]:
    """
    The profiles of the AWS configuration files, read without the weight of botocore.
    """
    names: set[str] = set()
    for variable, default, lead in (
        ("AWS_CONFIG_FILE", "~/.aws/config", "profile "),
        ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", ""),
    ):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(Path(os.environ.get(variable, default)).expanduser(), encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        names |= {section.removeprefix(lead).strip().strip("'\"") for section in parser.sections()}
    return names


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
