"""What relevance is told by: neutral texts by model, calibrations by generation."""

from __future__ import annotations

from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import (
    Calibration,
    NeutralTexts,
)


class CalibrationRepository(Protocol):
    """A model is named by its fingerprint. A sample's numbers are kept as float16."""

    async def neutral_texts(self, fingerprint: str) -> NeutralTexts | None: ...
    async def keep_neutral_texts(self, fingerprint: str, texts: NeutralTexts) -> None:
        """In place of what was there."""

    async def find(self, generation_id: int) -> Calibration | None:
        """None also of a generation that was removed."""

    async def keep(self, generation_id: int, calibration: Calibration) -> None:
        """In place of what was there. Nothing of a generation that was removed."""

    async def is_evaluated(self, fingerprint: str) -> bool: ...
    async def set_evaluated(
        self,
        fingerprint: str,
        job_id: str,
        *,
        templates_help: bool = False,
        suggested_cut: float | None = None,
    ) -> None:
        """By this job, the last one, with what it found."""

    async def templates_help(self, fingerprint: str) -> bool:
        """Whether its last evaluation found that templates do; False before the first."""

    async def suggested_cut(self, fingerprint: str) -> float | None:
        """The least relevance that its last evaluation proposed to cut at, if it did."""
