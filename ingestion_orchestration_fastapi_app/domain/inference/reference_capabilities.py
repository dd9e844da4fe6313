"""Whose model counts, where inference services differ."""

from __future__ import annotations

from collections.abc import Sequence

from utils.contract import Capabilities


def lead(
    told: Sequence[Capabilities], *, fingerprint: str | None, captions: bool = False
) -> Capabilities | None:
    """The service that speaks for all of its model; `told` is in the order of the setting.

    The first with that fingerprint; where it is None (a collection without a model) the first of
    all. With `captions` the first of the same model that makes them, if one does. None: there is
    no such service.
    """
    if fingerprint is None and told:
        fingerprint = told[0].clip.fingerprint
    alike = [one for one in told if one.clip.fingerprint == fingerprint]
    captioning = [one for one in alike if captions and one.captions.available]
    return next(iter(captioning or alike), None)


def captions_alike(lead: Capabilities, other: Capabilities) -> bool:
    """Whether `other` makes the same captions, as far as is known before weights are fetched."""
    known = {lead.captions.fingerprint, other.captions.fingerprint} - {None}
    return other.captions.available and len(known) < 2
