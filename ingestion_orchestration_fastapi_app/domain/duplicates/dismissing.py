"""What a search makes of dismissals: which contents never get into one group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from ingestion_orchestration_fastapi_app.domain.duplicates.images import Images
from ingestion_orchestration_fastapi_app.domain.duplicates.records import MOST_DISMISSED
from utils.problems import ValidationProblem


def check_room(contents: int) -> None:
    """Raises ValidationProblem where the dismissals of a collection name more than are kept."""
    if contents > MOST_DISMISSED:
        raise ValidationProblem(
            f"What was dismissed in the collection names over {MOST_DISMISSED:,} contents: take "
            "some of it back first."
        )


def dismissed_copies(sets: Iterable[tuple[int, bytes]]) -> frozenset[bytes]:
    """Contents whose copies were dismissed: they are alone in their dismissal."""
    listed = list(sets)
    sizes = Counter(number for number, _ in listed)
    return frozenset(content for number, content in listed if sizes[number] == 1)


def dismissed_places(
    images: Images, sets: Iterable[tuple[int, bytes]]
) -> dict[int, frozenset[int]]:
    """Of images in dismissals of several contents: in which."""
    listed = list(sets)
    sizes = Counter(number for number, _ in listed)
    by_content: defaultdict[bytes, set[int]] = defaultdict(set)
    for number, content in listed:
        if sizes[number] > 1:
            by_content[content].add(number)
    if not by_content:
        return {}
    return {
        place: frozenset(by_content[content])
        for place in range(len(images))
        if (content := images.content_at(place)) in by_content
    }
