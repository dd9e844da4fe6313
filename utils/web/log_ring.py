"""The newest log lines of this process, held in memory for who looks at them over HTTP."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import structlog

from utils.contract.system.log import LogLevel
from utils.text.secrets import HIDDEN, names_secret, without_secrets
from utils.text.storable import storable

LINES = 500
REQUEST_LINES = 100  # beside them: a page of pictures is 200 requests, and each has its line
LINE_BYTES = 2048
_EVENT_BYTES = 1024
_KEYS = 32
_KEY_CHARACTERS = 64
_REQUEST = "request_served"
_EXCEPTION = "exception"
_CUT = "…"
_LEVELS = (
    (logging.CRITICAL, LogLevel.CRITICAL),
    (logging.ERROR, LogLevel.ERROR),
    (logging.WARNING, LogLevel.WARNING),
    (logging.INFO, LogLevel.INFO),
)
_SEVERITY = {level: place for place, level in enumerate(LogLevel)}
_is_secret = lru_cache(maxsize=512)(names_secret)

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class KeptLine:
    sequence: int
    at: datetime
    level: LogLevel
    event: str
    logger: str
    keys: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class LogPage:
    """The oldest line first. `missed`: lines that came since, and are kept no more."""

    lines: tuple[KeptLine, ...]
    next_after: int
    missed: int


class LogRing(logging.Handler):
    """Bounded: the oldest lines make room. Lines come from any thread.

    `hide`: secrets that no line shows, wherever they stand in it.
    """

    def __init__(self, *, hide: Collection[str] = (), began_ms: int | None = None) -> None:
        super().__init__()
        self._hide = tuple(sorted(filter(None, hide), key=len, reverse=True))
        self._lines: deque[KeptLine] = deque(maxlen=LINES)
        self._requests: deque[KeptLine] = deque(maxlen=REQUEST_LINES)
        # Of the clock, so that who tails the log goes on in it after a restart.
        self._began = time.time_ns() // 1_000_000 if began_ms is None else began_ms
        self._last = self._began

    def emit(self, record: logging.LogRecord) -> None:
        """`logging` calls it, one thread at a time."""
        try:
            self._keep(record)
        except Exception:  # noqa: BLE001  # as every handler does it: a log never ends its caller
            self.handleError(record)

    def page(self, *, after: int | None, level: LogLevel, limit: int) -> LogPage:
        """At least as severe as `level`: the newest, or those right after `after`."""
        kept, last = self._kept()
        severe = [one for one in kept if _SEVERITY[one.level] >= _SEVERITY[level]]
        if after is None:
            return LogPage(tuple(severe[-limit:]), last, 0)
        # A number that is yet to come is of a time before the clock was set back.
        since = max(after, self._began) if after <= last else self._began
        newer = [one for one in severe if one.sequence > since]
        missed = last - since - sum(one.sequence > since for one in kept)
        lines = tuple(newer[:limit])
        return LogPage(lines, lines[-1].sequence if len(newer) > limit else last, missed)

    def _kept(self) -> tuple[list[KeptLine], int]:
        """All lines, and the last number."""
        self.acquire()
        try:
            kept, last = [*self._lines, *self._requests], self._last
        finally:
            self.release()
        return sorted(kept, key=lambda one: one.sequence), last

    def _keep(self, record: logging.LogRecord) -> None:
        fields, is_ours = _fields_of(record)
        level = next((one for number, one in _LEVELS if record.levelno >= number), LogLevel.DEBUG)
        is_request = is_ours and fields["event"] == _REQUEST
        if is_request and level is LogLevel.DEBUG:
            return  # who tails the log, or looks whether the service is well, is no news
        event = _cut(self._shown(fields.pop("event")), _EVENT_BYTES)
        keys = self._fitted(fields, LINE_BYTES - len(event.encode()) - len(record.name))
        self._last += 1
        at = datetime.fromtimestamp(record.created, UTC)
        line = KeptLine(self._last, at, level, event, record.name, keys)
        status = keys.get("status")
        is_well = is_request and isinstance(status, int) and status < 400
        (self._requests if is_well else self._lines).append(line)

    def _fitted(self, fields: Mapping[str, object], left: int) -> dict[str, Scalar]:
        """As much of the fields as goes into so many bytes; of a traceback the end."""
        fitted: dict[str, Scalar] = {}
        names = sorted(fields, key=lambda name: name == _EXCEPTION)[:_KEYS]  # what else it says
        for name in names:
            if name in ("level", "logger", "timestamp", "exc_info") or name.startswith("_"):
                continue
            key = storable(name[:_KEY_CHARACTERS])
            value: Scalar = HIDDEN if _is_secret(name) else self._scalar(fields[name])
            left -= len(key) + 8
            if isinstance(value, str):
                value = _tail(value, left) if name == _EXCEPTION else _cut(value, left)
                left -= len(value.encode())
            if left < 0:
                break
            fitted[key] = value
        return fitted

    def _scalar(self, value: object) -> Scalar:
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._shown(value)

    def _shown(self, value: object) -> str:
        text = value if isinstance(value, str) else str(value)
        for secret in self._hide:
            text = text.replace(secret, HIDDEN)
        return without_secrets(storable(text))


def _fields_of(record: logging.LogRecord) -> tuple[dict[str, object], bool]:
    """An event with its keys, and whether it is one of structlog's. A traceback becomes text."""
    given: object = record.msg
    fields: dict[str, object] = {"event": ""}
    is_ours = isinstance(given, dict) and "event" in given
    if isinstance(given, dict) and is_ours:  # as structlog hands it over
        fields = dict(given)
    else:
        fields["event"] = record.getMessage()
    if record.exc_info and not fields.get("exc_info"):
        fields["exc_info"] = record.exc_info
    if fields.get("exc_info"):
        fields = dict(structlog.processors.format_exc_info(None, "", fields))
    return fields, is_ours


def _cut(text: str, most_bytes: int) -> str:
    """The beginning of what is longer."""
    if len(text) * 4 <= most_bytes or len(text.encode()) <= most_bytes:
        return text
    room = max(0, most_bytes - len(_CUT.encode()))
    return text[:room].encode()[:room].decode(errors="ignore") + _CUT


def _tail(text: str, most_bytes: int) -> str:
    """The end of what is longer."""
    if len(text.encode()) <= most_bytes:
        return text
    room = max(0, most_bytes - len(_CUT.encode()))
    return _CUT + (text[-room:].encode()[-room:].decode(errors="ignore") if room else "")


@contextmanager
def kept_log_lines(*, hide: Collection[str] = ()) -> Iterator[LogRing]:
    """While it is open, what this process logs is held. `setup_logging` comes before."""
    ring = LogRing(hide=hide)
    root = logging.getLogger()
    root.addHandler(ring)
    try:
        yield ring
    finally:
        root.removeHandler(ring)
