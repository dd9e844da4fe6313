"""CLIP models on torch for tests that are their own model thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ml_inference_fastapi_app.backends.base import StartPhase
from ml_inference_fastapi_app.backends.clip.loading import build_torch_clip
from ml_inference_fastapi_app.backends.clip.torch_clip import TorchClip


def load_torch_clip(
    *, on_phase: Callable[[StartPhase], None] = lambda _phase: None, **options: Any
) -> TorchClip:
    """Built and prepared. `options` are those of `build_torch_clip`."""
    clip = build_torch_clip(on_phase=on_phase, **options)
    clip.prepare(on_phase)
    return clip
