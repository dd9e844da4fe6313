"""A caption job captions what has none, once, and says of the rest why not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from ingestion_orchestration_fastapi_app.captions import by_service
from ingestion_orchestration_fastapi_app.domain.files import change_detection
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Upload
from ingestion_orchestration_fastapi_app.errors import ConnectionLost, Overloaded, Unreachable
from tests.component.bench import Bench
from tests.component.caption_jobs import CaptionBench, captioning
from utils.contract import ErrorCode, JobState
from utils.metadata.photo_metadata import Metadata

pytestmark = pytest.mark.anyio


async def imported(*names: str, inference: object = None, copies: int = 0) -> CaptionBench:
    """Without captions; `copies` more of the first."""
    bench = Bench(inference=captioning()) if inference is None else Bench(inference=inference)  # type: ignore[arg-type]  # a fake service
    for name in names:
        bench.library.put(f"{name}.jpg".encode(), f"image {name}".encode())
    for number in range(copies):
        bench.library.put(f"copy{number}.jpg".encode(), f"image {names[0]}".encode())
    await bench.job()
    return CaptionBench(bench)


async def test_what_has_no_caption_gets_one_and_the_vectors_rows_are_not_touched() -> None:
    caption = await imported("a", "b", "c", "wordless", copies=2)
    bench = caption.bench
    before = await bench.store.size("default")
    points = await bench.store.page("default", limit=9, offset=0)
    job, report = await caption.captioned()
    assert job.state is JobState.COMPLETED, job.reason
    assert await bench.captions() == {
        **{f"{one}.jpg": f"image {one}" for one in ("a", "b", "c")},
        **{f"copy{one}.jpg": "image a" for one in range(2)},
        "wordless.jpg": None,
    }
    assert report.numbers == {"captioned": 5, "failed": 1, "away": 0, "known": 0}
    assert report.findings["ERR_BLIP_INFER"].examples[0].path == "/photos/wordless.jpg"
    assert (job.progress.done, job.progress.total) == (6, 6)
    assert "1 images could not be captioned" in (job.reason or "")
    assert "ERR_BLIP_INFER" in (job.reason or "")
    assert await bench.store.size("default") == before
    assert await bench.store.page("default", limit=9, offset=0) == points
    seen = [data for batch in bench.inference.captioned for data in batch]
    assert sorted(seen) == [b"image a", b"image b", b"image c", b"image wordless"]


async def test_a_second_job_asks_nobody_and_opens_no_file() -> None:
    caption = await imported("a", "b", "wordless")
    await caption.captioned()
    bench = caption.bench
    bench.inference.captioned.clear()
    bench.library.opened.clear()
    job, report = await caption.captioned()
    assert (bench.inference.captioned, bench.library.opened) == ([], [])
    assert report.numbers == {"captioned": 0, "failed": 0, "away": 0, "known": 1}
    assert "--retry" in (job.reason or "")
    again = await bench.job(captions=True)
    assert again.counts.unchanged == 3, "an import knows the captions, and the verdict"


async def test_a_verdict_counts_for_its_readers_for_a_day_and_until_somebody_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caption = await imported("wordless")
    for _ in range(2):
        await caption.captioned()
    assert len(caption.bench.inference.captioned) == 1
    await caption.captioned(retry=True)
    assert len(caption.bench.inference.captioned) == 2
    caption.bench.preparation.reader_version = "fake-2"
    await caption.captioned()
    assert len(caption.bench.inference.captioned) == 3
    monkeypatch.setattr(change_detection, "TRIED_AGAIN_AFTER", timedelta(0))
    for _ in range(4):
        await caption.captioned()
    assert len(caption.bench.inference.captioned) == 5, "three times in all"


async def test_another_captioner_captions_anew_only_where_that_is_asked_and_loses_nothing() -> None:
    caption = await imported("a", "b")
    bench = caption.bench
    await caption.captioned()
    bench.library.put(b"a.jpg", b"image a wordless", mtime_ns=7)
    await bench.job()
    await caption.captioned()
    bench.inference.told = captioning("blip-2").told
    _, report = await caption.captioned()
    assert report.numbers["captioned"] == 0 == report.numbers["failed"] - 1
    bench.library.put(b"b.jpg", b"image b")
    _, report = await caption.captioned(renew=True)
    assert report.numbers["captioned"] == 1
    collection = await bench.collection()
    points = await bench.store.page("default", limit=9, offset=0)
    by = await bench.ledger.captions.described(collection.id, [one.id for one in points])
    assert {one.fingerprint for one in by.values()} == {"blip-2"}
    assert (await bench.captions())["b.jpg"] == "image b"


async def test_a_caption_that_fails_anew_leaves_the_old_one() -> None:
    caption = await imported("a")
    bench = caption.bench
    await caption.captioned()

    bench.inference.told = captioning("blip-2").told
    bench.inference._embedded = lambda data, *, captions: captioning()._embedded(  # type: ignore[method-assign]  # says nothing of any picture
        b"wordless", captions=captions
    )
    _, report = await caption.captioned(renew=True)
    assert report.numbers["failed"] == 1
    assert await bench.captions() == {"a.jpg": "image a"}
    _, report = await caption.captioned()
    assert report.numbers["failed"] == report.numbers["known"] == 0, "it has a caption"


async def test_only_what_the_filters_let_through_is_captioned() -> None:
    caption = await imported("a")
    bench = caption.bench
    bench.library.put(b"x-b.jpg", b"image b")
    bench.library.metadata[b"x-b.jpg"] = Metadata(rating=5)
    bench.library.put(b"x-c.jpg", b"image c")
    await bench.job()
    options = {"filters": {"path_prefix": "/photos/X-", "none_of": [{"rating_min": 4}]}}
    _, report = await caption.captioned(**options)
    assert report.numbers["captioned"] == 1
    assert await bench.captions() == {
        "a.jpg": None,
        "x-b.jpg": None,
        "x-c.jpg": "image c",
    }


async def test_what_is_away_is_counted_and_captioned_by_a_later_job() -> None:
    caption = await imported("a", "b", "c")
    gone = caption.bench.library.files.pop(b"b.jpg")
    caption.is_allowed = lambda path: path != b"/photos/c.jpg"
    job, report = await caption.captioned()
    assert report.numbers["away"] == 2
    assert {one.path for one in report.findings["image_away"].examples} == {
        "/photos/b.jpg",
        "/photos/c.jpg",
    }
    assert "2 images were away" in (job.reason or "")
    caption.bench.library.files[b"b.jpg"] = gone
    caption.is_allowed = lambda _: True
    _, report = await caption.captioned()
    assert report.numbers == {"captioned": 2, "failed": 0, "away": 0, "known": 0}


async def test_no_decoder_is_a_reason_to_wait_and_blames_no_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingestion_orchestration_fastapi_app.captions.pictures._RETRY_S", 0.01)
    caption = await imported("a")
    caption.rendering.down = 2
    job, report = await caption.captioned()
    assert report.numbers["captioned"] == 1
    assert any("ERR_DECODERS" in line.detail for line in job.progress.log)


async def test_a_service_that_is_busy_away_or_falls_silent_is_waited_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faults = [
        Overloaded("busy", retry_after_s=0.01),
        ConnectionLost("lost"),
        Unreachable("gone"),
        ConnectionLost("lost"),
    ]
    caption = await imported("a", "b", "c", "d", "e")

    def fails(uploads: Mapping[str, Upload]) -> None:
        if faults and "canary" not in uploads:
            raise faults.pop()

    caption.bench.inference.behaviour = fails
    job, report = await caption.captioned()
    assert job.state is JobState.COMPLETED, job.reason
    assert (report.numbers["captioned"], report.findings) == (5, {})
    assert faults == []


async def test_a_picture_that_takes_the_service_down_each_time_is_refused_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(by_service, "STRIKE_GAP_S", 0.01)
    caption = await imported("a", "poison", "c")

    def dies(uploads: Mapping[str, Upload]) -> None:
        if any(one.data == b"image poison" for one in uploads.values()):
            raise ConnectionLost("lost")

    caption.bench.inference.behaviour = dies
    job, report = await caption.captioned()
    assert job.state is JobState.COMPLETED, job.reason
    assert report.numbers["captioned"] == 2
    assert report.findings["ERR_BLIP_INFER"].examples[0].path == "/photos/poison.jpg"
    assert caption.bench.inference.canaries >= 4


async def test_without_a_captioner_the_job_fails_and_says_why_and_what_helps() -> None:
    why = "The captioning model X cannot be had. Any one of these helps: BLIP_MODEL=..."
    caption = await imported("a", inference=captioning(detail=why))
    job, _ = await caption.captioned()
    assert (job.state, job.reason_code) == (JobState.FAILED, ErrorCode.CAPTIONS_UNAVAILABLE)
    assert why in (job.reason or "")
    caption.captioners = ()
    job, _ = await caption.captioned()
    assert "DISABLE_CAPTIONS" in (job.reason or "")
    job, _ = await caption.captioned(captioner="endpoint")
    assert job.reason_code is ErrorCode.CAPTIONS_UNAVAILABLE


async def test_a_service_that_loses_its_captioner_ends_the_job_with_the_cause() -> None:
    caption = await imported("a", "b")
    service = caption.bench.inference

    def loses(uploads: Mapping[str, Upload]) -> None:
        service.told = captioning(detail="the weights are gone").told

    service.behaviour = loses
    job, _ = await caption.captioned()
    assert (job.state, job.reason_code) == (JobState.FAILED, ErrorCode.CAPTIONS_UNAVAILABLE)
    assert "the weights are gone" in (job.reason or "")


async def test_weights_that_are_fetched_first_name_the_captioner_with_a_canary() -> None:
    service = captioning(None)
    service.unnamed = "blip-fetched"
    caption = await imported("a", inference=service)
    job, report = await caption.captioned()
    assert (job.state, report.numbers["captioned"]) == (JobState.COMPLETED, 1)
    assert service.canaries == 1


async def test_an_empty_collection_is_said_at_once() -> None:
    caption = CaptionBench(Bench(inference=captioning()))
    job, _ = await caption.captioned()
    assert (job.state, job.reason_code) == (JobState.FAILED, ErrorCode.VALIDATION)
