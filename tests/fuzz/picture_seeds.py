"""Small files of the kinds that only some reader of ours reads, to be broken by a fuzzer."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from tests.heif_files import (
    BRANDS,
    auxiliary,
    coded,
    crop,
    grid,
    metadata,
    mirrored,
    turned,
    with_a_listing_each,
)
from tests.jxl_files import Layer, jxl_of_jpeg, jxl_of_layers
from tests.picture_files import encoded, exif_with, scene
from tests.profiles import cmyk_profile
from utils.containers.heif_writer import NewItem, heif_file


def odd_tiffs() -> list[bytes]:
    """What Pillow does not read: tifffile and the codecs of imagecodecs do."""
    pixels = np.asarray(scene(40, 32))
    deep = pixels.astype(np.uint16) * 16
    planes = np.moveaxis(deep, -1, 0)
    kinds: list[tuple[np.ndarray[Any, Any], dict[str, Any]]] = [
        (planes, {"planarconfig": "separate"}),
        (planes, {"planarconfig": "separate", "compression": "lzw", "predictor": True}),
        (deep, {"bitspersample": 12, "byteorder": ">", "bigtiff": True}),
        ((pixels / 255).astype(np.float32), {"compression": "deflate", "predictor": True}),
        (deep, {"compression": "zstd", "tile": (16, 16)}),
        *((pixels, {"compression": codec}) for codec in ("webp", "jpegxl", "jpeg2000", "png")),
        *((pixels, {"compression": codec}) for codec in ("lzma", "packbits")),
        (pixels, {"compression": "jpeg", "extratags": [(274, 1, 1, 6, True)]}),
    ]
    made = []
    for values, options in kinds:
        file = BytesIO()
        tifffile.imwrite(file, values, photometric="rgb", **options)
        made.append(file.getvalue())
    return made


def odd_jpeg_xls(picture: Image.Image) -> list[bytes]:
    """Of layers, frames and inks, in linear light, and of a JPEG."""
    colours = np.asarray(picture)
    layers = [Layer(colours), Layer(colours[:9, :9], left=3, top=5)]
    return [
        jxl_of_layers(layers),
        jxl_of_layers(layers[:1] * 2, animated=True, colours=(9, 16)),
        jxl_of_layers([Layer(colours, black=colours[..., 0])], icc=cmyk_profile()),
        jxl_of_layers([Layer((colours / 255).astype(np.float32))], colours=(1, 8)),
        jxl_of_jpeg(encoded(picture, exif=exif_with(make="Maker")), edited=True),
    ]


def jpeg_2000s(picture: Image.Image) -> list[bytes]:
    return [
        encoded(picture, "JPEG2000", irreversible=True, quality_layers=[8]),
        encoded(picture.convert("RGBA"), "JPEG2000", no_jp2=True, tile_size=(16, 16)),
        encoded(picture.convert("L"), "JPEG2000", num_resolutions=3, progression="RPCL"),
    ]


def odd_heifs(picture: Image.Image) -> list[bytes]:
    """Grids, crops, turns, opaqueness, and what is broken besides the picture."""
    made = []
    for name, brand in BRANDS.items():
        tiles = [coded(picture, name)] * 4
        width, height = picture.size
        half = Image.new("L", picture.size, 128)
        alpha = auxiliary("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")
        kept = crop(20, 20, (1, 2), (-3, 1))
        files = (
            [grid(2 * width, 2 * height, 2, 2, kept), *tiles],
            [coded(picture, name, kept, turned(1), mirrored(0)), metadata(b"Exif", b"\0\0")],
            [tiles[0], coded(half, name, alpha, references=[(b"auxl", [1])])],
            [NewItem(b"tmap", bytes(62), (), [(b"dimg", [2, 3])]), *tiles[:2]],
        )
        made += [heif_file(items, brand=brand) for items in files]
    made.append(with_a_listing_each(made[2]))
    return made
