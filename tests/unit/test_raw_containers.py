"""RAW of every family is known by its header, says what it can, and fails with its one code."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.picture_files import put
from tests.raw_containers import CONTAINERS, cr3, mrw, raf
from utils.contract import ClipUpload, ErrorCode
from utils.imaging.decoding import ImageUnreadableError
from utils.imaging.formats import Format, sniff
from utils.metadata.extractor import extract_metadata
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.sandbox.pool import DecoderPool

CLIP = ClipUpload(side_px=32, crop="center")
LIMIT = 300_000_000
GARBAGE_BYTES = 20_000


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_family_is_known_by_its_header(name: str) -> None:
    known, hint, made = CONTAINERS[name]
    data = made()
    assert sniff(data, hint=hint) is known
    assert sniff(data[:4096] + bytes(GARBAGE_BYTES), hint=hint) is known
    assert known.is_raw


def test_no_family_is_forgotten() -> None:
    built = {known for known, _, _ in CONTAINERS.values()}
    assert built == {known for known in Format if known.is_raw}


@pytest.mark.parametrize(
    ("data", "model", "title"),
    [
        (cr3(), "Canon EOS R6", "A title"),
        (raf(), "X-T5", "A title"),
        (mrw(), "DYNAX 5D", None),
    ],
    ids=["CR3", "RAF", "MRW"],
)
def test_what_a_container_says_is_read(data: bytes, model: str, title: str | None) -> None:
    known = sniff(data)
    assert known is not None
    found = extract_metadata(data, known)
    assert (found.camera_model, found.title) == (model, title)
    assert found.taken_at == datetime(2021, 3, 4, 12, 0, 5)  # noqa: DTZ001  # a camera's clock
    assert found.taken_at_source is TakenAtSource.DATE_TIME_ORIGINAL
    assert (found.iso, found.focal_length_mm) == (400, 50)
    assert found.exposure_s == pytest.approx(0.004)
    assert found.aperture_f == pytest.approx(5.6)
    assert found.rating == (4 if title else None)


def test_a_cr3_says_where_it_was_taken() -> None:
    found = extract_metadata(cr3(), Format.CR3)
    assert found.latitude == pytest.approx(-33.51)
    assert found.longitude == pytest.approx(-33.51)


@pytest.mark.parametrize("made", [cr3, raf, mrw])
def test_a_container_may_end_anywhere(made: Callable[[], bytes]) -> None:
    data = made()
    known = sniff(data)
    assert known is not None
    for end in range(0, len(data), 7):
        assert isinstance(extract_metadata(data[:end], known), Metadata)


def behind(header: bytes, kind: str) -> bytes:
    """The header, and zeros or noise for the rest."""
    if kind == "zeros":
        return header + bytes(GARBAGE_BYTES)
    return header + random.Random(len(header)).randbytes(GARBAGE_BYTES)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["zeros", "noise"])
async def test_garbage_behind_a_good_header_is_a_raw_that_cannot_be_decoded(
    kind: str, tmp_path: Path
) -> None:
    """Both ways, with the real decoders: no other code, and no process is lost."""
    codes: dict[str, ErrorCode] = {}
    pids: frozenset[int] = frozenset()
    async with DecoderPool(workers=1, timeout_s=60, memory_bytes=4 * 1024**3) as decoders:
        for name, (_, _, made) in CONTAINERS.items():
            data = behind(made(), kind)
            path = tmp_path / name
            put(path, data)
            try:
                await decoders.decode_for_models(data, CLIP, whole_side_px=0, max_pixels=LIMIT)
                pytest.fail(f"{name} was decoded")
            except ImageUnreadableError as exc:
                codes[name] = exc.code
            with path.open("rb") as file:
                try:
                    await decoders.read_preview(file.fileno(), min_side_px=64, max_pixels=LIMIT)
                except ImageUnreadableError as exc:
                    codes[f"{name}, preview"] = exc.code
            pids |= decoders.pids
    assert len(pids) == 1, "a decoder died"
    assert set(codes.values()) == {ErrorCode.DECODING_RAW}, codes
