"""What can be done with one picture, large: what is said of it, forgetting, files that are gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.app_rig import App, Pages
from tests.browser.late_answers import hold_answers, hold_calls, let_go, wait_for_held
from tests.browser.viewer_rig import OPENER, opened, sharp, some_images


@pytest.fixture
def images(app: App) -> list[dict[str, Any]]:
    return some_images(app)


@pytest.fixture
def annotated(app: App, images: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A picture of which nothing is said, before and after."""
    image = next(one for one in images if one["rating"] is None)
    yield image
    app.http.put(f"/api/v1/images/{image['id']}/annotation", json={}).raise_for_status()


def said(app: App, image: dict[str, Any]) -> dict[str, Any]:
    answer = app.http.get(f"/api/v1/images/{image['id']}/annotation").json()
    assert isinstance(answer, dict)
    return answer


def test_rating_favourite_and_tags_are_kept_at_once(
    pages: Pages, app: App, annotated: dict[str, Any]
) -> None:
    page = opened(pages, [annotated])
    sharp(page)
    with page.expect_response("**/selection/annotation"):
        page.keyboard.press("4")
    stars = page.locator(".viewer-bar").get_by_role("group", name="Rating")
    expect(stars.get_by_role("button", name="4 stars")).to_have_attribute("aria-pressed", "true")
    with page.expect_response("**/selection/annotation"):
        page.keyboard.press("f")
    page.keyboard.press("t")
    expect(page.get_by_label("New tag")).to_be_focused()
    with page.expect_response("**/selection/annotation"):
        page.keyboard.type("print\n")
    with page.expect_response("**/selection/annotation"):
        page.keyboard.type("wall\n")
    assert said(app, annotated) == {"rating": 4, "favourite": True, "tags": ["print", "wall"]}
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_visible()
    with page.expect_response("**/selection/annotation"):
        page.get_by_role("button", name="Remove tag: print").click()
    with page.expect_response("**/selection/annotation"):
        stars.get_by_role("button", name="4 stars").click()
    assert said(app, annotated) == {"rating": None, "favourite": True, "tags": ["wall"]}


def test_of_two_ratings_at_once_the_last_one_is_kept(
    pages: Pages, app: App, annotated: dict[str, Any]
) -> None:
    page = opened(pages, [annotated])
    sharp(page)
    stars = page.locator(".viewer-bar").get_by_role("group", name="Rating")
    hold_calls(page, "/selection/annotation")
    for key in ("5", "2"):
        page.keyboard.press(key)
        star = stars.get_by_role("button", name=f"{key} stars")
        expect(star).to_have_attribute("aria-pressed", "true")
    wait_for_held(page, 1)
    assert page.evaluate("held.length") == 1, "two calls beside each other may end in any order"
    let_go(page)
    wait_for_held(page, 1)
    with page.expect_response("**/selection/annotation"):
        let_go(page)
    assert said(app, annotated)["rating"] == 2


def test_what_is_said_before_all_is_known_of_a_picture_stays(
    pages: Pages, images: list[dict[str, Any]], annotated: dict[str, Any]
) -> None:
    page = pages.at("/help")
    expect(page.locator(".keys").first).to_be_visible()
    hold_answers(page, f"/images/{annotated['id']}?")
    other = next(one["id"] for one in images if one["id"] != annotated["id"])
    ids = [annotated["id"], other]
    page.evaluate(OPENER, {"ids": ids, "at": ids[0], "name": None})
    wait_for_held(page, 1)
    with page.expect_response("**/selection/annotation"):
        page.keyboard.press("3")
    let_go(page)
    expect(page.locator(".details code")).to_have_text(annotated["path"])
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 of 2")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("1 of 2")).to_be_visible()
    star = page.locator(".viewer-bar").get_by_role("button", name="3 stars")
    expect(star).to_have_attribute("aria-pressed", "true")


def test_what_could_not_be_saved_is_told_and_taken_back(
    pages: Pages, app: App, annotated: dict[str, Any]
) -> None:
    pages.expected.append("status of 503")
    page = opened(pages, [annotated])
    sharp(page)
    page.route("**/selection/annotation", lambda route: route.fulfill(status=503, json={}))
    page.keyboard.press("3")
    expect(page.get_by_role("status").get_by_text("This was not saved.")).to_be_visible()
    expect(page.locator(".viewer-bar [aria-pressed=true].star")).to_have_count(0)
    assert said(app, annotated)["rating"] is None


def test_forgetting_goes_on_to_the_next_and_can_be_undone(
    pages: Pages, app: App, images: list[dict[str, Any]]
) -> None:
    pages.expected.append("status of 404")
    page = opened(pages, images, 1)
    sharp(page)
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Forget").click()
    expect(page.get_by_text("Forgotten")).to_be_visible()
    assert app.http.get(f"/api/v1/images/{images[1]['id']}").status_code == 404
    assert page.evaluate("told.moves") == [images[2]["id"]]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 of 8")).to_be_visible()
    assert app.http.get(f"/api/v1/images/{images[1]['id']}").status_code == 200


def test_a_file_that_left_its_folder_is_told_over_its_thumbnail(pages: Pages, app: App) -> None:
    pages.expected.append("status of 404")
    # One that no other test looks at: no preview of it is kept.
    image = app.http.get("/api/v1/images?limit=1&sort=taken_at&offset=70").json()["images"][0]
    path = Path(image["path"])
    aside = path.with_suffix(".aside")
    path.rename(aside)
    try:
        page = opened(pages, [image])
        expect(page.get_by_text("This file left its folder.")).to_be_visible()
        expect(page.get_by_role("dialog").get_by_role("button", name="Forget")).to_be_visible()
        thumbnail = page.locator(".frame > img")
        expect(thumbnail).to_have_attribute("src", re.compile("/thumbnail"))
        assert thumbnail.evaluate("one => one.naturalWidth") > 0
    finally:
        aside.rename(path)
