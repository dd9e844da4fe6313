"""JPEG XL files as their encoder makes them: of layers, inks, any samples, or of a JPEG."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import Structure, byref, c_int, c_int32, c_size_t, c_uint32
from ctypes import c_void_p as pointer
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt

from utils.containers.iso_boxes import boxes
from utils.imaging.readers.libjxl import Encoding, Info, _ExtraChannel, _PixelFormat

_ALPHA, _BLACK = 0, 4
_BLEND = 2
_FROM_CODESTREAM = 1
_NEED_MORE_OUTPUT = 2

Pixels = npt.NDArray[np.uint8]
_TYPES = {"float32": 0, "uint8": 2, "uint16": 3, "float16": 5}  # JxlDataType
_EXPONENT_BITS = {"float32": 8, "float16": 5}


class _Blend(Structure):
    _fields_ = (("mode", c_int), ("source", c_uint32), ("alpha", c_uint32), ("clamp", c_int))


class _BitDepth(Structure):
    _fields_ = (("kind", c_int), ("bits_per_sample", c_uint32), ("exponent_bits", c_uint32))


class _Frame(Structure):
    _fields_ = (
        ("duration", c_uint32),
        ("timecode", c_uint32),
        ("name_bytes", c_uint32),
        ("is_last", c_int),
        ("have_crop", c_int),
        ("left", c_int32),
        ("top", c_int32),
        ("width", c_uint32),
        ("height", c_uint32),
        ("blend", _Blend),
        ("save_as_reference", c_uint32),
    )


@dataclass(frozen=True, slots=True)
class Layer:
    """`pixels` has shape (height, width, 3 or 4); `black` is the fourth ink, counted from full."""

    pixels: npt.NDArray[Any]
    left: int = 0
    top: int = 0
    black: Pixels | None = None


def jxl_of_layers(
    layers: Sequence[Layer],
    *,
    orientation: int = 1,
    icc: bytes = b"",
    colours: tuple[int, int] = (1, 13),
    bits: int | None = None,
    lossless: bool = True,
    animated: bool = False,
    premultiplied: bool = False,
) -> bytes:
    """All layers are one picture of the first one's size, or, `animated`, a frame each.

    `colours` are libjxl's numbers of primaries and transfer, where there is no `icc`. `bits`: how
    many of each sample's are used, all unless said.
    """
    library: Any = ctypes.CDLL(str(find_spec("imagecodecs._jpegxl").origin))  # type: ignore[union-attr]  # tests need it
    library.JxlEncoderCreate.restype = pointer
    library.JxlEncoderFrameSettingsCreate.restype = pointer
    encoder = pointer(library.JxlEncoderCreate(None))
    first = layers[0]
    kind, channels = first.pixels.dtype.name, first.pixels.shape[2]
    info = Info()
    library.JxlEncoderInitBasicInfo(byref(info))
    info.height, info.width = first.pixels.shape[:2]
    info.bits_per_sample = bits or 8 * first.pixels.itemsize
    info.exponent_bits_per_sample = _EXPONENT_BITS.get(kind, 0)
    info.uses_original_profile, info.orientation = lossless, orientation
    info.color_channels = 3
    extra_kinds = [_ALPHA] * (channels == 4) + [_BLACK] * (first.black is not None)
    info.extra_channels = len(extra_kinds)
    info.alpha_bits = info.bits_per_sample * (channels == 4)
    info.alpha_premultiplied = premultiplied
    info.have_animation, info.animation[0], info.animation[1] = animated, 10, 1
    calls = [
        library.JxlEncoderSetCodestreamLevel(encoder, c_int(10)),
        library.JxlEncoderSetBasicInfo(encoder, byref(info)),
    ]
    for index, extra_kind in enumerate(extra_kinds):
        extra = _ExtraChannel()
        library.JxlEncoderInitExtraChannelInfo(c_int(extra_kind), byref(extra))
        extra.bits_per_sample, extra.alpha_premultiplied = info.bits_per_sample, premultiplied
        set_extra = library.JxlEncoderSetExtraChannelInfo
        calls.append(set_extra(encoder, c_size_t(index), byref(extra)))
    if icc:
        calls.append(library.JxlEncoderSetICCProfile(encoder, icc, c_size_t(len(icc))))
    else:
        said = Encoding()
        library.JxlColorEncodingSetToSRGB(byref(said), c_int(0))
        said.primaries, said.transfer = colours
        calls.append(library.JxlEncoderSetColorEncoding(encoder, byref(said)))
    for layer in layers:
        settings = pointer(library.JxlEncoderFrameSettingsCreate(encoder, None))
        frame = _Frame()
        library.JxlEncoderInitFrameHeader(byref(frame))
        height, width = layer.pixels.shape[:2]
        frame.duration = int(animated)
        if layer is not first and not animated:
            frame.have_crop, frame.left, frame.top = 1, layer.left, layer.top
            frame.width, frame.height = width, height
            frame.blend.mode, frame.blend.source = _BLEND, 1
        frame.save_as_reference = int(not animated and len(layers) > 1)
        used = _BitDepth(_FROM_CODESTREAM, 0, 0)
        wanted = _PixelFormat(channels, _TYPES[kind], 0, 0)
        pixels = np.ascontiguousarray(layer.pixels)
        calls += [
            library.JxlEncoderSetFrameLossless(settings, c_int(lossless)),
            library.JxlEncoderSetFrameBitDepth(settings, byref(used)) if bits else 0,
            library.JxlEncoderSetFrameHeader(settings, byref(frame)),
            library.JxlEncoderAddImageFrame(
                settings, byref(wanted), pixels.ctypes.data_as(pointer), c_size_t(pixels.nbytes)
            ),
        ]
        if layer.black is not None:
            wanted, black = _PixelFormat(1, 2, 0, 0), np.ascontiguousarray(layer.black)
            place, count = black.ctypes.data_as(pointer), c_size_t(black.nbytes)
            number = c_uint32(int(channels == 4))
            set_buffer = library.JxlEncoderSetExtraChannelBuffer
            calls.append(set_buffer(settings, byref(wanted), place, count, number))
    assert not any(calls), calls
    library.JxlEncoderCloseInput(encoder)
    return _written(library, encoder)


def _written(library: Any, encoder: pointer) -> bytes:
    out = b""
    held = ctypes.create_string_buffer(64 * 1024)
    status = _NEED_MORE_OUTPUT
    while status == _NEED_MORE_OUTPUT:
        at, left = pointer(ctypes.addressof(held)), c_size_t(len(held))
        status = library.JxlEncoderProcessOutput(encoder, byref(at), byref(left))
        out += held.raw[: len(held) - left.value]
    library.JxlEncoderDestroy(encoder)
    assert status == 0
    return out


def jxl_of_jpeg(jpeg: bytes, *, edited: bool) -> bytes:
    """With what gives the JPEG back. `edited`: its EXIF is gone, and that no longer works."""
    data = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg, usecontainer=True))
    if not edited:
        return data
    out, end = b"", 0
    for box in boxes(data):
        whole = data[end : box.end]
        out += b"" if box.kind in (b"Exif", b"brob") else whole
        end = box.end
    assert len(out) < len(data)
    return out
