"""
The documentation is true: its links lead somewhere, its commands exist, its examples are valid.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest
import yaml

import s3copy_async
from s3copy_async.cli.commands import cli

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
EXAMPLES: Final = ROOT / "docs" / "examples"
OPTIONS: Final = {
    name
    for command in cli.commands.values()
    for param in command.params
    if isinstance(param, click.Option)
    for name in (*param.opts, *param.secondary_opts)
} | {"-h", "--help"}
_FENCE: Final = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_COMMAND: Final = re.compile(r"(?:^|[|(`$\s])s3copy\s+([^|`#<>\n]*)", re.MULTILINE)
by_name: Final = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """
    A page without its blocks of code.
    """
    return _FENCE.sub("", page.read_text("utf-8"))


def blocks(page: Path, language: str) -> list[str]:
    """
    The blocks of code of one language.
    """
    return [body for found, body in _FENCE.findall(page.read_text("utf-8")) if found == language]


def anchors(page: Path) -> set[str]:
    """
    What a link may name in a page, by GitHub's rules.
    """
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@by_name
def test_every_link_leads_somewhere(page: Path) -> None:
    """
    To a file of the repository, and to a heading that it has. Links to other sites are not followed.
    """
    dead = []
    for target in _LINK.findall(prose(page)):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)

    assert dead == []


def test_there_are_links_to_follow() -> None:
    """
    Else the test before tests nothing.
    """
    found = [target for page in PAGES for target in _LINK.findall(prose(page))]

    assert len(found) > 50
    assert any("#" in target for target in found)


def test_every_decision_is_in_the_list() -> None:
    """
    With its title.
    """
    listed = (ROOT / "docs" / "decisions.md").read_text("utf-8")
    for page in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        number, _, title = page.read_text("utf-8").splitlines()[0].removeprefix("# ").partition(": ")
        assert f"| [{number}](decisions/{page.name}) | {title} |" in listed


def commands(text: str) -> Iterator[list[str]]:
    """
    The words of every call of the program.
    """
    for call in _COMMAND.findall(text.replace("\\\n", " ").replace("\\|", " or ")):
        try:
            yield shlex.split(call)
        except ValueError:  # half of a sentence
            yield call.split()


@pytest.mark.parametrize("path", [*PAGES, *EXAMPLES.iterdir()], ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_have_only_options_that_exist(path: Path) -> None:
    """
    In running text too.
    """
    if path.name == "CHANGELOG.md":
        return
    words = [word.partition("=")[0] for command in commands(path.read_text("utf-8")) for word in command]

    assert {word for word in words if re.fullmatch(r"--?[a-zA-Z][a-z_-]*", word)} <= OPTIONS


def test_policies_are_policies() -> None:
    """
    JSON, with a version and statements that allow actions of S3 or KMS.
    """
    found = [json.loads(block) for block in blocks(ROOT / "docs" / "permissions.md", "json")]

    assert len(found) >= 5
    for policy in found:
        assert policy["Version"] == "2012-10-17"
        for statement in policy["Statement"]:
            actions = statement["Action"]
            assert statement["Effect"] == "Allow"
            assert all(
                action.startswith(("s3:", "kms:")) for action in ([actions] if isinstance(actions, str) else actions)
            )


def test_the_workflow_is_one() -> None:
    """
    YAML with a job, whose steps use or run something.
    """
    (job,) = yaml.safe_load((EXAMPLES / "copy.yml").read_text("utf-8"))["jobs"].values()

    assert all("uses" in step or "run" in step for step in job["steps"])


def test_the_scripts_are_bash() -> None:
    """
    The nightly one, and what the workflow runs.
    """
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash on this machine")
    (job,) = yaml.safe_load((EXAMPLES / "copy.yml").read_text("utf-8"))["jobs"].values()
    texts = [(EXAMPLES / "nightly.sh").read_text("utf-8"), *(step["run"] for step in job["steps"] if "run" in step)]

    for text in texts:
        subprocess.run([bash, "-n"], input=text, text=True, check=True, capture_output=True)


@pytest.mark.parametrize("block", blocks(ROOT / "docs" / "library.md", "python"))
def test_examples_of_the_library_use_names_that_exist(block: str) -> None:
    """
    They compile, and take nothing of the library that is not public.
    """
    tree = ast.parse(block)
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "s3"
    }

    compile(tree, "library.md", "exec")
    assert used
    assert used <= set(s3copy_async.__all__)


def test_examples_of_the_library_are_typed_right(tmp_path: Path) -> None:
    """
    By mypy, where it is installed.
    """
    api = pytest.importorskip("mypy.api", reason="mypy comes with the extra [dev]")
    texts = blocks(ROOT / "docs" / "library.md", "python")
    for number, text in enumerate(texts):
        (tmp_path / f"example_{number}.py").write_text(text.replace("asyncio.run(main())", ""), "utf-8")

    out, err, code = api.run(["--strict", "--cache-dir", str(tmp_path / "cache"), *map(str, tmp_path.glob("*.py"))])

    assert (code, err) == (0, ""), out
