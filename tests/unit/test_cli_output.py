"""What `photoseek` prints for machines, and for terminals that cannot show everything."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.cli.view.text import escaped_name
from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import (
    JOB_ID,
    SETTLED,
    StandInOrchestrator,
    hit,
    job,
)
from utils.contract import JobState, Understood
from utils.contract.examples import UNDERSTOOD

PROGRAM = [
    sys.executable,
    "-c",
    "from ingestion_orchestration_fastapi_app.cli import main; main()",
]
FAMILY = "/photos/👨\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e007f ❤\ufe0f.jpg"
FORGED = "/photos/a\n0.999\tforged\\n.jpg"


def ran(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LC_")}  # noqa: TID251
    return subprocess.run(
        [*PROGRAM, *arguments], check=False, capture_output=True, env={**kept, **environment}
    )


def test_a_name_forges_no_row_and_joiners_stay_as_they_are(
    orchestrator: StandInOrchestrator,
) -> None:
    orchestrator.hits = (hit(FORGED, 0.5), hit(FAMILY, 0.25))
    rows = [line.split("\t") for line in photoseek("search", "x").output.splitlines()]
    assert rows == [["0.500", r"/photos/a\n0.999\tforged\\n.jpg"], ["0.250", FAMILY]]


def test_a_search_tells_what_it_read_in_the_sentence(orchestrator: StandInOrchestrator) -> None:
    orchestrator.about = {"understood": Understood.model_validate(UNDERSTOOD)}
    told = photoseek("search", "--parse", "snow in Berlin last winter")
    body = orchestrator.heard[0][2]
    assert body["parse"] is True
    assert body["today"] is not None
    assert told.stdout == "0.500\t/photos/red.png\n"
    assert 'Read "in Berlin" as Berlin, Germany, 23.4 km around it.' in told.stderr
    assert 'Read "last winter" as 2025-12-01 to 2026-02-28.' in told.stderr
    photoseek("search", "x")
    assert (orchestrator.heard[1][2]["parse"], orchestrator.heard[1][2]["today"]) == (False, None)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_an_escaped_name_is_one_line_that_printf_gives_back(name: str) -> None:
    shown = escaped_name(name)
    assert len(shown.splitlines()) <= 1
    assert "\t" not in shown
    assert "\x1b" not in shown
    assert _undone(shown) == name


def _undone(shown: str) -> str:
    """As the README says it."""
    named = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
    digits = {"x": 2, "u": 4, "U": 8}
    out, at = [], 0
    while at < len(shown):
        if shown[at] != "\\":
            out.append(shown[at])
            at += 1
        elif (kind := shown[at + 1]) in named:
            out.append(named[kind])
            at += 2
        else:
            end = at + 2 + digits[kind]
            out.append(chr(int(shown[at + 2 : end], 16)))
            at = end
    return "".join(out)


def test_the_shell_undoes_what_was_escaped() -> None:
    name = "a\n\t\r\\x41\x1b[2J\x85\u202e\u2028é👨\u200d👩"
    undone = subprocess.run(
        ["bash", "-c", 'printf %b "$1"', "-", escaped_name(name)],
        check=True,
        capture_output=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},  # noqa: TID251
    )
    assert undone.stdout.decode() == name


def test_nul_ends_raw_paths(orchestrator: StandInOrchestrator) -> None:
    orchestrator.hits = (hit(FORGED, 0.5), hit(FAMILY, 0.25))
    for option in ("-0", "--null"):
        answer = ran("search", "x", option)
        assert answer.stdout.decode().split("\0") == [FORGED, FAMILY, ""]


def test_names_that_are_no_utf_8_are_given_back_too(
    orchestrator: StandInOrchestrator, tmp_path: Path
) -> None:
    literal = tmp_path / r"as it stands\xe9.jpg"
    literal.touch()
    paths = (r"/photos/latin\xe9.jpg", r"/photos/no byte\xc3\xa9 \x41.jpg", str(literal))
    orchestrator.hits = tuple(hit(path, 0.5) for path in paths)
    raw = (b"/photos/latin\xe9.jpg", rb"/photos/no byte\xc3\xa9 \x41.jpg", os.fsencode(literal))
    assert ran("search", "x", "-0").stdout.split(b"\0")[:-1] == list(raw)
    rows = ran("search", "x").stdout.decode().splitlines()
    for row, name in zip(rows, raw, strict=True):
        shown = row.partition("\t")[2]
        undone = subprocess.run(
            ["bash", "-c", 'printf %b "$1"', "-", shown], check=True, capture_output=True
        )
        assert undone.stdout == name


def test_json_is_the_answer_in_ascii_and_nothing_else(orchestrator: StandInOrchestrator) -> None:
    orchestrator.hits = (hit(FORGED, 0.5), hit(FAMILY, 0.25))
    result = photoseek("search", "x", "--json")
    assert result.stdout.isascii()
    answer = json.loads(result.stdout)
    assert [one["path"] for one in answer["results"]] == [FORGED, FAMILY]
    assert (answer["collection"], answer["model"]) == ("default", "tiny-shapes")


def test_nothing_found_is_no_row(orchestrator: StandInOrchestrator) -> None:
    orchestrator.hits = ()
    for form in ((), ("-0",)):
        result = photoseek("search", "x", *form)
        assert (result.exit_code, result.stdout) == (0, "")
        assert "Nothing found" in result.stderr
    assert json.loads(photoseek("search", "x", "--json").output)["results"] == []


def test_status_for_machines(orchestrator: StandInOrchestrator) -> None:
    orchestrator.jobs = [job(JobState.COMPLETED, SETTLED, directory_path=FORGED)]
    answer = json.loads(photoseek("status", "--json").output)
    assert answer["capabilities"]["inference"]["reachable"] is True
    assert [one["name"] for one in answer["collections"]] == ["default"]
    assert [one["job_id"] for one in answer["jobs"]] == [JOB_ID]
    records = ran("status", "-0").stdout.decode().split("\0")
    assert "collections\tdefault\t1,234\ttiny-shapes" in records
    assert records[-2] == f"latest jobs\t{JOB_ID}\tcompleted\t3 of 3\t2\t{FORGED}"
    assert photoseek("status").output.splitlines()[-1].endswith(r"\n0.999\tforged\\n.jpg")


@pytest.mark.parametrize("command", [("jobs",), ("jobs", "list")])
def test_jobs_for_machines(orchestrator: StandInOrchestrator, command: tuple[str, ...]) -> None:
    watched = job(JobState.COMPLETED, SETTLED, directory_path=FORGED, origin="watch")
    orchestrator.jobs = [watched]
    [only] = json.loads(photoseek(*command, "--json").output)["jobs"]
    assert (only["job_id"], only["directory_path"]) == (JOB_ID, FORGED)
    assert only["origin"] == "watch"
    assert ran(*command, "-0").stdout.decode().split("\0") == [
        f"{JOB_ID}\tcompleted\t3 of 3\t2\t{FORGED}",
        "",
    ]
    [line] = photoseek(*command).output.splitlines()
    assert line == f"{JOB_ID}\tcompleted\t3 of 3\t2\t{escaped_name(FORGED)}"


def test_one_job_and_its_failures_for_machines(orchestrator: StandInOrchestrator) -> None:
    assert json.loads(photoseek("jobs", "show", JOB_ID, "--json").output)["job_id"] == JOB_ID
    shown = photoseek("jobs", "show", JOB_ID).output
    assert "ERR_FILE_EMPTY: 2" in shown
    assert r"/photos/b\x1b[2J.jpg (empty)" in shown
    assert ran("jobs", "failures", JOB_ID, "-0").stdout == b"/photos/a.jpg\0/photos/b\x1b[2J.jpg\0"
    listed = json.loads(photoseek("jobs", "failures", JOB_ID, "--json").output)["failures"]
    assert [one["path"] for one in listed] == ["/photos/a.jpg", "/photos/b\x1b[2J.jpg"]
    assert photoseek("jobs", "failures", JOB_ID).output.splitlines()[1] == (
        "ERR_FILE_EMPTY\tempty\t/photos/b\\x1b[2J.jpg"
    )


def test_an_import_is_json_when_it_has_ended_and_when_it_is_not_waited_for(
    orchestrator: StandInOrchestrator,
) -> None:
    orchestrator.jobs = [job(JobState.RUNNING), job(JobState.COMPLETED, SETTLED)]
    result = photoseek("ingest", "/photos", "--json")
    assert json.loads(result.stdout)["counts"]["embedded"] == 1
    assert "running" in result.stderr
    accepted = photoseek("ingest", "/photos", "--json", "--no-wait")
    assert json.loads(accepted.output)["job_id"] == JOB_ID


def test_one_form_at_a_time(orchestrator: StandInOrchestrator) -> None:
    for command in (("search", "x"), ("status",), ("jobs",), ("jobs", "failures", JOB_ID)):
        assert photoseek(*command, "--json", "-0").exit_code == 2


@pytest.mark.parametrize(
    "terminal",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=["ascii", "C", "latin-1"],
)
def test_what_the_encoding_of_the_output_lacks_is_escaped(
    orchestrator: StandInOrchestrator, terminal: dict[str, str]
) -> None:
    orchestrator.hits = (hit("/photos/e\u0301 東京 👨\u200d👩.jpg", 0.5),)
    answer = ran("search", "x", **terminal)
    assert (answer.returncode, answer.stderr) == (0, b"")
    expected = r"0.500	/photos/e\u0301 \u6771\u4eac \U0001f468\u200d\U0001f469.jpg"
    assert answer.stdout.decode("ascii") == expected + "\n"
    assert json.loads(ran("search", "x", "--json", **terminal).stdout)["results"]
    for command in (
        ("status",),
        ("jobs",),
        ("ingest", "/photos"),
        ("search", "“x”", "--limit", "0"),
    ):
        answer = ran(*command, **terminal)
        assert b"Traceback" not in answer.stderr


def test_a_path_on_a_terminal_is_neither_cut_nor_folded_nor_obeyed(
    orchestrator: StandInOrchestrator,
) -> None:
    path = "/photos/" + "x" * 300 + "/[bold]\x1b[2J.png"
    orchestrator.hits = (hit(path, 0.25),)
    screen = on_a_terminal("search", "x")
    assert escaped_name(path) in screen
    assert "\x1b[2J" not in screen
    for encoding in ("utf-8", "ascii"):
        for command in (("status",), ("jobs",), ("ingest", "/photos"), ("jobs", "show", JOB_ID)):
            screen = on_a_terminal(*command, PYTHONIOENCODING=encoding)
            assert "Traceback" not in screen
            assert JOB_ID[:8] in screen
            assert "\x1b[2J" not in screen


def test_a_table_shows_short_ids(orchestrator: StandInOrchestrator) -> None:
    for command in ("status", "jobs"):
        screen = on_a_terminal(command)
        assert JOB_ID[:8] in screen
        assert JOB_ID[:9] not in screen


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What appears on a terminal of 80 columns."""
    screen, terminal = pty.openpty()
    try:
        inherited = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}  # noqa: TID251
        with subprocess.Popen(
            [*PROGRAM, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            env={**inherited, **environment},
        ) as process:
            os.close(terminal)
            shown = b""
            while True:
                try:
                    more = os.read(screen, 65_536)
                except OSError:  # the last writer is gone
                    break
                shown += more
            process.wait()
    finally:
        os.close(screen)
    return shown.decode(errors="replace")
