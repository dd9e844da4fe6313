"""What a generation's relevance is told by, and how it is made of neutral texts' best hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingestion_orchestration_fastapi_app.domain.search.relevance.noise import LIMIT, Noise
from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import (
    Matrix,
    Numbers,
    StandardScores,
)

LEAST_POINTS = 50  # of fewer nobody can say what noise is
SAMPLE_POINTS = 1024
BEST_HITS = 20  # of a text that are looked at: by cosine hubs come first
_GROWN = 1.25


@dataclass(frozen=True, slots=True)
class NeutralTexts:
    """Vectors of texts that nobody asked for. `sentences` are of many subjects, and some fit some
    pictures; `nonsense` fits none. `digest` is of the texts.
    """

    digest: str
    sentences: Matrix
    nonsense: Matrix


@dataclass(frozen=True, slots=True)
class Calibration:
    """As it is kept. `texts` is the neutral texts' digest, `points` how many the generation had.

    `sample` holds vectors of its pictures. There is one noise of sentences, and one of nonsense.
    """

    texts: str
    points: int
    sample: Matrix
    noises: tuple[Noise, ...]

    def serves(self, *, texts: str, points: int) -> bool:
        """Whether it needs no renewal: among more pictures the best hit of noise is better."""
        is_alike = points <= _GROWN * self.points and self.points <= _GROWN * points
        return texts == self.texts and is_alike


@dataclass(frozen=True, slots=True)
class Judge:
    """A calibration with its neutral texts, ready to judge the hits of a text."""

    scores: StandardScores
    noises: tuple[Noise, ...]

    @classmethod
    def of(cls, calibration: Calibration, texts: NeutralTexts) -> Judge:
        scores = StandardScores.fitted(texts.sentences, calibration.sample)
        return cls(scores, calibration.noises)

    def relevance(self, query: Matrix, vectors: Matrix) -> Numbers:
        """Of hits by their vectors, in their order; `query` is a text's. The least of what the
        noises say: a model may be surer of nonsense than of sentences that fit nothing.
        """
        if not len(vectors):
            return np.zeros(0)
        standard = self.scores.of(query, vectors)
        found: Numbers = np.min([one.relevance(standard) for one in self.noises], axis=0)
        return found


def is_noise(relevances: Numbers) -> bool:
    """Whether the best of all that was found is no better than what any text finds."""
    return not len(relevances) or bool(relevances.max() < LIMIT)


def noises(
    texts: NeutralTexts,
    sample: Matrix,
    *,
    of_sentences: Sequence[Matrix],
    of_nonsense: Sequence[Matrix],
) -> tuple[Noise, ...]:
    """From the hits of each text (their vectors, the best BEST_HITS by cosine).

    Each half of the sentences is judged by the other one: a text that is among those it is judged
    by would be nearer to them than a new one is.
    """
    best = np.zeros(len(texts.sentences))
    for half in (0, 1):
        scores = StandardScores.fitted(texts.sentences[1 - half :: 2], sample)
        for at in range(half, len(best), 2):
            best[at] = scores.of(texts.sentences[at], of_sentences[at]).max()
    scores = StandardScores.fitted(texts.sentences, sample)
    nonsense = np.asarray(
        [scores.of(one, hits).max() for one, hits in zip(texts.nonsense, of_nonsense, strict=True)]
    )
    return Noise.of_mixture(best), Noise.of_nonsense(nonsense)


def nearest(texts: Matrix, vectors: Matrix) -> list[Matrix]:
    """Each text's best hits among all pictures, where their vectors are all at hand."""
    number = min(BEST_HITS, len(vectors))
    places = np.argpartition(-(texts @ vectors.T), number - 1, axis=1)[:, :number]
    return [vectors[at] for at in places]
