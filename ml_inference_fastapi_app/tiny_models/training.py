"""What the scripts that train the tiny models share: drawn pictures, options and weights."""

from __future__ import annotations

import argparse
import io
import random
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

Pictures = npt.NDArray[np.uint8]  # shape (n, side, side, 3)


def through_codec(picture: Image.Image, dice: random.Random) -> Image.Image:
    """As a file would bring it."""
    codec = dice.choice(("JPEG", "JPEG", "WEBP", "PNG"))
    if codec == "PNG":
        return picture
    file = io.BytesIO()
    picture.save(file, codec, quality=dice.randint(65, 95))
    return Image.open(file)


def album(draw_page: Callable[[int], Pictures], seeds: range, *, workers: int) -> Pictures:
    """A page for each seed, in their order."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return np.concatenate(list(pool.map(draw_page, seeds)))


def varied(
    pictures: Tensor, chance: torch.Generator, *, contrast: float, brightness: float
) -> Tensor:
    """Floats of 0 to 1, channels first, each picture with its own brightness, contrast and grain,
    all with one small shift."""
    x = pictures.permute(0, 3, 1, 2).float() / 255
    n = len(x)
    contrasts = 1 - contrast + 2 * contrast * torch.rand(n, 1, 1, 1, generator=chance)
    lights = brightness * (torch.rand(n, 1, 1, 1, generator=chance) - 0.5)
    grain = 0.02 * torch.randn(x.shape, generator=chance)
    x = ((x - 0.5) * contrasts + 0.5 + lights + grain).clamp(0, 1)
    across, down = (int(v) for v in torch.randint(-2, 3, (2,), generator=chance))
    return x.roll((across, down), (3, 2))


def save_halves(weights: Iterable[tuple[str, Tensor]], file: Path, **metadata: str) -> Path:
    """float16 safetensors."""
    halves = {name: tensor.detach().half().contiguous() for name, tensor in weights}
    save_file(halves, file, metadata=metadata or None)
    file.chmod(0o644)  # safetensors writes it for its owner alone
    return file


def options(about: str, *, steps: int, batch: int, learning_rate: float) -> argparse.ArgumentParser:
    """With the defaults of a model."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for config and weights")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--learning-rate", type=float, default=learning_rate)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return parser
