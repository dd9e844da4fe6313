"""What the stages of a caption job hand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.captions.pictures import Absent
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.ports.captioner import WholePicture
from utils.problems import Rejected


@dataclass(frozen=True, slots=True)
class ToLoad:
    """Images that show the same: one of them is looked at."""

    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class ToCaption:
    points: Sequence[Point]
    picture: WholePicture


@dataclass(frozen=True, slots=True)
class Result:
    points: Sequence[Point]
    said: str | Rejected | Absent
