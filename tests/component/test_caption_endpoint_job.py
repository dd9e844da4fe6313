"""A caption job by an endpoint: bad moments are waited out, and only a bad picture is blamed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest

from ingestion_orchestration_fastapi_app.adapters.caption_http.client import EndpointClient
from ingestion_orchestration_fastapi_app.adapters.caption_http.dialects import (
    DIALECTS,
    DialectName,
)
from ingestion_orchestration_fastapi_app.captions import by_endpoint
from ingestion_orchestration_fastapi_app.captions.by_endpoint import EndpointCaptioner
from ingestion_orchestration_fastapi_app.captions.by_service import ServiceCaptioner
from ingestion_orchestration_fastapi_app.domain.captions.instructions import (
    endpoint_fingerprint,
    instructions,
)
from ingestion_orchestration_fastapi_app.domain.captions.records import Captioner
from ingestion_orchestration_fastapi_app.domain.inference.retry_policy import RetryPolicy
from tests.component.bench import Bench
from tests.component.caption_endpoint import Answer, StandInCaptioner, caption_endpoint
from tests.component.caption_jobs import CaptionBench, captioning
from utils.contract import ErrorCode, JobState

pytestmark = pytest.mark.anyio

CONTROL = b"the control"
QUICK = RetryPolicy(base_s=0.01, max_s=0.02, asked_max_s=0.02)


def as_it_is(data: bytes, *, side_px: int) -> bytes:
    return data


@dataclass
class Endpoint:
    """A bench whose captioner is asked over HTTP; `dialect` for each of its tests."""

    stand_in: StandInCaptioner
    http: httpx.AsyncClient
    dialect: DialectName

    def captioner(self, *, prompt: str = "Describe.", timeout_s: float = 20) -> EndpointCaptioner:
        asked = instructions(prompt, language="German", most_words=9)
        dialect, url = DIALECTS[self.dialect], self.stand_in.url
        client = EndpointClient(self.http, dialect, url, "m", asked, 9, timeout_s)
        named = Captioner(endpoint_fingerprint("m", asked), "m", url)
        return EndpointCaptioner(client, named, as_it_is, CONTROL, 768, 2, policy=QUICK)

    async def bench(self, *names: str, captioner: EndpointCaptioner | None = None) -> CaptionBench:
        bench = Bench(inference=captioning())
        for name in names:
            bench.library.put(f"{name}.jpg".encode(), f"image {name}".encode())
        await bench.job()
        return CaptionBench(bench, captioners=(captioner or self.captioner(),))

    @property
    def pictures(self) -> list[bytes]:
        return [one for one in self.stand_in.pictures if one != CONTROL]


@pytest.fixture(params=["openai", "ollama"])
async def endpoint(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Endpoint]:
    monkeypatch.setattr(by_endpoint, "STRIKE_GAP_S", 0.01)
    monkeypatch.setattr(by_endpoint, "LEAST_REST_S", 0.01)
    with caption_endpoint() as stand_in:
        async with httpx.AsyncClient(trust_env=False) as http:
            yield Endpoint(stand_in, http, request.param)


async def test_each_picture_is_asked_about_once_in_the_words_that_are_set(
    endpoint: Endpoint,
) -> None:
    caption = await endpoint.bench("a", "b", "c")
    job, report = await caption.captioned()
    assert job.state is JobState.COMPLETED, job.reason
    assert report.numbers == {"captioned": 3, "failed": 0, "away": 0, "known": 0}
    assert await caption.bench.captions() == {f"{one}.jpg": f"image {one}" for one in "abc"}
    assert sorted(endpoint.pictures) == [b"image a", b"image b", b"image c"]
    assert {one.prompt for one in endpoint.stand_in.heard} == {
        "Describe. Use at most 9 words. Answer in German."
    }
    (warning,) = job.progress.warnings
    assert f"pictures are sent to {endpoint.stand_in.url}" in warning


async def test_a_bad_moment_costs_no_caption_and_blames_no_picture(endpoint: Endpoint) -> None:
    bad = [
        Answer(status=429, headers={"Retry-After": "0"}, body=b""),
        Answer(status=429, body=b""),
        Answer(status=503, body=b""),
        Answer(status=500, body=b"<html>oops"),
        Answer("half", cut=True),
        Answer(media_type="text/html", body=b"<html>Sign in"),
    ]
    caption = await endpoint.bench(*(f"{number:02d}" for number in range(12)))
    endpoint.stand_in.script.extend([Answer("the control is seen"), *bad])
    job, report = await caption.captioned()
    assert job.state is JobState.COMPLETED, job.reason
    assert (report.numbers["captioned"], report.findings) == (12, {})
    assert not endpoint.stand_in.script
    assert len(set(endpoint.pictures)) == 12


async def test_an_endpoint_that_is_wrong_for_long_is_waited_for_and_says_why(
    endpoint: Endpoint,
) -> None:
    """A key that was taken back: the job waits, with the reason, and goes on."""
    refused = Answer(status=401, body=b'{"error": {"message": "no such key"}}')
    caption = await endpoint.bench("a", "b", "c", "d")
    endpoint.stand_in.script.extend([Answer("x"), *[refused] * 8])
    seen: set[tuple[JobState, str | None]] = set()
    async with caption.serving() as scheduler:
        record = await caption.submitted(scheduler)

        def look(_: object) -> bool:
            live = scheduler.live_progress(record.id)
            if live is not None:
                seen.update((one.state, one.text) for one in live.reasons)
                assert all(one.code is ErrorCode.CAPTIONER for one in live.reasons)
            return any(state is JobState.WAITING_FOR_ML for state, _ in seen)

        await caption.bench.until(record.id, look)
        ended = await caption.bench.ended(record.id)
    assert ended.state is JobState.COMPLETED
    assert any("no such key" in (text or "") and "CAPTION_KEY" in (text or "") for _, text in seen)
    assert all((await caption.bench.captions()).values())


async def test_what_is_wrong_from_the_start_ends_the_job_with_the_cause(
    endpoint: Endpoint,
) -> None:
    caption = await endpoint.bench("a")
    endpoint.stand_in.script.append(Answer(status=404, body=b'{"error": "model m not found"}'))
    job, _ = await caption.captioned()
    assert (job.state, job.reason_code) == (JobState.FAILED, ErrorCode.CAPTIONS_UNAVAILABLE)
    assert "model m not found" in (job.reason or "")
    assert "CAPTION_MODEL" in (job.reason or "")
    assert endpoint.pictures == [], "no picture has left"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(""), ErrorCode.CAPTION_REFUSED),
        (Answer(status=400, body=b'{"error": "picture too odd"}'), ErrorCode.CAPTIONER),
        (Answer(status=500, body=b""), ErrorCode.CAPTIONER),
        (Answer(media_type="text/html", body=b"<html>"), ErrorCode.CAPTIONER),
        (Answer("x", cut=True), ErrorCode.CAPTIONER),
        (Answer(silent=True), ErrorCode.CAPTIONER),
    ],
    ids=["empty", "refused", "broken", "a page", "cut off", "silent"],
)
async def test_a_picture_that_fails_between_good_ones_is_refused_alone_and_not_asked_again(
    endpoint: Endpoint, answer: Answer, code: ErrorCode
) -> None:
    endpoint.stand_in.poison[b"image bad"] = answer
    timeout_s = 1.5 if answer.silent else 20
    captioner = endpoint.captioner(timeout_s=timeout_s)
    caption = await endpoint.bench("a", "bad", "c", captioner=captioner)
    job, report = await caption.captioned()
    assert job.state is JobState.COMPLETED, job.reason
    assert await caption.bench.captions() == {
        "a.jpg": "image a",
        "bad.jpg": None,
        "c.jpg": "image c",
    }
    assert report.findings[code].examples[0].path == "/photos/bad.jpg"
    asked = len(endpoint.pictures)
    _, report = await caption.captioned()
    assert report.numbers["known"] == 1
    assert len(endpoint.pictures) == asked
    _, report = await caption.captioned(retry=True)
    assert report.numbers["failed"] == 1


async def test_another_prompt_is_another_captioner_and_the_address_is_not(
    endpoint: Endpoint,
) -> None:
    caption = await endpoint.bench("a", "b")
    await caption.captioned()
    first = endpoint.captioner().captioner
    moved = replace(first, recipient="http://elsewhere")
    assert moved.fingerprint == first.fingerprint
    caption.captioners = (endpoint.captioner(prompt="In verse."),)
    _, report = await caption.captioned()
    assert report.numbers["captioned"] == 0, "they have a caption"
    _, report = await caption.captioned(renew=True)
    assert report.numbers["captioned"] == 2
    assert len(endpoint.pictures) == 4


async def test_the_captioner_is_chosen_by_name_and_an_import_leaves_what_the_endpoint_said(
    endpoint: Endpoint,
) -> None:
    caption = await endpoint.bench("a", "b")
    bench = caption.bench
    async with caption.serving() as scheduler:
        service = ServiceCaptioner(scheduler.pool, 128)
    caption.captioners = (endpoint.captioner(), service)
    endpoint.stand_in.script.extend([Answer("x"), Answer("said by m"), Answer("said by m, too")])
    await caption.captioned(captioner="endpoint")
    ours = await bench.captions()
    assert set(ours.values()) == {"said by m", "said by m, too"}
    imported = await bench.job(captions=True)
    assert imported.counts.unchanged == 2, "they have a caption"
    bench.library.put(b"a.jpg", b"image a", mtime_ns=77)
    for captions, force in ((False, False), (True, False), (False, True)):
        await bench.job(captions=captions, force=force)
        assert await bench.captions() == ours
    collection = await bench.collection()
    points = await bench.store.page("default", limit=9, offset=0)
    by = await bench.ledger.captions.described(collection.id, [one.id for one in points])
    captioner = endpoint.captioner().captioner
    assert {(one.fingerprint, one.model) for one in by.values()} == {(captioner.fingerprint, "m")}
    bench.library.put(b"a.jpg", b"image of another", mtime_ns=99)
    await bench.job()
    assert (await bench.captions())["a.jpg"] is None, "it shows something else"
    assert (await bench.captions())["b.jpg"] == ours["b.jpg"]
