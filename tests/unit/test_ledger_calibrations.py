"""The rules of a ledger on what relevance is told by, for SQLite and for its twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.domain.library.generation import NewGeneration
from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import (
    Calibration,
    NeutralTexts,
)
from ingestion_orchestration_fastapi_app.domain.search.relevance.noise import Noise
from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import Matrix
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import bound

pytestmark = pytest.mark.anyio

SECOND = NewGeneration("default-2", "n", "w2", 768, "fp2")


def vectors(rows: int, seed: int = 1) -> Matrix:
    return np.random.default_rng(seed).normal(size=(rows, 6)).astype(np.float32)


def a_calibration(points: int = 100) -> Calibration:
    noises = (Noise(1.5, 0.25, 0.75), Noise(2.0, 0.5, 1.0))
    return Calibration("texts-1", points, vectors(9), noises)


async def test_what_is_kept_comes_back(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    active = await bound(ledger, made)
    assert await ledger.calibrations.find(active.id) is None
    for points in (100, 200):
        kept = a_calibration(points)
        await ledger.calibrations.keep(active.id, kept)
        found = await ledger.calibrations.find(active.id)
        assert found is not None
        assert (found.texts, found.points, found.noises) == ("texts-1", points, kept.noises)
        halves = kept.sample.astype(np.float16).astype(np.float32)
        assert found.sample.dtype == np.float32
        assert (found.sample == halves).all()


async def test_a_calibration_goes_with_its_generation_alone(ledger: Ledger) -> None:
    made = await ledger.collections.create("default", identity="default")
    active = await bound(ledger, made)
    filling = await ledger.generations.create(made.id, SECOND)
    for one in (active, filling):
        await ledger.calibrations.keep(one.id, a_calibration())
    await ledger.generations.remove(filling.id)
    assert await ledger.calibrations.find(filling.id) is None
    assert await ledger.calibrations.find(active.id) is not None
    await ledger.calibrations.keep(filling.id, a_calibration())  # who made it was not told yet
    assert await ledger.calibrations.find(filling.id) is None
    await ledger.collections.delete(made.id)
    assert await ledger.calibrations.find(active.id) is None


async def test_neutral_texts_are_of_a_model(ledger: Ledger) -> None:
    texts = NeutralTexts("texts-1", vectors(30), vectors(20, seed=2))
    await ledger.calibrations.keep_neutral_texts("fp", texts)
    assert await ledger.calibrations.neutral_texts("other") is None
    newer = replace(texts, digest="texts-2", sentences=vectors(31))
    for one in (texts, newer):
        await ledger.calibrations.keep_neutral_texts("fp", one)
        found = await ledger.calibrations.neutral_texts("fp")
        assert found is not None
        assert found.digest == one.digest
        assert (found.sentences == one.sentences).all()
        assert (found.nonsense == one.nonsense).all()


async def test_a_model_that_was_evaluated_is_known(ledger: Ledger) -> None:
    assert not await ledger.calibrations.is_evaluated("fp")
    for job_id in ("job-1", "job-2"):
        await ledger.calibrations.set_evaluated("fp", job_id)
        assert await ledger.calibrations.is_evaluated("fp")
    assert not await ledger.calibrations.is_evaluated("fp2")


async def test_the_last_evaluation_says_where_to_cut(ledger: Ledger) -> None:
    assert await ledger.calibrations.suggested_cut("fp") is None
    for found in (0.84, 0.5, None):
        await ledger.calibrations.set_evaluated("fp", "job-1", suggested_cut=found)
        assert await ledger.calibrations.suggested_cut("fp") == found
    assert await ledger.calibrations.suggested_cut("fp2") is None


async def test_whether_templates_help_is_what_the_last_evaluation_found(ledger: Ledger) -> None:
    assert not await ledger.calibrations.templates_help("fp")
    for found in (True, False, True):
        await ledger.calibrations.set_evaluated("fp", "job-1", templates_help=found)
        assert await ledger.calibrations.templates_help("fp") is found
    assert not await ledger.calibrations.templates_help("fp2")
