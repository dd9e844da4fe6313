"""The backends by name. A new one is a package beside `clip` and `blip`, and one line here.

Loading runs on a thread of its own and may take minutes; what is loaded runs on the model thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from ml_inference_fastapi_app.backends.base import Captioner, ClipOptions, Embedder, OnPhase
from ml_inference_fastapi_app.backends.blip.source import BlipSource
from ml_inference_fastapi_app.backends.clip.compiled_folder import compiled_folder
from ml_inference_fastapi_app.backends.torch_import import import_torch

LoadClip = Callable[[ClipOptions, OnPhase], Embedder]
# The last two are the device and the number format that CLIP runs with.
LoadBlip = Callable[[BlipSource, str, str], Captioner]


@dataclass(frozen=True, slots=True)
class Backend:
    """Both block, and raise ModelMissingError. They import what they need when they are called."""

    load_clip: LoadClip
    load_blip: LoadBlip


def _torch_clip(options: ClipOptions, on_phase: OnPhase) -> Embedder:
    # Threads of OpenMP that spin while they wait take the cores from decoding, and from everything
    # else: with two busy neighbours a call took 700 ms instead of 75. Read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # noqa: TID251  # told to it, not read
    compiled = compiled_folder(options.cache_dir)
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", compiled)  # noqa: TID251  # as above
    # Here, since importing torch takes seconds: the service listens and says `loading` first.
    import_torch()
    from ml_inference_fastapi_app.backends.clip.loading import build_torch_clip

    return build_torch_clip(**asdict(options), on_phase=on_phase)


def _torch_blip(source: BlipSource, device: str, dtype: str) -> Captioner:
    # Here, since importing transformers takes seconds, and memory that nobody may ever need.
    from ml_inference_fastapi_app.backends.blip.torch_blip import load_blip

    return load_blip(source, device=device, dtype=dtype)


BACKENDS: Mapping[str, Backend] = {
    "torch": Backend(load_clip=_torch_clip, load_blip=_torch_blip),
}
