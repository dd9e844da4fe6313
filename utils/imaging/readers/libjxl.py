"""The calls of libjxl that decode a picture, bound by ctypes: its C API, as far as it is needed.

The library comes with imagecodecs, whose own functions leave out profiles, the black channel and
what a file holds that ends early. Names and layouts are those of jxl/decode.h of libjxl 0.11.
"""

from __future__ import annotations

import ctypes
from ctypes import Structure, byref, c_double, c_float, c_int, c_size_t, c_uint8, c_uint32
from ctypes import c_void_p as pointer
from enum import IntEnum
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from utils.imaging.faults.unreadable import unsupported

Pixels = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.uint8 | np.float32]

_ABI = range(9_000, 13_000)  # 0.9 to 0.12, by JxlDecoderVersion: layouts and signatures hold
_TYPES = {"float32": 0, "uint8": 2}  # JxlDataType
_ORIGINAL, _DATA = 0, 1  # JxlColorProfileTarget
_TO_DC = 1  # JxlProgressiveDetail
_BLACK = 4  # JxlExtraChannelType


class Status(IntEnum):
    """JxlDecoderStatus, of events those that are asked for."""

    SUCCESS = 0
    ERROR = 1
    NEED_MORE_INPUT = 2
    NEED_IMAGE_OUT_BUFFER = 5
    BASIC_INFO = 0x40
    COLOR_ENCODING = 0x100
    FULL_IMAGE = 0x1000
    FRAME_PROGRESSION = 0x8000


_EVENTS = Status.BASIC_INFO | Status.COLOR_ENCODING | Status.FULL_IMAGE | Status.FRAME_PROGRESSION


class JxlError(OSError):
    """libjxl refuses."""


class Info(Structure):
    """JxlBasicInfo. Sizes are those of the picture as it is shown."""

    _fields_ = (
        ("have_container", c_int),
        ("width", c_uint32),
        ("height", c_uint32),
        ("bits_per_sample", c_uint32),
        ("exponent_bits_per_sample", c_uint32),
        ("intensity_target", c_float),
        ("min_nits", c_float),
        ("relative_to_max_display", c_int),
        ("linear_below", c_float),
        ("uses_original_profile", c_int),
        ("have_preview", c_int),
        ("have_animation", c_int),
        ("orientation", c_int),
        ("color_channels", c_uint32),
        ("extra_channels", c_uint32),
        ("alpha_bits", c_uint32),
        ("alpha_exponent_bits", c_uint32),
        ("alpha_premultiplied", c_int),
        ("preview", c_uint32 * 2),
        ("animation", c_uint32 * 4),
        ("intrinsic_size", c_uint32 * 2),
        ("padding", c_uint8 * 100),
    )


class Encoding(Structure):
    """JxlColorEncoding: colours by numbers."""

    _fields_ = (
        ("color_space", c_int),
        ("white_point", c_int),
        ("white_xy", c_double * 2),
        ("primaries", c_int),
        ("red_xy", c_double * 2),
        ("green_xy", c_double * 2),
        ("blue_xy", c_double * 2),
        ("transfer", c_int),
        ("gamma", c_double),
        ("rendering_intent", c_int),
    )


class _PixelFormat(Structure):
    _fields_ = (
        ("channels", c_uint32),
        ("data_type", c_int),
        ("endianness", c_int),
        ("align", c_size_t),
    )


class _ExtraChannel(Structure):
    _fields_ = (
        ("kind", c_int),
        ("bits_per_sample", c_uint32),
        ("exponent_bits_per_sample", c_uint32),
        ("dim_shift", c_uint32),
        ("name_bytes", c_uint32),
        ("alpha_premultiplied", c_int),
        ("spot_color", c_float * 4),
        ("cfa_channel", c_uint32),
    )


