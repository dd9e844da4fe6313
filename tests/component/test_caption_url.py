"""CAPTION_URL in a whole orchestrator: what leaves the machine, what is said of it, what is not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError

from ingestion_orchestration_fastapi_app.settings import Settings
from tests.component.caption_endpoint import StandInCaptioner, caption_endpoint
from tests.component.orchestrator_app import orchestrator
from tests.component.test_caption_rest import captioned, captioning

pytestmark = pytest.mark.anyio

KEY = "sk-very-secret"
SIDE_PX = 96


@pytest.fixture
def stand_in() -> Iterator[StandInCaptioner]:
    with caption_endpoint() as opened:
        yield opened


def photograph(path: Path, colour: str, size: tuple[int, int]) -> None:
    """With a place, a maker and a thumbnail's worth of metadata."""
    exif = Image.Exif()
    exif[0x010F] = "SecretCam"
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, exif=exif, comment=b"a private comment")


async def test_a_small_jpeg_without_metadata_leaves_and_nothing_else(
    tmp_path: Path, stand_in: StandInCaptioner, capfd: pytest.CaptureFixture[str]
) -> None:
    photograph(tmp_path / "photos" / "wide.jpg", "red", (600, 300))
    photograph(tmp_path / "photos" / "tiny.jpg", "blue", (40, 30))
    Image.new("RGB", (200, 500), "green").save(tmp_path / "photos" / "high.png")
    given: dict[str, Any] = {
        "caption_url": f"{stand_in.url}/v1",
        "caption_model": "seeing-model",
        "caption_key": KEY,
        "caption_side_px": SIDE_PX,
        "caption_language": "Plattdüütsch",
        "caption_max_words": 12,
    }
    async with orchestrator(tmp_path, service=captioning(), **given) as running:
        await running.ingested()
        assert stand_in.heard == [], "an import asks nobody outside"
        endpoint, service = (await running.get("/capabilities"))["captioners"]
        assert (endpoint["name"], service["name"]) == ("endpoint", "service")
        assert (endpoint["model"], endpoint["recipient"]) == ("seeing-model", f"{stand_in.url}/v1")
        job = await captioned(running)
        assert job["state"] == "completed", job["reason"]
        hits = (await running.get("/images"))["images"]
        log = await running.get(f"/jobs/{job['job_id']}/log")
    assert {one["caption"] for one in hits} == {
        f"something {one}" for one in ("red", "green", "blue")
    }
    _, *pictures = stand_in.heard
    sizes = set()
    for heard in pictures:
        assert heard.headers["Authorization"] == f"Bearer {KEY}"
        assert heard.prompt.endswith("Use at most 12 words. Answer in Plattdüütsch.")
        for private in (b"SecretCam", b"private", b"Exif", b"photos"):
            assert private not in heard.jpeg
        assert "wide" not in str(heard.body).replace(heard.jpeg.hex(), "")
        with Image.open(io.BytesIO(heard.jpeg)) as image:
            assert (image.format, len(image.getexif())) == ("JPEG", 0)
            assert "comment" not in image.info
            sizes.add(image.size)
    assert sizes == {(96, 48), (40, 30), (38, 96)}
    assert f"pictures are sent to {stand_in.url}/v1" in str(job["warnings"])
    said = capfd.readouterr()
    assert "caption_jobs_send_pictures" in said.out + said.err
    assert KEY not in said.out + said.err + str(log) + str(job)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"caption_url": "http://h/v1"}, "CAPTION_MODEL"),
        ({"caption_url": "file:///etc/passwd", "caption_model": "m"}, "no address"),
        ({"caption_url": "nonsense", "caption_model": "m"}, "no address"),
        ({"caption_url": "http://me:secret@h/v1", "caption_model": "m"}, "CAPTION_KEY"),
        ({"caption_url": "http://h/v1?key=1", "caption_model": "m"}, "CAPTION_KEY"),
        ({"caption_language": "x\ny"}, "pattern"),
        ({"caption_max_words": 0}, "greater"),
        ({"caption_concurrency": 65}, "less"),
    ],
)
def test_settings_that_cannot_be_are_said_at_the_start(
    given: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings(**given)  # type: ignore[arg-type]  # what is wrong is what is tried


def test_the_key_is_shown_nowhere() -> None:
    settings = Settings(caption_url="http://h/v1", caption_model="m", caption_key=KEY)  # type: ignore[arg-type]  # as from the environment
    assert KEY not in repr(settings)
    assert KEY not in settings.model_dump_json()
