"""The shipped model, which knows drawn shapes alone: what is said where it meets photos."""

from __future__ import annotations

from collections.abc import Iterable

from utils.contract.warnings import WarningCode, WarningDetail

TINY_MODEL = "tiny-shapes"
DEMO_PICTURES = ".demo/pictures"
DEMO_DATA = ".demo/data"  # both in the folder where the demo is started


def tiny_model_warnings(model: str | None, folders: Iterable[bytes]) -> tuple[WarningDetail, ...]:
    """Empty where another model is used, or only the demo's drawings are looked at."""
    drawn = f"/{DEMO_PICTURES}".encode()
    if model != TINY_MODEL or all(folder.endswith(drawn) for folder in folders):
        return ()
    return (WarningDetail.of(WarningCode.MODEL_TINY),)
