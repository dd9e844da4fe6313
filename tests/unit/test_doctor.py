"""`photoseek doctor`: any file is examined as imports read it, and none ends the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ingestion_orchestration_fastapi_app.adapters.local_files.filesystem import LocalFiles
from ingestion_orchestration_fastapi_app.doctor.examination import Examination, Examiner
from ingestion_orchestration_fastapi_app.doctor.report import library_of, report, text
from tests.contract import formats_doc
from tests.fakes import root_threads
from tests.hostile_decoder import gif
from tests.picture_files import dng, encoded, exif_with, scene, xmp_with
from tests.poison_files import poisons
from utils.contract import ErrorCode
from utils.imaging.formats import Format
from utils.imaging.pillow_setup import ready_pillow
from utils.sandbox.pool import DecoderPool

pytestmark = pytest.mark.anyio
# What costs seconds is tried in `test_poison.py`, by the same functions.
QUICK = [one for one in poisons() if not {"100mb", "chunks", "segments"} & set(one.name.split("-"))]


@asynccontextmanager
async def examiner(module: str = "utils.sandbox.worker") -> AsyncIterator[Examiner]:
    files = LocalFiles(root_threads(), max_file_bytes=2**28)
    async with DecoderPool(
        workers=1, timeout_s=20, memory_bytes=2**32, control_gap_s=0.01, module=module
    ) as pool:
        yield Examiner(files, pool, max_pixels=300_000_000)


async def examined(path: Path, *, module: str = "utils.sandbox.worker") -> Examination:
    async with examiner(module) as one:
        return await one.examine(os.fsencode(path))


def told(found: Examination) -> dict[str, Any]:
    said = report(found, paths=False, values=False)
    assert json.loads(json.dumps(said)) == said
    assert text(said)
    return said


async def test_a_photograph_with_what_lies_beside_it(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    exif = exif_with(orientation=6, make="Maker")
    photo.write_bytes(encoded(scene(600, 400), exif=exif, xmp=xmp_with("<dc:title>Tom</dc:title>")))
    (tmp_path / "a.xmp").write_bytes(xmp_with("", ' xmp:Rating="4" tiff:Orientation="3"'))
    (tmp_path / "a.nef").write_bytes(b"-")
    said = told(await examined(photo))
    assert (said["outcome"], said["code"], said["format"]) == ("read", None, "jpeg")
    assert (said["pixel_source"], said["library"]) == ("image", "Pillow (libjpeg-turbo)")
    assert (said["width_px"], said["height_px"]) == (600, 400)  # by EXIF and then by the sidecar
    assert (said["orientation"], said["sidecar_turn"]) == (6, 6)
    assert (said["sidecars"], said["companions"]) == (["a.xmp"], ["a.nef"])
    fields = {one["field"]: (one["value"], one["sources"]) for one in said["metadata"]}
    assert fields["camera_make"] == ("Maker", ["exif"])
    assert fields["rating"] == (4, ["a.xmp"])
    assert fields["title"] == ("(3 characters)", ["xmp"])
    assert fields["taken_at"][1] == ["file_mtime"]
    assert list(said["ms"]) == ["look", "open", "read", "metadata", "decode"]
    assert min(said["ms"].values()) >= 0


@pytest.mark.parametrize(
    ("preview_px", "pixel_source"), [(480, "preview"), (100, "developed"), (None, "developed")]
)
async def test_a_raw_is_told_by_the_way_it_is_read(
    tmp_path: Path, preview_px: int | None, pixel_source: str
) -> None:
    raw = dng(scene(600, 400), preview=preview_px is not None, preview_px=preview_px, orientation=6)
    (tmp_path / "a.dng").write_bytes(raw)
    said = told(await examined(tmp_path / "a.dng"))
    assert (said["format"], said["pixel_source"]) == ("dng", pixel_source)
    assert (said["width_px"], said["height_px"], said["orientation"]) == (400, 600, 6)
    assert bool(said["notes"]) == (pixel_source == "developed")


@pytest.mark.parametrize(
    ("name", "data", "outcome", "code"),
    [
        ("a.jpg", b"", "failed", ErrorCode.FILE_EMPTY),
        ("a.jpg", b"no picture", "failed", ErrorCode.FORMAT_UNSUPPORTED),
        ("a.jpg", b"\xff\xd8\xff" + bytes(99), "failed", ErrorCode.DECODING_IMAGE),
        ("a.txt", b"no picture", "skipped", None),
        ("a.aae", b"<plist/>", "skipped", None),
    ],
)
async def test_what_is_not_read_says_why(
    tmp_path: Path, name: str, data: bytes, outcome: str, code: ErrorCode | None
) -> None:
    (tmp_path / name).write_bytes(data)
    said = told(await examined(tmp_path / name))
    assert (said["outcome"], said["code"]) == (outcome, code)
    assert said["detail"]


async def test_what_is_no_file_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    for name, outcome, code in (
        ("gone.jpg", "failed", ErrorCode.FILE_NOT_FOUND),
        ("link.jpg", "skipped", None),
        ("pipe.jpg", "skipped", None),
        (".", "skipped", None),
    ):
        said = told(await examined(tmp_path / name))
        assert (said["outcome"], said["code"]) == (outcome, code)


async def test_a_file_under_anothers_name_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(scene(64, 48)))
    (tmp_path / "b.JPEG").write_bytes(encoded(scene(64, 48)))
    assert told(await examined(tmp_path / "a.png"))["named_as"] == "png"
    assert told(await examined(tmp_path / "b.JPEG"))["named_as"] is None


async def test_poison_is_an_answer(tmp_path: Path) -> None:
    wrong: dict[str, object] = {}
    async with examiner() as one:
        for poison in QUICK:
            path = tmp_path / poison.name
            path.write_bytes(poison.make())
            code = told(await one.examine(os.fsencode(path)))["code"]
            if code not in poison.codes:
                wrong[poison.name] = code
            path.unlink()
    assert not wrong
    assert len(QUICK) > 40


@pytest.mark.parametrize("order", ["segfault", "bad_alloc", "lie"])
async def test_a_file_that_kills_its_decoder_is_an_answer(tmp_path: Path, order: str) -> None:
    (tmp_path / "a.gif").write_bytes(gif(order))
    said = told(await examined(tmp_path / "a.gif", module="tests.hostile_decoder"))
    assert said["outcome"] == "failed"
    assert said["code"] in (
        ErrorCode.FILE_QUARANTINED,
        ErrorCode.IMAGE_TOO_LARGE,
        ErrorCode.DECODERS,
    )


def test_each_format_has_the_library_that_the_document_says() -> None:
    for known in Format:
        said = formats_doc._RAW if known.is_raw else formats_doc._READERS[known]
        assert said[0].startswith(library_of(known) or "?")


def test_the_command_tells_no_folder_no_text_and_no_place(tmp_path: Path) -> None:
    ready_pillow()
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (43.0, 24.0, 0.0), 3: "W", 4: (1.0, 36.0, 0.0)})
    secret = xmp_with("<dc:title>A secret</dc:title>")
    photo = tmp_path / "a secret folder" / "a.jpg"
    photo.parent.mkdir()
    photo.write_bytes(encoded(scene(64, 48), exif=exif.tobytes(), xmp=secret))
    broken = photo.with_name("b\udcff\x1b[31m.jpg")
    broken.write_bytes(b"broken")

    def doctor(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ingestion_orchestration_fastapi_app.cli", "doctor"]
        return subprocess.run(
            [*command, *options], capture_output=True, text=True, check=False, cwd=photo.parent
        )

    plain = doctor("a.jpg", str(photo), os.fspath(broken))
    assert (plain.returncode, plain.stderr) == (1, "")
    assert "secret" not in plain.stdout
    assert "43.4" not in plain.stdout
    assert "\x1b" not in plain.stdout
    assert plain.stdout.count("a.jpg: read") == 2
    assert "failed, ERR_FORMAT_UNSUPPORTED" in plain.stdout
    asked = doctor("a.jpg", "--paths", "--values", "--json")
    assert asked.returncode == 0
    (said,) = json.loads(asked.stdout)["files"]
    assert said["file"] == str(photo)
    fields = {one["field"]: one["value"] for one in said["metadata"]}
    assert (fields["title"], fields["latitude"]) == ("A secret", pytest.approx(43.4))
