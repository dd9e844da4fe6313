"""Scores of a text and a picture, freed of what says nothing of the two together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]  # a unit vector a row
Numbers = npt.NDArray[np.float64]

LEAST_TEXTS = 20
_TRIMMED = 0.05  # of the neutral texts, at each end: some of them do fit a picture
_TRIMMED_DEVIATION = 0.7892  # of a normal variable of which these ends are gone
_MOST_DEVIATIONS = 2.0
_ROUNDS = 2
_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True, slots=True)
class StandardScores:
    """Cosines as deviations from what neutral texts reach on the same picture.

    A cosine is taken apart as s(t, i) = picture(i) + text(t) + rest(t, i). `picture` holds the gap
    between the model's texts and pictures, and how near picture i is to every text (a hub);
    `text` how near t is to every picture. What is left is divided by its deviation over the
    neutral texts on this picture. To centre by both sides follows Tukey's two-way fit (Exploratory
    Data Analysis, 1977) with medians and trimmed means, so that the few neutral texts that do
    fit a picture hardly count; to judge a score by that picture's scores with others is score
    normalisation (z-norm) as speaker verification has it (Auckenthaler et al., 2000). A picture's
    deviation is drawn half way to what is typical of the collection: among many pictures those
    whose neutral texts happen to lie close together would otherwise be what noise finds first
    (a moderated deviation, as Tusher, Tibshirani and Chu have it, 2001).

    `text` is the median over a sample of the collection, but no further from what is usual than
    two deviations of it among neutral texts, nor than one deviation of `rest`. Where pictures
    differ, what a text has with all of them is the text's own way, and goes. Where they are alike
    it may as well be that it fits them all, and stays, and is judged against the neutral texts:
    in a collection of red circles "a circle" is not made equal to "a blue star".
    """

    texts: Matrix
    offsets: Numbers  # of the texts
    sample: Matrix
    levels: Numbers  # of the sample's pictures
    least_offset: float
    most_offset: float
    typical_deviation: float  # of neutral texts on a picture

    @classmethod
    def fitted(cls, texts: Matrix, sample: Matrix) -> StandardScores:
        """`texts` are the neutral ones, at least LEAST_TEXTS; `sample` is of the collection."""
        if len(texts) < LEAST_TEXTS or not len(sample):
            raise ValueError("too few texts or pictures to tell noise by")
        scores = (sample @ texts.T).astype(np.float64)
        offsets = np.zeros(len(texts))
        levels = np.zeros(len(sample))
        for _ in range(_ROUNDS):
            levels = _trimmed(scores - offsets).mean(axis=1)
            offsets = np.median(scores - levels[:, None], axis=0)
        rest = scores - levels[:, None] - offsets
        middle = float(np.median(offsets))
        reach = min(
            _MOST_DEVIATIONS * float(_deviations(_trimmed(offsets[None, :]))[0]),
            float(np.median(_deviations(_trimmed(rest)))),
        )
        least, most = middle - reach, middle + reach
        taken = np.clip(offsets, least, most)
        neutral = _trimmed(scores - taken)
        typical = float(np.median(_deviations(neutral)))
        return cls(texts, taken, sample, neutral.mean(axis=1), least, most, typical)

    def of(self, query: Matrix, vectors: Matrix) -> Numbers:
        """Of a text's vector with shape (dim,), and pictures' vectors with shape (n, dim)."""
        neutral = _trimmed((vectors @ self.texts.T).astype(np.float64) - self.offsets)
        scores = (vectors @ query).astype(np.float64)
        rest = scores - neutral.mean(axis=1) - self._offset(query)
        result: Numbers = 2.0 * rest / (_deviations(neutral) + self.typical_deviation)
        return result

    def _offset(self, query: Matrix) -> float:
        found = float(np.median((self.sample @ query).astype(np.float64) - self.levels))
        return min(max(found, self.least_offset), self.most_offset)


def _trimmed(scores: Numbers) -> Numbers:
    cut = int(scores.shape[1] * _TRIMMED)
    return np.sort(scores, axis=1)[:, cut : scores.shape[1] - cut]


def _deviations(trimmed: Numbers) -> Numbers:
    found: Numbers = np.maximum(trimmed.std(axis=1) / _TRIMMED_DEVIATION, _LEAST_DEVIATION)
    return found
