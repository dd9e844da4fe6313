"""The newest log lines: bounded in number and size, in order, and without secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from threading import Thread

import pytest
import structlog

from utils.contract.system.log import LogLevel
from utils.web.log_ring import LINE_BYTES, LINES, REQUEST_LINES, LogPage, LogRing

BEGAN_MS = 1000


def newest(ring: LogRing, **more: object) -> LogPage:
    asked = {"after": None, "level": LogLevel.DEBUG, "limit": 600, **more}
    return ring.page(**asked)  # type: ignore[arg-type]  # tests name what they mean


@contextmanager
def logging_to(ring: LogRing) -> Iterator[logging.Logger]:
    logger = logging.Logger("here")
    logger.addHandler(ring)
    yield logger


def broken(text: str) -> None:
    raise ValueError(text)


def log_served(logger: logging.Logger, number: int, *, status: int = 200, level: int = 20) -> None:
    """As structlog hands it to `logging`."""
    event = {"event": "request_served", "status": status, "number": number, "level": "info"}
    logger.log(level, event)


def test_only_the_newest_lines_are_kept_in_their_order() -> None:
    ring = LogRing(began_ms=BEGAN_MS)
    with logging_to(ring) as logger:
        for number in range(LINES + 7):
            logger.info("line %s", number)
    lines = newest(ring).lines
    assert [one.event for one in lines] == [f"line {n}" for n in range(7, LINES + 7)]
    assert [one.sequence for one in lines] == sorted({one.sequence for one in lines})
    assert newest(ring, limit=2).lines == lines[-2:]


def test_requests_that_went_well_drive_nothing_else_out() -> None:
    ring = LogRing(began_ms=BEGAN_MS)
    with logging_to(ring) as logger:
        logger.warning("before")
        log_served(logger, 0, status=500)
        for number in range(LINES * 2):
            log_served(logger, number)
        logger.warning("behind")
    told = [one.event for one in newest(ring).lines]
    assert told == ["before", "request_served", *["request_served"] * REQUEST_LINES, "behind"]
    assert newest(ring).lines[1].keys["status"] == 500


def test_who_tails_gets_each_line_once_and_is_told_of_those_that_are_gone() -> None:
    ring = LogRing(began_ms=BEGAN_MS)
    with logging_to(ring) as logger:
        for number in range(5):
            logger.log(logging.ERROR if number % 2 else logging.DEBUG, "line %s", number)
        first = newest(ring, after=BEGAN_MS, limit=2)
        assert [one.event for one in first.lines] == ["line 0", "line 1"]
        rest = newest(ring, after=first.next_after)
        assert [one.event for one in rest.lines] == ["line 2", "line 3", "line 4"]
        severe = newest(ring, after=BEGAN_MS, level=LogLevel.ERROR)
        assert [one.event for one in severe.lines] == ["line 1", "line 3"]
        assert severe.next_after == rest.next_after, "what is less severe is not asked for again"
        assert newest(ring, after=rest.next_after).lines == ()
        for number in range(LINES + 3):
            logger.info("later %s", number)
    behind = newest(ring, after=rest.next_after)
    assert behind.missed == 3
    assert behind.lines[0].event == "later 3"


def test_who_tails_goes_on_after_a_restart_and_after_the_clock_was_set_back() -> None:
    old, new = LogRing(began_ms=BEGAN_MS), LogRing(began_ms=BEGAN_MS + 100)
    for ring in (old, new):
        with logging_to(ring) as logger:
            logger.info("a line")
    after_restart = newest(new, after=newest(old).next_after)
    set_back = newest(old, after=newest(new).next_after)
    for page in (after_restart, set_back):
        assert [one.event for one in page.lines] == ["a line"]
        assert page.missed == 0


def test_a_quiet_request_leaves_no_line() -> None:
    ring = LogRing(began_ms=BEGAN_MS)
    with logging_to(ring) as logger:
        log_served(logger, 1, level=logging.DEBUG)
    assert newest(ring) == LogPage((), BEGAN_MS, 0)


@pytest.mark.parametrize("text", ["x" * 100_000, "ü" * 50_000, "\U0001f600" * 9_000, "\udcff" * 99])
def test_a_line_is_bounded_whatever_is_logged(text: str) -> None:
    ring = LogRing(began_ms=BEGAN_MS)
    with logging_to(ring) as logger:
        logger.info({"event": text, "first": text, **{f"{text}{n}": text for n in range(99)}})
        try:
            broken(f"{text} at the end")
        except ValueError:
            logger.exception("it broke")
    for line in newest(ring).lines:
        shown = json.dumps(asdict(line), default=str, ensure_ascii=False).encode()
        assert len(shown) <= LINE_BYTES * 1.25
    assert str(newest(ring).lines[1].keys["exception"]).endswith("at the end")


def test_what_is_logged_with_structlog_has_its_keys_and_its_traceback() -> None:
    ring = LogRing(began_ms=BEGAN_MS)
    with logging_to(ring) as logger:
        ours = structlog.wrap_logger(
            logger,
            processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
            wrapper_class=structlog.stdlib.BoundLogger,
        )
        ours.warning("embed_deferred", wait_s=2.0, code=None, paths=["/a"])
        try:
            broken("gone")
        except ValueError:
            ours.exception("it_broke")
    deferred, broke = newest(ring).lines
    assert deferred.keys == {"wait_s": 2.0, "code": None, "paths": "['/a']"}
    assert (deferred.level, deferred.logger) == (LogLevel.WARNING, "here")
    assert str(broke.keys["exception"]).startswith("Traceback")
    assert str(broke.keys["exception"]).endswith("ValueError: gone")


def test_no_secret_is_kept() -> None:
    ring = LogRing(hide=["correct horse", "horse", ""], began_ms=BEGAN_MS)
    with logging_to(ring) as logger:
        logger.info({"event": "sent", "api_key": "abc", "of": "a correct horse", "list": ["horse"]})
        try:
            broken("http://you:word@host refused Bearer abc")
        except ValueError:
            logger.exception("with horse")
    sent, broke = newest(ring).lines
    assert sent.keys == {"api_key": "***", "of": "a ***", "list": "['***']"}
    assert broke.event == "with ***"
    assert str(broke.keys["exception"]).endswith("http://***@host refused Bearer ***")


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_what_cannot_be_shown_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    ring = LogRing(began_ms=BEGAN_MS)
    with logging_to(ring) as logger:
        logger.info({"event": "odd", "value": Unspeakable()})
        logger.info("next")
    assert [one.event for one in newest(ring).lines] == ["next"]


def test_threads_lose_no_line() -> None:
    ring = LogRing(began_ms=BEGAN_MS)
    with logging_to(ring) as logger:

        def say() -> None:
            for _ in range(50):
                logger.info("line")

        threads = [Thread(target=say) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            newest(ring)
            thread.join()
    sequences = [one.sequence for one in newest(ring).lines]
    assert sequences == list(range(BEGAN_MS + 1, BEGAN_MS + 401))
