"""Trains the tiny captioning model from pictures that it draws itself: minutes on two CPU cores.

python -m ml_inference_fastapi_app.tiny_models.tiny_captions.train --out FOLDER

The folder it writes is what transformers calls a pretrained one: config, tokenizer and weights.
"""

from __future__ import annotations

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

from ml_inference_fastapi_app.backends.base import run_to_end
from ml_inference_fastapi_app.backends.torchvision_compat import make_torchvision_importable
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import (
    COLOURS,
    FIRST_HELD_OUT_SEED,
    SHAPES,
    Scene,
    draw,
)
from ml_inference_fastapi_app.tiny_models.training import (
    Pictures,
    album,
    options,
    save_halves,
    through_codec,
    varied,
)

HERE = Path(__file__).parent
SIDE_PX = 72
PAD, SEP, BOS = 0, 3, 4  # as in the config
_FILES = (
    "config.json",
    "preprocessor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
)
# As in preprocessor_config.json, which is what BLIP itself uses.
_MEAN = torch.tensor((0.48145466, 0.4578275, 0.40821073)).reshape(1, 3, 1, 1)
_STD = torch.tensor((0.26862954, 0.26130258, 0.27577711)).reshape(1, 3, 1, 1)
_GROUNDS = (None, *COLOURS)
_PART_KINDS = (len(COLOURS), len(SHAPES), len(_GROUNDS))


def vocabulary() -> tuple[str, ...]:
    """One token a word, those of BERT first, in the order of their ids."""
    words = {word for scene in told() for word in scene.caption.split()}
    return ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[DEC]", "[MASK]", *sorted(words))


def write_tokenizer(folder: Path) -> None:
    """vocab.txt and tokenizer.json, which say the same thing to two kinds of readers."""
    from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
    from tokenizers.models import WordPiece

    words = vocabulary()
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", "ascii")
    tokenizer = Tokenizer(WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))  # noqa: S106  # a word
    tokenizer.add_special_tokens([word for word in words if word.startswith("[")])
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.save(str(folder / "tokenizer.json"))


def photographed(scene: Scene, seed: int, *, shortest_px: int, longest_px: int) -> Pictures:
    """The whole scene as a file would bring it: up to 16:9, through a lossy codec, squashed."""
    dice = random.Random(f"{seed}:{scene.caption}:file")  # noqa: S311  # pictures, not secrets
    long_px = dice.randint(shortest_px, longest_px)
    short_px = round(long_px * dice.uniform(9 / 16, 1))
    width_px, height_px = dice.sample((long_px, short_px), 2)
    picture = through_codec(draw(scene, seed, width_px=width_px, height_px=height_px), dice)
    return np.asarray(picture.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC))


def told() -> tuple[Scene, ...]:
    """The scenes of one page of an album, in its order: what this model knows of the world."""
    return tuple(
        Scene(colour, shape, ground=ground)
        for colour in COLOURS
        for shape in SHAPES
        for ground in _GROUNDS
        if ground != colour
    )


def _page(seed: int, *, shortest_px: int, longest_px: int) -> Pictures:
    """A picture of every scene on a grey and on each coloured ground."""
    sizes = {"shortest_px": shortest_px, "longest_px": longest_px}
    return np.stack([photographed(scene, seed, **sizes) for scene in told()])


def untrained(seed: int) -> Any:  # transformers has no types
    from transformers import BlipConfig, BlipForConditionalGeneration

    torch.manual_seed(seed)
    return BlipForConditionalGeneration(BlipConfig.from_pretrained(HERE))


