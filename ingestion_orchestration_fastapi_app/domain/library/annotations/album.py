"""Albums: what is put in by hand, and a saved search that fills them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.library.annotations.annotation import Kept
from utils.text.folded import composed, folded

MAX_ALBUMS = 10_000
MAX_ALBUM_CONTENTS = 50_000  # put in and taken out: a search is given the ids of all of them


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """`text`: a request as JSON. `fingerprint`: of the collection's model when it was saved; None
    where the collection had none.
    """

    text: str
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class Filled:
    """What a search found when an album was last looked at. `cover`: the first one's content."""

    images: int
    is_exact: bool
    cover: bytes | None
    at: datetime


@dataclass(frozen=True, slots=True)
class NewAlbum:
    id: UUID
    name: str
    collection: str
    search: SavedSearch | None

    @property
    def key(self) -> str:
        return album_key(self.name)


@dataclass(frozen=True, slots=True)
class Album:
    """`images`: contents that were put in, whether the collection holds them now or not. `cover`:
    a point of the collection; None where it holds none of the album.
    """

    id: UUID
    name: str
    collection: str
    search: SavedSearch | None
    created_at: datetime
    changed_at: datetime
    images: int
    filled: Filled | None = None
    cover: UUID | None = None


@dataclass(frozen=True, slots=True)
class AlbumChange:
    name: str | Kept = Kept.KEPT
    collection: str | Kept = Kept.KEPT
    search: SavedSearch | Kept | None = Kept.KEPT

    def applied_to(self, before: Album) -> Album:
        """What was found by another search, or in another collection, is not known any more."""
        collection = before.collection if isinstance(self.collection, Kept) else self.collection
        search = before.search if isinstance(self.search, Kept) else self.search
        is_same = (collection, search) == (before.collection, before.search)
        return replace(
            before,
            name=before.name if isinstance(self.name, Kept) else album_name(self.name),
            collection=collection,
            search=search,
            filled=before.filled if is_same else None,
        )


def album_name(text: str) -> str:
    return composed(text.strip())


def album_key(name: str) -> str:
    """Equal for names that are one."""
    return folded(album_name(name))
