"""
Parameters that report their problems together, and the types of their values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from s3copy_async import KEEP, Grant, S3Uri
from s3copy_async.text import parse_duration, parse_moment, parse_size, shown

DEFAULT: Final = "copy"
"""The command that needs no name."""
PROBLEMS: Final = "s3copy_async.problems"
_CLASSES: Final = (
    "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE",
    "REDUCED_REDUNDANCY",
)  # fmt: skip


def problems_of(ctx: click.Context) -> list[str]:
    """
    Every problem found so far, one line each.
    """
    found: list[str] = ctx.meta.setdefault(PROBLEMS, [])
    return found


class Option(click.Option):
    """
    An option that stands in a section of the help, and whose bad value is collected, not raised.

    Args:
        section: heading in the help.
        variadic: several values may follow, as in ``-f a b c``.
    """

    def __init__(self, *declarations: Any, section: str = "Other", variadic: bool = False, **settings: Any) -> None:
        super().__init__(*declarations, **settings)
        self.section = section
        self.variadic = variadic

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """
        Converts the value; a problem goes to the list that is reported as a whole.
        """
        return _collected(self, ctx, value, super().process_value)

    def get_help_extra(self, ctx: click.Context) -> Any:
        """
        The default stands in the help; a range that is plain to see does not.
        """
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


class Argument(click.Argument):
    """
    An argument whose bad value is collected, not raised.
    """

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """
        Converts the value; a problem goes to the list that is reported as a whole.
        """
        return _collected(self, ctx, value, super().process_value)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """
        Completes a URI; where no command is named yet, the names of the commands too.
        """
        found = super().shell_complete(ctx, incomplete)
        group = ctx.parent.command if ctx.parent else None
        if self.name == "source" and ctx.command.name == DEFAULT and isinstance(group, click.Group):
            found += [
                CompletionItem(name, help=command.get_short_help_str())
                for name, command in group.commands.items()
                if name != DEFAULT and incomplete and name.startswith(incomplete)
            ]
        return found


def _collected(
    param: click.Parameter, ctx: click.Context, value: Any, convert: Callable[[click.Context, Any], Any]
) -> Any:
    try:
        return convert(ctx, value)
    except click.MissingParameter:
        if ctx.resilient_parsing:
            raise
        problems_of(ctx).append(f"{param.human_readable_name} is missing: expected s3://bucket/path")
    except click.BadParameter as error:
        if ctx.resilient_parsing:
            raise
        names = "/".join(param.opts) if isinstance(param, click.Option) else param.human_readable_name
        problems_of(ctx).append(f"{names}: {shown(error.message)}")
    return None


def option(*declarations: str, section: str, env: bool = True, **settings: Any) -> Callable[[Any], Any]:
    """
    Declares an option that can also be given as ``S3COPY_<LONG_OPTION>`` in the environment.
    """
    names = [name for name in declarations if name.startswith("--")]
    if env and names:
        long_name = names[0].split("/")[0].removeprefix("--")
        settings["envvar"] = "S3COPY_" + long_name.upper().replace("-", "_")
    return click.option(*declarations, cls=Option, section=section, **settings)


class Parsed(click.ParamType[Any]):
    """
    A type made of a function that raises ValueError with one clear line.
    """

    def __init__(self, name: str, parse: Callable[[str], object]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """
        See `click.ParamType`.
        """
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class UriType(Parsed):
    """
    ``s3://bucket/path``, whose scheme completes itself.
    """

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """
        See `click.ParamType`.
        """
        return [CompletionItem("s3://", type="nospace")] if "s3://".startswith(incomplete) else []


def parse_grant(text: str) -> Grant:
    """
    Reads ``PERMISSION:GRANTEE``, the permission in any case.

    Raises:
        ValueError: one line with the forms that are accepted.
    """
    from s3copy_async import problems  # what --help can do without

    permission, found, grantee = text.partition(":")
    grant = Grant(permission.strip().upper().replace("-", "_"), grantee.strip())
    if not found:
        raise ValueError(f"{text!r} is not PERMISSION:GRANTEE, such as READ:friend@example.com")
    for problem in problems(grant):
        raise ValueError(problem.text)
    return grant


def parse_pair(text: str) -> tuple[str, str]:
    """
    Reads ``KEY=VALUE``.

    Raises:
        ValueError: it is none.
    """
    name, found, value = text.partition("=")
    if not found or not name:
        raise ValueError(f"{text!r} is not KEY=VALUE")
    return name, value


def parse_class(text: str) -> str:
    """
    Reads a storage class: Amazon's in any case, those of other stores as they are written.
    """
    return KEEP if text.lower() == KEEP else _class_name(text)


def parse_classes(text: str) -> tuple[str, ...]:
    """
    Reads storage classes between commas.

    Raises:
        ValueError: one of them is empty.
    """
    names = tuple(_class_name(name.strip()) for name in text.split(","))
    if not all(names):
        raise ValueError(f"{text!r} names an empty class: expected a class such as STANDARD, or several with commas")
    return names


def _class_name(text: str) -> str:
    return text.upper() if text.upper() in _CLASSES else text


URI: Final = UriType("s3 uri", S3Uri.parse)
SIZE: Final = Parsed("size", parse_size)


def parse_count(text: str) -> int:
    """
    A whole number of at least 0.

    Raises:
        ValueError: it is none.
    """
    if not text.strip().isdecimal():
        raise ValueError(f"{text!r} is not a whole number of at least 0")
    return int(text)


def parse_rate(text: str) -> float:
    """
    A number of requests per second, more than 0.

    Raises:
        ValueError: it is none.
    """
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < math.inf:
        raise ValueError(f"{text!r} is not a number of requests per second, such as 500")
    return rate


RATE: Final = Parsed("rate", parse_rate)
COUNT: Final = Parsed("count", parse_count)
DURATION: Final = Parsed("duration", parse_duration)
GRANT: Final = Parsed("grant", parse_grant)
PAIR: Final = Parsed("pair", parse_pair)
CLASS: Final = Parsed("class", parse_class)
CLASSES: Final = Parsed("classes", parse_classes)
MOMENT: Final = Parsed("moment", parse_moment)
