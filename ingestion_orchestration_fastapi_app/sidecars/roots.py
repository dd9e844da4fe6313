"""Which folders of a collection can be written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.errors import RootReadOnly
from ingestion_orchestration_fastapi_app.ports.ledger.catalogue import BrowsingRepository
from ingestion_orchestration_fastapi_app.ports.sidecar_files import SidecarFiles

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Writable:
    """`folders`: those that can be, of those that were given. `refused`: the others with why."""

    folders: tuple[bytes, ...]
    refused: Sequence[tuple[bytes, str]]

    def check(self, *, skips_read_only: bool) -> None:
        """Raises RootReadOnly: something is to be written where nothing can."""
        if not self.refused or (skips_read_only and self.folders):
            return
        named = "; ".join(f"{display_text(one)}: {why}" for one, why in self.refused[:_NAMED])
        raise RootReadOnly(
            f"Nothing can be written beside the pictures there ({named}). Mount it so that it can "
            "be, or leave its pictures out with skip_read_only."
        )


async def writable(
    browsing: BrowsingRepository,
    files: SidecarFiles,
    collection: CollectionRecord,
    filters: Filters,
) -> Writable:
    """Of what may be shown, where images meet the filters; a folder without one is not asked."""
    folders: list[bytes] = []
    refused: list[tuple[bytes, str]] = []
    roots = tuple(root.path for root in collection.roots)
    for folder in roots if filters.within is None else filters.within:
        within = replace(filters, within=(folder,))
        if not await browsing.count(collection.id, within, at_most=1):
            continue
        why = await files.why_not_writable(folder)
        if why is None:
            folders.append(folder)
        else:
            refused.append((folder, why))
    return Writable(tuple(folders), refused)
