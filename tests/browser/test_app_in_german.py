"""What the service says in English, told in German by its codes."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, Route, expect

from tests.browser.app_rig import Pages

GERMAN = "de-DE"


def warned(page: Page) -> Any:
    return page.locator("section", has=page.get_by_role("heading", name="Gut zu wissen"))


def test_a_jobs_warning_is_told_in_german_with_its_numbers(pages: Pages) -> None:
    image = pages.app.http.get("/api/v1/images", params={"limit": 1}).json()["images"][0]
    ids = [image["id"], *(str(uuid4()) for _ in range(1_200))]
    asked = {"kind": "export", "collection": "default", "options": {"ids": ids}}
    job_id = pages.app.http.post("/api/v1/jobs", json=asked).json()["job_id"]
    page = pages.at(f"/imports/{job_id}", language=GERMAN)
    expect(warned(page)).to_contain_text("1.200 der genannten Bilder sind nicht dabei.")
    job = pages.app.http.get(f"/api/v1/jobs/{job_id}").json()
    assert job["warnings"] == ["1,200 of the images that were named are not in it"]


def test_a_warning_that_the_page_does_not_know_is_told_by_the_service(pages: Pages) -> None:
    (job,) = pages.app.http.get("/api/v1/jobs", params={"state": "completed", "limit": 1}).json()[
        "jobs"
    ]
    news = {"code": "WARN_OF_TOMORROW", "detail": "something of tomorrow", "params": {"count": 2}}
    old: dict[str, Any] = {"code": None, "detail": "something of yesterday", "params": {}}

    def answer(route: Route) -> None:
        told = job | {"warnings": [news["detail"]], "warning_details": [news, old]}
        route.fulfill(json=told)

    page = pages.blank(size=(1440, 900), dark=False, language=GERMAN)
    page.route(f"**/api/v1/jobs/{job['job_id']}", answer)
    page.goto(f"{pages.app.url}/imports/{job['job_id']}")
    expect(warned(page)).to_contain_text("something of tomorrow")
    expect(warned(page)).to_contain_text("something of yesterday")


def test_a_searchs_warning_is_told_in_german(pages: Pages) -> None:
    page = pages.at("/?q=red%20winter%201907", language=GERMAN)
    expect(page.get_by_text("Aus dieser Zeit gibt es kein Foto: „winter 1907“")).to_be_visible()
    expect(page.get_by_text("nur gezeichnete Formen")).to_be_visible()
