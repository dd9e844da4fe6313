"""Trains the tiny model from pictures that it draws itself: minutes on two CPU cores.

python -m ml_inference_fastapi_app.tiny_models.tiny_shapes.train --out FOLDER

The folder it writes is what open_clip calls a local-dir: a config and the weights.
"""

from __future__ import annotations

import math
import random
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from ml_inference_fastapi_app.backends.torchvision_compat import make_torchvision_importable
from ml_inference_fastapi_app.tiny_models.tiny_shapes.texts import PART_KINDS, all_parts, all_texts
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import (
    FIRST_HELD_OUT_SEED,
    Scene,
    draw,
    scenes,
)
from ml_inference_fastapi_app.tiny_models.training import (
    Pictures,
    album,
    options,
    save_halves,
    through_codec,
    varied,
)

CONFIG = Path(__file__).with_name("open_clip_config.json")
SIDE_PX = 60
_MEAN, _STD = 0.5, 0.25  # as in the config
_OTHER_TEXTS = 48  # a step, beside the captions of its pictures: all 738 would double its cost
_MAX_LOGIT_SCALE = math.log(100)


def photographed(scene: Scene, seed: int, *, shortest_px: int, longest_px: int) -> Image.Image:
    """The scene as a file would bring it: any aspect, through a lossy codec, cropped, reduced."""
    dice = random.Random(f"{seed}:{scene.caption}:file")  # noqa: S311  # pictures, not secrets
    width_px, height_px = (dice.randint(shortest_px, longest_px) for _ in range(2))
    picture = through_codec(draw(scene, seed, width_px=width_px, height_px=height_px), dice)
    side = min(width_px, height_px)
    left, top = (width_px - side) // 2, (height_px - side) // 2
    return picture.resize(
        (SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC, (left, top, left + side, top + side)
    )


def _page(seed: int, *, shortest_px: int, longest_px: int) -> Pictures:
    """One picture of every scene."""
    return np.stack(
        [
            np.asarray(photographed(scene, seed, shortest_px=shortest_px, longest_px=longest_px))
            for scene in scenes()
        ]
    )


def train(
    pictures: Pictures, *, steps: int, batch: int, learning_rate: float, seed: int
) -> Any:  # open_clip has no types
    import open_clip

    torch.manual_seed(seed)
    model: Any = open_clip.create_model(f"local-dir:{CONFIG.parent}", load_weights=False)
    told = all_texts()
    tokens = open_clip.get_tokenizer(f"local-dir:{CONFIG.parent}")(list(told.texts))
    truth = torch.from_numpy(told.truth)
    stored = torch.from_numpy(pictures).view(-1, *truth.shape[:1], *pictures.shape[1:])
    broad = torch.arange(len(truth), len(truth) + told.broad)
    parts = torch.tensor(all_parts())
    # One head for both towers, thrown away afterwards. By contrast alone the towers sat for over
    # a thousand steps on a saddle where neither told left from right, so neither had to.
    head = nn.Linear(64, sum(PART_KINDS))
    learned = [*model.parameters(), *head.parameters()]
    matrices = [p for p in learned if p.ndim >= 2 and p.shape[0] < 10_000]
    others = [p for p in learned if not (p.ndim >= 2 and p.shape[0] < 10_000)]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}],
        lr=learning_rate,
        betas=(0.9, 0.98),
        fused=True,  # a hundredth of the time: most parameters are the vocabulary
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, learning_rate, total_steps=steps, pct_start=0.08
    )
    chance = torch.Generator().manual_seed(seed)
    started_at = time.monotonic()
    for step in range(1, steps + 1):
        shown = torch.randperm(len(truth), generator=chance)[:batch]
        other = torch.randint(len(tokens), (_OTHER_TEXTS,), generator=chance)
        said = torch.unique(torch.cat([shown, broad, other]))
        target = functional.normalize(truth[shown][:, said], p=1, dim=1)
        album_page = torch.randint(stored.shape[0], (len(shown),), generator=chance)
        seen = varied(stored[album_page, shown], chance, contrast=0.15, brightness=0.12)
        image = functional.normalize(model.encode_image((seen - _MEAN) / _STD), dim=-1)
        text = functional.normalize(model.encode_text(tokens[said]), dim=-1)
        captions = said < len(truth)
        loss = (
            _contrast(model.logit_scale.exp() * image @ text.T, target)
            + _named(head, image, parts[shown])
            + _named(head, text[captions], parts[said[captions]])
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch types it not
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=_MAX_LOGIT_SCALE)
        if step % 50 == 0 or step == steps:
            passed_s = time.monotonic() - started_at
            print(f"step {step}/{steps}  loss {loss.item():.3f}  {passed_s:.0f} s", flush=True)
    return model.eval()


