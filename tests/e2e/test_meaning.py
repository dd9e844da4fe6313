"""Searches find what was meant, through both services and all that lies between them."""

from __future__ import annotations

from pathlib import Path

from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import FIRST_HELD_OUT_SEED, draw, scenes
from tests.e2e.conftest import Services
from tests.e2e.rest import rest
from utils.imaging.pillow_setup import ready_pillow

SIDES = ((320, 240), (240, 320), (200, 200), (400, 225))
ENDINGS = (".jpg", ".png", ".webp", ".heic", ".tif")


def draw_held_out(folder: Path) -> dict[str, str]:
    """One new picture of every scene, in all formats and shapes. Returns file name by caption."""
    folder.mkdir(parents=True)
    names: dict[str, str] = {}
    for number, scene in enumerate(scenes()):
        width_px, height_px = SIDES[number % len(SIDES)]
        picture = draw(scene, FIRST_HELD_OUT_SEED + 77_000, width_px=width_px, height_px=height_px)
        name = f"{number:03d}{ENDINGS[number % len(ENDINGS)]}"
        picture.save(folder / name)
        names[scene.caption] = name
    return names


def test_nearly_every_caption_finds_its_own_picture_first(services: Services) -> None:
    """Text-to-image top-1 over all captions, each against one held-out picture of every caption."""
    ready_pillow()
    folder = services.root / "held-out"
    names = draw_held_out(folder)
    with rest(services.orchestrator.url) as api:
        api.call("POST", "/collections", json={"name": "held-out"})
        job = api.ingested(folder, collection="held-out")
        assert job["counts"]["embedded"] == len(names) == 480
        first = {
            caption: api.search(caption, collection="held-out", limit=1)[0]["filename"]
            for caption in names
        }
    right = sum(first[caption] == name for caption, name in names.items())
    print(f"top-1: {right} of {len(names)}")  # noqa: T201  # shown with -s and on failure
    assert right / len(names) >= 0.95


def test_a_red_circle_is_found_among_the_demo_pictures(services: Services) -> None:
    with rest(services.orchestrator.url) as api:
        job = api.ingested(services.pictures)
        assert job["counts"]["failed"] == 0
        for text in ("a red circle", "a blue square", "a green triangle", "a red star"):
            best = api.search(text, limit=1)[0]
            assert text.removeprefix("a ") in best["filename"]


def test_a_picture_finds_the_other_pictures_of_its_kind(services: Services) -> None:
    with rest(services.orchestrator.url) as api:
        api.ingested(services.pictures)
        circle = next(services.pictures.rglob("red circle.jpg"))
        found = api.call(
            "POST",
            "/search/image",
            files={"file": ("query.jpg", circle.read_bytes(), "image/jpeg")},
            data={"limit": "3"},
        )["results"]
        assert found[0]["filename"] == "red circle.jpg"
        assert found[0]["score"] > 0.99
