"""What the work of a job comes to, whatever happens in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from anyio import get_cancelled_exc_class

from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreRead, StoreWrite
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError, reason_of
from ingestion_orchestration_fastapi_app.jobs.stop import Stop
from utils.contract import ErrorCode, JobState
from utils.problems import Problem, resource_shortage

log = structlog.get_logger(__name__)

_ENDS_OF_PROCESS = (KeyboardInterrupt, SystemExit, GeneratorExit)


@dataclass(frozen=True, slots=True)
class Ending:
    """What a run came to by itself: a final state."""

    state: JobState
    reason: str | None = None
    code: ErrorCode | None = None


BUG = Ending(JobState.FAILED, "an internal error, see the log", ErrorCode.INTERNAL)


def is_fault(exc: BaseException) -> bool:
    """Whether something went wrong, so that it is no cancellation, and the process does not end.

    Native libraries panic with exceptions that are none of Python's `Exception`.
    """
    return not isinstance(exc, (get_cancelled_exc_class(), *_ENDS_OF_PROCESS))


async def result_of(
    work: Callable[[], Awaitable[Ending | None]], stop: Stop
) -> Ending | Problem | None:
    """What the work came to. Any fault of it is the job's end; only what is none is raised.

    A problem is the moment's: the process lacked something, or the ledger, the store or the disk
    could not be used, and the work may go on later.
    """
    try:
        return await work()
    except BaseException as exc:  # a bug, or a panic, ends one job
        faults = _leaves(exc)
        for fault in faults:
            if not is_fault(fault):
                raise fault from None
        if (lacking := resource_shortage(exc)) is not None:
            log.warning("job_lacks_resources", detail=lacking.detail)
            return None if stop.asked else lacking
        known = [fault for fault in faults if isinstance(fault, (JobFailedError, Problem))]
        if known and stop.asked:  # a disk that is full while it is stopped is no reason to fail
            return None
        for fault in known:
            if isinstance(fault, Problem) and _is_moments(fault):
                log.warning("job_storage_failed", code=fault.code, detail=reason_of(fault))
                return fault
        if known:
            return Ending(JobState.FAILED, reason_of(known[0]), known[0].code)
        log.exception("job_failed_by_a_bug", exc_info=exc)
        return BUG


def _is_moments(problem: Problem) -> bool:
    """Whether the same work may go well later. A damaged table is mended by a later import only."""
    if isinstance(problem, StoreRead):
        return problem.damaged_table is None
    return isinstance(problem, (StoreWrite, DiskFull))


def _leaves(exc: BaseException) -> list[BaseException]:
    if isinstance(exc, BaseExceptionGroup):
        return [leaf for inner in exc.exceptions for leaf in _leaves(inner)]
    return [exc]
