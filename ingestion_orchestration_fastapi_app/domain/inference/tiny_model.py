"""The shipped model, which knows drawn shapes alone: what is said where it meets photos."""

from __future__ import annotations

from collections.abc import Iterable

TINY_MODEL = "tiny-shapes"
DEMO_PICTURES = ".demo/pictures"
DEMO_DATA = ".demo/data"  # both in the folder where the demo is started
_WARNING = (
    "the model tiny-shapes knows drawn, coloured shapes and nothing of photos: searches of photos "
    "find nothing meaningful. For photos start with another CLIP_MODEL, and import them into "
    "another collection"
)


def tiny_model_warnings(model: str | None, folders: Iterable[bytes]) -> tuple[str, ...]:
    """Empty where another model is used, or only the demo's drawings are looked at."""
    drawn = f"/{DEMO_PICTURES}".encode()
    if model != TINY_MODEL or all(folder.endswith(drawn) for folder in folders):
        return ()
    return (_WARNING,)
