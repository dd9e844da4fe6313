"""A cell that a spreadsheet would take for a formula is none."""

from __future__ import annotations

import pytest

from ingestion_orchestration_fastapi_app.domain.transfer.spreadsheet import cell


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "\n=1", "  =1"),
        *("\u00a0=1", "\ufeff=1", "\uff1d1"),
    ],
)
def test_a_text_that_could_be_a_formula_is_marked_as_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("/photos/a=b.jpg", "/photos/a=b.jpg"),
        ("", ""),
        (" ", " "),
        (None, ""),
        (-3, "-3"),
        (True, "True"),
    ],
)
def test_what_is_none_stays_as_it_is(value: object, written: str) -> None:
    assert cell(value) == written
