"""A service that hangs, or dies of one file: the moment is told from the file by a canary."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx
import pytest
from anyio import create_task_group
from anyio.abc import SocketStream
from anyio.lowlevel import checkpoint
from PIL import Image

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Upload
from ingestion_orchestration_fastapi_app.errors import ConnectionLost, Overloaded, Unreachable
from ingestion_orchestration_fastapi_app.inference_pool.canary import canary_upload
from tests.component.bench import Bench, mixed_folder
from tests.component.orchestrator_app import FakeService, orchestrator, paint
from tests.component.service_fakes import images, short_waits
from tests.component.test_pipeline import MIXED
from tests.fake_inference import FakeInference
from tests.fakes import capabilities
from utils.contract import PPM_MEDIA_TYPE, RAW_MEDIA_TYPE, ErrorCode, JobState
from utils.imaging.formats import Format, sniff

pytestmark = pytest.mark.anyio

LOST = ConnectionLost("the inference service was lost before it answered")


async def test_a_service_that_answers_no_batch_for_a_while_condemns_no_file() -> None:
    """Whatever it is sent, for thirty requests; it says all the time what it is."""
    asked = 0

    def hangs(uploads: Mapping[str, Upload]) -> None:
        nonlocal asked
        asked += 1
        if asked <= 30:
            raise LOST

    with short_waits():
        bench = Bench(inference=FakeInference(hangs))
        mixed_folder(bench.library)
        job = await bench.job()
    assert job.counts == MIXED
    assert max(Counter(bench.inference.inferred).values()) == 1
    assert set((await bench.rows()).values()) == {1}
    assert len(bench.inference.batches) < 10, "no batch was cut for it"


async def test_a_job_whose_service_hangs_says_that_it_waits_and_why() -> None:
    is_hung = True

    def hangs(uploads: Mapping[str, Upload]) -> None:
        if is_hung:
            raise LOST

    with short_waits():
        bench = Bench(inference=FakeInference(hangs))
        images(bench.library, 20)
        scheduler = bench.scheduler()
        async with create_task_group() as tg:
            await tg.start(scheduler.serve)
            job = await bench.submitted(scheduler)
            while (progress := scheduler.live_progress(job.id)) is None or (
                progress.state[0] is not JobState.WAITING_FOR_ML
            ):
                await checkpoint()
            assert progress.state[1:] == (f"http://ml: {LOST}", ErrorCode.ML_UNAVAILABLE)
            is_hung = False
            ended = await bench.ended(job.id)
            tg.cancel_scope.cancel()
    assert (ended.counts.embedded, ended.counts.failed) == (20, 0)


async def test_files_that_end_their_service_are_found_and_no_other_is_blamed() -> None:
    """It is a moment until the service is back. What was beside a poison is lost with it."""
    down = 0
    service = FakeInference()
    running: list[Mapping[str, Upload]] = []

    def dies(uploads: Mapping[str, Upload]) -> None:
        nonlocal down
        if down:
            down -= 1
            raise Unreachable("its supervisor is starting it")
        running.append(uploads)
        if any(b"poison" in upload.data for upload in uploads.values()):
            down = 3
            raise LOST

    service.behaviour = dies
    with short_waits():
        bench = Bench(inference=service)
        images(bench.library, 40)
        for number in range(3):
            bench.library.put(b"01%d-poison.jpg" % number, b"image poison %d" % number)
        job = await bench.job()
    failures, _ = await bench.ledger.jobs.failures(job.id, limit=100, offset=0)
    assert sorted(one.display_path for one in failures) == [
        f"/photos/01{number}-poison.jpg" for number in range(3)
    ]
    assert {one.code for one in failures} == {ErrorCode.FILE_QUARANTINED}
    assert "embedded another picture before and after each time" in str(failures[0].detail)
    assert job.counts.embedded == 40
    assert service.canaries >= 3 * 4, "before and after, two times each"


async def test_a_file_that_was_condemned_is_tried_again_without_neighbours() -> None:
    companies: list[int] = []

    def dies(uploads: Mapping[str, Upload]) -> None:
        if any(b"poison" in upload.data for upload in uploads.values()):
            companies.append(len(uploads))
            raise LOST

    with short_waits():
        bench = Bench(inference=FakeInference(dies))
        images(bench.library, 20)
        bench.library.put(b"010-poison.jpg", b"image poison")
        first = await bench.job()
        assert max(companies) > 1
        companies.clear()
        again = await bench.job(force=True)
    assert companies == [1, 1], "one try a strike"
    assert first.counts == again.counts
    assert again.errors_by_code == {ErrorCode.FILE_QUARANTINED: 1}


async def test_a_file_that_fails_once_while_its_canary_fails_is_not_blamed() -> None:
    """The service hangs from the moment when the file is sent until its canary was lost too."""
    lost = Counter[str]()

    def falls(uploads: Mapping[str, Upload]) -> None:
        is_canary = "canary" in uploads
        if lost["file"] < 6 and not is_canary:
            lost["file"] += 1
            raise LOST
        if is_canary and lost["canary"] < lost["file"] - 1:  # the canary after each loss
            lost["canary"] += 1
            raise LOST

    with short_waits():
        bench = Bench(inference=FakeInference(falls))
        bench.library.put(b"a.jpg", b"image a")
        job = await bench.job()
    assert (job.counts.embedded, job.counts.failed) == (1, 0)


async def test_being_told_to_wait_is_no_answer_to_a_canary() -> None:
    """Neither for a file nor against it: it is sent again."""
    refusals = 0

    def busy_for_canaries(uploads: Mapping[str, Upload]) -> None:
        nonlocal refusals
        if any(b"poison" in upload.data for upload in uploads.values()):
            raise LOST
        if "canary" in uploads and refusals < 20:
            refusals += 1
            raise Overloaded("busy", retry_after_s=0.001)

    with short_waits():
        bench = Bench(inference=FakeInference(busy_for_canaries))
        mixed_folder(bench.library)
        bench.library.put(b"poison.jpg", b"image poison")
        job = await bench.job()
    assert refusals == 20
    assert job.errors_by_code[ErrorCode.FILE_QUARANTINED] == 1
    assert job.counts.failed == MIXED.failed + 1


@dataclass
class HungService:
    """Reads each batch and does not answer it for as long as `is_hung`; says what it is."""

    service: FakeService = field(default_factory=FakeService)
    is_hung: bool = True
    unanswered: int = 0
    canaries: int = 0  # that were answered

    async def serve(self, stream: SocketStream) -> None:
        # A client that is closed in the middle of a question, as at the end of a test, is no fault.
        async with stream:
            with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                await self._answer(stream)

    async def _answer(self, stream: SocketStream) -> None:
        buffered = b""
        while b"\r\n\r\n" not in buffered:
            buffered += await stream.receive()
        head, _, body = buffered.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, path, _ = first.split()
        headers = httpx.Headers([_header(line) for line in lines])
        while len(body) < int(headers.get("content-length", 0)):
            body += await stream.receive()
        if self.is_hung and method == "POST":
            self.unanswered += 1
            await anyio.sleep_forever()
        request = httpx.Request(method, f"http://ml{path}", headers=headers, content=body)
        self.canaries += b'filename="canary"' in body
        answer = self.service(request)
        await stream.send(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(answer.content) + answer.content
        )


def _header(line: str) -> tuple[str, str]:
    key, _, value = line.partition(": ")
    return key, value


@asynccontextmanager
async def served(hung: HungService) -> AsyncIterator[str]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener, create_task_group() as tg:
        tg.start_soon(listener.serve, hung.serve)
        yield f"http://127.0.0.1:{port}"
        tg.cancel_scope.cancel()


async def test_a_hung_service_over_the_network_costs_nothing_but_time(tmp_path: Path) -> None:
    """Four good files and a service that takes them and falls silent, then comes back."""
    for number in range(4):
        paint(tmp_path / "photos" / f"{number}.png", f"#{number}08040")
    hung = HungService()
    with short_waits():
        async with (
            served(hung) as url,
            orchestrator(
                tmp_path,
                over_network=True,
                ml_inference_service_url=url,
                ml_request_timeout_s=1,
            ) as running,
        ):
            accepted = await running.post("/ingest", {"directory_path": str(running.photos)})
            job_id = accepted.json()["job_id"]
            while hung.unanswered < 3:
                await anyio.sleep(0.01)  # what a time-out on the other side of HTTP has counted
            assert (await running.get(f"/jobs/{job_id}"))["counts"]["failed"] == 0
            hung.is_hung = False
            job = await running.ended(job_id)
    assert job["counts"]["embedded"] == 4
    assert job["errors_by_code"] == {}
    assert hung.canaries, "it was not used before it had answered one"


@pytest.mark.parametrize("media_type", [PPM_MEDIA_TYPE, "image/jpeg", RAW_MEDIA_TYPE])
def test_a_canary_goes_the_way_of_the_file(media_type: str) -> None:
    told = capabilities()
    sent = canary_upload(told, like=Upload(b"a file", media_type, whole=b"a whole"))
    assert sent.media_type == media_type
    if media_type == RAW_MEDIA_TYPE:
        assert sniff(sent.data, hint="") is Format.DNG
        return
    for data, side_px in (
        (sent.data, told.upload.clip.side_px),
        (sent.whole, told.upload.caption.side_px),
    ):
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.size == (side_px, side_px)
