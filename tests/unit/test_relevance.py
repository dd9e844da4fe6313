"""Relevance, on made vectors of which it is known what belongs together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import (
    SAMPLE_POINTS,
    Calibration,
    Judge,
    NeutralTexts,
    is_noise,
    nearest,
    noises,
)
from ingestion_orchestration_fastapi_app.domain.search.relevance.noise import (
    LIMIT,
    REJECTED,
    Noise,
)
from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import (
    Matrix,
    Numbers,
    StandardScores,
)
from tests.made_vectors import MadeModel, MadeWorld

CUT = 0.5


def judge_of(pictures: Matrix, neutral: NeutralTexts) -> Judge:
    sample = pictures[:SAMPLE_POINTS]  # they are in no order
    found = noises(
        neutral,
        sample,
        of_sentences=nearest(neutral.sentences, pictures),
        of_nonsense=nearest(neutral.nonsense, pictures),
    )
    return Judge.of(Calibration(neutral.digest, len(pictures), sample, found), neutral)


def rejected(judge: Judge, world: MadeWorld) -> float:
    hits = nearest(world.nonsense, world.pictures)
    return float(
        np.mean(
            [
                is_noise(judge.relevance(text, found))
                for text, found in zip(world.nonsense, hits, strict=True)
            ]
        )
    )


def lost(judge: Judge, world: MadeWorld) -> float:
    """Of the hits among the ten nearest that show what was asked."""
    there = gone = 0
    for text, subject in zip(world.queries, world.subject_of_query, strict=True):
        best = np.argsort(-(world.pictures @ text))[:50]
        relevances = judge.relevance(text, world.pictures[best])
        is_true = world.subject_of[best][:10] == subject
        is_cut = (relevances[:10] < CUT) | is_noise(relevances)
        there, gone = there + int(is_true.sum()), gone + int((is_true & is_cut).sum())
    assert there > 100
    return gone / there


@pytest.mark.parametrize(
    ("seed", "points", "dim", "known"),
    [
        (1, 300, 64, 0.3),
        (2, 300, 768, 0.0),
        (3, 300, 512, 0.5),
        (4, 3000, 64, 0.0),
        (5, 3000, 256, 0.5),
        (6, 3000, 768, 0.3),
        (7, 50_000, 64, 0.3),
        (8, 20_000, 256, 0.3),
        (9, 60, 256, 0.3),
        (10, 120, 256, 0.3),
        (11, 1000, 64, 0.3),
    ],
)
def test_nonsense_finds_nothing_and_what_is_there_is_kept(
    seed: int, points: int, dim: int, known: float
) -> None:
    """Gap, hubs, texts with ways of their own, neutral texts that find what they say."""
    subjects = max(20, points // 30)
    world = MadeModel(seed, dim=dim, subjects=subjects).world(
        points, subjects=subjects, known=known
    )
    judge = judge_of(world.pictures, world.neutral)
    assert rejected(judge, world) >= REJECTED
    assert lost(judge, world) <= 0.02


@pytest.mark.parametrize("seed", range(3))
def test_in_pictures_of_one_thing_its_name_stays_above_another(seed: int) -> None:
    """By the query's own bulk alone both would be found equally ordinary."""
    model = MadeModel(seed, dim=256, subjects=200)
    neutral = model.world(60, subjects=200, known=0.0).neutral
    circles = model.pictures(np.zeros(500, np.int64))
    judge = judge_of(circles, neutral)
    circle, *others = model.texts(np.arange(200))
    of_circle = judge.relevance(circle, circles)
    of_others = [judge.relevance(other, circles) for other in others]
    assert np.median(of_circle) > LIMIT
    assert np.mean([is_noise(one) for one in of_others]) >= 0.92
    assert np.median(of_circle) > max(float(np.median(one)) for one in of_others)


def test_hubs_and_the_gap_do_not_count() -> None:
    """A picture that is near to every text is nearer to this one, too, and shows it no more."""
    model = MadeModel(11, dim=256, subjects=20)
    world = model.world(2000, subjects=20, known=0.0)
    judge = judge_of(world.pictures, world.neutral)
    by_cosine = [world.pictures[np.argmax(world.pictures @ text)] for text in world.nonsense]
    near_all = world.pictures @ world.neutral.sentences.mean(axis=0)
    hub = world.pictures[np.argmax(near_all)]
    assert sum(bool((one == hub).all()) for one in by_cosine) > 5  # it is in the way of cosines
    scores = [float(judge.scores.of(text, hub[None, :])[0]) for text in world.nonsense]
    assert abs(float(np.median(scores))) < 0.5


