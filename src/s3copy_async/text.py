"""
Text for people: keys made harmless, sizes and durations read and written, secrets masked.
"""

from __future__ import annotations

import math
import re
import shlex
import unicodedata
from datetime import UTC, datetime
from typing import Final, NamedTuple

_SAFE: Final = re.compile(r"[ -\[\]-~]*").fullmatch
# Controls, formats (bidi marks, zero width), private use, surrogates, unassigned; line and paragraph separators.
_HARMFUL: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
# CI services take ##[error], ##vso[...] and ##teamcity[...] for commands, wherever in a line they stand.
_COMMAND: Final = re.compile(r"#(?=#\w*\[)")
_SIZE: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGTP]?)(i?)(B?)\s*", re.IGNORECASE).fullmatch
_DURATION: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d|w)?\s*", re.IGNORECASE).fullmatch
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).match
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_POWERS: Final = " KMGTP"


def shown(text: str) -> str:
    r"""
    Hostile `text` made safe for a terminal, a log line or a report: one line, nothing that moves a cursor.

    Everything that is not plainly visible becomes a ``\\uXXXX`` or ``\\xXX`` escape, as does the beginning of a command
    for a CI service, and a backslash is doubled, so two different keys are never shown alike.
    """
    if not _SAFE(text):
        text = "".join(_escaped(char) for char in text)
    return _COMMAND.sub(r"\\x23", text) if "##" in text else text


def harmless(text: str) -> str:
    """
    A message made safe in the same way, its backslashes left alone: for text that may hold shown keys already.
    """
    if not _SAFE(text):
        text = "".join(char if char == "\\" else _escaped(char) for char in text)
    return _COMMAND.sub(r"\\x23", text) if "##" in text else text


def _escaped(char: str) -> str:
    if char == "\\":
        return "\\\\"
    if unicodedata.category(char) not in _HARMFUL:
        return char
    number = ord(char)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def masked(key_id: str) -> str:
    """
    An access key id by which its owner knows it again: at most its first and last four characters.
    """
    return f"{key_id[:4]}...{key_id[-4:]}" if len(key_id) > 12 else "..."


def parse_size(text: str) -> int:
    """
    Bytes from ``64MiB`` (binary), ``64MB`` or ``64M`` (decimal) or plain bytes.

    Raises:
        ValueError: one line with the forms that are accepted.
    """
    found = _SIZE(text)
    if not found or (found[3] and not found[2]):
        raise ValueError(f"{text!r} is not a size: expected bytes, or a number with a unit, such as 64MiB or 64MB")
    number, letter, binary, _ = found.groups()
    unit: int = (1024 if binary else 1000) ** _POWERS.index(letter.upper() or " ")
    return math.floor(float(number) * unit) if "." in number else int(number) * unit


def parse_duration(text: str) -> float:
    """
    Seconds from ``15m``, ``90s``, ``1.5h``, ``7d``, ``500ms`` or plain seconds.

    Raises:
        ValueError: one line with the forms that are accepted.
    """
    found = _DURATION(text)
    if not found:
        raise ValueError(f"{text!r} is not a duration: expected a number with ms, s, m, h, d or w, such as 15m")
    return float(found[1]) * _SECONDS[(found[2] or "s").lower()]


class Moment(NamedTuple):
    """
    A point in time as people give it: seconds since the epoch, or where `ago`, seconds before a run starts.
    """

    seconds: float
    ago: bool = False

    def at(self, start: float) -> float:
        """
        Seconds since the epoch, for a run that starts at `start`.
        """
        return start - self.seconds if self.ago else self.seconds


def parse_moment(text: str) -> Moment:
    """
    A point in time from a duration with its unit (``7d``: that long before the start) or an ISO 8601 date, with or
    without a time (``2026-01-31``, ``2026-01-31T12:00:00+01:00``). Without an offset it is UTC.

    Raises:
        ValueError: one line with the forms that are accepted.
    """
    word = text.strip()
    try:
        if _DATE(word):
            found = datetime.fromisoformat(word)
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
            return Moment((found - _EPOCH).total_seconds())
        if (duration := _DURATION(word)) and duration[2]:  # a bare number may be meant for a year
            return Moment(parse_duration(word), ago=True)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is neither a duration, such as 7d or 12h, nor a date, such as 2026-01-31T12:00:00Z")


def size_text(nbytes: float) -> str:
    """
    Bytes for people, in binary units: ``1.5 MiB``.
    """
    if nbytes < 1024:
        return f"{nbytes:.0f} B"
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        nbytes /= 1024
        if nbytes < 1024:
            return f"{nbytes:.1f} {unit}"
    return f"{nbytes / 1024:.1f} PiB"


def count_text(number: int, noun: str) -> str:
    """
    ``1 object``, ``2,000 objects``.
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def seconds_text(seconds: float) -> str:
    """
    A span of time for people: ``4.2 s``, ``3 m 05 s``, ``2 h 07 m``.
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} m"


def clock_text(seconds: float) -> str:
    """
    A span of time as a clock shows it: ``0:07``, ``12:05``, ``3:02:09``.
    """
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def quoted(word: str) -> str:
    """
    One word for a POSIX shell; what a terminal could not show harmlessly stands in bash's ``$'...'`` form.
    """
    if shown(word).replace("\\\\", "\\") == word:
        return shlex.quote(word)
    data = word.encode("utf-8", "surrogateescape")
    return (
        "$'"
        + "".join(chr(byte) if 32 <= byte < 127 and byte not in b"'\\#" else f"\\x{byte:02x}" for byte in data)
        + "'"
    )
