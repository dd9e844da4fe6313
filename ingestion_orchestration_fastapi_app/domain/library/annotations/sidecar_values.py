"""What a sidecar is to say of a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SidecarValues:
    """What is to be there, or was put there. `label`: a colour, as Lightroom names it.

    `tags`: with `|` between the levels of one. `keywords`: what the file says itself: a sidecar's
    keywords stand for all, so they go along where it has none. `description`: only where it has
    none.
    """

    rating: int | None = None
    label: str | None = None
    is_picked: bool = False
    tags: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    description: str | None = None


NOTHING = SidecarValues()
