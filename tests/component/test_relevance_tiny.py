"""Relevance with a real model: the tiny world, its captions, and letters drawn by lot."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from dataclasses import dataclass, field

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
    Size,
    draw,
    scenes,
)
from tests.torch_clips import load_torch_clip

WORLD = scenes()[::2]
CUT = 0.5


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


@dataclass
class Outcome:
    """Of texts that fit nothing, and of hits among the ten nearest that show what was asked."""

    rejected: list[bool] = field(default_factory=list)
    there: int = 0
    lost: int = 0

    def ask_nonsense(self, judge: Judge, texts: Matrix, pictures: Matrix) -> None:
        self.rejected += [is_noise(best_of(judge, text, pictures)[1]) for text in texts]

    def ask(self, judge: Judge, text: Matrix, pictures: Matrix, fits: Sequence[bool]) -> None:
        hits, relevances = best_of(judge, text, pictures)
        is_cut = (relevances < CUT) | is_noise(relevances)
        for place, at in enumerate(hits[:10]):
            if fits[at]:
                self.there, self.lost = self.there + 1, self.lost + bool(is_cut[place])

    @property
    def shares(self) -> tuple[float, float]:
        """What was rejected, and what was lost."""
        found = float(np.mean(self.rejected)), self.lost / self.there
        print(f"rejected {found[0]:.3f}, lost {self.lost} of {self.there}")  # noqa: T201  # on failure
        return found


def kind_of(scene: Scene) -> str:
    return f"a {scene.colour} {scene.shape}"


def test_letter_salad_finds_nothing_and_what_is_shown_is_found(
    model: Model, pictures: Matrix
) -> None:
    judge = model.judge(pictures)
    outcome = Outcome()
    outcome.ask_nonsense(judge, model.texts(letter_salad(300)), pictures)
    kinds = sorted({kind_of(scene) for scene in WORLD})
    for text, kind in zip(model.texts(kinds), kinds, strict=True):
        outcome.ask(judge, text, pictures, [kind_of(scene) == kind for scene in WORLD])
    rejected, lost = outcome.shares
    assert rejected >= 0.93
    assert outcome.there > 200
    assert lost <= 0.02


@pytest.fixture(scope="module")
def everything(model: Model) -> Matrix:
    """A picture of each scene."""
    return model.pictures(list(scenes()))


@pytest.fixture(scope="module")
def said(model: Model) -> dict[str, Matrix]:
    """Vectors of all that may be asked."""
    texts = list(dict.fromkeys(text for one in scenes() for text in (kind_of(one), one.caption)))
    return dict(zip(texts, model.texts(texts), strict=True))


@pytest.mark.parametrize(
    ("points", "most_lost"),
    [(60, 0.03), (120, 0.02), (240, 0.02)],  # of so few a limit is not known better
)
@pytest.mark.parametrize("sizes", [tuple(Size), (Size.NORMAL,)], ids=["varied", "alike"])
def test_a_small_collection_rejects_nonsense_and_keeps_what_it_shows(
    model: Model,
    everything: Matrix,
    said: dict[str, Matrix],
    points: int,
    most_lost: float,
    sizes: tuple[Size, ...],
) -> None:
    """Pictures that are alike, too: texts differ there by what they have with all of them."""
    salad = model.texts(letter_salad(150))
    candidates = [at for at, scene in enumerate(scenes()) if scene.size in sizes]
    outcome = Outcome()
    for seed in range(240 // points):
        chosen = random.Random(seed).sample(candidates, points)
        shown, pictures = [scenes()[at] for at in chosen], everything[chosen]
        judge = model.judge(pictures)
        outcome.ask_nonsense(judge, salad, pictures)
        for kind in sorted({kind_of(scene) for scene in shown}):
            outcome.ask(judge, said[kind], pictures, [kind_of(one) == kind for one in shown])
        for scene in shown:
            outcome.ask(judge, said[scene.caption], pictures, [one == scene for one in shown])
    rejected, lost = outcome.shares
    assert rejected >= 0.94
    assert lost <= most_lost


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
