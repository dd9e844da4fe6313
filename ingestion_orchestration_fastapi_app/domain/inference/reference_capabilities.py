"""The capabilities that a job plans with, where inference services differ."""

from __future__ import annotations

from collections.abc import Sequence

from utils.contract import Capabilities, ClipCapabilities


def capabilities_for(told: Capabilities, fingerprint: str) -> Capabilities | None:
    """What a service says of itself, as if the wanted one of its models were its default one.

    None: it does not hold that model. A service of an earlier version lists none, and has one.
    """
    clip = told.clip
    if clip.fingerprint == fingerprint:
        return told
    model = next((one for one in told.models if one.fingerprint == fingerprint), None)
    if model is None:
        return None
    clip = ClipCapabilities(
        model=model.model,
        weights=model.weights,
        dim=model.dim,
        image_size=model.image_size,
        fingerprint=model.fingerprint,
        trained=model.trained,
        dtype=clip.dtype,
        backend=clip.backend,
        compiled=clip.compiled,
        sigmoid=model.sigmoid,
    )
    return told.model_copy(
        update={
            "clip": clip,
            "safe_clip_batch": model.safe_clip_batch,
            "recommended_batch": min(told.recommended_batch, model.safe_clip_batch),
            "upload": told.upload.model_copy(update={"clip": model.upload}),
        }
    )


def models_of(told: Capabilities) -> tuple[str, ...]:
    """Fingerprints, the default model's first."""
    first = told.clip.fingerprint
    return first, *(one.fingerprint for one in told.models if one.fingerprint != first)


def reference_capabilities(
    told: Sequence[Capabilities], *, fingerprint: str | None, captions: bool = False
) -> Capabilities | None:
    """Of the first service that holds the model; `told` is in the order of the setting.

    Where the fingerprint is None (a collection without a model) the first service's default model
    counts. With `captions` the first of the same model that makes them, if one does. None: there
    is no such service.
    """
    if fingerprint is None and told:
        fingerprint = told[0].clip.fingerprint
    if fingerprint is None:
        return None
    alike = [one for each in told if (one := capabilities_for(each, fingerprint)) is not None]
    captioning = [one for one in alike if captions and one.captions.available]
    return next(iter(captioning or alike), None)


def captions_alike(reference: Capabilities, other: Capabilities) -> bool:
    """Whether `other` makes the same captions, as far as is known before weights are fetched."""
    known = {reference.captions.fingerprint, other.captions.fingerprint} - {None}
    return other.captions.available and len(known) < 2
