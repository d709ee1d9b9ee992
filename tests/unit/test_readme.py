"""
README.md is true of the command line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click
import pytest

from s3copy_async.cli.commands import cli

TEXT: Final = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
OPTIONS: Final = sorted(
    {
        name
        for command in cli.commands.values()
        for param in command.params
        if isinstance(param, click.Option)
        for name in (*param.opts, *param.secondary_opts)
    }
)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_listed_by_its_use(option: str) -> None:
    """
    In the tables of "Options by use".
    """
    tables = TEXT[TEXT.index("## Options by use") : TEXT.index("**Environment.**")]

    assert re.search(rf"`{option}[` ]", tables)


def test_no_option_is_named_that_does_not_exist() -> None:
    """
    Neither here nor there.
    """
    named = set(re.findall(r"(?<![-\w])--[a-z][a-z_-]+", TEXT))

    assert named - set(OPTIONS) - {"--help"} == set()


def test_it_stays_short() -> None:
    """
    What is longer has a page of its own.
    """
    assert len(TEXT.splitlines()) < 260
