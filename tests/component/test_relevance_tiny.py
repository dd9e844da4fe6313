"""Relevance with a real model: the tiny world, its captions, and letters drawn by lot."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import (
    BEST_HITS,
    Calibration,
    Judge,
    NeutralTexts,
    is_noise,
    nearest,
    noises,
)
from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import (
    Matrix,
    Numbers,
)
from ingestion_orchestration_fastapi_app.library.relevance.neutral_texts import shipped_texts
from ml_inference_fastapi_app.backends.clip.torch_clip import TorchClip
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import (
    FIRST_HELD_OUT_SEED,
    Scene,
    draw,
    scenes,
)
from tests.torch_clips import load_torch_clip

WORLD = scenes()[::2]


@dataclass(frozen=True)
class Model:
    clip: TorchClip
    neutral: NeutralTexts

    def texts(self, texts: list[str]) -> Matrix:
        groups = [texts[start : start + 64] for start in range(0, len(texts), 64)]
        return np.concatenate([np.asarray(self.clip.embed_texts(group)) for group in groups])

    def pictures(self, shown: list[Scene]) -> Matrix:
        side_px = self.clip.description.upload.side_px
        drawn = [
            np.asarray(draw(scene, FIRST_HELD_OUT_SEED + number, width_px=side_px))
            for number, scene in enumerate(shown)
        ]
        groups = [drawn[start : start + 48] for start in range(0, len(drawn), 48)]
        return np.concatenate([self.clip.embed_images(np.stack(group)) for group in groups])

    def judge(self, pictures: Matrix) -> Judge:
        found = noises(
            self.neutral,
            pictures,
            of_sentences=nearest(self.neutral.sentences, pictures),
            of_nonsense=nearest(self.neutral.nonsense, pictures),
        )
        return Judge.of(Calibration("", len(pictures), pictures, found), self.neutral)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    clip = load_torch_clip(
        model="tiny-shapes",
        pretrained="",
        cache_dir=tmp_path_factory.mktemp("cache"),
        dtype="float32",
        offline=True,
    )
    nothing = np.zeros((0, clip.description.dim), np.float32)
    bare = Model(clip, NeutralTexts("", nothing, nothing))
    shipped = shipped_texts()
    neutral = NeutralTexts(
        shipped.digest, bare.texts(list(shipped.sentences)), bare.texts(list(shipped.nonsense))
    )
    return Model(clip, neutral)


@pytest.fixture(scope="module")
def pictures(model: Model) -> Matrix:
    return model.pictures(list(WORLD))


def letter_salad(number: int) -> list[str]:
    """One, two and three words; other ones than those that are shipped."""
    dice = random.Random(5)

    def word() -> str:
        return "".join(dice.choice(string.ascii_lowercase) for _ in range(dice.randint(3, 9)))

    return [" ".join(word() for _ in range(1 + each % 3)) for each in range(number)]


def best_of(judge: Judge, text: Matrix, pictures: Matrix) -> tuple[list[int], Numbers]:
    """The best hits by cosine, and their relevance."""
    order = np.argsort(-(pictures @ text))[:BEST_HITS]
    return order.tolist(), judge.relevance(text, pictures[order])


def test_letter_salad_finds_nothing_and_what_is_shown_is_found(
    model: Model, pictures: Matrix
) -> None:
    judge = model.judge(pictures)
    salad = model.texts(letter_salad(300))
    rejected = [is_noise(best_of(judge, text, pictures)[1]) for text in salad]
    kinds = sorted({(scene.colour, scene.shape) for scene in WORLD})
    lost = there = 0
    for text, kind in zip(
        model.texts([f"a {colour} {shape}" for colour, shape in kinds]), kinds, strict=True
    ):
        hits, relevances = best_of(judge, text, pictures)
        is_cut = (relevances < 0.5) | is_noise(relevances)
        for place, at in enumerate(hits[:10]):
            if (WORLD[at].colour, WORLD[at].shape) == kind:
                there, lost = there + 1, lost + bool(is_cut[place])
    print(f"rejected {np.mean(rejected):.3f}, lost {lost} of {there}")  # noqa: T201  # on failure
    assert np.mean(rejected) >= 0.93
    assert there > 200
    assert lost / there <= 0.02


@pytest.mark.parametrize("foreign", ["a dog", "snow", "my cat", "sunset over the ocean"])
def test_what_no_picture_shows_is_not_found(model: Model, pictures: Matrix, foreign: str) -> None:
    judge = model.judge(pictures)
    assert is_noise(best_of(judge, model.texts([foreign])[0], pictures)[1])


def test_among_red_circles_a_circle_stays_above_a_blue_star(model: Model) -> None:
    circles = model.pictures([Scene("red", "circle")] * 80)
    judge = model.judge(circles)
    shown = [
        float(np.median(best_of(judge, text, circles)[1]))
        for text in model.texts(["a red circle", "a circle", "something red"])
    ]
    not_shown = [
        float(np.median(best_of(judge, text, circles)[1]))
        for text in model.texts(["a blue star", "a green square", "a yellow ring"])
    ]
    assert min(shown) > 0.85
    assert min(shown) > max(not_shown) + 0.1
