"""What a call raises. `code` says what is wrong, the class what can be done about it.

PhotoseekError
├── NotAnsweringError     not in time, cut off, or it is no Photoseek
│   └── UnreachableError  nobody listens there
└── ApiError              an answer that is a problem: see `code`
    ├── RefusedError      400, 413, 415, 422 ...: the request is wrong
    ├── NotAllowedError   401, 403, 421: a key is missing, or the Host is not allowed
    ├── NotFoundError     404
    ├── ConflictError     409: not in the state that things are in
    └── BusyError         429, 503: asked again later it may be done
"""

from __future__ import annotations

from utils.contract import ErrorCode, ProblemBody


class PhotoseekError(Exception):
    """Base of all that a call raises."""


class NotAnsweringError(PhotoseekError):
    """There was no answer, or none of Photoseek's."""


class UnreachableError(NotAnsweringError):
    """Nobody listens there: it has not started, or runs elsewhere."""


class ApiError(PhotoseekError):
    """A problem as RFC 9457 has it; `retry_after_s` where it says when to ask again."""

    def __init__(self, problem: ProblemBody, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{problem.code}: {problem.detail}")
        self.problem = problem
        self.retry_after_s = retry_after_s

    @property
    def code(self) -> ErrorCode:
        return self.problem.code

    @property
    def status(self) -> int:
        return self.problem.status

    @property
    def detail(self) -> str:
        return self.problem.detail


class RefusedError(ApiError):
    """The request is wrong; the same will be refused again."""


class NotAllowedError(ApiError):
    """A key is missing or wrong, or the service is not called so."""


class NotFoundError(ApiError):
    """There is no such thing."""


class ConflictError(ApiError):
    """It cannot be done in the state that things are in."""


class BusyError(ApiError):
    """It was not begun: asked again later it may be done."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: NotAllowedError,
    403: NotAllowedError,
    404: NotFoundError,
    409: ConflictError,
    421: NotAllowedError,
    429: BusyError,
    503: BusyError,
}


def error_of(problem: ProblemBody, *, retry_after_s: float | None) -> ApiError:
    kind = _BY_STATUS.get(problem.status)
    if kind is None:
        kind = RefusedError if problem.status < 500 else ApiError
    return kind(problem, retry_after_s=retry_after_s)