def _contrast(logits: Tensor, truth: Tensor) -> Tensor:
    """CLIP's loss with soft targets, each picture against everything that could be said of it."""
    said = truth.sum(dim=0) > 0
    among = truth[:, said]
    of_images = functional.cross_entropy(logits, truth)
    of_texts = functional.cross_entropy(logits[:, said].T, (among / among.sum(dim=0)).T)
    return of_images + of_texts


def _named(head: nn.Linear, features: Tensor, parts: Tensor) -> Tensor:
    """How badly a scene's colour, shape, size and place can be read off the unit vectors."""
    guesses = head(8 * features).split(PART_KINDS, dim=1)
    losses = [functional.cross_entropy(g, parts[:, i]) for i, g in enumerate(guesses)]
    return torch.stack(losses).mean()


@torch.inference_mode()
def accuracy(model: Any, pictures: Pictures) -> tuple[float, float, float]:
    """Over one picture of each scene: text-to-image top-1, image-to-text top-1, and how many of
    the ten best pictures for "a red circle" (and for every colour and shape) are that."""
    import open_clip

    world = scenes()
    tokens = open_clip.get_tokenizer(f"local-dir:{CONFIG.parent}")([s.caption for s in world])
    images = torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div(255)
    image = model.encode_image((images - _MEAN) / _STD, normalize=True)
    text = model.encode_text(tokens, normalize=True)
    scores = text @ image.T
    own = torch.arange(len(world))
    found, wanted = 0, 0
    for i, scene in enumerate(world):
        if scene == Scene(scene.colour, scene.shape):
            best = [world[j] for j in scores[i].topk(10).indices.tolist()]
            found += sum((s.colour, s.shape) == (scene.colour, scene.shape) for s in best)
            wanted += 10
    to_image = (scores.argmax(dim=1) == own).float().mean().item()
    to_text = (scores.argmax(dim=0) == own).float().mean().item()
    return to_image, to_text, found / wanted


def save(model: nn.Module, folder: Path) -> Path:
    """float16 safetensors and the config: a folder that `local-dir:` takes."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.resolve() != CONFIG.parent.resolve():
        shutil.copyfile(CONFIG, folder / CONFIG.name)
    return save_halves(model.state_dict().items(), folder / "open_clip_model.safetensors")


def main() -> None:
    parser = options(__doc__, steps=1500, batch=128, learning_rate=2e-3)
    parser.add_argument("--pictures-per-scene", type=int, default=40)
    given = parser.parse_args()

    make_torchvision_importable()
    torch.set_num_threads(given.threads)
    started_at = time.monotonic()
    page = partial(_page, shortest_px=72, longest_px=320)
    seen = album(page, range(given.pictures_per_scene), workers=given.threads)
    print(f"{len(seen)} pictures drawn  {time.monotonic() - started_at:.0f} s", flush=True)
    model = train(
        seen,
        steps=given.steps,
        batch=given.batch,
        learning_rate=given.learning_rate,
        seed=given.seed,
    )
    weights = save(model, given.out)
    for seed in range(FIRST_HELD_OUT_SEED, FIRST_HELD_OUT_SEED + 3):
        unseen = _page(seed, shortest_px=320, longest_px=800)
        to_image, to_text, plain = accuracy(model, unseen)
        print(
            f"held out {seed}: text to image {to_image:.1%}, image to text {to_text:.1%}, "
            f"ten best for colour and shape {plain:.1%}"
        )
    print(f"{weights.stat().st_size:,} bytes  {time.monotonic() - started_at:.0f} s in all")


if __name__ == "__main__":
    main()
