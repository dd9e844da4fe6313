"""Images as a page of many shows them: what is seen at once, by the names it has in full."""

from __future__ import annotations

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.annotations.reply import AnnotationReply
from utils.contract.base import Reply
from utils.contract.examples import IMAGE, IMAGES
from utils.contract.times import WallClock
from utils.contract.warnings import DETAILS, WarningDetail

_PLACE: dict[str, JsonValue] = {"city": "Biarritz", "country": "France"}
_AS_IN_FULL = (
    *("id", "filename", "thumbnail_url", "preview_url", "placeholder", "width_px", "height_px"),
    *("format", "taken_at", "rating", "favourite", "motion", "companions", "title", "caption"),
    *("annotation", "stale"),
)
_TILE: dict[str, JsonValue] = {
    **{name: IMAGE[name] for name in _AS_IN_FULL},
    "place": _PLACE,
}


class TilePlace(Reply):
    """The city that a picture was taken in or near."""

    city: str = Field(description="The city's name, as GeoNames heads it.")
    country: str = Field(description="In English.")


class ImageTile(Reply):
    """One image among many: `GET /images/{id}` has the rest."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TILE]})

    id: str = Field(description="Of this file in this collection; it stays over imports.")
    filename: str = Field(description="The last part of the path.")
    thumbnail_url: str = Field(description="The path of its small picture, WebP.")
    preview_url: str = Field(description="The path of its large picture: JPEG, upright.")
    placeholder: str | None = Field(
        default=None,
        min_length=48,
        max_length=48,
        description="What a page draws before the thumbnail is there: 4 x 3 sRGB pixels as base64, "
        "as an image in full says it.",
    )
    width_px: int = Field(description="As it is shown, after its orientation.")
    height_px: int = Field(description="As it is shown, after its orientation.")
    format: str = Field(description="What the content is, whatever its name says: `jpeg`, `nef`.")
    taken_at: WallClock | None = Field(
        default=None, description="The wall clock where the picture was taken, without an offset."
    )
    place: TilePlace | None = Field(
        default=None, description="Where it was taken; null: it does not say, or no city is near."
    )
    rating: int | None = Field(
        default=None, description="The file's own: -1 (rejected) to 5. That of `annotation` wins."
    )
    favourite: bool | None = Field(
        default=None,
        description="The file's own, where a Google Takeout says so. That of `annotation` wins.",
    )
    motion: bool | None = Field(
        default=None, description="Whether a film lies in the file, behind the still."
    )
    companions: tuple[str, ...] = Field(
        default=(), description="Other files of the same shot, in the same folder."
    )
    title: str | None = Field(default=None, description="What somebody called it.")
    caption: str | None = Field(default=None, description="What the captioning model says of it.")
    annotation: AnnotationReply | None = Field(
        default=None, description="What people say of it in Photoseek; null: nothing."
    )
    stale: bool = Field(
        default=False, description="The file at its path is something else now: an old picture."
    )


class TileList(Reply):
    """A page of a collection's images, of each what is seen at once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**IMAGES, "images": [_TILE]}]})

    images: tuple[ImageTile, ...] = Field(description="In the order that was asked for.")
    collection: str = Field(description="The collection that was listed.")
    total: int = Field(description="How many images meet the conditions; at most 10,000 is said.")
    total_is_exact: bool = Field(description="False: there are `total` or more.")
    cursor: str | None = Field(
        description="Gives the next page, also of `GET /images`; null where this is the last."
    )
    next_offset: int | None = Field(
        description="The `offset` of the next page; null where this is the last, or began at a "
        "cursor."
    )
    warnings: tuple[str, ...] = Field(
        default=(),
        description="What makes the page less than it seems: a catalogue that is being filled.",
    )
    warning_details: tuple[WarningDetail, ...] = Field(default=(), description=DETAILS)
