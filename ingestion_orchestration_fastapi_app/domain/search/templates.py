"""Several texts for a short query: the sentences that a picture's caption would be, with it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector
from ingestion_orchestration_fastapi_app.domain.search.mixture import mixture

# After those of CLIP's authors (Radford et al., 2021), who averaged 80 of them for classes: the few
# that fit whatever is looked for, and the text itself.
TEMPLATES = ("{}", "a photo of {}", "a picture of {}", "a close-up photo of {}", "a view of {}")
_SHORT_WORDS = 3
_WORD = re.compile(r"\w+")
_SPEAKS_OF_A_PICTURE = frozenset(
    {"photo", "photograph", "picture", "image", "foto", "fotografie", "bild"}
)
_SURE = 1.645  # standard deviations: one time in twenty chance would do as well


def is_short(text: str) -> bool:
    """As people type it, without the words of a sentence."""
    return len(_WORD.findall(text)) <= _SHORT_WORDS


def texts_for(query: str) -> tuple[str, ...]:
    """What is embedded in the place of the query: itself alone where templates are not for it.

    They are for names of things. What is longer is a sentence already; what is quoted, or is a
    number alone, is to be met word for word; and what speaks of a picture says it already.
    """
    words = [word.casefold() for word in _WORD.findall(query)]
    is_name = is_short(query) and any(not word.isdigit() for word in words)
    if not is_name or '"' in query or _SPEAKS_OF_A_PICTURE.intersection(words):
        return (query,)
    stripped = query.strip()
    return tuple(template.format(stripped) for template in TEMPLATES)


def mean_of(answers: Sequence[QueryVector]) -> QueryVector:
    """Of the same model: their mean, of length 1. One that is cut off makes the whole so."""
    first = answers[0]
    mean = mixture([(answer.vector, 1.0) for answer in answers])
    vector = first.vector if mean is None else mean
    is_cut = any(answer.truncated for answer in answers)
    return QueryVector(vector, first.fingerprint, is_cut, templated=len(answers) > 1)


def help_a_model(*, gained: int, lost: int) -> bool:
    """Whether templates do, by the short texts of an evaluation whose first hit fits with them
    alone (`gained`), and without them alone (`lost`): where that is no chance (McNemar, 1947).
    """
    return gained > lost and (gained - lost) / math.sqrt(gained + lost) >= _SURE
