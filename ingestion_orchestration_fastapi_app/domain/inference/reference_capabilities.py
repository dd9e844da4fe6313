"""The capabilities that a job plans with, where inference services differ."""

from __future__ import annotations

from collections.abc import Sequence

from utils.contract import Capabilities


def capabilities_for(told: Capabilities, fingerprint: str) -> Capabilities | None:
    """What a service says of itself, with the wanted model as its default one.

    None: it does not hold that model.
    """
    return told if told.clip.fingerprint == fingerprint else None


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
