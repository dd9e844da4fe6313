"""An evaluation over HTTP: a file of captions beside the pictures is read, and no other file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import (
    Calibration,
    NeutralTexts,
)
from ingestion_orchestration_fastapi_app.domain.search.relevance.noise import Noise
from tests.component.orchestrator_app import Running, library, orchestrator
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

CAPTIONS = "path\tcaption\nred/0.png\tred\ngreen/1.png\tgreen\nblue/2.png\tblue\n"


async def evaluated(running: Running, path: Path | str | None) -> Any:
    options = {} if path is None else {"captions_path": str(path)}
    asked = {"kind": "evaluate", "collection": "default", "options": options}
    response = await running.post("/jobs", asked)
    assert response.status_code == 202, response.text
    return await running.ended(response.json()["job_id"])


async def test_captions_beside_the_pictures_are_searched_for(tmp_path: Path) -> None:
    library(tmp_path)
    (tmp_path / "photos" / "captions.tsv").write_text(CAPTIONS)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        before = (await running.post("/search/text", {"query": "red"})).json()
        job = await evaluated(running, running.photos / "captions.tsv")
        report = await running.get(f"/jobs/{job['job_id']}/report")
        after = (await running.post("/search/text", {"query": "red"})).json()
    assert job["state"] == "completed"
    assert report["numbers"]["texts"] == 3
    assert report["figures"]["recall at 10"] == 1.0
    assert (before["calibrated"], after["calibrated"]) == (False, False)  # too few images
    assert after["results"][0]["relevance"] is after["suggested_min_relevance"] is None


async def test_after_it_answers_say_where_to_cut(tmp_path: Path) -> None:
    library(tmp_path)
    vectors = np.random.default_rng(1).standard_normal((40, 8)).astype(np.float32)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        ledger = running.app.state.services.ports.ledger
        active = (await ledger.collections.find("default")).bound()
        await ledger.calibrations.keep_neutral_texts(
            active.fingerprint, NeutralTexts("texts", vectors, vectors)
        )
        kept = Calibration("texts", 13, vectors, (Noise(0.0, 1.0, 1.0),))
        await ledger.calibrations.keep(active.id, kept)
        before = (await running.post("/search/text", {"query": "red"})).json()
        await ledger.calibrations.set_evaluated(active.fingerprint, "job", suggested_cut=0.84)
        after = (await running.post("/search/text", {"query": "red"})).json()
    assert (before["calibrated"], before["suggested_min_relevance"]) == (False, None)
    assert (after["calibrated"], after["suggested_min_relevance"]) == (True, 0.84)


async def test_folders_are_classes(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        job = await evaluated(running, None)
        report = await running.get(f"/jobs/{job['job_id']}/report")
    assert job["state"] == "completed"
    assert report["figures"]["short: precision at 1"] == 1.0


async def test_no_other_file_is_read(tmp_path: Path) -> None:
    library(tmp_path)
    secret = tmp_path / "secret.tsv"
    secret.write_text(CAPTIONS)
    photos = tmp_path / "photos"
    (photos / "linked.tsv").symlink_to(secret)
    (photos / "latin.tsv").write_bytes("red/0.png\tk\xfche".encode("latin-1"))
    refused: list[tuple[str, ErrorCode]] = [
        (str(secret), ErrorCode.DIRECTORY_NOT_ALLOWED),
        (str(photos / "linked.tsv"), ErrorCode.VALIDATION),
        (str(photos / "latin.tsv"), ErrorCode.VALIDATION),
        (str(photos / "none.tsv"), ErrorCode.VALIDATION),
        (str(photos / "red"), ErrorCode.VALIDATION),
        ("captions.tsv", ErrorCode.VALIDATION),
        (f"{photos}/..", ErrorCode.VALIDATION),
    ]
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        for path, code in refused:
            job = await evaluated(running, path)
            assert (job["state"], job["reason_code"]) == ("failed", code), path
