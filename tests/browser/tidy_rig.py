"""A library that was searched for duplicates, and pages that tidy it up."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.app_rig import App, Pages, real_app


@contextmanager
def tidied(folder: Path, inference_url: str) -> Iterator[App]:
    """A library of its own, searched for duplicates: one picture is there three times, and two
    files are there twice."""
    with real_app(folder, inference_url, count=30) as app:
        smaller = app.library.folder / "copies" / "smaller.jpg"
        with Image.open(smaller) as opened:
            opened.save(smaller.with_name("once more.jpg"), quality=60)
        app.running.ingest()
        ended(app, "default")
        yield app


@contextmanager
def tidying(chromium: Browser, app: App) -> Iterator[Pages]:
    opened = Pages(chromium, app)
    yield opened
    opened.close()
    assert app.http.delete("/api/v1/duplicates/not-needed").status_code == 204
    assert opened.complaints == []


def ended(app: App, collection: str) -> None:
    body = {"kind": "duplicates", "collection": collection, "options": {}}
    job = app.http.post("/api/v1/jobs", json=body).json()["job_id"]
    with app.http.stream("GET", f"/api/v1/jobs/{job}/events") as events:
        events.read()


def groups(app: App, of: str) -> list[dict[str, Any]]:
    found = app.http.get("/api/v1/duplicates", params={"class": of}).json()["groups"]
    assert isinstance(found, list)
    return found


def is_there(app: App, image: dict[str, Any]) -> bool:
    return app.http.get(f"/api/v1/images/{image['id']}").status_code == 200


def listed(page: Page) -> list[dict[str, str]]:
    """The lines of the list, as it is exported."""
    page.get_by_role("button", name="Export list").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=re.compile("to delete, CSV")).click()
    return list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))


def decided(page: Page, text: str) -> None:
    expect(page.locator(".tidy-progress")).to_contain_text(text)
