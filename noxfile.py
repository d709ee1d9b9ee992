"""
The project's chores: ``nox`` runs lint, typing and tests; ``nox -l`` lists all.
"""

import nox

PYTHONS = nox.project.python_versions(nox.project.load_toml())
nox.options.sessions = ["lint", "typing", "tests"]
nox.options.reuse_existing_virtualenvs = True


@nox.session
def lint(session: nox.Session) -> None:
    """
    Checks style and format.
    """
    session.install("ruff>=0.11")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def typing(session: nox.Session) -> None:
    """
    Checks types.
    """
    session.install("-e", ".[dev]")
    session.run("mypy")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """
    Runs the tests on every Python that is there.
    """
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs)
