"""Which model a collection is to be embedded by anew."""

from __future__ import annotations

from collections.abc import Sequence

from ingestion_orchestration_fastapi_app.domain.inference.reference_capabilities import (
    capabilities_for,
    models_of,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import GenerationStateProblem, ModelMismatch
from utils.contract import Capabilities, ClipCapabilities, ReembedRequest


def chosen_model(
    told: Sequence[Capabilities], collection: CollectionRecord, asked: ReembedRequest
) -> ClipCapabilities:
    """Of the models that services hold, the one that is asked for; without a name, the other one.

    Raises:
        GenerationStateProblem: it is the collection's own, or the collection has none yet.
        ModelMismatch: none is held that fits, or several do.
    """
    if collection.fingerprint is None:
        raise GenerationStateProblem(
            f"Collection {collection.name!r} has no model yet: its first import binds it to one."
        )
    held = {
        name: one.clip
        for each in told
        for name in models_of(each)
        if (one := capabilities_for(each, name)) is not None
    }
    fits = [
        clip
        for name, clip in held.items()
        if asked.fingerprint in (None, name) and asked.model in (None, clip.model)
    ]
    if asked.fingerprint is None and len(fits) > 1:
        fits = [clip for clip in fits if clip.fingerprint != collection.fingerprint]
    names = ", ".join(f"{clip.model} ({name})" for name, clip in held.items()) or "none"
    if len(fits) != 1:
        which = "No such model is" if not fits else "Several such models are"
        raise ModelMismatch(f"{which} held by the inference services, which hold: {names}.")
    (clip,) = fits
    if clip.fingerprint == collection.fingerprint:
        raise GenerationStateProblem(
            f"Collection {collection.name!r} is answered by {clip.model} ({clip.fingerprint}) "
            f"already; the inference services hold: {names}."
        )
    return clip
