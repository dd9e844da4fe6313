"""The tiny model says what it is where it meets photos, and nothing where it is at home."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.domain.inference.tiny_model import tiny_model_warnings
from tests.component.orchestrator_app import FakeService, orchestrator, paint
from tests.fakes import capabilities
from utils.contract.warnings import WarningCode


def test_it_warns_of_photos_and_not_of_the_demo() -> None:
    assert tiny_model_warnings("ViT-B-32", [b"/photos"]) == ()
    assert tiny_model_warnings(None, [b"/photos"]) == ()
    assert tiny_model_warnings("tiny-shapes", []) == ()
    assert tiny_model_warnings("tiny-shapes", [b"/home/ann/photoseek/.demo/pictures"]) == ()
    [warning] = tiny_model_warnings("tiny-shapes", [b"/a/.demo/pictures", b"/photos"])
    assert warning.code is WarningCode.MODEL_TINY
    assert "CLIP_MODEL" in warning.detail
    assert "shapes" in warning.detail


@pytest.mark.anyio
async def test_jobs_and_searches_carry_the_warning(tmp_path: Path) -> None:
    told = capabilities()
    clip = told.clip.model_copy(update={"model": "tiny-shapes"})
    service = FakeService(told.model_copy(update={"clip": clip}))
    async with orchestrator(tmp_path, service=service) as running:
        paint(running.photos / "a.png", "red")
        job = await running.ingested()
        found = await running.post("/search/text", {"query": "red"})
        listed = await running.get("/images")
        for answer in (job, found.json(), listed):
            details = [warning["detail"] for warning in answer["warning_details"]]
            assert answer["warnings"] == details
        for answer in (job, found.json()):
            (warning,) = answer["warning_details"]
            assert (warning["code"], warning["params"]) == ("WARN_MODEL_TINY", {})
            assert "tiny-shapes" in warning["detail"]
