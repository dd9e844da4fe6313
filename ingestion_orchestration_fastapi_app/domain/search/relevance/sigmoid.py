"""What a model itself says of a text and a picture, where it was trained to: SigLIP's sigmoid."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """Of models that were trained to tell pairs apart one by one (Zhai et al., 2023)."""

    scale: float
    bias: float

    def probability(self, cosine: float) -> float:
        """That the text and the picture belong together, as far as the training tells."""
        logit = self.scale * cosine + self.bias
        if logit >= 0:
            return 1.0 / (1.0 + math.exp(-logit))
        odds = math.exp(logit)  # of a large negative one the other form would overflow
        return odds / (1.0 + odds)
