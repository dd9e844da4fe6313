"""Stored images, without their vectors."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from utils.contract.annotations.reply import AnnotationReply
from utils.contract.base import CollectionText, Reply, Wire
from utils.contract.captions.captioner import CaptionOriginReply
from utils.contract.examples import IMAGE, IMAGES
from utils.contract.times import TakenAtSource as TakenAtSource
from utils.contract.times import WallClock
from utils.contract.warnings import DETAILS, WarningDetail

MAX_SELECTION = 5000  # ids: as many as fit into the largest body


class Format(StrEnum):
    """`Point.format` and the API carry these values."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    TIFF = "tiff"
    GIF = "gif"
    BMP = "bmp"
    PPM = "ppm"
    HEIC = "heic"
    AVIF = "avif"
    JXL = "jxl"
    JPEG_2000 = "jp2"
    DNG = "dng"
    NEF = "nef"
    NRW = "nrw"
    CR2 = "cr2"
    CR3 = "cr3"
    CRW = "crw"
    ARW = "arw"
    SR2 = "sr2"
    RAF = "raf"
    ORF = "orf"
    RW2 = "rw2"
    PEF = "pef"
    SRW = "srw"
    HASSELBLAD_3FR = "3fr"
    FFF = "fff"
    IIQ = "iiq"
    MRW = "mrw"
    KDC = "kdc"
    DCR = "dcr"
    ERF = "erf"
    MEF = "mef"
    MOS = "mos"
    RWL = "rwl"
    X3F = "x3f"

    @property
    def is_raw(self) -> bool:
        return self not in _RENDERED

    @property
    def extensions(self) -> tuple[str, ...]:
        """Lower case, without the dot."""
        return _EXTENSIONS.get(self, (self.value,))

    @property
    def media_type(self) -> str:
        """What a file of this format is served as, whatever it is called."""
        return _MEDIA_TYPES[self]

    @property
    def is_shown_by_browsers(self) -> bool:
        """As an image, by all of them."""
        return self in _SHOWN_BY_BROWSERS


_RENDERED = frozenset(
    {
        Format.JPEG,
        Format.PNG,
        Format.WEBP,
        Format.TIFF,
        Format.GIF,
        Format.BMP,
        Format.PPM,
        Format.HEIC,
        Format.AVIF,
        Format.JXL,
        Format.JPEG_2000,
    }
)
_EXTENSIONS = {
    Format.JPEG: ("jpg", "jpeg", "jpe", "jfif", "mpo"),
    Format.TIFF: ("tif", "tiff"),
    Format.BMP: ("bmp", "dib"),
    Format.PPM: ("ppm", "pgm", "pbm", "pnm"),
    Format.HEIC: ("heic", "heif", "hif"),
    Format.JPEG_2000: ("jp2", "j2k", "j2c", "jpc", "jpf", "jpx"),
    Format.DNG: ("dng", "gpr"),
    Format.IIQ: ("iiq", "eip"),
    Format.RW2: ("rw2", "raw"),
}
_SHOWN_BY_BROWSERS = frozenset(
    {Format.JPEG, Format.PNG, Format.WEBP, Format.GIF, Format.BMP, Format.AVIF}
)
# Where no type is registered, the names that desktops know the formats by.
_MEDIA_TYPES = {
    Format.JPEG: "image/jpeg",
    Format.PNG: "image/png",
    Format.WEBP: "image/webp",
    Format.TIFF: "image/tiff",
    Format.GIF: "image/gif",
    Format.BMP: "image/bmp",
    Format.PPM: "image/x-portable-anymap",
    Format.HEIC: "image/heic",
    Format.AVIF: "image/avif",
    Format.JXL: "image/jxl",
    Format.JPEG_2000: "image/jp2",
    Format.DNG: "image/x-adobe-dng",
    Format.NEF: "image/x-nikon-nef",
    Format.NRW: "image/x-nikon-nrw",
    Format.CR2: "image/x-canon-cr2",
    Format.CR3: "image/x-canon-cr3",
    Format.CRW: "image/x-canon-crw",
    Format.ARW: "image/x-sony-arw",
    Format.SR2: "image/x-sony-sr2",
    Format.RAF: "image/x-fuji-raf",
    Format.ORF: "image/x-olympus-orf",
    Format.RW2: "image/x-panasonic-rw2",
    Format.PEF: "image/x-pentax-pef",
    Format.SRW: "image/x-samsung-srw",
    Format.HASSELBLAD_3FR: "image/x-hasselblad-3fr",
    Format.FFF: "image/x-hasselblad-fff",
    Format.IIQ: "image/x-phaseone-iiq",
    Format.MRW: "image/x-minolta-mrw",
    Format.KDC: "image/x-kodak-kdc",
    Format.DCR: "image/x-kodak-dcr",
    Format.ERF: "image/x-epson-erf",
    Format.MEF: "image/x-mamiya-mef",
    Format.MOS: "image/x-leaf-mos",
    Format.RWL: "image/x-leica-rwl",
    Format.X3F: "image/x-sigma-x3f",
}


class PlaceReply(Reply):
    """Where a picture was taken, by the city that it lies in or near."""

    city: str = Field(description="The city's name, as GeoNames heads it.")
    country: str = Field(description="In English.")
    country_code: str = Field(description="ISO 3166's, of two letters.")
    distance_km: float = Field(description="From the city's middle.")


