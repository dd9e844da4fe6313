"""The states of a job and the moves between them: one table."""

from __future__ import annotations

from utils.contract import JobState

FINAL = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})

MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.PAUSED, JobState.CANCELLED}),
    JobState.RUNNING: frozenset(
        {
            JobState.RUNNING,
            JobState.QUEUED,
            JobState.WAITING_FOR_ML,
            JobState.PAUSED,
            JobState.COMPLETED,
            JobState.FAILED,
            JobState.CANCELLED,
        }
    ),
    JobState.WAITING_FOR_ML: frozenset(
        {
            JobState.WAITING_FOR_ML,
            JobState.QUEUED,
            JobState.RUNNING,
            JobState.PAUSED,
            JobState.FAILED,
            JobState.CANCELLED,
        }
    ),
    JobState.PAUSED: frozenset(
        {
            JobState.PAUSED,
            JobState.QUEUED,
            JobState.RUNNING,
            JobState.WAITING_FOR_ML,
            JobState.FAILED,
            JobState.CANCELLED,
        }
    ),
    JobState.COMPLETED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


def may_move(state: JobState, to: JobState) -> bool:
    return to in MOVES[state]
