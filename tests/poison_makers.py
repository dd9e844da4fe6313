"""Makes files that are small, and costly for who believes what they say."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator

from PIL import Image

from tests.picture_files import encoded, scene
from utils.imaging.pillow_setup import ready_pillow

MEGABYTE = 1024 * 1024
HUGE = 65_535

MAGICS = {
    "jpg": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "webp": b"RIFF\0\x20\0\0WEBPVP8 ",
    "tif": b"II*\0\x08\0\0\0",
    "btf": b"II+\0\x08\0\0\0",
    "gif": b"GIF89a",
    "bmp": b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
    "jxl": b"\xff\x0a",
    "jxlc": b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl ",
    "cr2": b"II*\0\x10\0\0\0CR\x02\0",
    "cr3": b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom",
    "crw": b"II\x1a\0\0\0HEAPCCDR\x02\0",
    "raf": b"FUJIFILMCCD-RAW 0201FF383501",
    "orf": b"IIRO\x08\0\0\0",
    "rw2": b"IIU\0\x08\0\0\0",
    "mrw": b"\0MRM\0\x01\x02\x03",
    "x3f": b"FOVb\x01\0\x04\0",
}


def garbage(magic: bytes, seed: int | None = None) -> bytes:
    return magic + (bytes(4096) if seed is None else random.Random(seed).randbytes(8192))


def claims(name: str) -> bytes:
    """A small picture whose header says 65,535 x 65,535, or the most that its format can say."""
    ready_pillow()
    return CLAIMS[name]()


def _claims_jpeg(*, progressive: bool) -> bytes:
    data = bytearray(encoded(scene(64, 64), progressive=progressive))
    at = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    struct.pack_into(">HH", data, at + 5, HUGE, HUGE)
    return bytes(data)


def _claims_png() -> bytes:
    data = bytearray(encoded(scene(64, 64), "PNG"))
    struct.pack_into(">II", data, 16, HUGE, HUGE)
    struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
    return bytes(data)


def _claims_webp() -> bytes:
    data = bytearray(encoded(scene(64, 64).convert("RGBA"), "WEBP", exif=b"Exif\0\0II*\0"))
    data[24:30] = (HUGE - 1).to_bytes(3, "little") * 2
    return bytes(data)


def _claims_gif() -> bytes:
    data = bytearray(encoded(scene(64, 64), "GIF"))
    struct.pack_into("<HH", data, 6, HUGE, HUGE)
    return bytes(data)


def _claims_bmp() -> bytes:
    data = bytearray(encoded(scene(64, 64), "BMP"))
    struct.pack_into("<ii", data, 18, HUGE, -HUGE)
    return bytes(data)


def _claims_tiff(*, big: bool) -> bytes:
    data = bytearray(encoded(scene(64, 64), "TIFF", big_tiff=big))
    for tag in (256, 257):
        at = data.index(struct.pack("<H", tag) + b"\4\0") if big else _entry(data, tag)
        data[at + 2 : at + 4] = b"\4\0"
        struct.pack_into("<I", data, at + (12 if big else 8), HUGE)
    return bytes(data)


def _entry(data: bytearray, tag: int) -> int:
    directory = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, directory)[0]
    entries = range(directory + 2, directory + 2 + 12 * count, 12)
    return next(at for at in entries if struct.unpack_from("<H", data, at)[0] == tag)


def _claims_heif(name: str) -> bytes:
    data = bytearray(encoded(scene(64, 64), name))
    at = data.index(b"ispe")
    struct.pack_into(">II", data, at + 8, HUGE, HUGE)
    return bytes(data)


def jxl_codestream(width: int, height: int) -> bytes:
    """A header of the size, and nothing behind it."""
    bits = 0  # not small
    bits |= 3 << 1 | (height - 1) << 3  # 30 bits
    bits |= 0 << 33  # no ratio
    bits |= 3 << 36 | (width - 1) << 38
    return b"\xff\x0a" + bits.to_bytes(12, "little") + bytes(64)


def jxl_with_false_size() -> bytes:
    """The size of another codestream stands where a careless reader looks first."""
    box = b"jxlc" + jxl_codestream(8, 8)
    false = struct.pack(">I", 8 + len(box)) + b"abcd" + box
    true = jxl_codestream(HUGE, HUGE)
    return MAGICS["jxlc"] + false + struct.pack(">I", 8 + len(true)) + b"jxlc" + true


CLAIMS: dict[str, Callable[[], bytes]] = {
    "jpg": lambda: _claims_jpeg(progressive=False),
    "progressive.jpg": lambda: _claims_jpeg(progressive=True),
    "png": _claims_png,
    "webp": _claims_webp,
    "gif": _claims_gif,
    "bmp": _claims_bmp,
    "tif": lambda: _claims_tiff(big=False),
    "big.tif": lambda: _claims_tiff(big=True),
    "ppm": lambda: b"P6 65535 65535 255\n" + bytes(99),
    "heic": lambda: _claims_heif("HEIF"),
    "avif": lambda: _claims_heif("AVIF"),
    "jxl": lambda: jxl_codestream(HUGE, HUGE),
}


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png_with(chunk: bytes, at: int = 33) -> bytes:
    data = encoded(scene(64, 64), "PNG")
    return data[:at] + chunk + data[at:]


def png_with_text(length: int) -> bytes:
    return _png_with(_chunk(b"tEXt", b"Comment\0" + b"x" * length))


def png_with_packed_text(length: int) -> bytes:
    return _png_with(_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(length), 1)))


def png_with_profile(length: int) -> bytes:
    return _png_with(_chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(length), 1)))


def png_of_chunks(count: int) -> bytes:
    return _png_with(_chunk(b"abCd", b"") * count)


def png_bomb(width: int, height: int) -> bytes:
    """All of its pixels are there: black, of one bit."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    packed = b"".join(packer.compress(row * 100) for _ in range(height // 100)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def jpeg_with_segments(count: int, length: int) -> bytes:
    """EXIF blocks where there is room for a name, otherwise comments of nothing."""
    body = b"Exif\0\0".ljust(length, b"\0") if length else b""
    marker = b"\xff\xe1" if length else b"\xff\xfe"
    return b"\xff\xd8" + (marker + struct.pack(">H", 2 + length) + body) * count + _jpeg_body()


