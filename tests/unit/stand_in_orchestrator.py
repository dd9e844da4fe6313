"""A stand-in for the orchestrator that answers real HTTP with what a test puts in."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from utils.contract import (
    LOCAL_SECRET_HEADER,
    AllowedRootList,
    CollectionList,
    CollectionReply,
    ErrorCode,
    FailurePage,
    FailureReply,
    InferenceService,
    InferenceState,
    InferenceSummary,
    IngestAccepted,
    JobCounts,
    JobList,
    JobReply,
    JobReport,
    JobState,
    OrchestratorCapabilities,
    ProblemBody,
    Reply,
    SearchHit,
    SearchReply,
)
from utils.contract.system.overview import SYSTEM, SystemReply

JOB_ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
RETRY_ID = "1f1e2d3c4b5a69788796a5b4c3d2e1f0"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UNSETTLED = JobCounts(found=3, pending=3)
SETTLED = JobCounts(found=3, embedded=1, failed=2)


def job(state: JobState, counts: JobCounts = UNSETTLED, **changes: object) -> JobReply:
    base = JobReply(
        job_id=JOB_ID,
        state=state,
        reason=None,
        reason_code=None,
        collection="default",
        directory_path="/photos",
        counts=counts,
        scan_complete=True,
        bytes=1,
        rate_images_per_s=2.5,
        eta_s=61.0,
        stages={},
        bottleneck=None,
        errors_by_code={"ERR_FILE_EMPTY": counts.failed} if counts.failed else {},
        warnings=(),
        log=(),
        started_at=NOW,
        updated_at=NOW,
        finished_at=None,
    )
    return base.model_copy(update=changes)


def hit(path: str, score: float) -> SearchHit:
    return SearchHit(
        id="p1",
        path=path,
        filename=path.rsplit("/", 1)[-1],
        thumbnail_url="/t",
        preview_url="/p",
        file_url="/f",
        width_px=1,
        height_px=1,
        bytes=1,
        format="jpeg",
        taken_at=None,
        camera_make=None,
        camera_model=None,
        latitude=None,
        longitude=None,
        caption=None,
        partial=False,
        pixel_source="image",
        rung="image",
        sha256="00",
        score=score,
    )


class StandInOrchestrator:
    """Answers with what a test puts in; `heard` keeps each request's method, path and body."""

    def __init__(self) -> None:
        self.report = JobReport(
            job_id=JOB_ID,
            kind="verify",
            state=JobState.COMPLETED,
            numbers={"files": 3, "points": 2},
            findings=(),
        )
        self.jobs = [job(JobState.COMPLETED, SETTLED)]  # one a poll, the last one for ever
        self.hits: tuple[SearchHit, ...] = (hit("/photos/red.png", 0.5),)
        self.about: dict[str, object] = {}  # a search, more than its hits
        # By method and path below the prefix: one a call, the last one for ever.
        self.answers: dict[tuple[str, str], list[Reply]] = {}
        self.problem: ProblemBody | None = None
        self.reachable = True
        self.heard: list[tuple[str, str, dict[str, object]]] = []
        self.keys: list[str | None] = []
        self.secrets: list[str | None] = []

    collection = CollectionReply(
        name="default",
        count=1234,
        model="tiny-shapes",
        fingerprint="f",
        roots=("/photos",),
        last_job_id=JOB_ID,
    )

    def put_in(self, method: str, path: str) -> Reply | None:
        answers = self.answers.get((method, path.removeprefix("/api/v1").split("?")[0]))
        if answers is None:
            return None
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def answer(self, method: str, path: str) -> Reply:
        assert path.startswith("/api/v1/")
        fixed: dict[tuple[str, str], Reply] = {
            ("POST", "/collections"): self.collection,
            ("GET", "/jobs/j1/report"): self.report,
            ("GET", "/system"): SystemReply.model_validate(SYSTEM),
            ("PATCH", "/collections/default"): self.collection.model_copy(update={"name": "italy"}),
        }
        match method, path.removeprefix("/api/v1").split("?")[0].replace(JOB_ID, "j1"):
            case called if called in fixed:
                return fixed[called]
            case "POST", "/ingest" | "/jobs":
                return IngestAccepted(job_id=JOB_ID, status_url=f"/api/v1/jobs/{JOB_ID}")
            case "POST", "/jobs/j1/retry-failed":
                return IngestAccepted(job_id=RETRY_ID, status_url=f"/api/v1/jobs/{RETRY_ID}")
            case "POST", "/jobs/j1/pause" | "/jobs/j1/resume" | "/jobs/j1/cancel":
                return self.jobs[0]
            case "GET", "/jobs/j1":
                return self.jobs.pop(0) if len(self.jobs) > 1 else self.jobs[0]
            case "GET", "/jobs":
                begins = path.partition("id_prefix=")[2]
                return JobList(
                    jobs=tuple(one for one in self.jobs if one.job_id.startswith(begins))
                )
            case "DELETE", "/roots":
                return AllowedRootList(roots=())
            case "GET", "/jobs/j1/failures":
                failures = tuple(
                    FailureReply(
                        path=f"/photos/{name}", code=ErrorCode.FILE_EMPTY, detail="empty", at=NOW
                    )
                    for name in ("a.jpg", "b\x1b[2J.jpg")
                )
                return FailurePage(failures=failures, total=2, next_offset=None)
            case "POST", "/search" | "/search/pictures" | "/search/text":
                reply = SearchReply(results=self.hits, collection="default", model="tiny-shapes")
                return reply.model_copy(update=self.about)
            case "GET", "/collections":
                return CollectionList(collections=(self.collection,))
            case "GET", "/capabilities":
                return OrchestratorCapabilities(
                    safe_clip_batch=0,
                    batch_size=128,
                    formats=("jpeg",),
                    captions_available=False,
                    ingest_roots=("/photos",),
                    inference=InferenceSummary(
                        url="http://127.0.0.1:8001",
                        reachable=self.reachable,
                        detail=None if self.reachable else "refused",
                    ),
                    inference_services=(
                        InferenceService(
                            url="http://127.0.0.1:8001",
                            state=InferenceState.READY if self.reachable else InferenceState.AWAY,
                            fingerprint=None,
                            detail=None if self.reachable else "refused",
                        ),
                    ),
                    ml=None,
                )
        raise AssertionError(f"unexpected call: {method} {path}")


@contextmanager
def stand_in_orchestrator() -> Iterator[tuple[StandInOrchestrator, int]]:
    """The stand-in and the port of the loopback where it answers."""
    stand_in = StandInOrchestrator()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/health/ready":
                self._send(200, b'{"status": "ok", "detail": null, "inference": []}')
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            stand_in.heard.append(
                (self.command, self.path, json.loads(body) if body[:1] == b"{" else {})
            )
            stand_in.keys.append(self.headers.get("X-API-Key"))
            stand_in.secrets.append(self.headers.get(LOCAL_SECRET_HEADER))
            answer = stand_in.problem or stand_in.put_in(self.command, self.path)
            if answer is None:
                answer = stand_in.answer(self.command, self.path)
            status = answer.status if isinstance(answer, ProblemBody) else 200
            self._send(status, answer.model_dump_json(by_alias=True).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def do_DELETE(self) -> None:
            self.do_GET()

        def do_PATCH(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield stand_in, server.server_port
        server.shutdown()
        thread.join()
