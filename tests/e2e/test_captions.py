"""Captions through both services, with the captioning model that is shipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_inference_fastapi_app.tiny_models.tiny_captions.train import told
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import FIRST_HELD_OUT_SEED, Scene, draw
from tests.e2e.conftest import Services, service_pair
from tests.e2e.rest import rest

WORD_FOR_WORD = 0.95


@pytest.fixture(scope="module")
def captioning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    pair = service_pair(tmp_path_factory.mktemp("captions"))
    try:
        pair.inference.start(BLIP_MODEL="tiny-captions")
        pair.orchestrator.start()
        yield pair
    finally:
        pair.orchestrator.stop()
        pair.inference.stop()


def drawn(folder: Path, scenes: list[Scene]) -> dict[str, str]:
    """Each scene's caption by file name; held out from training, in the shape of photographs."""
    folder.mkdir()
    captions = {}
    for number, scene in enumerate(scenes):
        name = f"{number}.{('jpg', 'png', 'webp')[number % 3]}"
        sides = ((640, 427), (480, 480), (427, 640))[number // 3 % 3]
        picture = draw(scene, FIRST_HELD_OUT_SEED + 77, width_px=sides[0], height_px=sides[1])
        picture.save(folder / name, quality=90)
        captions[name] = scene.caption
    return captions


def test_captions_reach_the_images_word_for_word(captioning: Services) -> None:
    scenes = [Scene("red", "circle", ground="blue"), *told()[1::5]]
    wanted = drawn(captioning.root / "scenes", scenes)
    assert wanted["0.jpg"] == "a red circle on a blue background"
    with rest(captioning.orchestrator.url) as api:
        folder = captioning.root / "scenes"
        plain = api.ingested(folder)
        assert plain["counts"]["embedded"] == len(wanted)
        job = api.ingested(folder, captions=True)
        assert (job["state"], job["counts"]["failed"]) == ("completed", 0)
        assert job["counts"]["embedded"] == len(wanted), "a point without a caption is not done"
        images = api.call("GET", "/images", params={"limit": 200})["images"]
        said = {image["filename"]: image["caption"] for image in images}
        again = api.ingested(folder, captions=True)
        assert again["counts"]["unchanged"] == len(wanted)
    assert said["0.jpg"] == wanted["0.jpg"]
    right = sum(said[name] == caption for name, caption in wanted.items())
    assert right >= WORD_FOR_WORD * len(wanted), said
