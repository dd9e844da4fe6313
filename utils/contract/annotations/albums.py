"""Albums: a name, and a saved search that fills it, images that are put in by hand, or both."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from utils.contract.base import CollectionText, NotBlank, Reply, Wire
from utils.contract.images import MAX_SELECTION
from utils.contract.search.mixed import SearchRequest

_ID = "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"
MAX_ALBUM_NAME_CHARACTERS = 200
SEARCH_DESCRIPTION = (
    "The search that fills it, as `POST /search` takes it; it is asked anew whenever somebody "
    "looks. What is of a page (`limit`, `offset`, `cursor`, `with_total`) is not kept, and its "
    "`collection` is the album's. Something must say where the album ends: `min_relevance`, "
    "`min_score`, `mode` `text`, words in quotes, or filters alone. Examples that are files cannot "
    "be kept: give a stored image or a vector."
)

ALBUM: dict[str, JsonValue] = {
    "id": "6b1d2f3a-5c77-4c0e-9b3e-2a4f1d0c8e55",
    "name": "Dogs on the beach",
    "collection": "default",
    "images": 2,
    "fills_itself": True,
    "query": "a dog on the beach",
    "found": {"images": 31, "is_exact": True, "at": "2026-05-03T12:00:05Z"},
    "cover": {
        "image_id": _ID,
        "thumbnail_url": f"/api/v1/images/{_ID}/thumbnail?collection=default",
    },
    "created_at": "2026-05-03T12:00:05Z",
    "changed_at": "2026-05-03T12:00:05Z",
}

AlbumName = Annotated[
    str,
    Field(min_length=1, max_length=MAX_ALBUM_NAME_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f]+$"),
    NotBlank,
]
AlbumImageIds = Annotated[tuple[UUID, ...], Field(max_length=MAX_SELECTION)]


class AlbumRequest(Wire):
    """An album to make."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Dogs on the beach",
                    "search": {"query": "a dog on the beach", "min_relevance": 0.5},
                },
                {"name": "For the wall", "image_ids": [_ID]},
                {
                    "name": "Best of 2019",
                    "search": {"filters": {"taken_after": "2019", "rating_min": 4}},
                },
            ]
        }
    )

    name: AlbumName = Field(description="No other album has it, without regard to case.")
    collection: CollectionText | None = Field(
        default=None,
        description="Where its images are looked for; without one that of `search`, else "
        "`default`. It follows when the collection is renamed.",
    )
    search: SearchRequest | None = Field(default=None, description=SEARCH_DESCRIPTION)
    image_ids: AlbumImageIds = Field(
        default=(), description="Images of the collection that are put in by hand."
    )

    @model_validator(mode="after")
    def _is_of_one_collection(self) -> Self:
        searched = self.search and self.search.collection
        if "collection" not in (self.search.model_fields_set if self.search else ()):
            return self
        if self.collection not in (None, searched):
            raise ValueError("collection: the search names another one")
        return self

    @property
    def of_collection(self) -> str:
        if self.collection is not None:
            return self.collection
        return "default" if self.search is None else self.search.collection


class AlbumChangeRequest(Wire):
    """What is left out stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Dogs"}, {"search": {"query": "a dog", "min_relevance": 0.6}}]
        }
    )

    name: AlbumName | None = Field(default=None, description="Its name from now on.")
    collection: CollectionText | None = Field(
        default=None,
        description="Where its images are looked for from now on, as after a collection was "
        "deleted and made anew under another name.",
    )
    search: SearchRequest | None = Field(
        default=None,
        description=f"{SEARCH_DESCRIPTION} Null: none fills it any more. Its `collection` is not "
        "looked at.",
    )


class AlbumImagesRequest(Wire):
    """Images of the album's collection."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [_ID]}]})

    ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MAX_SELECTION)] = Field(
        description="The images, as `id` says. One that is named twice counts once."
    )

    @property
    def images(self) -> tuple[UUID, ...]:
        """Each once, in their order."""
        return tuple(dict.fromkeys(self.ids))


class AlbumCover(Reply):
    """A picture that stands for the album."""

    image_id: str = Field(description="The image put in last, or the first that was found.")
    thumbnail_url: str = Field(description="The path of its small picture, WebP.")


class AlbumFound(Reply):
    """What its search found when somebody looked last."""

    images: int = Field(description="How many, without those put in by hand.")
    is_exact: bool = Field(description="False: there were as many or more.")
    at: datetime = Field(description="When somebody looked: it is noted at most once a minute.")


class AlbumReply(Reply):
    """An album, as lists show it."""

    model_config = ConfigDict(json_schema_extra={"examples": [ALBUM]})

    id: str = Field(description="It stays, whatever the album is called.")
    name: str = Field(description="What it is called.")
    collection: str = Field(description="The collection that its images are looked for in.")
    images: int = Field(
        description="How many contents were put in by hand: copies count once, and one that the "
        "collection does not hold now counts, too."
    )
    fills_itself: bool = Field(description="Whether a search fills it.")
    query: str | None = Field(
        default=None, description="What the search looks for in words; null where nothing."
    )
    found: AlbumFound | None = Field(
        default=None,
        description="Null before somebody looked at its images, and without a search.",
    )
    cover: AlbumCover | None = Field(
        default=None, description="Null where the collection holds none of what is known of it."
    )
    created_at: datetime = Field(description="When it was made.")
    changed_at: datetime = Field(
        description="When its name, search or collection changed, or an image was put in or out."
    )


class AlbumDetail(AlbumReply):
    """An album with its search."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{**ALBUM, "search": {"query": "a dog on the beach", "min_relevance": 0.5}}]
        }
    )

    search: dict[str, object] | None = Field(
        default=None,
        description="The search that fills it, as `POST /search` takes it; what is as it would be "
        "without a word is left out.",
    )


class AlbumList(Reply):
    """A page of albums, by name."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"albums": [ALBUM], "next_after": None}]}
    )

    albums: tuple[AlbumReply, ...] = Field(description="Those of the page.")
    next_after: str | None = Field(description="For `after` of the next page; null: it was last.")


class AlbumImagesChanged(Reply):
    """What was put in or taken out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"changed": 12, "images": 14, "missing": [], "fresh": [_ID]}]
        }
    )

    changed: int = Field(description="How many of the images are there, and were meant.")
    images: int = Field(description="How many contents are in the album by hand now.")
    missing: tuple[str, ...] = Field(
        default=(), description="Ids that the collection does not hold."
    )
    fresh: tuple[str, ...] = Field(
        default=(),
        description="Ids that were put in and were not in it by hand before: so it can be undone.",
    )
