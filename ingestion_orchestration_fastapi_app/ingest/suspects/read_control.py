"""Whether a file cannot be read, or its file system cannot: a good file of the root tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from anyio import Lock, sleep

from ingestion_orchestration_fastapi_app.domain.files.file import File
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.ports.library import Library, NotAnswering
from utils.contract import ErrorCode
from utils.problems import Rejected

T = TypeVar("T")

ROUNDS = 2
GAP_S = 10.0  # between them
RETRY_S = 5.0  # of a file system that fails


class ReadControl:
    """One run's control: of each root, a file that it read, or that the ledger knows as stored.

    A file that the file system fails to read (ERR_FILE_READ) is tried between two reads of that
    one. It has failed when both are fine and it is not, in two rounds; where the root has no
    such file, when it fails in both.
    """

    def __init__(self, library: Library, progress: JobProgress) -> None:
        self._library = library
        self._progress = progress
        self._good: dict[UUID, tuple[File, ...]] = {}  # two: none is its own control
        self._one_at_a_time = Lock()

    def note_good(self, file: File) -> None:
        earlier = self._good.get(file.root.id, ())[:1]
        self._good[file.root.id] = (file, *earlier)

    async def judged(self, file: File, attempt: Callable[[], Awaitable[T]]) -> T:
        """What the attempt gives, made again for as long as the file system is at fault."""
        outcome = await self._answered(file, attempt)
        failed_rounds = 0
        while _is_fault(outcome) and failed_rounds < ROUNDS:
            async with self._one_at_a_time:
                fault = await self._fault(file)
                if fault is None:
                    outcome = await self._answered(file, attempt)
                    fault = await self._fault(file) if _is_fault(outcome) else None
            if fault is not None:
                where = display_text(file.root.path)
                with self._progress.blocked(fault.code, f"{where}: {fault.detail}"):
                    await sleep(RETRY_S)
            elif _is_fault(outcome):
                failed_rounds += 1
                if failed_rounds < ROUNDS:
                    await sleep(GAP_S)
        return outcome

    async def _answered(self, file: File, attempt: Callable[[], Awaitable[T]]) -> T:
        """Waits for a root that does not answer. What is mounted in one is not waited for: its
        files have failed for this time.
        """
        while isinstance(outcome := await attempt(), NotAnswering) and not outcome.is_inner:
            where = display_text(file.root.path)
            with self._progress.blocked(outcome.code, f"{where}: {outcome.detail}"):
                await sleep(RETRY_S)
        return outcome

    async def _fault(self, suspect: File) -> Rejected | None:
        for good in self._good.get(suspect.root.id, ()):
            if good.path != suspect.path:
                return await self._library.read_fault(good)
        return None


def _is_fault(outcome: object) -> bool:
    is_read = isinstance(outcome, Rejected) and outcome.code is ErrorCode.FILE_READ
    return is_read and not isinstance(outcome, NotAnswering)
