"""What the service says in English, told in German by its codes."""

from __future__ import annotations

import re
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
    expect(page.get_by_role("link", name="manifest.json")).to_be_visible()
    page.close()  # it would go on asking for what is deleted now
    (made,) = pages.app.http.get("/api/v1/exports").json()["exports"]
    pages.app.http.delete(f"/api/v1/exports/{made['id']}").raise_for_status()


def test_a_warning_that_the_page_does_not_know_is_told_by_the_service(pages: Pages) -> None:
    asked = "/api/v1/jobs?state=completed&kind=ingest&limit=1"
    (job,) = pages.app.http.get(asked).json()["jobs"]
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


def test_how_a_job_ended_is_told_in_german_beside_the_services_words(pages: Pages) -> None:
    asked = "/api/v1/jobs?state=completed&kind=ingest&limit=1"
    (job,) = pages.app.http.get(asked).json()["jobs"]
    reason = "the folder holds no image"
    ended = {"state": "completed", "reason": reason, "code": None}
    told = job | {"reason": reason, "reasons": [ended]}
    page = pages.blank(size=(1440, 900), dark=False, language=GERMAN)
    page.route(f"**/api/v1/jobs/{job['job_id']}", lambda route: route.fulfill(json=told))
    page.goto(f"{pages.app.url}/imports/{job['job_id']}")
    expect(page.get_by_text("Darin ist kein Bild, das dazukommen könnte.")).to_be_visible()
    expect(page.get_by_text(reason)).to_be_visible()


def test_a_searchs_warning_is_told_in_german(pages: Pages) -> None:
    page = pages.at("/?q=red%20winter%201907", language=GERMAN)
    expect(page.get_by_text("Aus dieser Zeit gibt es kein Foto: „winter 1907“")).to_be_visible()
    expect(page.get_by_text("nur gezeichnete Formen")).to_be_visible()


def form_of(page: Page, kind: str) -> Any:
    page.get_by_role("button", name="Weitere Aufträge").click()
    page.get_by_role("menuitem", name=kind, exact=True).click()
    return page.get_by_role("dialog")


def test_what_an_option_may_be_is_told_in_german(pages: Pages) -> None:
    page = pages.at("/imports", language=GERMAN)
    who = form_of(page, "Bildbeschreibungen").get_by_label("Wer schreibt")
    assert "das Modell neben Photoseek" in who.locator("option").all_inner_texts()
    who.select_option(label="das Modell neben Photoseek")
    expect(who).to_have_value('"service"')
    page.keyboard.press("Escape")
    what = form_of(page, "Doppelte suchen").get_by_role("group", name="Wonach gesucht wird")
    expect(what.get_by_role("checkbox", name="Gleiche Dateien")).to_have_value("same_bytes")
    assert not re.search("same|burst|raw_|look", what.inner_text())


def test_a_kind_of_jobs_that_the_page_does_not_know_shows_the_services_own_words(
    pages: Pages,
) -> None:
    options = {"properties": {"speed": {"enum": ["very_slow", "fast"], "default": "fast"}}}
    kind = {"name": "paint_all", "description": "Paints all.", "changes": "nothing"}
    page = pages.blank(size=(1440, 900), dark=False, language=GERMAN)
    kinds = {"kinds": [kind | {"lane": None, "options": options}]}
    page.route("**/api/v1/jobs/kinds", lambda route: route.fulfill(json=kinds))
    page.goto(f"{pages.app.url}/imports")
    form = form_of(page, "paint all")
    expect(form).to_contain_text("Paints all.")
    speed = form.get_by_label("Speed")
    assert speed.locator("option").all_inner_texts() == ["very slow", "fast"]
