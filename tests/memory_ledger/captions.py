"""Captions among the artefacts of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint as turn

from ingestion_orchestration_fastapi_app.domain.captions.origin import CaptionOrigin
from ingestion_orchestration_fastapi_app.domain.captions.records import (
    LackingImage,
    MadeCaption,
    WantedCaptions,
)
from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint, SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from tests.memory_ledger.browsing import MemoryBrowsing
from tests.memory_ledger.state import State


class MemoryCaptions:
    """Implements `CaptionRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._browsing = MemoryBrowsing(state)

    async def captioners(self, collection_id: int, point_ids: Sequence[UUID]) -> dict[UUID, str]:
        await turn()
        kept = self._state.collections.get(collection_id)
        return {
            row.point_id: one.model
            for row in ([] if kept is None else kept.files.values())
            for one in row.record.artefacts
            if row.point_id in point_ids
            and (one.kind, one.state) == (artefacts.Kind.CAPTION, artefacts.State.STORED)
        }

    async def captioned(self, collection_id: int, *, has: bool, limit: int) -> list[UUID]:
        await turn()
        kept = self._state.collections.get(collection_id)
        return [
            row.point_id
            for row in ([] if kept is None else kept.files.values())
            if has
            is any(
                one.kind is artefacts.Kind.CAPTION and one.is_there for one in row.record.artefacts
            )
        ][:limit]

    async def lacking(
        self, collection_id: int, wanted: WantedCaptions, *, after: int, limit: int
    ) -> list[LackingImage]:
        await turn()
        matching = self._browsing.matching(collection_id, wanted.filters)
        listed = {one.point.id for one in matching}
        lacking = []
        for row in self._state.files(collection_id).values():
            made = row.record.artefacts
            by = {
                one.model
                for one in made
                if (one.kind, one.state) == (artefacts.Kind.CAPTION, artefacts.State.STORED)
            }
            is_lacking = wanted.captioner not in by if wanted.renew else not by
            is_listed = wanted.filters == NO_FILTERS or row.point_id in listed
            if is_lacking and is_listed and artefacts.is_stored(made, wanted.vector_model):
                verdict = artefacts.found(made, artefacts.Kind.CAPTION, wanted.captioner)
                lacking.append(LackingImage(row.record.row, row.point_id, verdict))
        lacking.sort(key=lambda one: one.row)
        return [one for one in lacking if one.row > after][:limit]

    async def count_lacking(self, collection_id: int, wanted: WantedCaptions) -> int:
        return len(await self.lacking(collection_id, wanted, after=0, limit=2**31))

    async def complete(
        self,
        job_id: str,
        collection_id: int,
        made: Sequence[MadeCaption],
        *,
        reader_version: str,
        checkpoint: Checkpoint,
        progress: SavedProgress,
    ) -> None:
        await turn()
        job, now = self._state.open(job_id), self._state.clock()
        new = {one.point_id: one.artefact for one in made}
        for row in self._state.files(collection_id).values():
            known = row.record.artefacts
            has_vector = any(
                (one.kind, one.state) == (artefacts.Kind.VECTOR, artefacts.State.STORED)
                for one in known
            )
            if row.point_id in new and has_vector:
                after = artefacts.with_caption(
                    known, new[row.point_id], reader_version=reader_version, now=now
                )
                row.record = replace(
                    row.record,
                    artefacts=tuple(sorted(after, key=lambda one: (one.kind, one.model))),
                )
        self._state.jobs[job_id] = replace(
            job, checkpoint=checkpoint, progress=progress, updated_at=now
        )

    async def described(
        self, collection_id: int, point_ids: Sequence[UUID]
    ) -> dict[UUID, CaptionOrigin]:
        await turn()
        names = self._state.captioners
        return {
            row.point_id: CaptionOrigin(one.model, names.get(one.model), one.updated_at)
            for row in self._state.files(collection_id).values()
            for one in row.record.artefacts
            if row.point_id in point_ids
            and (one.kind, one.state) == (artefacts.Kind.CAPTION, artefacts.State.STORED)
        }

    async def name_captioner(self, fingerprint: str, model: str) -> None:
        await turn()
        self._state.captioners[fingerprint] = model

    async def forget(self, collection_id: int, point_ids: Sequence[UUID]) -> None:
        await turn()
        for row in self._state.collections[collection_id].files.values():
            if row.point_id in point_ids:
                row.record = replace(
                    row.record,
                    artefacts=tuple(
                        one
                        for one in row.record.artefacts
                        if (one.kind, one.state) != (artefacts.Kind.CAPTION, artefacts.State.STORED)
                    ),
                )