def train(pictures: Pictures, *, steps: int, batch: int, learning_rate: float, seed: int) -> Any:
    model = untrained(seed)
    tokens = _tokens()
    parts = torch.tensor([_parts(scene) for scene in told()])
    stored = torch.from_numpy(pictures).view(-1, len(tokens), *pictures.shape[1:])
    # Thrown away afterwards. Words alone teach the picture's side only through four layers of
    # cross-attention, which at first have no reason to look anywhere.
    head = nn.Linear(model.config.vision_config.hidden_size, sum(_PART_KINDS))
    learned = [*model.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(learned, lr=learning_rate, betas=(0.9, 0.98), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, learning_rate, total_steps=steps, pct_start=0.08
    )
    chance = torch.Generator().manual_seed(seed)
    started_at = time.monotonic()
    for step in range(1, steps + 1):
        shown = torch.randint(len(tokens), (batch,), generator=chance)
        page = torch.randint(len(stored), (batch,), generator=chance)
        with torch.autocast("cpu", torch.bfloat16):  # nearly twice as fast
            shades = varied(stored[page, shown], chance, contrast=0.1, brightness=0.08)
            seen = model.vision_model(pixel_values=(shades - _MEAN) / _STD)
            said = tokens[shown]
            said = said[:, : int((said != PAD).sum(dim=1).max())]
            words = model.text_decoder(
                input_ids=said,
                encoder_hidden_states=seen.last_hidden_state,
                labels=said.masked_fill(said == PAD, -100),
            ).loss
            guesses = head(seen.pooler_output).float().split(_PART_KINDS, dim=1)
            named = [functional.cross_entropy(g, parts[shown, i]) for i, g in enumerate(guesses)]
            loss = words + torch.stack(named).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0 or step == steps:
            passed_s = time.monotonic() - started_at
            losses = f"words {words.item():.4f}  parts {[round(n.item(), 3) for n in named]}"
            print(f"step {step}/{steps}  {losses}  {passed_s:.0f} s", flush=True)
    return model.eval()


def _tokens() -> Tensor:
    """Ids of each scene's caption between BOS and SEP, padded at the end."""
    ids = {word: index for index, word in enumerate(vocabulary())}
    rows = [[BOS, *(ids[word] for word in s.caption.split()), SEP] for s in told()]
    longest = max(len(row) for row in rows)
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


def _parts(scene: Scene) -> tuple[int, ...]:
    return (
        list(COLOURS).index(scene.colour),
        SHAPES.index(scene.shape),
        _GROUNDS.index(scene.ground),
    )


def word_for_word(folder: Path, pictures: Pictures) -> float:
    """The share of one page's pictures of which the service's own code says the very caption."""
    from ml_inference_fastapi_app.backends.blip.source import resolve_blip
    from ml_inference_fastapi_app.backends.blip.torch_blip import load_blip

    source = resolve_blip(model=str(folder), cache_dir=folder, offline=True)
    captioner = load_blip(source, device="cpu", dtype="float32")
    right = 0
    for at in range(0, len(pictures), 64):
        said = run_to_end(captioner.captions(pictures[at : at + 64]))
        pairs = zip(said, told()[at : at + 64], strict=True)
        right += sum(text == scene.caption for text, scene in pairs)
    return right / len(pictures)


def save(model: nn.Module, folder: Path) -> Path:
    """float16 safetensors beside config and tokenizer: a folder that BLIP_MODEL takes."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.resolve() != HERE.resolve():
        for name in _FILES:
            shutil.copyfile(HERE / name, folder / name)
    decoder = "text_decoder.cls.predictions.decoder"
    tied = (f"{decoder}.weight", f"{decoder}.bias")  # with the embedding's
    untied = ((name, one) for name, one in model.state_dict().items() if name not in tied)
    return save_halves(untied, folder / "model.safetensors", format="pt")


def main() -> None:
    parser = options(__doc__, steps=2000, batch=64, learning_rate=1e-3)
    parser.add_argument("--pages", type=int, default=20, help="pictures of each of 384 scenes")
    given = parser.parse_args()

    make_torchvision_importable()
    torch.set_num_threads(given.threads)
    started_at = time.monotonic()
    page = partial(_page, shortest_px=80, longest_px=256)
    seen = album(page, range(given.pages), workers=given.threads)
    print(f"{len(seen)} pictures drawn  {time.monotonic() - started_at:.0f} s", flush=True)
    write_tokenizer(HERE)
    model = train(
        seen,
        steps=given.steps,
        batch=given.batch,
        learning_rate=given.learning_rate,
        seed=given.seed,
    )
    weights = save(model, given.out)
    print(f"{weights.stat().st_size:,} bytes  {time.monotonic() - started_at:.0f} s", flush=True)
    for seed in range(FIRST_HELD_OUT_SEED, FIRST_HELD_OUT_SEED + 2):
        unseen = _page(seed, shortest_px=320, longest_px=800)
        right = word_for_word(given.out, unseen)
        print(f"held out {seed}: word for word {right:.1%} of {len(unseen)}", flush=True)


if __name__ == "__main__":
    main()