class Decoder:
    """One JxlDecoder over `data`, which it reads in place. A context manager."""

    def __init__(self, data: bytes) -> None:
        self._library = _library()
        self._data = data
        self._self = pointer(self._library.JxlDecoderCreate(None))
        if not self._self:
            raise MemoryError

    def __enter__(self) -> Self:
        call = self._library
        call.JxlDecoderSubscribeEvents(self._self, c_int(_EVENTS))
        call.JxlDecoderSetProgressiveDetail(self._self, c_int(_TO_DC))
        call.JxlDecoderSetUnpremultiplyAlpha(self._self, c_int(1))
        call.JxlDecoderSetInput(self._self, self._data, c_size_t(len(self._data)))
        return self

    def __exit__(self, *_: object) -> None:
        self._library.JxlDecoderDestroy(self._self)

    def advance(self) -> Status:
        """Up to the next event. Raises JxlError where libjxl does."""
        said = self._library.JxlDecoderProcessInput(self._self)
        if said == Status.ERROR:
            raise JxlError("libjxl refuses the file")
        return Status(said)

    def info(self) -> Info:
        found = Info()
        self._checked(self._library.JxlDecoderGetBasicInfo(self._self, byref(found)))
        return found

    def black_channel(self, info: Info) -> int | None:
        """Which of the extra channels is the black of CMYK."""
        channel = _ExtraChannel()
        for index in range(info.extra_channels):
            self._library.JxlDecoderGetExtraChannelInfo(self._self, c_size_t(index), byref(channel))
            if channel.kind == _BLACK:
                return index
        return None

    def original_encoding(self) -> Encoding | None:
        """None where the file has a profile instead."""
        found = Encoding()
        call = self._library.JxlDecoderGetColorAsEncodedProfile
        status = call(self._self, c_int(_ORIGINAL), byref(found))
        return found if status == Status.SUCCESS else None

    def profile(self) -> bytes:
        """ICC, of the pixels as they come out; empty where there is none."""
        count = c_size_t()
        call = self._library
        status = call.JxlDecoderGetICCProfileSize(self._self, c_int(_DATA), byref(count))
        if status != Status.SUCCESS or not count.value:
            return b""
        held = ctypes.create_string_buffer(count.value)
        target = c_int(_DATA)
        self._checked(call.JxlDecoderGetColorAsICCProfile(self._self, target, held, count))
        return held.raw

    def put_out_srgb(self, *, grey: bool) -> bool:
        """Of a picture whose colours were changed when it was encoded. False where it cannot."""
        wanted = Encoding()
        call = self._library
        call.JxlColorEncodingSetToSRGB(byref(wanted), c_int(grey))
        said = call.JxlDecoderSetPreferredColorProfile(self._self, byref(wanted))
        return bool(said == Status.SUCCESS)

    def put_into(self, pixels: Samples, black: Pixels | None, black_channel: int | None) -> None:
        """`pixels` has shape (height, width, channels); it and `black` are filled later on."""
        wanted = _PixelFormat(pixels.shape[2], _TYPES[pixels.dtype.name], 0, 0)
        call, count = self._library, c_size_t()
        self._checked(call.JxlDecoderImageOutBufferSize(self._self, byref(wanted), byref(count)))
        if count.value != pixels.nbytes:
            raise JxlError("another size than was announced")
        place = pixels.ctypes.data_as(pointer)
        self._checked(call.JxlDecoderSetImageOutBuffer(self._self, byref(wanted), place, count))
        if black is not None:
            wanted = _PixelFormat(1, _TYPES[black.dtype.name], 0, 0)
            place, count = black.ctypes.data_as(pointer), c_size_t(black.nbytes)
            set_buffer = call.JxlDecoderSetExtraChannelBuffer
            index = c_uint32(black_channel or 0)
            self._checked(set_buffer(self._self, byref(wanted), place, count, index))

    def flush(self) -> bool:
        """Puts out what is there of a file that ended. False where that is nothing."""
        return bool(self._library.JxlDecoderFlushImage(self._self) == Status.SUCCESS)

    def _checked(self, status: int) -> None:
        if status != Status.SUCCESS:
            raise JxlError("libjxl refuses the file")


@lru_cache(maxsize=1)
def _library() -> Any:  # what ctypes gives has any function that is asked for
    """Looked up through the module that needs it: the linker finds the library, whatever its name.

    Raises:
        ImageUnreadableError: it is not installed, is hidden in the module, or is of a release that
            nobody has tried here. Nothing is known to be wrong with the file.
    """
    found = find_spec("imagecodecs._jpegxl")
    library = None if found is None or found.origin is None else ctypes.CDLL(found.origin)
    version = getattr(library, "JxlDecoderVersion", None)
    if library is None or version is None or version() not in _ABI:
        raise unsupported("JPEG XL with the libjxl that is installed")
    library.JxlDecoderCreate.restype = pointer
    return library
