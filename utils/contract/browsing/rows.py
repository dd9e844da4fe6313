"""Images as rows of a table, for spreadsheets and scripts: what is known of each, without links."""

from __future__ import annotations

from enum import StrEnum

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply
from utils.contract.examples import IMAGE
from utils.contract.images import Selection
from utils.contract.times import WallClock

_AS_IN_FULL = (
    *("id", "path", "bytes", "width_px", "height_px", "format", "taken_at", "taken_at_offset_min"),
    *("camera_make", "camera_model", "lens", "focal_length_mm", "aperture_f", "exposure_s", "iso"),
    *("latitude", "longitude", "altitude_m", "rating", "title", "description", "keywords"),
    *("caption", "sha256"),
)
_ROW: dict[str, JsonValue] = {
    **{name: IMAGE[name] for name in _AS_IN_FULL},
    **{"city": "Biarritz", "country": "France", "country_code": "FR"},
    **{"favourite": True, "tags": ["print"]},
}


class ExportFormat(StrEnum):
    """Of an exported list. `csv`: a line an image."""

    CSV = "csv"
    JSON = "json"


class ImageRow(Reply):
    """One image. The names are the columns of the CSV, in their order: new ones come at the end."""

    id: str = Field(description="Of this file in this collection; it stays over imports.")
    path: str = Field(description="Its file; odd bytes show as `\\xNN`.")
    bytes: int = Field(description="The file's size.")
    width_px: int = Field(description="As it is shown, after its orientation.")
    height_px: int = Field(description="As it is shown, after its orientation.")
    format: str = Field(description="What the content is, whatever its name says: `jpeg`, `nef`.")
    taken_at: WallClock | None = Field(description="By the camera's clock, without an offset.")
    taken_at_offset_min: int | None = Field(
        description="Minutes by which that clock was ahead of UTC; null: it does not say."
    )
    camera_make: str | None = Field(description="Who made the camera.")
    camera_model: str | None = Field(description="What the maker calls the camera.")
    lens: str | None = Field(description="The lens's name.")
    focal_length_mm: float | None = Field(description="As it is, not 35 mm's.")
    aperture_f: float | None = Field(description="The f-number.")
    exposure_s: float | None = Field(description="Seconds of exposure.")
    iso: int | None = Field(description="The sensor's sensitivity.")
    latitude: float | None = Field(description="Degrees; south is negative.")
    longitude: float | None = Field(description="Degrees; west is negative.")
    altitude_m: float | None = Field(description="Metres above the sea.")
    city: str | None = Field(description="That it was taken in or near, as GeoNames heads it.")
    country: str | None = Field(description="Of the city, in English.")
    country_code: str | None = Field(description="ISO 3166's, of two letters.")
    rating: int | None = Field(
        description="-1 (rejected) to 5. One that was given in Photoseek wins over the file's."
    )
    favourite: bool | None = Field(description="Likewise.")
    tags: tuple[str, ...] = Field(description="Photoseek's own. In CSV with `; ` between them.")
    keywords: tuple[str, ...] = Field(description="The file's. In CSV with `; ` between them.")
    title: str | None = Field(description="What somebody called it.")
    description: str | None = Field(description="What somebody wrote about it.")
    caption: str | None = Field(description="What the captioning model says of it.")
    sha256: str = Field(description="Of the file's bytes, in hexadecimal.")


class ImageTable(Reply):
    """All images that meet the conditions, or all that were named."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"collection": "default", "images": [_ROW]}]}
    )

    collection: str = Field(description="The collection that they are of.")
    images: tuple[ImageRow, ...] = Field(description="In the order that was asked for.")


class SelectionExport(Selection):
    """Some images of one collection, as a file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ids": ["0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"],
                    "collection": "default",
                    "format": "csv",
                }
            ]
        }
    )

    format: ExportFormat = Field(
        default=ExportFormat.CSV, description="CSV has a line for each image."
    )
