"""From files to a CLIP model on torch: fetched, built and named; not yet compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from ml_inference_fastapi_app.backends.base import (
    ClipDescription,
    ModelMissingError,
    StartPhase,
)
from ml_inference_fastapi_app.backends.clip.buckets import bucket_sizes
from ml_inference_fastapi_app.backends.clip.compiling import Backend
from ml_inference_fastapi_app.backends.clip.open_clip_model import (
    built,
    is_cut,
    sigmoid_of,
    tokenizer,
)
from ml_inference_fastapi_app.backends.clip.torch_clip import Normalisation, TorchClip
from ml_inference_fastapi_app.backends.devices import DTypeName, device_of, dtype_of
from ml_inference_fastapi_app.backends.fingerprint import fingerprint
from ml_inference_fastapi_app.backends.weights.model_source import resolve
from utils.contract import ClipUpload

MAX_BATCH = 256


def build_torch_clip(
    *,
    model: str,
    pretrained: str,
    cache_dir: Path,
    dtype: DTypeName = "auto",
    offline: bool = False,
    device: str = "auto",
    intra_op_threads: int | None = None,
    channels_last: bool = True,
    compile: Literal["auto", "on", "off"] = "off",  # noqa: A002  # the ability's name everywhere
    backend: Backend = "inductor",
    max_batch: int = MAX_BATCH,
    on_phase: Callable[[StartPhase], None] = lambda _phase: None,
) -> TorchClip:
    """Blocking, seconds to minutes, on any thread; `prepare` is still to be called on the one
    that runs the model. `compile=auto` means on CUDA.

    Raises:
        ModelMissingError: see its text.
    """
    on_phase(StartPhase.FETCHING)
    source = resolve(model=model, pretrained=pretrained, cache_dir=cache_dir, offline=offline)
    on_phase(StartPhase.LOADING)
    target = device_of(device)
    net = built(source)
    preprocess: dict[str, Any] = net.visual.preprocess_cfg  # type: ignore[union-attr, assignment]
    upload = _upload(preprocess)
    chosen = dtype_of(dtype, target)
    description = ClipDescription(
        model=model,
        weights=source.weights,
        dim=int(source.config["embed_dim"]),
        image_size=upload.side_px,
        fingerprint=fingerprint(net, config=source.identity, preprocess=preprocess),
        trained=source.trained,
        dtype=str(chosen).removeprefix("torch."),
        backend="torch",
        compiled=compile == "on" or (compile == "auto" and target.type == "cuda"),
        device=str(target),
        upload=upload,
        sigmoid=sigmoid_of(net),
    )
    net = net.to(device=target, dtype=chosen)
    if channels_last:
        net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # untyped
    tokenize = tokenizer(source)
    return TorchClip(
        net,
        tokenize=tokenize,
        is_cut=partial(is_cut, tokenize),
        description=description,
        normalisation=Normalisation(_three(preprocess["mean"]), _three(preprocess["std"])),
        device=target,
        dtype=chosen,
        channels_last=channels_last,
        sizes=bucket_sizes(max_batch) if description.compiled else (),
        backend=backend,
        intra_op_threads=intra_op_threads,
    )


def _upload(preprocess: dict[str, Any]) -> ClipUpload:
    sides = np.atleast_1d(preprocess["size"])
    if sides.min() != sides.max():
        raise ModelMissingError(f"models with pictures of {tuple(sides)} are not supported")
    crop: dict[str, Literal["center", "squash", "longest"]] = {
        "shortest": "center",
        "squash": "squash",
        "longest": "longest",
    }
    bilinear = preprocess["interpolation"] == "bilinear"  # "random" is open_clip's bicubic here
    return ClipUpload(
        side_px=int(sides[0]),
        crop=crop[preprocess["resize_mode"]],
        interpolation="bilinear" if bilinear else "bicubic",
        fill=int(preprocess["fill_color"]),
    )


def _three(values: float | Sequence[float]) -> tuple[float, ...]:
    """open_clip takes one number for all channels too."""
    return tuple(float(v) for v in np.broadcast_to(values, 3))
