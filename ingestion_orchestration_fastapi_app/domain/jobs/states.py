"""The states of a job, the moves between them, and what a caller may ask for: one table."""

from __future__ import annotations

from enum import StrEnum

from utils.contract import JobState

FINAL = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})

# Under way: a fault's pause and the wait for the inference service pass by themselves.
_FROM_UNDER_WAY = frozenset(JobState) - {JobState.COMPLETED}

MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset(
        {
            JobState.QUEUED,
            JobState.RUNNING,
            JobState.PAUSED,
            JobState.FAILED,
            JobState.CANCELLED,
        }
    ),
    JobState.RUNNING: _FROM_UNDER_WAY | {JobState.COMPLETED},
    JobState.WAITING_FOR_ML: _FROM_UNDER_WAY,
    JobState.PAUSED: _FROM_UNDER_WAY,
    JobState.COMPLETED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


class Control(StrEnum):
    """What a caller may ask of a job."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


# The state to move to, and those in which there is nothing to do: asking twice is asking once.
_WANTED: dict[Control, tuple[JobState, frozenset[JobState]]] = {
    Control.PAUSE: (JobState.PAUSED, frozenset({JobState.PAUSED})),
    Control.RESUME: (
        JobState.QUEUED,
        frozenset({JobState.QUEUED, JobState.RUNNING, JobState.WAITING_FOR_ML}),
    ),
    Control.CANCEL: (JobState.CANCELLED, frozenset({JobState.CANCELLED})),
}


def may_move(state: JobState, to: JobState) -> bool:
    return to in MOVES[state]


def after(state: JobState, control: Control) -> JobState | None:
    """The state that a control leads to, the same one where it is reached; None: not allowed.

    `state` is the ledger's: there `paused` is a user's pause, never a fault's.
    """
    to, reached = _WANTED[control]
    if state in reached:
        return state
    return to if may_move(state, to) else None