def test_a_calibration_is_of_texts_and_of_a_size() -> None:
    kept = Calibration("a", 1000, np.zeros((1, 4), np.float32), ())
    assert kept.serves(texts="a", points=1250)
    assert kept.serves(texts="a", points=800)
    assert not kept.serves(texts="a", points=1251)
    assert not kept.serves(texts="a", points=799)
    assert not kept.serves(texts="b", points=1000)


def test_no_hits_are_no_relevant_ones() -> None:
    world = MadeModel(12, dim=64, subjects=20).world(100, subjects=20, known=0.0)
    judge = judge_of(world.pictures, world.neutral)
    none = judge.relevance(world.queries[0], np.zeros((0, 64), np.float32))
    assert len(none) == 0
    assert is_noise(none)


def test_who_has_too_few_texts_is_told() -> None:
    few = np.eye(5, dtype=np.float32)
    with pytest.raises(ValueError, match="too few"):
        StandardScores.fitted(few, few)
    with pytest.raises(ValueError, match="too few"):
        Noise.of_nonsense(np.zeros(5))


@pytest.mark.parametrize("share", [0.5, 0.7, 1.0])
def test_noise_is_known_among_texts_that_find_something(share: float) -> None:
    dice = np.random.default_rng(5)
    noise = dice.gumbel(4.0, 0.5, round(1000 * share))
    found = Noise.of_mixture(np.concatenate([noise, dice.normal(12.0, 2.0, 1000 - len(noise))]))
    assert found.share == pytest.approx(share, abs=0.08)
    assert found.location == pytest.approx(4.0, abs=0.1)
    assert found.scale == pytest.approx(0.5, abs=0.1)


def test_noise_reaches_no_further_than_texts_that_fit_nothing_show() -> None:
    """Where it ends sooner than maxima of many do, what is there would be taken for noise."""
    dice = np.random.default_rng(6)
    bounded = dice.beta(0.7, 0.7, (200, 120)) * 2.0
    reached = [Noise.of_nonsense(best).reached_by(REJECTED) for best in bounded]
    assert max(reached) <= 2.0
    truly = float(np.quantile(bounded, REJECTED))
    assert np.mean(np.asarray(reached) >= truly) >= 0.94


@pytest.mark.parametrize("number", [20, 58])
def test_of_too_few_texts_the_shape_of_noise_is_believed(number: int) -> None:
    """That none of so few is above says nothing of 95 in 100."""
    best = np.linspace(0.0, 1.0, number)
    assert Noise.of_nonsense(best).reached_by(REJECTED) > 1.0


def test_a_picture_of_which_all_texts_say_alike_is_not_what_noise_finds_first() -> None:
    """A small deviation of a picture's scores is half the picture's, half of so few texts."""
    dice = np.random.default_rng(7)
    texts = np.eye(40, dtype=np.float32)
    spread = dice.normal(0.0, 1.0, (30, 40)).astype(np.float32)
    spread[0] *= 0.1
    scores = StandardScores.fitted(texts, spread)
    standard = scores.of(texts[0], np.stack([spread[0] + np.float32(0.5) * texts[0], spread[1]]))
    assert standard[0] < 2.0  # by its own deviation alone: about 5


scores = st.lists(st.floats(-1e6, 1e6), min_size=20, max_size=60).map(np.asarray)


@given(best=scores, hits=scores)
@settings(max_examples=50, deadline=None)
def test_relevance_rises_with_the_score_from_0_to_1(best: Numbers, hits: Numbers) -> None:
    for noise in (Noise.of_nonsense(best), Noise.of_mixture(best)):
        relevances = noise.relevance(np.sort(hits))
        assert np.isfinite(relevances).all()
        assert (relevances >= 0).all()
        assert (relevances <= 1).all()
        assert (np.diff(relevances) >= 0).all()
        at_limit = noise.relevance(np.asarray([noise.reached_by(REJECTED)]))[0]
        assert at_limit == pytest.approx(LIMIT, abs=1e-3)
