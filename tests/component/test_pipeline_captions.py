"""Captions on their way into points: made once, kept by content, and never at a vector's cost."""

from __future__ import annotations

import pytest

from tests.component.bench import Bench
from tests.fakes import FakeInference, capabilities
from utils.contract import CaptionCapabilities

pytestmark = pytest.mark.anyio


def captioning(fingerprint: str = "blip-1") -> FakeInference:
    told = CaptionCapabilities(available=True, model="fake", fingerprint=fingerprint)
    return FakeInference(told=capabilities().model_copy(update={"captions": told}))


async def captions(bench: Bench) -> dict[str, str | None]:
    points = await bench.store.page("default", limit=100, offset=0)
    return {point.filename: point.caption for point in points}


async def test_a_job_with_captions_makes_up_for_one_without() -> None:
    bench = Bench(inference=captioning())
    bench.library.put(b"a.jpg", b"image a")
    bench.library.put(b"copy.jpg", b"image a")
    await bench.job()
    assert await captions(bench) == {"a.jpg": None, "copy.jpg": None}
    job = await bench.job(captions=True)
    assert (job.counts.embedded, job.counts.cached) == (1, 1)
    assert await captions(bench) == {"a.jpg": "image a", "copy.jpg": "image a"}
    for with_captions in (True, False):
        again = await bench.job(captions=with_captions)
        assert again.counts.unchanged == 2
    bench.library.put(b"moved.jpg", b"image a")
    assert (await bench.job(captions=True)).counts.cached == 1, "its caption is known by content"
    assert (await captions(bench))["moved.jpg"] == "image a"


async def test_a_failed_caption_leaves_the_image_stored_and_is_tried_again() -> None:
    bench = Bench(inference=captioning())
    bench.library.put(b"a.jpg", b"image wordless")
    bench.library.put(b"b.jpg", b"image b")
    job = await bench.job(captions=True)
    assert (job.counts.embedded, job.counts.failed) == (2, 0)
    assert await captions(bench) == {"a.jpg": None, "b.jpg": "image b"}
    assert any("ERR_BLIP_INFER" in warning for warning in job.progress.warnings)
    again = await bench.job(captions=True)
    assert (again.counts.unchanged, again.counts.embedded) == (1, 1)


async def test_another_captioner_says_everything_anew() -> None:
    bench = Bench(inference=captioning())
    bench.library.put(b"a.jpg", b"image a")
    await bench.job(captions=True)
    bench.inference.told = captioning("blip-2").told
    assert (await bench.job(captions=True)).counts.embedded == 1


async def test_without_captions_available_a_job_with_them_still_stores() -> None:
    bench = Bench()
    bench.library.put(b"a.jpg", b"image a")
    job = await bench.job(captions=True)
    assert job.counts.embedded == 1
    assert job.progress.warnings
    assert (await bench.job(captions=True)).counts.unchanged == 1
