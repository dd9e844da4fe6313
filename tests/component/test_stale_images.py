"""Images whose files are something else by now: they are found, and say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.component.orchestrator_app import Running, orchestrator, paint

pytestmark = pytest.mark.anyio


async def stale(running: Running) -> dict[str, bool]:
    """By name, as every way to ask says it."""
    listed = (await running.get("/images"))["images"]
    searched = (await running.post("/search/text", {"query": "red"})).json()["results"]
    shown = {image["filename"]: image["stale"] for image in listed}
    assert {hit["filename"]: hit["stale"] for hit in searched} == shown
    tiles = (await running.get("/images/tiles"))["images"]
    assert {tile["filename"]: tile["stale"] for tile in tiles} == shown
    for image in listed:
        one = await running.get(f"/images/{image['id']}")
        similar = await running.get(f"/images/{image['id']}/similar")
        assert one["stale"] == image["stale"]
        others = {name: said for name, said in shown.items() if name != image["filename"]}
        assert {hit["filename"]: hit["stale"] for hit in similar["results"]} == others
    return shown


async def test_an_image_whose_file_is_something_else_now_says_so(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for name in ("kept", "text", "broken"):
        paint(photos / f"{name}.png", "red", side_px=30 + len(name))
    painted = (photos / "kept.png").read_bytes()
    (photos / "unnamed").write_bytes((photos / "text.png").read_bytes())
    fine = dict.fromkeys(("kept.png", "text.png", "broken.png", "unnamed"), False)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        assert await stale(running) == fine
        (photos / "text.png").write_text("a text now, which its name does not say")  # refused
        (photos / "broken.png").write_bytes(painted[: len(painted) // 2])  # cannot be decoded
        (photos / "unnamed").write_text("a text now")  # skipped: nothing says that it is an image
        job = await running.ingested()
        assert (job["counts"]["failed"], job["counts"]["skipped"]) == (2, 1)
        assert await stale(running) == {
            **fine,
            "text.png": True,
            "broken.png": True,
            "unnamed": True,
        }
        for name in ("text", "broken"):
            paint(photos / f"{name}.png", "red", side_px=50 + len(name))
        (photos / "unnamed").write_bytes(painted)
        await running.ingested()
        assert await stale(running) == fine
