"""A process that may start no more threads, for a while."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ingestion_orchestration_fastapi_app.jobs import context, run
from ingestion_orchestration_fastapi_app.resources import root_threads


class ThreadLimit:
    """While it `is_reached` no thread starts. Those of roots end at once where nothing waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_reached = False
        self.refused = 0
        self._really: Any = threading._start_new_thread  # type: ignore[attr-defined]  # Python's own
        monkeypatch.setattr(threading, "_start_new_thread", self._start)
        for module in (context, run):
            monkeypatch.setattr(module, "RETRY_STORAGE_S", 0.05)
        monkeypatch.setattr(root_threads, "_IDLE_S", 0.01)

    def _start(self, *args: Any) -> Any:
        if self.is_reached:
            self.refused += 1
            raise RuntimeError("can't start new thread")
        return self._really(*args)
