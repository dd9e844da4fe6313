"""Conditions that only the ledger knows become ids before a store of vectors is asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.ports.ledger.captions import CaptionRepository
from utils.problems import ValidationProblem

MOST_IDS = 50_000  # in one condition: 20,000 cost a search of 100,000 rows 52 ms


class LedgerConditions:
    def __init__(self, captions: CaptionRepository, *, most_ids: int = MOST_IDS) -> None:
        self._captions = captions
        self._most_ids = most_ids

    async def resolved(self, collection_id: int, filters: Filters) -> Filters:
        """The same meaning, for a store that knows nothing but its rows.

        Raises ValidationProblem where too many images meet a condition, and too many do not.
        """
        if not filters.asks_ledger:
            return filters
        return await _Resolving(self._captions, self._most_ids, collection_id).of(filters)


@dataclass(slots=True)
class _Resolving:
    """Of one tree: a condition that stands in several places of it is looked up once."""

    captions: CaptionRepository
    most_ids: int
    collection_id: int
    known: dict[bool, Filters] = field(default_factory=dict)

    async def of(self, filters: Filters) -> Filters:
        if not filters.asks_ledger:
            return filters
        all_of = [await self.of(one) for one in filters.all_of]
        if filters.has_caption is not None:
            all_of.append(await self._captioned(has=filters.has_caption))
        return replace(
            filters,
            has_caption=None,
            all_of=tuple(all_of),
            any_of=tuple([await self.of(one) for one in filters.any_of]),
            none_of=tuple([await self.of(one) for one in filters.none_of]),
        )

    async def _captioned(self, *, has: bool) -> Filters:
        if has not in self.known:
            self.known[has] = await self._looked_up(has=has)
        return self.known[has]

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
