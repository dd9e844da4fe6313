"""Captions on their way into points: made once, kept by content, and never at a vector's cost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingestion_orchestration_fastapi_app.domain.files import change_detection
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Embedded
from tests.component.bench import Bench
from tests.fake_inference import FakeInference
from tests.fakes import capabilities, vector_of
from utils.contract import CaptionCapabilities, ErrorCode, JobCounts
from utils.problems import Rejected

pytestmark = pytest.mark.anyio


def captioning(fingerprint: str = "blip-1") -> FakeInference:
    told = CaptionCapabilities(available=True, model="fake", fingerprint=fingerprint)
    return FakeInference(told=capabilities().model_copy(update={"captions": told}))


async def test_a_job_with_captions_makes_up_for_one_without() -> None:
    bench = Bench(inference=captioning())
    bench.library.put(b"a.jpg", b"image a")
    bench.library.put(b"copy.jpg", b"image a")
    await bench.job()
    assert await bench.captions() == {"a.jpg": None, "copy.jpg": None}
    job = await bench.job(captions=True)
    assert (job.counts.embedded, job.counts.cached) == (1, 1)
    assert await bench.captions() == {"a.jpg": "image a", "copy.jpg": "image a"}
    for with_captions in (True, False):
        again = await bench.job(captions=with_captions)
        assert again.counts.unchanged == 2
    bench.library.put(b"moved.jpg", b"image a")
    assert (await bench.job(captions=True)).counts.cached == 1, "its caption is known by content"
    assert (await bench.captions())["moved.jpg"] == "image a"


async def test_a_failed_caption_leaves_the_image_stored_and_is_not_asked_for_by_each_import(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(inference=captioning())
    bench.library.put(b"a.jpg", b"image wordless")
    bench.library.put(b"b.jpg", b"image b")
    job = await bench.job(captions=True)
    assert (job.counts.embedded, job.counts.failed) == (2, 0)
    assert await bench.captions() == {"a.jpg": None, "b.jpg": "image b"}
    assert any("ERR_BLIP_INFER" in warning for warning in job.progress.warnings)
    bench.library.opened.clear()
    again = await bench.job(captions=True)
    assert again.counts == JobCounts(found=2, unchanged=2)
    assert bench.library.opened == []
    monkeypatch.setattr(change_detection, "TRIED_AGAIN_AFTER", timedelta(0))
    for counts in [JobCounts(found=2, unchanged=1, embedded=1)] * 2 + [again.counts]:
        assert (await bench.job(captions=True)).counts == counts, "a day later, and three times"
    bench.preparation.reader_version = "fake-2"
    assert (await bench.job(captions=True)).counts.embedded == 1


async def test_a_failed_caption_is_of_the_content_wherever_it_lies_and_whatever_its_times() -> None:
    bench = Bench(inference=captioning())
    bench.library.put(b"a.jpg", b"image wordless")
    bench.library.put(b"copy.jpg", b"image wordless")
    assert (await bench.job(captions=True)).counts == JobCounts(found=2, embedded=1, cached=1)
    assert (await bench.job(captions=True)).counts.unchanged == 2
    bench.library.put(b"a.jpg", b"image wordless", mtime_ns=5)
    assert (await bench.job(captions=True)).counts == JobCounts(found=2, cached=1, unchanged=1)
    assert (await bench.job(captions=True)).counts.unchanged == 2
    assert bench.inference.inferred == [b"image wordless"]
    bench.library.put(b"a.jpg", b"image with words")
    assert (await bench.job(captions=True)).counts.embedded == 1
    assert (await bench.captions())["a.jpg"] == "image with words"


async def test_what_no_captioner_saw_is_asked_again_by_the_next_import() -> None:
    """A service that is without one for a moment says so of each image."""

    class Speechless(FakeInference):
        def _embedded(self, data: bytes, *, captions: bool) -> Embedded:
            fault = Rejected(ErrorCode.CAPTIONS_UNAVAILABLE, "It has no weights: BLIP_MODEL helps.")
            return Embedded(vector_of(data), fault=fault if captions else None)

    bench = Bench(inference=Speechless(told=captioning().told))
    bench.library.put(b"a.jpg", b"image a")
    job = await bench.job(captions=True)
    assert job.counts.embedded == 1
    (warning,) = job.progress.warnings
    for words in ("ERR_CAPTIONS_UNAVAILABLE", "BLIP_MODEL helps", "photoseek caption"):
        assert words in warning
    bench.inference = captioning()
    assert (await bench.job(captions=True)).counts.embedded == 1
    assert await bench.captions() == {"a.jpg": "image a"}


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
