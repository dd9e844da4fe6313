"""An own rating, own tags, and whether it is a favourite; and how these change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from utils.problems import ValidationProblem
from utils.text.folded import composed, folded

MAX_TAGS = 50


@dataclass(frozen=True, slots=True)
class Annotation:
    """Of a content. `rating` is -1 (rejected) to 5; None: nothing is said, and the file's own
    counts. So it is with `favourite`. `tags` as they were written, each once without regard to
    case, in this order of theirs.
    """

    rating: int | None = None
    favourite: bool | None = None
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, *, rating: int | None, favourite: bool | None, tags: Iterable[str]) -> Annotation:
        """Raises ValidationProblem: too many tags. Of tags that are the same the first stays."""
        by_fold: dict[str, str] = {}
        for tag in tags:
            by_fold.setdefault(folded(tag.strip()), composed(tag.strip()))
        if len(by_fold) > MAX_TAGS:
            raise ValidationProblem(f"tags: at most {MAX_TAGS} of one image")
        return cls(rating, favourite, tuple(by_fold[one] for one in sorted(by_fold)))


NO_ANNOTATION = Annotation()


class Kept(Enum):
    """In place of a value: it stays as it is."""

    KEPT = auto()


@dataclass(frozen=True, slots=True)
class AnnotationChange:
    """What is added wins over what is removed."""

    rating: int | Kept | None = Kept.KEPT
    favourite: bool | Kept | None = Kept.KEPT
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()

    def applied_to(self, before: Annotation) -> Annotation:
        """Raises ValidationProblem: too many tags."""
        gone = {folded(tag.strip()) for tag in self.remove_tags}
        kept = [tag for tag in before.tags if folded(tag) not in gone]
        return Annotation.of(
            rating=before.rating if isinstance(self.rating, Kept) else self.rating,
            favourite=before.favourite if isinstance(self.favourite, Kept) else self.favourite,
            tags=(*kept, *self.add_tags),
        )
