"""The chapter on pictures in docs/formats.md, from the code's own tables and the files tests make.

`make formats` measures every kind and writes it; test_formats_doc.py compares.
"""

from __future__ import annotations

from pathlib import Path

from tests.conformance.pictures.kinds import kinds
from tests.conformance.pictures.measured import measured
from utils.imaging import pixel_streams
from utils.imaging.formats import Format
from utils.imaging.jpeg_rows import MIN_READABLE
from utils.imaging.readers import tiff_pages
from utils.sandbox.pool import decodes_apart

DOCUMENT = Path(__file__).parents[2] / "docs" / "formats.md"
BEGIN, END = "<!-- pictures -->", "<!-- /pictures -->"

_PART = f"cut off: `partial` from {MIN_READABLE:.0%} of the rows on, else an error"
_WHOLE = "cut off: an error"
_UNREAD_TIFFS = "; ".join(
    sorted({name.removeprefix("TIFF files ") for name in tiff_pages._UNREAD.values()})
)
# By whom, and what a reader cannot see from the kinds.
_READERS: dict[Format, tuple[str, str]] = {
    Format.JPEG: (
        "Pillow (libjpeg-turbo), scaled while it is decoded",
        f"{_PART}. Not read: 12 bits, lossless, hierarchical. At most "
        f"{pixel_streams._MAX_SCANS} scans. Of MPO and pictures with a gain map the first",
    ),
    Format.PNG: (
        "Pillow (libpng's rules, its own reader)",
        f"{_WHOLE}. Texts are passed over; a profile counts up to 4 MiB; cICP before it. "
        "gAMA and cHRM are not followed, as by Pillow",
    ),
    Format.WEBP: ("Pillow (libwebp)", _WHOLE),
    Format.TIFF: (
        "Pillow (libtiff) where both agree, else tifffile and imagecodecs (ADR 28)",
        f"{_PART}. Not read: "
        + "; ".join(
            sorted(name.removeprefix("TIFF files ") for name in set(tiff_pages._UNREAD.values()))
        )
        + "; inks other than CMYK; complex numbers; volumes",
    ),
    Format.GIF: ("Pillow", _WHOLE),
    Format.BMP: (
        "our own reader",
        f"{_PART}. Not read: a JPEG or PNG inside, OS/2's Huffman codes and RLE24",
    ),
    Format.PPM: ("Pillow", _WHOLE),
    Format.HEIC: ("pillow-heif (libheif)", f"{_WHOLE}. The primary picture"),
    Format.AVIF: ("Pillow (libavif)", f"{_WHOLE}. The primary picture"),
    Format.JXL: (
        "libjxl's own calls (ADR 29)",
        "cut off: `partial`, as coarse as it came; or an error",
    ),
    Format.JPEG_2000: (
        "Pillow (OpenJPEG), at the half or quarter that is enough; imagecodecs where not of 8 bits",
        _WHOLE,
    ),
}
_RAW = (
    "LibRaw (rawpy): the preview inside where it is large enough, else developed by the inference "
    "service",
    "sensor data cut off: the preview, or an error. Not read: GoPro's GPR (VC-5)",
)


def chapter() -> str:
    return "\n".join([*_table(), "", *_kinds()])


def _table() -> list[str]:
    rendered = [known for known in Format if not known.is_raw]
    names = tuple(name for known in Format if known.is_raw for name in known.extensions)
    return [
        "| format | names | read by | in a process of its own | limits |",
        "|---|---|---|---|---|",
        *(_row(one.value, one.extensions, one, *_READERS[one]) for one in rendered),
        _row("RAW of cameras", names, Format.DNG, *_RAW),
    ]


def _row(title: str, names: tuple[str, ...], known: Format, reader: str, limits: str) -> str:
    named = " ".join(f"`.{name}`" for name in names)
    apart = "yes" if decodes_apart(known) else "no"
    return f"| {title} | {named} | {reader} | {apart} | {limits} |"


def _kinds() -> list[str]:
    lines = []
    for known, made in kinds().items():
        lines.append(f"* **{known.value}**: {'; '.join(made)}.")
    return lines


def report() -> list[str]:
    """What `make formats` says of every kind."""
    lines = []
    for known, all_of_it in kinds().items():
        for name, made in all_of_it.items():
            found = measured(known, made)
            verdict = "read" if found <= made.most else "WRONG"
            lines.append(f"{known.value:6} {verdict:6} {found:6.2f} of 255  {name}")
    return lines


def split(text: str) -> tuple[str, str, str]:
    before, rest = text.split(BEGIN + "\n", 1)
    inside, after = rest.split("\n" + END, 1)
    return before + BEGIN + "\n", inside, "\n" + END + after


def write() -> None:
    before, _, after = split(DOCUMENT.read_text())
    DOCUMENT.write_text(before + chapter() + after)


if __name__ == "__main__":
    lines = report()
    print("\n".join(lines))  # noqa: T201  # its report
    if any(" WRONG " in line for line in lines):
        raise SystemExit(1)
    write()
