"""Duplicates as CSV and JSON, whole and in parts, and as the command prints them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.library.duplicates import shown_duplicates
from tests.component.orchestrator_app import check_problem, orchestrator
from tests.component.test_duplicates_rest import PICTURES, found
from utils.contract import ErrorCode
from utils.contract.duplicates.export import DuplicateExport
from utils.contract.duplicates.options import DuplicateClass

pytestmark = pytest.mark.anyio

EXPORT = "/api/v1/duplicates/export"


@pytest.mark.parametrize("at_once", [500, 2])
async def test_csv_has_a_line_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Also where a group comes in parts."""
    monkeypatch.setattr(shown_duplicates, "MEMBERS_AT_ONCE", at_once)
    async with found(tmp_path) as running:
        answer = await running.http.get(EXPORT)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="duplicates.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 5 * PICTURES
    assert [row["class"] for row in rows] == ["same_bytes"] * 2 * PICTURES + (
        ["same_picture"] * 3 * PICTURES
    )
    for number in {row["group"] for row in rows}:
        group = [row for row in rows if row["group"] == number]
        assert [row["keep"] for row in group] == ["True"] + ["False"] * (len(group) - 1)
        assert {row["images"] for row in group} == {str(len(group))}
    assert {Path(row["path"]).name for row in rows} == {"a.png", "b.webp", "c.png", "d.png"}


@pytest.mark.parametrize("at_once", [500, 2])
async def test_json_is_one_object_of_all_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(shown_duplicates, "MEMBERS_AT_ONCE", at_once)
    async with found(tmp_path) as running:
        answer = await running.http.get(EXPORT, params={"format": "json", "class": "same_picture"})
        listed = await running.get("/duplicates?class=same_picture")
    whole = DuplicateExport.model_validate_json(answer.content)
    assert [group.id for group in whole.groups] == [group["id"] for group in listed["groups"]]
    assert {group.kind for group in whole.groups} == {DuplicateClass.SAME_PICTURE}
    for one, other in zip(whole.groups, listed["groups"], strict=True):
        assert [image.id for image in one.images] == [image["id"] for image in other["images"]]
        assert [image.keep for image in one.images] == [True, False, False]
        assert (one.reason, one.bytes_beside) == (other["reason"], other["bytes_beside"])
    assert whole.job_id == listed["job_id"]


async def test_a_name_that_is_a_formula_steers_no_spreadsheet(tmp_path: Path) -> None:
    """A path begins with its root, so that it never does; a reason neither."""
    async with found(tmp_path) as running:
        text = (await running.http.get(EXPORT)).text
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r\n" and cell]


async def test_without_a_search_there_is_nothing_to_export(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        await running.post("/collections", {"name": "default"})
        told = await running.http.get(EXPORT, params={"format": "json"})
        lines = await running.http.get(EXPORT)
        unknown = await running.http.get(EXPORT, params={"format": "xls"})
        elsewhere = await running.http.get(EXPORT, params={"collection": "none"})
    assert json.loads(told.text)["groups"] == []
    assert len(lines.text.splitlines()) == 1
    check_problem(unknown, 400, ErrorCode.VALIDATION)
    check_problem(elsewhere, 404, ErrorCode.COLLECTION_NOT_FOUND)
