"""Searches by a sentence: what it says of time and place narrows them, where anything meets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.library.filters import Circle, Filters
from ingestion_orchestration_fastapi_app.domain.search.sentence.understanding import (
    Sentence,
    understood,
)
from ingestion_orchestration_fastapi_app.library.searching.query import Found, Query
from ingestion_orchestration_fastapi_app.library.searching.search import Search
from ingestion_orchestration_fastapi_app.ports.gazetteer import Gazetteer
from utils.contract.warnings import WarningCode, WarningDetail

_THREADS = 2  # a sentence takes a millisecond, the first one as long as the cities need


def _today() -> date:
    return datetime.now().astimezone().date()


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which of a sentence's conditions count."""

    sentence: Sentence
    by_date: bool
    by_place: bool

    @property
    def filters(self) -> Filters | None:
        """None where nothing counts."""
        period, place = self.sentence.period, self.sentence.place
        if not self.by_date and not self.by_place:
            return None
        return Filters(
            taken_after=period.begins if period and self.by_date else None,
            taken_before=period.ends if period and self.by_date else None,
            circle=Circle(place.city.latitude, place.city.longitude, place.radius_km)
            if place and self.by_place
            else None,
        )

    @property
    def words(self) -> str:
        """What is looked for in words: what is no condition, or all where nothing else is said."""
        left = self.sentence.without(dates=self.by_date, place=self.by_place)
        return left or self.sentence.text

    @property
    def warnings(self) -> tuple[WarningDetail, ...]:
        """Of each condition that was dropped."""
        told = []
        if self.sentence.dates and not self.by_date:
            said = ", ".join(one.text for one in self.sentence.dates)
            told.append(WarningDetail.of(WarningCode.DATE_DROPPED, words=said))
        place = self.sentence.place
        if place is not None and not self.by_place:
            told.append(WarningDetail.of(WarningCode.PLACE_DROPPED, words=place.text))
        return tuple(told)


class SentenceSearch:
    """Search by text, with what the text says of time and place as conditions.

    Raises what `Search.by_text` raises. `today` gives the service's day, for who says none.
    """

    def __init__(
        self, search: Search, gazetteer: Gazetteer, *, today: Callable[[], date] = _today
    ) -> None:
        self.gazetteer = gazetteer
        self._search = search
        self._today = today
        self._threads = CapacityLimiter(_THREADS)

    async def by_text(
        self, query: Query, text: str, *, today: date | None
    ) -> tuple[Found, Narrowing]:
        """All of the text is searched by; what of its conditions nothing meets is dropped."""
        sentence = await to_thread.run_sync(
            self._understood, text, today or self._today(), limiter=self._threads
        )
        whole = Narrowing(
            sentence, by_date=bool(sentence.dates), by_place=sentence.place is not None
        )
        # A cursor is of one search: which conditions counted is found out as for its first page.
        if query.cursor is None:
            found = await self._found(query, whole)
            is_empty = found.collection.active is None
            if found.hits or whole.filters is None or is_empty:
                return found, whole
        narrowing = await self._met(query, whole)
        return await self._found(query, narrowing), narrowing

    async def _found(self, query: Query, narrowing: Narrowing) -> Found:
        filters, own = narrowing.filters, query.filters
        if filters is not None:
            query = replace(query, filters=replace(own, all_of=(*own.all_of, filters)))
        found = await self._search.by_text(query, narrowing.sentence.text, words=narrowing.words)
        return replace(found, warning_details=(*found.warning_details, *narrowing.warnings))

    def _understood(self, text: str, today: date) -> Sentence:
        return understood(text, self.gazetteer, today=today)

    async def _met(self, query: Query, whole: Narrowing) -> Narrowing:
        """The conditions that something in the collection meets, as many as can be.

        The caller's own filters do not make a date wrong: they are left aside.
        """
        for by_date, by_place in ((True, True), (True, False), (False, True)):
            one = replace(
                whole, by_date=whole.by_date and by_date, by_place=whole.by_place and by_place
            )
            filters = one.filters
            if filters is None or await self._search.is_met(query.collection, filters):
                return one
        return replace(whole, by_date=False, by_place=False)
