"""A caption job with the captioning model that is shipped: paused, killed, resumed, and found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_inference_fastapi_app.tiny_models.tiny_captions.train import told
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import FIRST_HELD_OUT_SEED, draw
from tests.e2e.conftest import Services, service_pair
from tests.e2e.rest import Rest, rest
from tests.e2e.test_captions import WORD_FOR_WORD

IMAGES = 240
ADDED = 6
PATIENCE_S = 300.0


@pytest.fixture(scope="module")
def captioning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    pair = service_pair(tmp_path_factory.mktemp("caption-job"))
    try:
        pair.inference.start(BLIP_MODEL="tiny-captions")
        pair.orchestrator.start()
        yield pair
    finally:
        pair.orchestrator.stop()
        pair.inference.stop()


def drawn(folder: Path, numbers: range) -> dict[str, str]:
    """Captions by file name; each picture is another one."""
    folder.mkdir(exist_ok=True)
    scenes = told()
    captions = {}
    for number in numbers:
        scene = scenes[number % len(scenes)]
        picture = draw(scene, FIRST_HELD_OUT_SEED + number, width_px=360, height_px=270)
        captions[f"{number:03d}.jpg"] = scene.caption
        picture.save(folder / f"{number:03d}.jpg", quality=90)
    return captions


def said(api: Rest) -> dict[str, str | None]:
    images = api.call("GET", "/images", params={"limit": 500})["images"]
    return {image["filename"]: image["caption"] for image in images}


def until(api: Rest, job_id: str, *, done: int) -> Any:
    limit_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < limit_s:
        job = api.call("GET", f"/jobs/{job_id}")
        if job["done"] >= done or job["state"] == "completed":
            return job
    raise AssertionError(job)


def test_a_caption_job_is_paused_killed_and_resumed_and_its_words_are_found(
    captioning: Services,
) -> None:
    folder = captioning.root / "scenes"
    wanted = drawn(folder, range(IMAGES))
    with rest(captioning.orchestrator.url) as api:
        plain = api.ingested(folder)
        assert plain["counts"]["embedded"] == IMAGES
        job_id = api.call("POST", "/jobs", json={"kind": "caption"})["job_id"]
        until(api, job_id, done=8)
        api.call("POST", f"/jobs/{job_id}/pause")
        paused = api.until(job_id, lambda job: job["state"] in ("paused", "completed"))
        assert sum(text is not None for text in said(api).values()) == paused["done"]
        api.call("POST", f"/jobs/{job_id}/resume")
        until(api, job_id, done=paused["done"] + 8)
    captioning.orchestrator.kill()
    captioning.orchestrator.start()
    with rest(captioning.orchestrator.url) as api:
        wanted |= drawn(folder, range(IMAGES, IMAGES + ADDED))
        imported = api.ingested(folder)
        assert imported["counts"]["embedded"] == ADDED
        job = api.ended(job_id)
        assert job["state"] == "completed", job["reason"]
        late = api.call("POST", "/jobs", json={"kind": "caption"})["job_id"]
        assert api.ended(late)["state"] == "completed"
        report = api.call("GET", f"/jobs/{job_id}/report")["numbers"]
        second = api.call("GET", f"/jobs/{late}/report")["numbers"]
        assert report["captioned"] + second["captioned"] == IMAGES + ADDED
        assert (report["failed"], report["away"]) == (0, 0)
        shown = said(api)
        right = sum(shown[name] == caption for name, caption in wanted.items())
        assert right >= WORD_FOR_WORD * len(wanted)
        caption = next(text for text in shown.values() if text)
        for mode in ("text", "hybrid"):
            hits = api.search(f'"{caption}"', mode=mode, limit=20)
            assert hits
            assert all(caption in hit["caption"] for hit in hits)
        before = api.call("GET", "/collections/default")
        assert before["count"] == IMAGES + ADDED
