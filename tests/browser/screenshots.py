"""Takes the pictures of docs/images: every view, wide and light, narrow and dark.

    pip install scikit-image && python -m tests.browser.screenshots docs/images

The photographs are sample data that scikit-image's package ships (public domain or CC0: see
docs/images/README.md), cut in several ways; without that package drawn shapes alone are shown.
"""

from __future__ import annotations

import importlib.util
import io
import random
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image, ImageOps
from playwright.sync_api import Page, sync_playwright

from tests.browser.app_rig import DESKTOP, PHONE, App, Pages, real_app, real_inference
from tests.browser.conftest import CHROMIUM
from tests.browser.made_library import exif_of

SAMPLES = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "rocket.jpg",
    "hubble_deep_field.jpg",
    "camera.png",
)
CUTS = 12  # of each sample
QUALITY = 82


def samples() -> Path | None:
    found = importlib.util.find_spec("skimage")
    return None if found is None or found.origin is None else Path(found.origin).parent / "data"


def add_samples(photos: Path) -> None:
    """Each in several cuts, over several years, beside the drawn ones."""
    folder, dice = samples(), random.Random(5)  # pictures, not secrets
    if folder is None:
        return
    begin = datetime(2021, 3, 1, 9, tzinfo=UTC)
    for number in range(CUTS * len(SAMPLES)):
        name = SAMPLES[number % len(SAMPLES)]
        with Image.open(folder / name) as opened:
            picture = opened.convert("RGB")
        width, height = (round(side * dice.uniform(0.6, 1)) for side in picture.size)
        left = round(dice.random() * (picture.width - width))
        top = round(dice.random() * (picture.height - height))
        picture = picture.crop((left, top, left + width, top + height))
        if dice.random() < 0.5:
            picture = ImageOps.mirror(picture)
        picture = ImageOps.contain(picture, (1600, 1600))
        taken = begin + timedelta(days=number * 21, hours=dice.uniform(0, 9))
        path = photos / "journeys" / str(taken.year) / f"{Path(name).stem} {number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, quality=90, exif=exif_of(dice, taken))


def _first(app: App, call: str, of: str, key: str) -> str:
    found = app.http.get(f"/api/v1/{call}").json()[of]
    return str(found[0][key]) if found else ""


VIEWS: dict[str, Callable[[App], str]] = {
    "photos": lambda _: "/",
    "search": lambda _: "/?q=a%20red%20circle",
    "viewer": lambda app: (
        f"/?photo={_first(app, 'images?sort=taken_at&order=desc', 'images', 'id')}"
    ),
    "map": lambda _: "/map",
    "albums": lambda _: "/albums",
    "duplicates": lambda _: "/duplicates",
    "imports": lambda _: "/imports",
    "job": lambda app: f"/imports/{_first(app, 'jobs?kind=ingest', 'jobs', 'job_id')}",
    "system": lambda _: "/system",
}


def main(out: Annotated[Path, typer.Argument(help="The folder of the pictures.")]) -> None:
    """Writes one picture a view and width."""
    with (
        tempfile.TemporaryDirectory() as folder,
        real_inference(Path(folder) / "models") as inference,
        real_app(Path(folder) / "app", inference, more=add_samples) as app,
        sync_playwright() as playwright,
    ):
        app.running.finished("duplicates")
        album = app.http.post("/api/v1/albums", json={"name": "Best of", "collection": "default"})
        images = app.http.get("/api/v1/images?limit=12&sort=taken_at&order=desc").json()["images"]
        body = {"ids": [one["id"] for one in images]}
        app.http.post(f"/api/v1/albums/{album.json()['id']}/images", json=body)
        app.http.post("/api/v1/selection/annotation", json={**body, "favourite": True, "rating": 4})
        browser = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False)
        pages = Pages(browser, app)
        for name, address in VIEWS.items():
            for size in (DESKTOP, PHONE):
                page = pages.blank(size=size, dark=size == PHONE, language="en-GB")
                page.goto(app.url + address(app))
                _save(page, out / f"{name}-{size[0]}.webp")
        pages.close()
        sys.stderr.write("".join(f"{one}\n" for one in pages.complaints))


def _save(page: Page, path: Path) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(800)  # what fades in
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").save(path, quality=QUALITY, method=6)
    typer.echo(f"{path} {path.stat().st_size}")


if __name__ == "__main__":
    typer.run(main)
