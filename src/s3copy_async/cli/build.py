"""
Turns what click parsed into `Options`, and finds every problem that a single option cannot see.
"""

from __future__ import annotations

import configparser
import ipaddress
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from s3copy_async.errors import ConfigError
from s3copy_async.keys import folder
from s3copy_async.lister import parse_lines
from s3copy_async.options import MAX_COPY, Access, Display, Keys, Limits, Options, Progress, Selection
from s3copy_async.s3cfg import DEFAULT_PATH, S3Cfg, read_s3cfg
from s3copy_async.selection import rules_of
from s3copy_async.text import shown
from s3copy_async.uri import S3Uri

T = TypeVar("T")
DEFAULT_DEST: Final = "temp/dest/"


class Builder:
    """
    Builds `Options` out of the values of one command line, collecting problems and warnings on the way.

    Args:
        values: click's parameters, None where a value was bad or absent.
        problems: those already found.
        on_argv: the names of parameters that were given on the command line.
        command: the command line that continues the run.
    """

    def __init__(
        self, values: Mapping[str, Any], problems: list[str], on_argv: frozenset[str], command: str = ""
    ) -> None:
        self._values = values
        self._problems = problems
        self._on_argv = on_argv
        self._command = command
        self._warnings: list[str] = []

    def options(self) -> Options:
        """
        The options.

        Raises:
            ConfigError: with every problem there is.
        """
        selection = self._selection()
        access = self._access()
        dest_cfg = self._s3cfg("-d/--dest-config", self._get("dest_config"))
        limits = self._limits()
        display = self._display()
        work_prefix = self._work_prefix()
        if self._problems or selection is None:
            raise ConfigError(*self._problems)
        return Options(
            selection=selection,
            access=access,
            dest_access=self._other(access, dest_cfg, "-d/--dest-config") if dest_cfg else None,
            dest_fallback=self._fallback(access) if not dest_cfg else None,
            limits=limits,
            display=display,
            grants=tuple(self._get("grants") or ()),
            work_prefix=work_prefix,
            one_way=bool(self._get("one_way")),
        )

    def display(self) -> Display:
        """
        Only how a run is shown, for commands that copy nothing of the user's.

        Raises:
            ConfigError: with every problem there is.
        """
        display = self._display()
        if self._problems:
            raise ConfigError(*self._problems)
        return display

    def _get(self, name: str) -> Any:
        return self._values.get(name)

    def _try(self, name: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except ValueError as error:
            self._problems.append(f"{name}: {shown(str(error))}")
            return None

    # Selection

    def _selection(self) -> Selection | None:
        source: S3Uri | None = self._get("source")
        if source is None:
            return None
        dest: S3Uri = self._get("dest") or S3Uri(source.bucket, "")
        exact = bool(self._get("no_target_directory"))
        if dest.bucket == source.bucket and not dest.path and not exact:
            dest = S3Uri(dest.bucket, DEFAULT_DEST)
        files = self._keys("-f/--file", self._get("files") or ())
        prefixes = self._keys("-p/--prefix", self._get("prefixes") or ())
        if path := self._get("prefixes_from"):
            prefixes += tuple(self._lines("-P/--prefixes", path))
        files_from = self._list_file("-F/--files", self._get("files_from"))
        if files_from == "-" and self._get("prefixes_from") == "-":
            self._problems.append("-F -, -P -: only one of them can read standard input")
        selection = Selection(source, dest, files, prefixes, files_from, exact)
        if "*" in dest.path and not exact:
            self._problems.append(f"DEST: {str(dest)!r}: a destination is a folder and cannot contain *")
        if exact:
            self._check_exact(selection)
        elif files or prefixes or files_from is not None:
            self._try("SOURCE", lambda: folder(source.path))
        if not self._problems:
            try:
                rules_of(selection)
            except ConfigError as error:
                name = "-p/-P" if prefixes else "SOURCE"
                self._problems.extend(f"{name}: {shown(problem)}" for problem in error.problems)
        return selection

    def _check_exact(self, selection: Selection) -> None:
        if selection.files or selection.prefixes or selection.files_from is not None:
            self._problems.append("-T/--no-target-directory copies one object: leave out -f, -p, -F and -P")
        if not selection.source.path or not selection.dest.path:
            self._problems.append("-T/--no-target-directory needs a key in SOURCE and in DEST: s3://bucket/key")

    def _keys(self, name: str, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not value:
                self._problems.append(f"{name}: an empty key names nothing: leave it out")
            elif "\udc80" <= max(value) <= "\udcff":
                self._problems.append(f"{name}: {shown(value)}: not valid UTF-8, as S3 keys are")
        return tuple(values)

    def _list_file(self, name: str, path: str | None) -> str | None:
        if path is None or path == "-":
            return path
        if not Path(path).exists():
            self._problems.append(
                f"{name}: {shown(path)}: there is no such file; give a list of keys, one a line, or -"
            )
        elif Path(path).is_dir() or not os.access(path, os.R_OK):
            self._problems.append(f"{name}: {shown(path)} cannot be read: give a text file that you may read")
        return path

    def _lines(self, name: str, path: str) -> list[str]:
        before = len(self._problems)
        self._list_file(name, path)
        if len(self._problems) > before:
            return []
        try:
            data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        except OSError as error:
            self._problems.append(f"{name}: {shown(path)} cannot be read: {error.strerror}")
            return []
        return parse_lines(data.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True))

    def _work_prefix(self) -> str:
        prefix = (self._get("work_prefix") or "").strip("/")
        if not prefix:
            self._problems.append("--work-prefix: it must name a folder, such as temp")
        return prefix + "/"

    # Credentials

    def _access(self) -> Access:
        config = self._s3cfg("-c/--config-file", self._get("config_file"))
        access_key = self._get("access_key") or (config.access_key if config else None)
        secret_key = self._get("secret_key") or (config.secret_key if config else None)
        self._check_keys(access_key, secret_key, config)
        anonymous = bool(self._get("no_sign_request"))
        keys = Keys(access_key, secret_key, self._token(config)) if access_key and secret_key else None
        given = [
            name
            for name, is_given in (("-a/-k", self._get("access_key")), ("-c", config), ("--profile", self._profile()))
            if is_given
        ]
        if anonymous and given:
            self._problems.append(
                f"--no-sign-request uses no credentials: leave out {' and '.join(given)}, or --no-sign-request"
            )
        elif "--profile" in given and len(given) > 1:
            self._problems.append(f"--profile and {given[0]} both name credentials: use one of them")
        return Access(
            keys=keys,
            fallback=None if keys or anonymous else self._default_s3cfg(),
            profile=self._profile(),
            anonymous=anonymous,
            endpoint_url=self._endpoint() or (config.endpoint_url if config else None),
            region=self._get("region"),
            ca_bundle=self._ca_bundle(),
            verify_tls=not self._get("no_verify_ssl"),
            addressing_style=self._get("addressing_style") or "auto",
        )

    def _token(self, config: S3Cfg | None) -> str | None:
        # A token belongs to the keys it came with.
        return config.token if config and not self._get("access_key") and not self._get("secret_key") else None

    def _check_keys(self, access_key: str | None, secret_key: str | None, config: S3Cfg | None) -> None:
        if access_key and not secret_key:
            self._problems.append("-k/--secret-key is missing: -a needs it, or use -c FILE or --profile")
        if secret_key and not access_key:
            self._problems.append("-a/--access-key is missing: -k needs it, or use -c FILE or --profile")
        if config and not access_key and not secret_key:
            self._problems.append(
                "-c/--config-file: the file has no access_key and secret_key in its [default] section"
            )
        if {"access_key", "secret_key"} & self._on_argv:
            self._warnings.append(
                "other users of this machine can read -a and -k: prefer -c FILE, --profile or the environment"
            )

    def _profile(self) -> str | None:
        name: str | None = self._get("profile")
        if name and name not in _profiles():
            self._problems.append(
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
            self._problems.append(f"{name}: {shown(path)} {error}")
            return None
        if found.exposed:
            self._warnings.append(f"{shown(path)} holds a secret that others can read: chmod 600 it")
        return found

    def _default_s3cfg(self) -> Keys | None:
        if not Path(DEFAULT_PATH).expanduser().exists():
            return None
        found = self._s3cfg("~/.s3cfg", DEFAULT_PATH)
        return found.keys if found else None

    def _other(self, access: Access, config: S3Cfg, name: str) -> Access:
        if config.keys is None:
            raise ConfigError(f"{name}: the file has no access_key and secret_key in its [default] section")
        return Access(
            keys=config.keys,
            endpoint_url=self._endpoint() or config.endpoint_url or access.endpoint_url,
            region=access.region,
            ca_bundle=access.ca_bundle,
            verify_tls=access.verify_tls,
            addressing_style=access.addressing_style,
        )

    def _fallback(self, access: Access) -> Access | None:
        """
        With a special `-c`, the default ``~/.s3cfg`` may know how to list the destination, as in the original.
        """
        config_file = self._get("config_file")
        default = Path(DEFAULT_PATH).expanduser()
        if not config_file or not default.exists() or default.samefile(Path(config_file).expanduser()):
            return None
        try:
            found = read_s3cfg(DEFAULT_PATH)
        except ValueError:
            return None
        return self._other(access, found, "~/.s3cfg") if found.keys else None

    def _endpoint(self) -> str | None:
        url: str | None = self._get("endpoint_url")
        if url is None:
            return None
        try:
            parts = urlsplit(url)
            scheme, host = parts.scheme, parts.hostname if parts.port != 0 else None
        except ValueError:
            scheme, host = "", None
        if scheme not in ("http", "https") or not host:
            problem = f"--endpoint-url: {shown(url)!r} is not a URL such as https://s3.example.com"
            if problem not in self._problems:
                self._problems.append(problem)
            return None
        if scheme == "http" and not _is_loopback(host):
            warning = f"{shown(url)} is not encrypted: others on the network can read keys and session tokens"
            if warning not in self._warnings:
                self._warnings.append(warning)
        return url

    def _ca_bundle(self) -> str | None:
        path: str | None = self._get("ca_bundle")
        if self._get("no_verify_ssl"):
            self._warnings.append("--no-verify-ssl: certificates are not checked, anyone can pose as the store")
            if path:
                self._problems.append("--ca-bundle and --no-verify-ssl exclude each other: use one of them")
        if path and not os.access(path, os.R_OK):
            self._problems.append(f"--ca-bundle: {shown(path)} cannot be read: give a file of PEM certificates")
        return path

    # The rest

    def _limits(self) -> Limits:
        large_file = self._get("large_file")
        if large_file is not None and not 0 < large_file <= MAX_COPY:
            self._problems.append("--large-file: S3 copies at most 5GiB at once, so expected 1 byte to 5GiB")
        threads, retries, retry_for = self._get("threads"), self._get("retries"), self._get("retry_for")
        return Limits(
            permits=max(1, threads if threads is not None else 40),
            retries=retries if retries is not None else 3,
            retry_for=retry_for if retry_for is not None else 900.0,
            large_file=large_file or MAX_COPY,
        )

    def _display(self) -> Display:
        quiet, verbose = self._get("quiet"), self._get("verbose") or 0
        if quiet and verbose:
            self._problems.append("-q/--quiet and -v/--verbose exclude each other: use one of them")
        log_file = self._get("log_file")
        if log_file:
            self._check_log(log_file)
        return Display(
            progress=Progress(self._get("progress") or "auto"),
            verbosity=-1 if quiet else verbose,
            log_level=self._get("log_level") or ("INFO" if log_file else None),
            log_file=log_file,
            command=self._command,
            warnings=tuple(self._warnings),
        )

    def _check_log(self, path: str) -> None:
        parent = Path(path).absolute().parent
        writable = (
            os.access(path, os.W_OK) and not Path(path).is_dir() if Path(path).exists() else os.access(parent, os.W_OK)
        )
        if not writable:
            self._problems.append(
                f"-L/--log-file: {shown(path)} cannot be written: give a file in a folder that you may write to"
            )


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
