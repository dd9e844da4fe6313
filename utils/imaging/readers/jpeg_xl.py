"""The picture of a JPEG XL file: its first frame with all its layers, or what is there of it.

A file that was made of a JPEG is decoded to pixels like any other: what would give the JPEG back
is not asked for, since programs that change the metadata leave it useless.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from utils.imaging.colour.code_point_conversion import srgb_levels
from utils.imaging.colour.code_points import CodePoints
from utils.imaging.colour.srgb import to_srgb
from utils.imaging.faults.damage import DamagedError
from utils.imaging.faults.unreadable import check_pixels
from utils.imaging.jpeg_rows import MIN_READABLE
from utils.imaging.readers.libjxl import Decoder, Encoding, Info, Pixels, Samples, Status
from utils.imaging.readers.loaded import Loaded

_PQ, _HLG = 16, 18
_LINEAR, _LIKE_SRGB = 8, 13
_D65 = 1
_PRIMARIES = {1: 1, 9: 9, 11: 12}  # libjxl's numbers are H.273's, but for P3 under D65
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_GREY = 128
_GROUP_PX = 128  # the smallest that libjxl decodes at once


def read_jxl(data: bytes, *, max_pixels: int) -> Loaded:
    """Raises OSError where libjxl refuses the file or too little of it is there.

    And ImageUnreadableError where it has too many pixels, or there is no libjxl to ask.
    """
    with Decoder(data) as decoder:
        return _Reading(decoder, max_pixels).picture()


@dataclass(slots=True)
class _Reading:
    """One file, from event to event."""

    decoder: Decoder
    max_pixels: int
    info: Info = field(default_factory=Info)
    points: CodePoints | None = None
    profile: bytes = b""
    linear: bool = False
    pixels: Samples | None = None
    black: Pixels | None = None
    shown_coarsely: bool = False
    missing_from: int | None = None

    def picture(self) -> Loaded:
        partial = False
        while True:
            match self.decoder.advance():
                case Status.BASIC_INFO:
                    self.info = self.decoder.info()
                    check_pixels((self.info.width, self.info.height), self.max_pixels)
                case Status.COLOR_ENCODING:
                    self._choose_colours()
                case Status.NEED_IMAGE_OUT_BUFFER:
                    self._offer_memory()
                case Status.FRAME_PROGRESSION:
                    self.shown_coarsely = True
                case Status.FULL_IMAGE:
                    break  # of an animation the first; layers are laid on each other before
                case _:
                    partial = self._what_is_there()
                    break
        image = self._image()
        return Loaded(image, image.size, 1, partial, self.points)

    def _choose_colours(self) -> None:
        """High dynamic range stays as it is, for the conversion that all formats share."""
        said = _code_points(self.decoder.original_encoding())
        stored_as_said = self.info.uses_original_profile
        if said is not None and said.transfer in (_PQ, _HLG):
            self.points = said
        elif said is not None and said.transfer == _LINEAR and stored_as_said:
            self.linear = True  # in 8 bits, its shadows would be steps
            self.points = replace(said, transfer=_LIKE_SRGB)
        elif stored_as_said or not self.decoder.put_out_srgb(grey=self.info.color_channels == 1):
            self.profile = self.decoder.profile()

    def _offer_memory(self) -> None:
        info = self.info
        if self.pixels is None:
            channels = info.color_channels + (info.alpha_bits > 0)
            kind = np.float32 if self.linear else np.uint8
            self.pixels = np.zeros((info.height, info.width, channels), kind)
            channel = self.decoder.black_channel(info)
            if channel is not None:
                self.black = np.zeros((info.height, info.width), np.uint8)
        self.decoder.put_into(self.pixels, self.black, self.decoder.black_channel(info))

    def _what_is_there(self) -> bool:
        """Of a file that ends early. True; raises DamagedError where that is too little."""
        if self.pixels is None or not self.decoder.flush():
            raise DamagedError("the file is cut off before its picture can be seen")
        if self.shown_coarsely:
            return True
        rows = _reached_rows(self.pixels)
        if rows < MIN_READABLE * self.info.height:
            readable = rows * 100 // self.info.height
            raise DamagedError(f"the file is cut off: {readable} % of its rows are readable")
        self.missing_from = rows
        return True

    def _image(self) -> Image.Image:
        assert self.pixels is not None
        pixels = _in_levels(self.pixels)
        if self.missing_from is not None:
            pixels[self.missing_from :] = _GREY
        if self.black is not None and pixels.shape[2] >= 3:
            return _printed(pixels, self.black, self.profile)
        mode = _MODES[pixels.shape[2]]
        image = Image.fromarray(pixels.squeeze(2) if mode == "L" else pixels)
        if self.profile:
            image.info["icc_profile"] = self.profile
        return image


def _code_points(encoding: Encoding | None) -> CodePoints | None:
    if encoding is None or encoding.primaries not in _PRIMARIES or encoding.white_point != _D65:
        return None
    return CodePoints(_PRIMARIES[encoding.primaries], encoding.transfer)


def _in_levels(pixels: Samples) -> Pixels:
    """Of linear light as of sRGB; the opaqueness is no light."""
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    levels = np.empty(pixels.shape, np.uint8)
    colours = pixels.shape[2] - (pixels.shape[2] in (2, 4))
    for row, stored in zip(levels, pixels, strict=True):
        light = np.nan_to_num(stored).clip(0, 1)  # of a row: the whole would be held twice more
        row[:, :colours] = srgb_levels(light[:, :colours])
        row[:, colours:] = np.rint(light[:, colours:] * 255)
    return levels


def _reached_rows(pixels: Samples) -> int:
    """Rows above those that libjxl never came to, in any column of groups.

    It leaves them in one colour, and comes to the last corner last.
    """
    reached = (pixels != pixels[-1, -1]).any(axis=2)
    height, width = reached.shape
    columns = [
        reached[:, left : left + _GROUP_PX].any(axis=1) for left in range(0, width, _GROUP_PX)
    ]
    return min(height - int(column[::-1].argmax()) if column.any() else 0 for column in columns)


def _printed(pixels: Pixels, black: npt.NDArray[np.uint8], profile: bytes) -> Image.Image:
    """CMYK, whose inks JPEG XL counts from full (0) to none."""
    inks = 255 - np.dstack([pixels[..., :3], black])
    image = Image.frombytes("CMYK", (inks.shape[1], inks.shape[0]), inks.tobytes())
    if profile:
        image.info["icc_profile"] = profile
    if pixels.shape[2] == 3:
        return image
    shown = to_srgb(image)
    shown.putalpha(Image.fromarray(pixels[..., 3]))
    return shown
