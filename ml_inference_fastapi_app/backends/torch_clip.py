"""Any open_clip model on torch, on CPU or CUDA. Everything here runs on the model thread."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_inference_fastapi_app.backends import host_memory
from ml_inference_fastapi_app.backends.base import (
    ClipDescription,
    DeviceOutOfMemoryError,
    ModelMissingError,
    Pixels,
    Vectors,
)
from ml_inference_fastapi_app.backends.fingerprint import fingerprint
from ml_inference_fastapi_app.backends.model_source import resolve
from ml_inference_fastapi_app.backends.open_clip_model import built, tokenizer
from utils.contract import HARD_MAX_BATCH, ClipUpload

DTypeName = Literal["auto", "float32", "float16", "bfloat16"]
_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}

# Compiled graphs are for one size each: batches are padded up to the next of these.
BUCKETS = (1, 8, 32, 64, 128, HARD_MAX_BATCH)


@dataclass(frozen=True, slots=True)
class Normalisation:
    mean: tuple[float, ...]
    std: tuple[float, ...]


class TorchClip:
    """An Embedder. `tokenize` maps texts to a tensor of token ids, one row each."""

    def __init__(
        self,
        model: nn.Module,
        *,
        tokenize: Callable[[list[str]], Tensor],
        description: ClipDescription,
        normalisation: Normalisation,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.description = description
        self._tokenize = tokenize
        self._device = device
        self._dtype = dtype
        # For pixels that are still 0 to 255: (x / 255 - mean) / std in one pass.
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(normalisation.mean, device=device).reshape(shape) * 255
        self._scale = 1 / (torch.tensor(normalisation.std, device=device).reshape(shape) * 255)
        image_tower: Callable[[Tensor], Any] = model.visual  # type: ignore[assignment]  # a module
        text_tower: Callable[[Tensor], Any] = model.encode_text  # type: ignore[assignment]
        if description.compiled:
            image_tower, text_tower = _compiled(image_tower), _compiled(text_tower)
        self._image_tower = image_tower
        self._text_tower = text_tower

    def embed_images(self, pixels: Pixels) -> Vectors:
        return self._in_buckets(len(pixels), lambda at, n: self._images(pixels[at : at + n], n))

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        tokens = self._tokenize(list(texts)) if texts else torch.empty(0)
        return self._in_buckets(len(texts), lambda at, n: self._texts(tokens[at : at + n], n))

    def memory_bytes(self) -> int:
        if self._device.type == "cuda":
            return torch.cuda.memory_reserved(self._device)
        return host_memory.resident_bytes()

    def memory_limit_bytes(self) -> int:
        if self._device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self._device)
            return free + torch.cuda.memory_reserved(self._device)
        return host_memory.usable_bytes()

    def _in_buckets(self, rows: int, embed: Callable[[int, int], Tensor]) -> Vectors:
        """`embed(at, n)` gives n vectors or more, still on the device."""
        vectors = np.empty((rows, self.description.dim), np.float32)
        step = BUCKETS[-1] if self.description.compiled else max(rows, 1)
        failure = ""
        for at in range(0, rows, step):
            n = min(step, rows - at)
            try:
                with torch.inference_mode():
                    vectors[at : at + n] = embed(at, n)[:n].cpu().numpy()
            except (MemoryError, RuntimeError) as exc:
                if not is_out_of_memory(exc):
                    raise
                failure = str(exc) or "out of memory"
                break
        if failure:
            # Outside the handler: there the exception's frames still hold the batch's tensors.
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
            raise DeviceOutOfMemoryError(failure)
        return vectors

    def _images(self, pixels: Pixels, n: int) -> Tensor:
        x = torch.from_numpy(np.require(pixels, requirements=["C", "W"]))
        if self._device.type == "cuda":
            x = x.pin_memory().to(self._device, non_blocking=True)
        x = self._padded(x, n).permute(0, 3, 1, 2)
        x = ((x.float() - self._mean) * self._scale).to(self._dtype)
        return _unit(self._image_tower(x))

    def _texts(self, tokens: Tensor, n: int) -> Tensor:
        return _unit(self._text_tower(self._padded(tokens.to(self._device), n)))

    def _padded(self, rows: Tensor, n: int) -> Tensor:
        if not self.description.compiled:
            return rows
        bucket = BUCKETS[bisect.bisect_left(BUCKETS, n)]
        return torch.cat([rows, rows[:1].expand(bucket - n, *rows.shape[1:])])


def load_torch_clip(
    *,
    model: str,
    pretrained: str,
    cache_dir: Path,
    dtype: DTypeName = "auto",
    offline: bool = False,
    device: str = "auto",
    intra_op_threads: int | None = None,
    compile: bool = False,  # noqa: A002  # the ability's name everywhere else
) -> TorchClip:
    """Blocking, seconds to minutes. `intra_op_threads` is what one call may use on CPU.

    `compile` is an ability, not an order: it happens on CUDA only.

    Raises:
        ModelMissingError: see its text.
    """
    source = resolve(model=model, pretrained=pretrained, cache_dir=cache_dir, offline=offline)
    if intra_op_threads is not None:
        torch.set_num_threads(intra_op_threads)
    target = _device(device)
    net = built(source)
    preprocess: dict[str, Any] = net.visual.preprocess_cfg  # type: ignore[union-attr, assignment]
    upload = _upload(preprocess)
    normalisation = Normalisation(_three(preprocess["mean"]), _three(preprocess["std"]))
    chosen = _dtype(dtype, target)
    description = ClipDescription(
        model=model,
        weights=source.weights,
        dim=int(source.config["embed_dim"]),
        image_size=upload.side_px,
        fingerprint=fingerprint(net, config=source.identity, preprocess=preprocess),
        trained=source.trained,
        dtype=str(chosen).removeprefix("torch."),
        backend="torch",
        compiled=compile and target.type == "cuda",
        device=str(target),
        upload=upload,
    )
    return TorchClip(
        net.to(device=target, dtype=chosen),
        tokenize=tokenizer(source),
        description=description,
        normalisation=normalisation,
        device=target,
        dtype=chosen,
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


def _device(wanted: str) -> torch.device:
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(wanted)
    if device.type == "cuda" and device.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return device


def _dtype(wanted: DTypeName, device: torch.device) -> torch.dtype:
    """Half the bits where the device computes with them faster than with all."""
    if wanted != "auto":
        return _DTYPES[wanted]
    if device.type == "cuda":
        return torch.float16  # every CUDA device since 2016; three more bits of precision than bf16
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("amx_bf16") or able.get("avx512_bf16") else torch.float32


def _unit(features: Any) -> Tensor:
    """Some towers give (pooled, tokens)."""
    pooled: Tensor = features[0] if isinstance(features, tuple) else features
    return functional.normalize(pooled.float(), dim=-1)


def _compiled(tower: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    import torch._dynamo.config as dynamo

    # One graph for each bucket; at the default of 8 torch would fall back to eager, in silence.
    dynamo.recompile_limit = max(dynamo.recompile_limit, 2 * len(BUCKETS))
    compiled: Callable[[Tensor], Any] = torch.compile(tower, mode="reduce-overhead", dynamic=False)
    return compiled


def is_out_of_memory(exc: Exception) -> bool:
    """On CPU torch has no type for it, only a text."""
    return isinstance(exc, (MemoryError, torch.OutOfMemoryError)) or (
        "can't allocate memory" in str(exc)
    )
