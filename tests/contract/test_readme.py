"""The README's tables say what the code does."""

from __future__ import annotations

import re

import pytest

from ingestion_orchestration_fastapi_app import errors as orchestrator_errors
from ml_inference_fastapi_app import errors as inference_errors
from tests.contract.readme_tables import CLASSES, COMPUTED, README, split, table
from utils import problems
from utils.contract import ErrorCode
from utils.problems import Problem

TEXT = README.read_text()


def error_rows() -> dict[str, list[str]]:
    """For each code its cells: HTTP, meaning, what to do."""
    [_, rest] = TEXT.split("<!-- error codes -->\n")
    rows = [line for line in rest.split("\n\n")[0].splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert len({one[0] for one in cells}) == len(cells), "a code twice"
    return {one[0].strip("`"): one[1:] for one in cells}


def statuses() -> dict[str, set[int]]:
    """The HTTP statuses under which each code is answered."""
    found: dict[str, set[int]] = {ErrorCode.INTERNAL.value: {Problem.status}}
    for module in (problems, orchestrator_errors, inference_errors):
        for kind in vars(module).values():
            # One without a code of its own carries an image's.
            if isinstance(kind, type) and issubclass(kind, Problem) and "code" in vars(kind):
                found.setdefault(kind.code.value, set()).add(kind.status)
    return found


@pytest.mark.parametrize("service", sorted(CLASSES))
def test_the_settings_table_is_the_settings_class(service: str) -> None:
    assert split(TEXT, service)[1] == table(service), "run: python -m tests.contract.readme_tables"


def test_computed_defaults_are_named_for_settings_that_exist() -> None:
    fields = {name for one in CLASSES.values() for name in one.model_fields}
    assert COMPUTED.keys() <= fields


def test_every_error_code_has_its_row_and_no_other_has() -> None:
    assert set(error_rows()) == {code.value for code in ErrorCode}


@pytest.mark.parametrize("code", sorted(ErrorCode))
def test_a_codes_row_names_its_statuses_meaning_and_remedy(code: ErrorCode) -> None:
    status, meaning, remedy = error_rows()[code]
    assert {int(number) for number in re.findall(r"\d+", status)} == statuses().get(code, set())
    assert meaning
    assert remedy


def test_settings_that_the_text_names_exist() -> None:
    known = {name.upper() for one in CLASSES.values() for name in one.model_fields}
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", TEXT)) - set(ErrorCode)
    assert named <= known


def test_the_words_of_make_in_the_text_are_targets() -> None:
    makefile = (README.parent / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert {"run", "install", "check", "test", "serve", "demo-clean"} <= targets
    assert set(re.findall(r"^make ([a-z-]+)", TEXT, re.MULTILINE)) <= targets


def test_links_to_files_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert "://" not in target
        assert (README.parent / target).exists(), target
