"""What the inbox's disk fails with, as problems of the moment."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from ingestion_orchestration_fastapi_app.adapters.inbox.disk import InboxInUseError
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.errors import DiskFull, InboxUnavailable
from ingestion_orchestration_fastapi_app.resources.root_threads import NotAnsweringError
from utils.problems import resource_shortage

log = structlog.get_logger(__name__)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_HELP = "Look at INBOX_DIR: it is a folder that the service may write."


@contextmanager
def as_problems(path: bytes) -> Iterator[None]:
    """`path` is the inbox's. Raises DiskFull, InboxUnavailable, ServiceOverloaded."""
    shown = display_text(path)
    try:
        yield
    except InboxInUseError as exc:
        raise InboxUnavailable(f"Another process writes to the inbox {shown}.") from exc
    except NotAnsweringError as exc:
        raise InboxUnavailable(f"The disk or share of the inbox {shown} is silent.") from exc
    except OSError as exc:
        if (ours := resource_shortage(exc)) is not None:
            raise ours from exc
        log.warning("inbox_failed", path=shown, error=str(exc))
        said = exc.strerror or type(exc).__name__
        if exc.errno in _FULL:
            raise DiskFull(f"The disk of the inbox {shown} is full: {said}.") from exc
        raise InboxUnavailable(f"The inbox {shown} cannot be written: {said}. {_HELP}") from exc
