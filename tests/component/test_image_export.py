"""Images as CSV and JSON: all of a list or a selection, page by page, and no cell a formula."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ingestion_orchestration_fastapi_app.domain.library.catalogue import Order, Sort
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from ingestion_orchestration_fastapi_app.errors import StoreRead
from ingestion_orchestration_fastapi_app.library.catalogue import image_tables
from ingestion_orchestration_fastapi_app.library.catalogue.browsing import (
    Asked,
    Browsing,
    ImagePage,
)
from tests.component.orchestrator_app import Running, check_problem, orchestrator, paint
from tests.component.test_browsing_rest import taken
from utils.contract import ErrorCode
from utils.contract.browsing.rows import ExportFormat, ImageRow, ImageTable

pytestmark = pytest.mark.anyio

EXPORT, SELECTION = "/api/v1/images/export", "/api/v1/selection/export"
COUNT = 7


@pytest.fixture(autouse=True)
def _several_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_tables, "ROWS_AT_ONCE", 3)


async def filled(running: Running) -> list[dict[str, Any]]:
    for number in range(COUNT):
        at, place = f"2019:07:{14 + number} 11:00:00", (43.4, -1.6) if number % 2 else None
        taken(running.photos / f"{number}.jpg", 60 + number, at, "Canon", place)
    await running.ingested()
    images: list[dict[str, Any]] = (await running.get("/images?limit=100&sort=taken_at"))["images"]
    said = {"rating": 4, "favourite": True, "tags": ["=1+1", "Print"]}
    url = f"/api/v1/images/{images[0]['id']}/annotation"
    assert (await running.http.put(url, json=said)).is_success
    return images


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_both_forms_say_of_each_image_what_it_says_itself(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        images = await filled(running)
        lines = rows_of(await running.http.get(f"{EXPORT}?sort=taken_at"))
        answer = await running.http.get(f"{EXPORT}?sort=taken_at&format=json")
    table = ImageTable.model_validate_json(answer.content)
    assert answer.headers["content-disposition"] == 'attachment; filename="photoseek-images.json"'
    assert list(lines[0]) == list(ImageRow.model_fields)
    assert [one.id for one in table.images] == [one["id"] for one in images]
    assert [one["id"] for one in lines] == [one["id"] for one in images]
    of_itself = set(ImageRow.model_fields) & set(images[0]) - {"rating", "favourite"}
    for row, line, image in zip(table.images, lines, images, strict=True):
        told = row.model_dump(mode="json")
        assert {name: told[name] for name in of_itself} == {name: image[name] for name in of_itself}
        assert line["taken_at"] == image["taken_at"]
        assert line["width_px"] == str(image["width_px"])
        place = image["place"] or {"city": None, "country": None, "country_code": None}
        assert (told["city"], told["country"]) == (place["city"], place["country"])
        assert line["city"] == (place["city"] or "")
    assert {row.city for row in table.images} == {None, "Biarritz"}


async def test_what_people_say_wins_and_is_no_formula(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        await filled(running)
        lines = rows_of(await running.http.get(f"{EXPORT}?sort=taken_at"))
        answer = await running.http.get(f"{EXPORT}?sort=taken_at&format=json")
    first, *others = ImageTable.model_validate_json(answer.content).images
    assert (first.rating, first.favourite, first.tags) == (4, True, ("=1+1", "Print"))
    assert (lines[0]["rating"], lines[0]["tags"]) == ("4", "'=1+1; Print")
    assert {(one.rating, one.favourite, one.tags) for one in others} == {(None, None, ())}


async def test_filters_and_order_are_those_of_a_list(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        images = await filled(running)
        asked = {"has_gps": "true", "sort": "taken_at", "order": "desc"}
        found = rows_of(await running.http.get(EXPORT, params=asked))
        assert [one["id"] for one in found] == [one["id"] for one in images[1::2][::-1]]
        assert rows_of(await running.http.get(EXPORT, params={"camera": "none"})) == []
        none = await running.http.get(EXPORT, params={"camera": "none", "format": "json"})
        assert none.json() == {"collection": "default", "images": []}
        for wrong in ({"format": "xls"}, {"cursor": "c"}, {"rating_min": 9}):
            refused = await running.http.get(EXPORT, params=wrong)
            check_problem(refused, 400, ErrorCode.VALIDATION)
        elsewhere = await running.http.get(EXPORT, params={"collection": "none"})
        check_problem(elsewhere, 404, ErrorCode.COLLECTION_NOT_FOUND)


async def test_a_selection_comes_in_its_order_by_json_and_by_form(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        ids = [one["id"] for one in await filled(running)][::-1]
        asked = [*ids[:4], str(uuid4()), *ids[4:], ids[0]]
        sent: list[dict[str, Any]] = [
            {"json": {"ids": asked}},
            {"data": {"ids": asked, "collection": "default", "format": "csv"}},
        ]
        for body in sent:
            found = rows_of(await running.http.post(SELECTION, **body))
            assert [one["id"] for one in found] == ids
        both = {"ids": asked, "format": "json"}
        table = ImageTable.model_validate_json(
            (await running.http.post(SELECTION, json=both)).content
        )
        assert [one.id for one in table.images] == ids
        gone = await running.http.post(SELECTION, json={"ids": [str(uuid4())]})
        check_problem(gone, 404, ErrorCode.IMAGE_NOT_FOUND)
        twice = {"ids": asked, "format": ["csv", "json"]}
        refused = await running.http.post(SELECTION, data=twice)
        check_problem(refused, 400, ErrorCode.VALIDATION)


async def test_a_name_of_any_bytes_is_shown_as_everywhere(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        paint(running.photos / "a.png", "red")
        odd = os.fsencode(running.photos) + b"/=\xff\n.png"
        os.rename(running.photos / "a.png", odd)
        await running.ingested()
        [image] = (await running.get("/images"))["images"]
        [line] = rows_of(await running.http.get(EXPORT))
        answer = await running.http.get(f"{EXPORT}?format=json")
    assert line["path"] == image["path"] == answer.json()["images"][0]["path"]
    assert line["path"].endswith("/=\\xff\n.png")


async def test_where_the_catalogue_is_being_filled_no_part_is_sent_as_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with orchestrator(tmp_path) as running:
        images = await filled(running)
        catalogue = running.app.state.services.collections.catalogue
        monkeypatch.setattr(type(catalogue), "is_whole", lambda *_: False)
        by_path, by_date = [
            await running.http.get(EXPORT, params={"sort": sort}) for sort in ("path", "taken_at")
        ]
    paths = [line["path"] for line in rows_of(by_path)]
    assert paths == sorted(image["path"] for image in images)
    assert "incomplete" not in by_path.headers["content-disposition"]
    assert '"photoseek-images-incomplete.csv"' in by_date.headers["content-disposition"]


@pytest.mark.parametrize("rows_at_once", [3, 5])  # then a full page follows, or the last one
async def test_a_catalogue_that_is_filled_meanwhile_breaks_the_file_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    monkeypatch.setattr(image_tables, "ROWS_AT_ONCE", rows_at_once)
    async with orchestrator(tmp_path) as running:
        await filled(running)
        services = running.app.state.services
        with monkeypatch.context() as filling:
            filling.setattr(type(services.collections.catalogue), "is_whole", lambda *_: False)
            asked = Asked("default", NO_FILTERS, Order(Sort.PATH), 1)
            chunks, is_whole = await services.image_tables.listed(asked, ExportFormat.CSV)
        assert is_whole
        await anext(chunks)
        with pytest.raises(StoreRead):
            await anext(chunks)


async def test_no_page_is_read_for_a_client_that_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with orchestrator(tmp_path) as running:
        await filled(running)
        page, pages = Browsing.page, []

        async def counted(browsing: Browsing, asked: Asked) -> ImagePage:
            pages.append(asked)
            return await page(browsing, asked)

        monkeypatch.setattr(Browsing, "page", counted)
        asked = Asked("default", NO_FILTERS, Order(Sort.PATH), 1)
        tables = running.app.state.services.image_tables
        chunks, _ = await tables.listed(asked, ExportFormat.CSV)
        first = await anext(chunks)
        await chunks.aclose()
    assert len(first.splitlines()) == 1 + image_tables.ROWS_AT_ONCE
    assert len(pages) == 1
