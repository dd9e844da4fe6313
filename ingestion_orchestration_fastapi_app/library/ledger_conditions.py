"""Conditions that only the ledger knows become ids before a store of vectors is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.library.annotations import Annotation
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.filters.tree import (
    is_between,
    is_tagged,
    with_album_ids,
)
from ingestion_orchestration_fastapi_app.ports.ledger.annotations.albums import AlbumRepository
from ingestion_orchestration_fastapi_app.ports.ledger.annotations.annotations import (
    AnnotationRepository,
)
from ingestion_orchestration_fastapi_app.ports.ledger.captions import CaptionRepository
from utils.problems import ValidationProblem

MOST_IDS = 50_000  # in one condition: 20,000 cost a search of 100,000 rows 52 ms
MOST_TIMES = 4  # so many in all conditions of one search: a rating takes two


class LedgerConditions:
    def __init__(
        self,
        captions: CaptionRepository,
        annotations: AnnotationRepository,
        albums: AlbumRepository,
        *,
        most_ids: int = MOST_IDS,
    ) -> None:
        self._captions = captions
        self._annotations = annotations
        self._albums = albums
        self._most_ids = most_ids

    async def resolved(self, collection_id: int, filters: Filters) -> Filters:
        """The same meaning, for a store that knows nothing but its rows.

        Raises ValidationProblem where too many images would have to be looked up.
        """
        if not (filters.asks_ledger or filters.asks_rating):
            return filters
        said: dict[UUID, Annotation] = {}
        if filters.asks_people:
            said = await self._annotations.of_points(collection_id, limit=self._most_ids + 1)
            if len(said) > self._most_ids:
                raise ValidationProblem(
                    f"filters: more than {self._most_ids:,} images are rated, tagged or "
                    "favourites: a search cannot look all of them up."
                )
        found = await self._in_albums(collection_id, filters)
        resolving = _Resolving(self._captions, self._most_ids, collection_id, said)
        resolving.count(sum(len(found[one]) for node in filters.nodes for one in node.albums))
        return await resolving.of(with_album_ids(filters, found))

    async def _in_albums(
        self, collection_id: int, filters: Filters
    ) -> dict[tuple[UUID, bool], frozenset[UUID]]:
        found: dict[tuple[UUID, bool], frozenset[UUID]] = {}
        for album, is_in in {one for node in filters.nodes for one in node.albums}:
            ids = await self._albums.points(
                collection_id, album, is_in=is_in, limit=self._most_ids + 1
            )
            if len(ids) > self._most_ids:
                raise ValidationProblem(
                    f"filters.album: more than {self._most_ids:,} images are in the album: a "
                    "search cannot look all of them up."
                )
            found[album, is_in] = frozenset(ids)
        return found


@dataclass(slots=True)
class _Resolving:
    """Of one tree: who has a caption is looked up once, wherever it is asked. `said`: what people
    say, by point.
    """

    captions: CaptionRepository
    most_ids: int
    collection_id: int
    said: dict[UUID, Annotation]
    known: dict[bool, Filters] = field(default_factory=dict)
    named: int = 0  # ids in all conditions so far

    async def of(self, filters: Filters) -> Filters:
        if not (filters.asks_ledger or filters.asks_rating):
            return filters
        all_of = [await self.of(one) for one in filters.all_of]
        if filters.has_caption is not None:
            all_of.append(await self._captioned(has=filters.has_caption))
        all_of += self._people(filters)
        return replace(
            filters,
            has_caption=None,
            favourite=None,
            tags=(),
            rating_min=None,
            rating_max=None,
            all_of=tuple(all_of),
            any_of=tuple([await self.of(one) for one in filters.any_of]),
            none_of=tuple([await self.of(one) for one in filters.none_of]),
        )

    def _people(self, filters: Filters) -> list[Filters]:
        found = []
        if filters.tags:
            found.append(self._whose(lambda one: is_tagged(one, filters.tags)))
        if filters.favourite is not None:
            favourites = self._whose(lambda one: bool(one.favourite))
            is_wanted = filters.favourite
            found.append(favourites if is_wanted else Filters(none_of=(favourites,)))
        least, most = filters.rating_min, filters.rating_max
        if least is not None or most is not None:
            files = replace(NO_FILTERS, rating_min=least, rating_max=most)
            rated = self._whose(lambda one: one.rating is not None)
            if rated.ids:  # an own rating wins over the file's
                files = replace(files, none_of=(rated,))
                fitting = self._whose(
                    lambda one: one.rating is not None and is_between(one.rating, least, most)
                )
                files = Filters(any_of=(fitting, files))
            found.append(files)
        return found

    def _whose(self, is_meant: Callable[[Annotation], bool]) -> Filters:
        return self._counted(
            Filters(ids=frozenset(id_ for id_, one in self.said.items() if is_meant(one)))
        )

    async def _captioned(self, *, has: bool) -> Filters:
        if has not in self.known:
            self.known[has] = await self._looked_up(has=has)
        return self._counted(self.known[has])

    def _counted(self, found: Filters) -> Filters:
        self.count(sum(len(one.ids or ()) for one in found.nodes))
        return found

    def count(self, ids: int) -> None:
        """Each condition is sent with its ids, however often the same are meant."""
        self.named += ids
        if self.named > MOST_TIMES * self.most_ids:
            raise ValidationProblem(
                f"filters: more than {MOST_TIMES * self.most_ids:,} images would have to be "
                "looked up for their captions, ratings, favourites, tags and albums: ask for less "
                "at once."
            )

    async def _looked_up(self, *, has: bool) -> Filters:
        """By the ids of those that are meant, or of all others where these are fewer."""
        for is_meant in (True, False):
            ids = await self.captions.captioned(
                self.collection_id, has=has is is_meant, limit=self.most_ids + 1
            )
            if len(ids) <= self.most_ids:
                found = Filters(ids=frozenset(ids))
                return found if is_meant else Filters(none_of=(found,))
        raise ValidationProblem(
            f"filters.has_caption: more than {self.most_ids:,} images have a caption, and more "
            "than as many have none: a search cannot look all of them up."
        )
