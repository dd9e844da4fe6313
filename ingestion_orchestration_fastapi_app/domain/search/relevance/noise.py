"""How good the best hit of a text is that fits no picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import Numbers

LEAST_BEST = 20
REJECTED = 0.95  # of texts that fit no picture: how many are said to find nothing
_LOW, _MIDDLE, _UPPER, _HIGH = 0.1, 0.5, 0.75, 0.9
_LEAST_SHARE = 0.3
_ROUNDS = 200
_SAME_SHARE = 1e-4
_LEAST_SCALE = 0.05
_DOUBT = 0.05


@dataclass(frozen=True, slots=True)
class Noise:
    """A Gumbel distribution, as maxima over many have it (Fisher and Tippett, 1928).

    `share`: of the texts that it was read off, those that found nothing that fits them.
    """

    location: float
    scale: float
    share: float

    @classmethod
    def of_nonsense(cls, best: Numbers) -> Noise:
        """From the best standard score of each of some texts that fit no picture at all.

        It may end sooner than a Gumbel distribution does: where the pictures are alike, texts
        differ by what they have with all of them more than by their best. So it reaches no further
        than these texts show.
        """
        found = _sorted(best)
        noise, limit = _highest(found, 1.0), _tolerance_limit(found)
        if limit is None or noise.reached_by(REJECTED) <= limit:
            return noise
        return _between(float(np.median(found)), limit, _MIDDLE, REJECTED, share=1.0)

    @classmethod
    def of_mixture(cls, best: Numbers) -> Noise:
        """From the best standard score of each of some texts, of which some do fit a picture.

        Those that do stand above the others. So the noise is read off the lower part, as Efron's
        empirical null is (Large-scale simultaneous hypothesis testing, 2004), and its share is
        what lies below the noise's upper end (Storey, A direct approach to false discovery rates,
        2002). Either follows from the other: they are found in turn, beginning at the least share,
        so that a collection that has much of what is asked is not taken for broad noise.
        """
        found = _sorted(best)
        share = _LEAST_SHARE
        for _ in range(_ROUNDS):
            noise = _through(found, share, _LOW, _MIDDLE)
            before, share = share, float(np.mean(found <= noise.reached_by(_HIGH))) / _HIGH
            share = min(1.0, max(_LEAST_SHARE, share))
            if abs(share - before) < _SAME_SHARE:
                break
        return _highest(found, share)

    def reached_by(self, share: float) -> float:
        """What this share of such texts stays below."""
        return self.location + self.scale * _standard(share)

    def relevance(self, standard_scores: Numbers) -> Numbers:
        """0 to 1: of what is at least this good, the share that is no noise, if one picture fits.

        Above z noise has about exp(-(z - location) / scale) pictures of the collection, as the
        maximum's distribution says of the many. Beside one picture that fits, the share of what
        fits is 1 / (1 + that): a half where noise is expected to have one picture as good, too.
        """
        expected = np.exp(np.clip((self.location - standard_scores) / self.scale, -60.0, 60.0))
        found: Numbers = 1.0 / (1.0 + expected)
        return found


# The relevance that REJECTED of the texts that fit no picture do not reach with their best hit.
LIMIT = 1.0 / (1.0 - math.log(REJECTED))


def _standard(share: float) -> float:
    """A quantile of the Gumbel distribution with location 0 and scale 1."""
    return -math.log(-math.log(share))


def _sorted(best: Numbers) -> Numbers:
    if len(best) < LEAST_BEST:
        raise ValueError("too few texts to tell noise by")
    found: Numbers = np.sort(best)
    return found


def _highest(found: Numbers, share: float) -> Noise:
    """Read off the middle, or off the upper half, whichever says that noise reaches further: the
    best scores are no maxima of one distribution alone.
    """
    noises = [_through(found, share, _MIDDLE, upper) for upper in (_UPPER, _HIGH)]
    return max(noises, key=lambda one: one.reached_by(REJECTED))


def _tolerance_limit(found: Numbers) -> float | None:
    """The least of them that REJECTED of all such texts stay below, but for the chance of _DOUBT
    (Wilks, Determination of sample sizes for setting tolerance limits, 1941). None of too few.
    """
    number = len(found)
    chance = 0.0  # that no more than `above` of them are above the quantile
    for above in range(number):
        chance += math.comb(number, above) * (1 - REJECTED) ** above * REJECTED ** (number - above)
        if chance > _DOUBT:
            return float(found[number - above]) if above else None
    return None


def _through(found: Numbers, share: float, low: float, high: float) -> Noise:
    """The noise that has these quantiles, where it is the lower `share` of what was found."""
    at_low, at_high = (float(np.quantile(found, one * share)) for one in (low, high))
    return _between(at_low, at_high, low, high, share=share)


def _between(at_low: float, at_high: float, low: float, high: float, *, share: float) -> Noise:
    """The noise of which the share `low` stays below `at_low`, and `high` below `at_high`."""
    scale = max((at_high - at_low) / (_standard(high) - _standard(low)), _LEAST_SCALE)
    return Noise(at_high - scale * _standard(high), scale, share)