def _jpeg_body() -> bytes:
    return encoded(scene(64, 64))[2:]


def jpeg_with_fillers(count: int) -> bytes:
    return b"\xff\xd8" + b"\xff" * count + _jpeg_body()


def with_exif(block: bytes) -> bytes:
    segment = b"Exif\0\0" + block
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", 2 + len(segment)) + segment + _jpeg_body()


def greedy_exif() -> bytes:
    """5,000 entries, each of which is the whole block: eager readers hold 300 MB."""
    count = 5_000
    entries = b"".join(struct.pack("<HHII", tag, 7, 60_000, 8) for tag in range(count))
    return with_exif(b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries)


def cyclic_exif() -> bytes:
    """Every pointer leads back to the directory that it is in."""
    tags = (330, 34665, 34853, 40965)
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, 8) for tag in tags)
    return with_exif(
        b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 8)
    )


def jpeg_of_scans(count: int) -> bytes:
    """Progressive, of many pixels: every scan says nothing and is a pass over all of them."""
    data = encoded(Image.new("L", (6_000, 6_000)), progressive=True)
    scan = b"\xff\xda\0\x08\x01\x01\0\x01\x3f\0" + bytes(2)
    return data[:-2] + scan * count + data[-2:]


def _gif_parts() -> tuple[bytes, bytes]:
    """Header with its colours, and one frame without the trailer."""
    data = encoded(Image.new("P", (16, 16), 3), "GIF")
    start = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    return data[:start], data[start:-1]


def gif_with_comment(length: int) -> bytes:
    head, frame = _gif_parts()
    return head + b"!\xfe" + (b"\xff" + b"c" * 255) * (length // 256) + b"\0" + frame + b";"


def gif_of_frames(count: int) -> bytes:
    head, frame = _gif_parts()
    return head + frame * count  # and no trailer


def gif_beyond_its_screen() -> bytes:
    head, frame = _gif_parts()
    at = frame.index(b",")
    huge = frame[: at + 1] + struct.pack("<HHHH", 0, 0, HUGE, HUGE) + frame[at + 9 :]
    return head + huge + b";"


def _tiff(directories: Iterator[tuple[dict[int, int], int]]) -> bytes:
    """Entries and the offset of the next directory, one after the other from offset 8."""
    out = io.BytesIO()
    out.write(b"II*\0\x08\0\0\0")
    for entries, following in directories:
        out.write(struct.pack("<H", len(entries)))
        for tag, value in sorted(entries.items()):
            out.write(struct.pack("<HHII", tag, 4, 1, value))
        out.write(struct.pack("<I", following))
    return out.getvalue()


_SIZE = {256: 16, 257: 16, 258: 8, 262: 1, 277: 1}


def tiff_loop() -> bytes:
    return _tiff(iter([({**_SIZE, 330: 8, 34665: 8}, 8)]))


def tiff_chain(depth: int) -> bytes:
    length = 2 + 12 * len(_SIZE) + 4
    return _tiff((_SIZE, 8 + length * (level + 1)) for level in range(depth))


def tiff_nested(depth: int) -> bytes:
    """Each directory's SubIFD and EXIF pointers lead to the next."""
    length = 2 + 12 * (len(_SIZE) + 2) + 4
    return _tiff(
        ({**_SIZE, 330: (below := 8 + length * (level + 1)), 34665: below}, 0)
        for level in range(depth)
    )


def greedy_tiff(length: int) -> bytes:
    """2,000 entries, each of which is the whole file: eager readers hold gigabytes."""
    tags = sorted({*range(60_000, 62_000)})
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, v) for tag, v in sorted(_SIZE.items()))
    entries += b"".join(struct.pack("<HHII", tag, 7, length, 8) for tag in tags)
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(_SIZE) + len(tags)) + entries
    return head.ljust(length + 8, b"\0")


def tiff_with_huge_tile() -> bytes:
    big = 0x7FFF_FFF0
    tiles = {322: big, 323: big, 324: 8, 325: 4096}
    return _tiff(iter([({**_SIZE, 259: 8, **tiles}, 0)])) + bytes(4096)


def half_heic() -> bytes:
    ready_pillow()
    data = encoded(scene(640, 480), "HEIF")
    return data[: len(data) // 2]
