"""
The benchmarks' own sums, words and pictures; nothing is measured here but the measuring.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pytest

from benchmarks import chart, model, page, words
from benchmarks.measure import TooLongError, run
from benchmarks.model import GIB, MIB, OURS, Figure, Load, Result, Sample, Section, Workload
from benchmarks.peers import CALLS, DIRECT, PEERS, Job, program, shown, tools
from benchmarks.settings import parse, place
from benchmarks.stores import Counts, judge
from benchmarks.tls import configuration, missing
from benchmarks.turns import misdone
from benchmarks.workloads import NAMES, workloads

LOAD: Final = Load(1000, 1024)
SMALL: Final = Workload("small", "Small objects", LOAD)
FAST: Final = Result(
    OURS,
    ("s3copy -q s3://source s3://dest",),
    (
        Sample(2.0, 1.0, 50 * MIB, {"CopyObject": 1000, "ListObjectsV2": 2}, 1000),
        Sample(4.0, 1.5, 70 * MIB, {"CopyObject": 1000, "ListObjectsV2": 2}, 1000),
        Sample(2.5, 1.25, 60 * MIB, {"CopyObject": 1000, "ListObjectsV2": 1}, 1000),
    ),
)
SLOW: Final = Result("s5cmd", ("s5cmd cp 's3://source/*' s3://dest/",), (Sample(20.0, 5.0, 90 * MIB, {"A": 7}, 0),))
BROKEN: Final = Result("aws", ("aws s3 sync s3://source s3://dest",), (), 'exit code 1: <a> & "b" | `c`')
SECTION: Final = Section(SMALL, (FAST, SLOW, BROKEN))
SETTING: Final = page.Setting("sim_s3", True, {OURS: "0.1.0", "s5cmd": "2.3.0"}, 100_000, "2026-01-02")
SAME: Final = {"same": 1000, "same_etag": 400, "missing": 0, "differ": 0, "extra": 0, "uploads": 0, "meta_differ": 9}


def job(name: str, folder: Path, **changes: Path) -> Job:
    """
    One workload on a store.
    """
    workload = next(workload for workload in workloads(1000) if workload.name == name)
    return Job(workload, "http://127.0.0.1:9", "from-here", "to-there", folder, **changes)


def parsed(text: str) -> ET.Element:
    """
    Well-formed XML of our own.
    """
    return ET.fromstring(text)  # noqa: S314 - nobody else wrote it


def test_figures_are_medians_with_their_extremes() -> None:
    """
    Of all runs.
    """
    assert model.seconds(FAST) == Figure(2.5, 2.0, 4.0)
    assert model.cpu(FAST) == Figure(1.25, 1.0, 1.5)
    assert model.memory(FAST) == Figure(60, 50, 70)
    assert model.requests(FAST) == Figure(1002, 1001, 1002)
    assert model.kinds(FAST) == {"CopyObject": 1000, "ListObjectsV2": 2}


def test_requests_that_nobody_counted_are_no_zero() -> None:
    """
    A real store does not count.
    """
    result = replace(FAST, samples=[Sample(1.0, 1.0, 1)])

    assert model.requests(result) is None
    assert words.row(Section(SMALL, (result,)), result)[6:8] == ("-", "-")


def test_ratios_are_those_of_medians_to_ours() -> None:
    """
    8 is eight times the time.
    """
    assert model.ours(SECTION) is FAST
    assert words.row(SECTION, SLOW)[8:10] == ("8.00", "4.00")
    assert words.row(SECTION, FAST)[8:10] == ("1.00", "1.00")


def test_ratios_need_a_run_of_ours() -> None:
    """
    Else there is nothing to compare with.
    """
    alone = Section(SMALL, (replace(FAST, samples=(), failure="exit code 3"), SLOW))

    assert words.row(alone, SLOW)[8:10] == ("-", "-")
    assert parsed(chart.svg([alone], "")).tag.endswith("svg")


def test_rates_are_objects_or_bytes() -> None:
    """
    Bytes of objects in parts.
    """
    giant = Workload("giant", "One", Load(1, 100 * GIB, 64 * MIB))

    assert words.pace(SMALL, FAST) == "400 objects/s"
    assert words.pace(giant, SLOW) == "5.00 GiB/s"
    assert words.pace(replace(giant, load=Load(1, 10 * GIB, MIB)), SLOW) == "512 MiB/s"


@pytest.mark.parametrize(
    ("value", "text"), [(0.123, "0.12"), (1.5, "1.50"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346")]
)
def test_numbers_have_three_digits_or_more(value: float, text: str) -> None:
    """
    And commas.
    """
    assert words.number(value) == text


def test_the_page_holds_every_figure_and_every_flag() -> None:
    """
    Of every program, that of a failed one too.
    """
    text = page.page([SECTION], SETTING)

    for result in SECTION.results:
        assert f"| {' | '.join(words.row(SECTION, result))} |" in text
        assert all(line in text for line in result.shown)
    assert "CopyObject 1,000, ListObjectsV2 2" in text
    assert "s3copy 0.1.0, s5cmd 2.3.0" in text
    assert "2026-01-02" in text


def test_words_of_programs_stay_in_their_cells() -> None:
    """
    They may hold anything.
    """
    lines = page.page([SECTION], SETTING).splitlines()

    assert any(line.startswith("| aws | exit code 1 | - |") for line in lines)
    assert r'- aws: exit code 1: &lt;a> & "b" \| \`c\`' in lines


def test_a_short_run_says_that_it_is_one() -> None:
    """
    Its figures are none to quote.
    """
    assert "figures say nothing" in page.page([SECTION], replace(SETTING, objects=2000))
    assert "figures say nothing" not in page.page([SECTION], SETTING)


def test_a_workload_that_was_not_run_says_why() -> None:
    """
    On the page and in the terminal; the chart leaves it out.
    """
    skipped = Section(SMALL, skipped="nginx not installed")

    assert "Not run: nginx not installed." in page.page([skipped], SETTING)
    assert "not run: nginx not installed" in words.table(skipped)
    assert "Small objects" not in chart.svg([skipped], "")


def test_the_chart_is_well_formed_and_complete() -> None:
    """
    A bar for each result, with its rate; no word of a program breaks out.
    """
    root = parsed(chart.svg([SECTION, SECTION], "note & <more>"))
    named = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in root.iter(f"{named}text")]
    bars = [element for element in root.iter(f"{named}rect") if element.get("class") in {"ours", "peer"}]

    assert len(bars) == 4
    assert float(bars[0].get("width", "0")) == pytest.approx(8 * float(bars[1].get("width", "0")), rel=0.01)
    assert texts.count("400 objects/s") == 2
    assert texts.count("50.0 objects/s, 8.00 times as long") == 2
    assert "note & <more>" in texts
    assert "exit code 1" in texts


def test_the_table_has_a_line_for_each_program() -> None:
    """
    Below the headings; then what went wrong.
    """
    lines = words.table(SECTION).splitlines()

    assert [line.split()[0] for line in lines[1:-1]] == ["program", "s3copy", "s5cmd", "aws"]
    assert lines[-1].strip() == f"aws: {BROKEN.failure}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tool", CALLS)
def test_what_is_shown_is_what_is_run(tool: str, name: str, tmp_path: Path) -> None:
    """
    Every flag of the command, and neither the address of a store nor a path of this machine.
    """
    work = job(name, tmp_path, ca=tmp_path / "certificate.pem")
    call = CALLS[tool](work)
    text = "\n".join(shown(call, work))

    assert all(word in text for word in call.argv if word.startswith("-"))
    assert all(line in text for content in call.files.values() for line in content.splitlines())
    assert "$CERTIFICATE" in text
    assert str(tmp_path) not in text
    assert "127.0.0.1" not in text
    assert "from-here" not in text


def test_parts_are_copied_as_the_source_has_them(tmp_path: Path) -> None:
    """
    By those that can, of an object that needs parts.
    """
    work = job("giant", tmp_path)

    assert "64Mi" in CALLS["rclone"](work).argv
    assert "multipart_chunksize = 64MB" in "".join(CALLS["aws"](work).files.values())
    assert tools(work.workload, PEERS) == (OURS, DIRECT, *PEERS)
    assert tools(SMALL, ["aws"]) == (OURS, "aws")


def test_a_program_may_be_named_in_the_environment() -> None:
    """
    As the AWS CLI is, which lives apart.
    """
    assert program("aws", {"S3COPY_BENCH_AWS": sys.executable}) == sys.executable
    assert program("aws", {"S3COPY_BENCH_AWS": "/nowhere/aws"}) is None


def test_a_right_result_may_have_other_metadata_and_etags() -> None:
    """
    They are counted.
    """
    assert judge(SAME, LOAD).problem == ""
    assert judge(SAME, LOAD).same_etag == 400


@pytest.mark.parametrize("name", ["missing", "differ", "extra", "uploads"])
def test_a_wrong_result_is_named(name: str) -> None:
    """
    Whatever is wrong.
    """
    assert name in judge({**SAME, name: 3}, LOAD).problem
    assert judge({**SAME, "same": 999}, LOAD).problem


def test_bytes_must_not_pass_through_a_program() -> None:
    """
    Nor be copied when they are there. A store that does not count says nothing.
    """
    done = replace(SMALL, done=True)

    assert misdone(SMALL, Counts({}, LOAD.nbytes)) == ""
    assert "through" in misdone(SMALL, Counts({}, LOAD.nbytes - 1))
    assert misdone(done, Counts({}, 0)) == ""
    assert "not to be" in misdone(done, Counts({}, 1))
    assert misdone(SMALL, None) == ""


def test_settings_come_from_the_environment_and_the_command_line() -> None:
    """
    The keys of the AWS SDK stand in for ours, but not its token for another key.
    """
    sdk = {"AWS_ACCESS_KEY_ID": "sdk", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
    where = {"S3COPY_BENCH_ENDPOINT": "http://127.0.0.1:9/"}
    found = place({**where, **sdk})
    own = place({**where, **sdk, "S3COPY_BENCH_KEY": "own"})
    settings = parse(["--only", "small,tls", "--peers", "aws", "--runs", "2", "--no-write"], where)

    assert found is not None
    assert own is not None
    assert found.endpoint == "http://127.0.0.1:9"
    assert (found.credentials["AWS_ACCESS_KEY_ID"], found.credentials["AWS_SESSION_TOKEN"]) == ("sdk", "t")
    assert own.credentials["AWS_ACCESS_KEY_ID"] == "own"
    assert "AWS_SESSION_TOKEN" not in own.credentials
    assert (settings.only, settings.peers, settings.runs, settings.write) == (("small", "tls"), ("aws",), 2, False)


@pytest.mark.parametrize("wrong", [["--only", "none"], ["--runs", "0"], ["--objects", "many"]])
def test_wrong_words_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """
    With what is wrong; and a store must be named.
    """
    with pytest.raises(SystemExit):
        parse(wrong, {"S3COPY_BENCH_ENDPOINT": "http://127.0.0.1:9"})
    assert wrong[0] in capsys.readouterr().err
    with pytest.raises(SystemExit):
        parse([], {})
    assert "S3COPY_BENCH_ENDPOINT" in capsys.readouterr().err


def test_a_command_is_measured_by_itself() -> None:
    """
    Its processor time and memory, not those of the process that measures, with its code and last words.
    """
    ballast = bytearray(200 * MIB)
    code = "import sys; sum(range(3_000_000)); print('first', file=sys.stderr); sys.exit('last')"
    used = run([sys.executable, "-c", code], {}, 60)

    assert (used.code, used.words) == (1, "last")
    assert 0 < used.cpu <= 60
    assert used.seconds > 0
    assert MIB < used.memory < len(ballast)


def test_a_command_that_takes_too_long_is_ended() -> None:
    """
    Then there is no figure.
    """
    with pytest.raises(TooLongError):
        run([sys.executable, "-c", "import time; time.sleep(100)"], {}, 0.2)


def test_a_command_that_is_not_there_is_an_error() -> None:
    """
    Not a figure.
    """
    with pytest.raises(OSError, match="nowhere"):
        run(["/nowhere/program"], {}, 60)


def test_tls_goes_before_stores_that_lack_it() -> None:
    """
    What was signed is passed on as it is: the host that was asked for, and the path.
    """
    text = configuration("http://store.example:9000", 8443)

    assert missing("https://store.example") == "the store speaks TLS itself"
    assert "server store.example:9000;" in text
    assert "listen 127.0.0.1:8443 ssl" in text
    assert "proxy_set_header Host $http_host;" in text
    assert "proxy_pass http://store;" in text
    assert "proxy_http_version 1.1;" in text
