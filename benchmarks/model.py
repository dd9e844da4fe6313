"""One model call, by compiling, memory layout, dtype and batch size, on this machine's device.

python -m benchmarks.model --batches 1 8 32
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import torch

from benchmarks.report import Report, parser_of, run
from ml_inference_fastapi_app.backends.base import run_to_end
from ml_inference_fastapi_app.backends.clip.loading import build_torch_clip
from ml_inference_fastapi_app.backends.clip.torch_clip import TorchClip
from ml_inference_fastapi_app.backends.devices import DTypeName, conditions_of, device_of
from ml_inference_fastapi_app.models.loaded_clip import noise_pixels

DTYPES: Sequence[DTypeName] = ("float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class Variant:
    compiled: bool
    channels_last: bool
    dtype: DTypeName


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of the rounds. `cosine` is the smallest to the vectors of eager float32."""

    variant: Variant
    batch: int
    call_s: float
    images_per_s: float
    cosine: float


def measure(options: argparse.Namespace, folder: Path) -> Report:
    reference = clip_of(options, folder, Variant(False, False, "float32"))
    pictures = noise_pixels(max(options.batches), reference.description.upload.side_px)
    expected = reference.embed_images(pictures)
    rows: list[Row] = []
    for variant in variants(options):
        clip = clip_of(options, folder, variant)
        if clip.description.compiled != variant.compiled:
            continue  # its log says why it does not compile
        run_to_end(clip.warm(max(options.batches)))
        for batch in options.batches:
            clip.embed_images(pictures[:batch])
            taken_s = [_call_s(clip, batch) for _ in range(options.rounds)]
            found = clip.embed_images(pictures[:batch])
            cosine = float((found * expected[:batch]).sum(axis=1).min())
            call_s = statistics.median(taken_s)
            rows.append(Row(variant, batch, call_s, batch / call_s, cosine))
        del clip
        torch.compiler.reset()
    device = device_of(options.device)
    return Report(
        title=f"{options.model}, untrained, on {', '.join(conditions_of(device))}",
        columns=("variant", "memory layout", "batch", "ms a call", "images/s", "cosine to float32"),
        rows=[
            (
                f"{'compiled' if row.variant.compiled else 'eager'} {row.variant.dtype}",
                "channels last" if row.variant.channels_last else "contiguous",
                f"{row.batch}",
                f"{1000 * row.call_s:.1f}",
                f"{row.images_per_s:,.1f}",
                f"{row.cosine:.6f}",
            )
            for row in rows
        ],
        figures={"conditions": conditions_of(device), "rows": [asdict(row) for row in rows]},
    )


def variants(options: argparse.Namespace) -> list[Variant]:
    compiling = [False] if options.compile == "off" else [False, True]
    return [Variant(*each) for each in product(compiling, (False, True), options.dtypes)]


def clip_of(options: argparse.Namespace, folder: Path, variant: Variant) -> TorchClip:
    clip = build_torch_clip(
        model=options.model,
        pretrained="none",
        cache_dir=folder,
        device=options.device,
        dtype=variant.dtype,
        channels_last=variant.channels_last,
        compile="on" if variant.compiled else "off",
        max_batch=max(options.batches),
    )
    clip.prepare(lambda _phase: None)
    return clip


def _call_s(clip: TorchClip, batch: int) -> float:
    pictures = noise_pixels(batch, clip.description.upload.side_px)
    started_s = time.perf_counter()
    clip.embed_images(pictures)
    return time.perf_counter() - started_s


if __name__ == "__main__":
    parser = parser_of("model", __doc__)
    parser.add_argument("--model", default="ViT-B-32")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--dtypes", choices=DTYPES, nargs="+", default=list(DTYPES))
    parser.add_argument("--compile", choices=["on", "off"], default="on")
    parser.add_argument("--rounds", type=int, default=5)
    run(parser, measure)
