"""Neutral texts, calibrations, evaluated models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import (
    Calibration,
    NeutralTexts,
)
from tests.memory_ledger.state import State


class MemoryCalibrations:
    """Implements `CalibrationRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._texts: dict[str, NeutralTexts] = {}
        self._kept: dict[int, Calibration] = {}
        self._evaluated: dict[str, tuple[bool, float | None]] = {}  # what was found of each

    async def neutral_texts(self, fingerprint: str) -> NeutralTexts | None:
        await checkpoint()
        return self._texts.get(fingerprint)

    async def keep_neutral_texts(self, fingerprint: str, texts: NeutralTexts) -> None:
        await checkpoint()
        self._texts[fingerprint] = texts

    async def find(self, generation_id: int) -> Calibration | None:
        await checkpoint()
        if self._state.generation(generation_id) is None:  # an id never comes again
            return None
        return self._kept.get(generation_id)

    async def keep(self, generation_id: int, calibration: Calibration) -> None:
        await checkpoint()
        halves = calibration.sample.astype(np.float16).astype(np.float32)
        self._kept[generation_id] = replace(calibration, sample=halves)

    async def is_evaluated(self, fingerprint: str) -> bool:
        await checkpoint()
        return fingerprint in self._evaluated

    async def set_evaluated(
        self,
        fingerprint: str,
        job_id: str,
        *,
        templates_help: bool = False,
        suggested_cut: float | None = None,
    ) -> None:
        await checkpoint()
        self._evaluated[fingerprint] = templates_help, suggested_cut

    async def templates_help(self, fingerprint: str) -> bool:
        await checkpoint()
        return self._evaluated.get(fingerprint, (False, None))[0]

    async def suggested_cut(self, fingerprint: str) -> float | None:
        await checkpoint()
        return self._evaluated.get(fingerprint, (False, None))[1]
