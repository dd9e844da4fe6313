"""What a running job says of itself: stage seconds, speed, log, and whether it waits."""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.jobs.rates import (
    Eta,
    Mark,
    bottleneck,
    busy_shares,
    eta,
    recent_rate,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.metrics import WorkMetrics
from utils.contract import ErrorCode, JobState, LogLine
from utils.contract.warnings import WarningCode, WarningDetail

LOG_LINES = 200
WARNINGS = 20
MARKS = 256
_GRAVITY = (JobState.PAUSED, JobState.WAITING_FOR_ML, JobState.RUNNING)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a job that was started does not go on, in which state that is, and a fault's code."""

    state: JobState
    text: str
    code: ErrorCode | None = None


class JobProgress:
    """One running job's own account; lives on the event loop and is never shared with threads."""

    def __init__(
        self, job_id: str, saved: SavedProgress, *, kind: str, metrics: WorkMetrics
    ) -> None:
        self._job_id = job_id
        self._kind = kind
        self._metrics = metrics
        self.queues: Mapping[str, Callable[[], int]] = {}  # how much waits before each stage
        self._saved = saved
        self.workers: Mapping[str, int] = {}  # of each stage
        self._started_s = time.monotonic()
        self._stage_s: defaultdict[str, float] = defaultdict(float, saved.stages)
        self._session_stage_s: defaultdict[str, float] = defaultdict(float)
        self._bytes_read = saved.bytes_read
        self._pixel_sources: Counter[str] = Counter()
        self._log: deque[LogLine] = deque(saved.log, maxlen=LOG_LINES)
        self._warnings = {one.detail: one for one in saved.warning_details}
        self._marks: deque[Mark] = deque([Mark(self._started_s, 0)], maxlen=MARKS)
        self._opened: deque[Mark] = deque([Mark(self._started_s, 0)], maxlen=MARKS)
        self._sending = 0
        self._sending_since_s = 0.0
        self._sending_s = 0.0
        self._held: Counter[Reason] = Counter()  # by how many tasks of the job
        self.scan_complete = False
        self.removed = saved.removed
        self.done = saved.done
        self.total = saved.total
        self.links_skipped = 0  # a scan that begins anew counts anew

    @contextmanager
    def busy(self, stage: str) -> Iterator[None]:
        """Counts the time inside as work of the stage."""
        begin_s = time.monotonic()
        try:
            yield
        finally:
            elapsed_s = time.monotonic() - begin_s
            self._stage_s[stage] += elapsed_s
            self._session_stage_s[stage] += elapsed_s
            self._metrics.stage_seconds.labels(self._kind, stage).inc(elapsed_s)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """A batch is under way."""
        if not self._sending:
            self._sending_since_s = time.monotonic()
        self._sending += 1
        try:
            yield
        finally:
            self._sending -= 1
            if not self._sending:
                self._sending_s += time.monotonic() - self._sending_since_s

    @contextmanager
    def waiting(self, reason: str, code: ErrorCode | None = None) -> Iterator[None]:
        """A batch waits to be let in; the job waits when no other is being served."""
        with self._holding(Reason(JobState.WAITING_FOR_ML, reason, code)):
            yield

    @contextmanager
    def blocked(self, code: ErrorCode, reason: str) -> Iterator[None]:
        """A fault of the moment keeps a part of the job from going on."""
        self.note("job_paused", f"{code}: {reason}")
        with self._holding(Reason(JobState.PAUSED, reason, code)):
            yield

    @contextmanager
    def finishing(self, code: ErrorCode, reason: str) -> Iterator[None]:
        """All is done, and the job's end cannot be made durable yet."""
        self.note("job_finishing", f"{code}: {reason}")
        with self._holding(Reason(JobState.RUNNING, f"finishing: {reason}", code)):
            yield

    @contextmanager
    def _holding(self, reason: Reason) -> Iterator[None]:
        self._held[reason] += 1
        self._metrics.holds.labels(self._kind, reason.state, reason.code or "").inc()
        try:
            yield
        finally:
            self._held[reason] -= 1
            if not self._held[reason]:
                del self._held[reason]

    def read(self, size_bytes: int) -> None:
        self._bytes_read += size_bytes
        self._metrics.read_bytes.labels(self._kind).inc(size_bytes)

    def settled(self, images: int, *, opened: bool) -> None:
        """`opened`: these took work. What is known without it is too fast to foretell anything."""
        now_s = time.monotonic()
        self._marks.append(Mark(now_s, self._marks[-1].images + images))
        if opened:
            self._opened.append(Mark(now_s, self._opened[-1].images + images))

    def ended(self, outcome: Outcome, code: ErrorCode | None = None, *, images: int = 1) -> None:
        """Counts files where their end is durable."""
        self._metrics.images.labels(self._kind, outcome, code or "").inc(images)

    def stored(self, pixel_source: str) -> None:
        self._pixel_sources[pixel_source] += 1

    @property
    def pixel_sources(self) -> str:
        """How the pixels of what this run stored were had; empty when it stored nothing."""
        counts = sorted(self._pixel_sources.items())
        return ", ".join(f"{source} {images}" for source, images in counts)

    def note(self, event: str, detail: str = "") -> None:
        """A line in the job's log, and in the service's."""
        log.info(event, job_id=self._job_id, detail=detail)
        self._log.append(LogLine(at=datetime.now(UTC), event=event, detail=detail))

    def warn(self, code: WarningCode, **params: int | str) -> None:
        """Once, where nothing else was said of it. `params` fill the gaps of its sentence."""
        self.warn_of(WarningDetail.of(code, **params))

    def warn_of(self, warning: WarningDetail) -> None:
        if warning.detail not in self._warnings and len(self._warnings) < WARNINGS:
            self._warnings[warning.detail] = warning
            self.note("job_warning", warning.detail)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What holds the job, the gravest first. Each is gone when what it is about has passed."""
        held = [
            one
            for one in self._held
            if one.state is not JobState.WAITING_FOR_ML or not self._sending
        ]
        return tuple(sorted(held, key=lambda one: _GRAVITY.index(one.state)))

    @property
    def state(self) -> tuple[JobState, str | None, ErrorCode | None]:
        """What the job does right now, why, and the code of a fault."""
        for reason in self.reasons:
            return reason.state, reason.text, reason.code
        return JobState.RUNNING, None, None

    @property
    def rate(self) -> float:
        return recent_rate(self._marks, now_s=time.monotonic())

    def eta(self, pending: int) -> Eta | None:
        now_s = time.monotonic()
        return eta(
            pending,
            recent_rate=recent_rate(self._opened, now_s=now_s),
            average_rate=self._opened[-1].images / max(now_s - self._started_s, 1e-3),
            scan_complete=self.scan_complete,
        )

    @property
    def bottleneck(self) -> str | None:
        return bottleneck(self.busy_shares, self.workers)

    @property
    def busy_shares(self) -> dict[str, float]:
        """By stage, since the job was started or resumed."""
        now_s = time.monotonic()
        under_way_s = now_s - self._sending_since_s if self._sending else 0.0
        return busy_shares(
            self._session_stage_s,
            self.workers,
            elapsed_s=now_s - self._started_s,
            inference_s=self._sending_s + under_way_s,
        )

    def saved(self) -> SavedProgress:
        return SavedProgress(
            bytes_read=self._bytes_read,
            active_s=self._saved.active_s + time.monotonic() - self._started_s,
            stages={stage: round(seconds, 3) for stage, seconds in self._stage_s.items()},
            log=tuple(self._log),
            warning_details=tuple(self._warnings.values()),
            scan_complete=self.scan_complete,
            removed=self.removed,
            links_skipped=self.links_skipped,
            done=self.done,
            total=self.total,
        )
