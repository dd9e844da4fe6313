"""Problems (the caller's or the moment's errors) and Rejected (one bad item, as a value).

Problem
├── ValidationProblem          400
├── MalformedMultipart         400
├── Unauthorized               401
├── Forbidden                  403
├── CrossSite                  403
├── HostNotAllowed             421
├── NotFound                   404  no route: what a route does not find has its own code
├── MethodNotAllowed           405
├── TooSlow                    408
├── BatchTooLarge              413  limit
├── UnsupportedMediaType       415
├── GpuBusy                    429  retry_after_s
├── HeadersTooLarge            431  limit
├── ModelLoading               503  retry_after_s, eta_s
├── MlUnavailable              503
├── ServiceOverloaded          503  retry_after_s
└── (each service adds its own in its errors.py)
"""

from __future__ import annotations

import errno
import math
from dataclasses import dataclass
from typing import ClassVar

from utils.contract import ErrorCode


class Problem(Exception):
    """An error that is answered as RFC 9457. `detail` is written for the caller.

    `status` is the HTTP status; `code` is API; `title` says the same for every occurrence.
    `ends_connection`: the rest of the request is not read.
    """

    ends_connection: ClassVar[bool] = False

    status: ClassVar[int] = 500
    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        retry_after_s: float | None = None,
        limit: int | None = None,
        eta_s: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.limit = limit
        self.eta_s = eta_s

    @classmethod
    def codes(cls) -> tuple[ErrorCode, ...]:
        """Those under which it is answered: more than one where it speaks for an image."""
        return (cls.code,)

    def retry_after_header(self) -> str | None:
        """Whole seconds, rounded up, at least 1: what `Retry-After` may carry."""
        if self.retry_after_s is None:
            return None
        return str(max(1, math.ceil(self.retry_after_s)))


class ValidationProblem(Problem):
    status = 400
    code = ErrorCode.VALIDATION
    title = "The request is not valid"


class MalformedMultipart(Problem):
    status = 400
    code = ErrorCode.MALFORMED_MULTIPART
    title = "The multipart body is malformed"


class Unauthorized(Problem):
    status = 401
    code = ErrorCode.UNAUTHORIZED
    title = "A valid API key is needed"


class Forbidden(Problem):
    status = 403
    code = ErrorCode.FORBIDDEN
    title = "The caller may not do this"


class CrossSite(Problem):
    status = 403
    code = ErrorCode.CROSS_SITE
    title = "Another site's page asked for a change"


class HostNotAllowed(Problem):
    status = 421
    code = ErrorCode.HOST_NOT_ALLOWED
    title = "The service does not answer to this Host"


class NotFound(Problem):
    status = 404
    code = ErrorCode.NOT_FOUND
    title = "There is nothing at this path"


class MethodNotAllowed(Problem):
    status = 405
    code = ErrorCode.METHOD_NOT_ALLOWED
    title = "The path does not know this method"


class TooSlow(Problem):
    status = 408
    code = ErrorCode.TOO_SLOW
    title = "The request came too slowly"
    ends_connection = True


class BatchTooLarge(Problem):
    status = 413
    code = ErrorCode.BATCH_TOO_LARGE
    title = "The body or batch is too large"


class UnsupportedMediaType(Problem):
    status = 415
    code = ErrorCode.MEDIA_TYPE
    title = "The body's media type is not taken here"


class GpuBusy(Problem):
    status = 429
    code = ErrorCode.GPU_BUSY
    title = "The device is busy"


class HeadersTooLarge(Problem):
    status = 431
    code = ErrorCode.HEADERS_TOO_LARGE
    title = "The request line and headers are too large"


class ModelLoading(Problem):
    status = 503
    code = ErrorCode.MODEL_LOADING
    title = "The model is loading"


class MlUnavailable(Problem):
    status = 503
    code = ErrorCode.ML_UNAVAILABLE
    title = "The inference service cannot be reached"


class ServiceOverloaded(Problem):
    status = 503
    code = ErrorCode.OVERLOADED
    title = "Too much goes on at once"
    ends_connection = True


# EAGAIN is what a process that may not be started is refused with.
LACKS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
_NO_THREAD = "can't start new thread"  # as RuntimeError: Python has no class of its own for it


def resource_shortage(exc: BaseException) -> ServiceOverloaded | None:
    """A problem to answer if the process had no descriptor, memory or thread left, else None.

    Of a group: where that is true of one of its exceptions.
    """
    if isinstance(exc, BaseExceptionGroup):
        return next(filter(None, map(resource_shortage, exc.exceptions)), None)
    if isinstance(exc, ServiceOverloaded):
        return exc
    if isinstance(exc, RuntimeError) and str(exc) == _NO_THREAD:
        return shortage(_NO_THREAD)
    if isinstance(exc, OSError) and exc.errno in LACKS:
        return shortage(exc.strerror or type(exc).__name__)
    return None


def shortage(said: str) -> ServiceOverloaded:
    """`said`: what the system answered."""
    return ServiceOverloaded(
        f"The service lacks what it needs now: {said}. Where that lasts, raise its limit: ulimit.",
        retry_after_s=1.0,
    )


@dataclass(frozen=True, slots=True)
class Rejected:
    """One bad item. A value: its neighbours go on."""

    code: ErrorCode
    detail: str
