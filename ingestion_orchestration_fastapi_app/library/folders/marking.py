"""Hides folders of a collection, and shows them again."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    MOST_MARKS,
    FolderPlace,
    Mark,
    MarkedFolder,
    absolute_folder,
    place_of,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, folders_above
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from ingestion_orchestration_fastapi_app.errors import FolderNotFound
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from utils.problems import ValidationProblem

log = structlog.get_logger(__name__)

_NAMED = 8  # roots in a refusal


class FolderMarking:
    """What is said counts at once, also for a page of a search that began before. Who names a
    hidden image by its id has it all the same.
    """

    def __init__(self, collections: Collections, ledger: Ledger) -> None:
        self._collections = collections
        self._ledger = ledger

    async def known(self, collection: CollectionRecord) -> list[bytes]:
        """Folders that somebody may mean: those with pictures, and all above them in their roots;
        those of which something is said.
        """
        counts = await self._ledger.browsing.folders(collection.id, NO_FILTERS)
        places = [FolderPlace(one.root_id, one.path) for one in counts]
        places += [one.place for one in collection.marked]
        found = {root.path: None for root in collection.roots}
        tops = set(found)
        for folder in filter(None, (absolute_folder(one, collection.roots) for one in places)):
            for above in (folder, *folders_above(folder)):
                if above in found and above != folder:
                    break
                found[above] = None
                if above in tops:
                    break
        return list(found)

    async def hide(self, name: str, folder: bytes) -> MarkedFolder:
        """Idempotent. Raises CollectionNotFound, FolderNotFound, ValidationProblem."""
        collection = await self._collections.get(name)
        made = await self.put(collection, folder, Mark.HIDDEN)
        log.info("folder_hidden", collection=name, path=display_text(folder))
        return made

    async def show(self, name: str, folder: bytes) -> None:
        """Raises CollectionNotFound, FolderNotFound where it was not hidden."""
        await self.take_back(await self._collections.get(name), folder, Mark.HIDDEN)
        log.info("folder_shown", collection=name, path=display_text(folder))

    async def take_back(self, collection: CollectionRecord, folder: bytes, mark: Mark) -> None:
        """Raises FolderNotFound where it was not said."""
        place = place_of(folder, collection.roots)
        if place is None or not await self._ledger.folder_marks.take_back(
            collection.id, place, mark
        ):
            every = collection.hidden if mark is Mark.HIDDEN else collection.excluded
            raise FolderNotFound(
                f"{display_text(folder)} is not {mark}. These are: {_listed(every)}."
            )

    async def put(self, collection: CollectionRecord, folder: bytes, mark: Mark) -> MarkedFolder:
        """Idempotent. Raises FolderNotFound, ValidationProblem."""
        place = place_of(folder, collection.roots)
        if place is None:
            roots = _listed(root.path for root in collection.roots)
            raise FolderNotFound(
                f"{display_text(folder)} lies in no root of {collection.name!r}. Its roots are: "
                f"{roots}."
            )
        known = {(one.place, one.mark) for one in collection.marked}
        if len(known) >= MOST_MARKS and (place, mark) not in known:
            raise ValidationProblem(
                f"{MOST_MARKS} folders of a collection may be hidden or excluded: name one above "
                "some of them."
            )
        return await self._ledger.folder_marks.put(collection.id, place, mark)


def _listed(folders: Iterable[bytes]) -> str:
    every = [display_text(folder) for folder in folders]
    more = [f"{len(every) - _NAMED} more"] if len(every) > _NAMED else []
    return ", ".join([*every[:_NAMED], *more]) or "none"
