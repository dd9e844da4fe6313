"""Images that lack a caption, and captions that were made."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters

CAPTION = "caption"
CAPTIONS_LANE = "captions"


@dataclass(frozen=True, slots=True)
class Captioner:
    """Who makes captions. `model` is for people; `fingerprint` changes whenever captions would.

    `recipient`: where pictures go, where that is beyond Photoseek's own services.
    """

    fingerprint: str
    model: str
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class WantedCaptions:
    """Of images that the filters let through, with a vector by `vector_model` of what they show
    now, and no caption by anybody; with `renew`, none by this captioner (its fingerprint).
    """

    vector_model: str
    captioner: str
    renew: bool = False
    filters: Filters = NO_FILTERS


@dataclass(frozen=True, slots=True)
class LackingImage:
    """`row`: of its file. `verdict`: what the captioner that is asked for said of it before."""

    row: int
    point_id: UUID
    verdict: Artefact | None = None


@dataclass(frozen=True, slots=True)
class MadeCaption:
    """Of a point, whose file may have copies with points of their own. `artefact`: the caption is
    there, or why it is not.
    """

    point_id: UUID
    artefact: Artefact