class ImageReply(Reply):
    """One point, without its vector."""

    model_config = ConfigDict(json_schema_extra={"examples": [IMAGE]})

    id: str = Field(description="Of this file in this collection; it stays over imports.")
    path: str = Field(description="Where the file was imported from; odd bytes show as `\\xNN`.")
    filename: str = Field(description="The last part of the path.")
    thumbnail_url: str = Field(description="The path of its small picture, WebP.")
    preview_url: str = Field(
        description="The path of its large picture: JPEG, upright; `size` says how large."
    )
    file_url: str = Field(description="The path of the original.")
    placeholder: str | None = Field(
        default=None,
        min_length=48,
        max_length=48,
        description="What a page draws before the thumbnail is there: the base64 of 36 bytes, "
        "4 columns and 3 rows of sRGB pixels (red, green, blue), row by row from the top left, "
        "whatever the picture's proportions. Stretched to them with smoothing it is the picture, "
        "blurred. Null: none is known yet.",
    )
    width_px: int = Field(description="As it is shown, after its orientation.")
    height_px: int = Field(description="As it is shown, after its orientation.")
    bytes: int = Field(description="The file's size.")
    format: str = Field(description="What the content is, whatever its name says: `jpeg`, `nef`.")
    taken_at: WallClock | None = Field(
        description="The wall clock where the picture was taken, without an offset: see "
        "`taken_at_offset_min`."
    )
    taken_at_source: TakenAtSource | None = Field(
        default=None, description="Where `taken_at` comes from."
    )
    taken_at_offset_min: int | None = Field(
        default=None,
        description="Minutes by which that clock was ahead of UTC; null: the camera does not say.",
    )
    camera_make: str | None = Field(description="Who made the camera.")
    camera_model: str | None = Field(description="What the maker calls the camera.")
    lens: str | None = Field(default=None, description="The lens's name.")
    focal_length_mm: float | None = Field(default=None, description="As it is, not 35 mm's.")
    aperture_f: float | None = Field(default=None, description="The f-number.")
    exposure_s: float | None = Field(default=None, description="Seconds of exposure.")
    iso: int | None = Field(default=None, description="The sensor's sensitivity.")
    flash_fired: bool | None = Field(default=None, description="Whether a flash lit the picture.")
    latitude: float | None = Field(description="Degrees; south is negative.")
    longitude: float | None = Field(description="Degrees; west is negative.")
    altitude_m: float | None = Field(default=None, description="Metres above the sea.")
    place: PlaceReply | None = Field(
        default=None,
        description="The city that it was taken in or near, by its coordinates; null where it has "
        "none, or no city of 15,000 people lies within 50 km.",
    )
    rating: int | None = Field(default=None, description="-1 (rejected) to 5.")
    title: str | None = Field(default=None, description="What somebody called it.")
    description: str | None = Field(default=None, description="What somebody wrote about it.")
    keywords: tuple[str, ...] = Field(default=(), description="What somebody filed it under.")
    software: str | None = Field(default=None, description="What wrote the file.")
    favourite: bool | None = Field(
        default=None,
        description="Whether its owner called it one, where a Google Takeout says so.",
    )
    sidecar_turn: int | None = Field(
        default=None,
        description="EXIF's orientation (2 to 8) by which a sidecar turns the picture, after what "
        "the file itself says: thumbnails are turned by it, the original is as it is.",
    )
    motion: bool | None = Field(
        default=None, description="Whether a film lies in the file, behind the still."
    )
    companions: tuple[str, ...] = Field(
        default=(),
        description="Other files of the same shot, in the same folder: a RAW's JPEG or HEIC, a "
        "JPEG's RAW, the film of a still. A picture among them is an image of its own, too.",
    )
    caption: str | None = Field(description="What the captioning model says of it.")
    caption_origin: CaptionOriginReply | None = Field(
        default=None, description="Who made the caption, and when; null where nobody knows."
    )
    annotation: AnnotationReply | None = Field(
        default=None, description="What people say of it in Photoseek; null: nothing."
    )
    partial: bool = Field(description="Only a part could be decoded; the rest is missing.")
    pixel_source: str = Field(
        description="What was read: `image`, `preview` (embedded in a RAW) or `developed` "
        "(a RAW's sensor data).",
    )
    rung: str = Field(
        deprecated=True, description="The former name of `pixel_source`; it goes with 0.3."
    )
    stale: bool = Field(
        default=False,
        description="The file at this path has another content now, which is no image or could "
        "not be imported: what is shown and found is what was there before.",
    )
    sha256: str = Field(description="Of the file's bytes, in hexadecimal.")


class ImageList(Reply):
    """A page of a collection's images."""

    model_config = ConfigDict(json_schema_extra={"examples": [IMAGES]})

    images: tuple[ImageReply, ...] = Field(description="In the order that was asked for.")
    collection: str = Field(description="The collection that was listed.")
    total: int = Field(description="How many images meet the conditions; at most 10,000 is said.")
    total_is_exact: bool = Field(description="False: there are `total` or more.")
    cursor: str | None = Field(
        description="Gives the next page, however far down; null where this is the last."
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


class Selection(Wire):
    """Some images of one collection."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"ids": ["0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"], "collection": "default"}]
        }
    )

    ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MAX_SELECTION)] = Field(
        description="The images, as `id` says. One that is named twice counts once."
    )
    collection: CollectionText = "default"

    @property
    def images(self) -> tuple[UUID, ...]:
        """Each once, in their order."""
        return tuple(dict.fromkeys(self.ids))
