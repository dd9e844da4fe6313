"""Ports some of whose calls go through a fuse, which may cut the power there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import fields
from typing import Any

from ingestion_orchestration_fastapi_app.ports.ledger import Ledger

Step = Callable[..., Any]  # of a call's name, its method and what that is given: makes the call


class FusedPort:
    """`points` name the calls that go through `step`: `port.method`. All others do not."""

    def __init__(self, name: str, port: object, step: Step, points: Collection[str]) -> None:
        self._name = name
        self._port = port
        self._step = step
        self._points = points

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        point = f"{self._name}.{name}"
        if point not in self._points:
            return method

        async def fused(*args: Any, **kwargs: Any) -> object:
            return await self._step(point, method, *args, **kwargs)

        return fused


def fused_ledger(
    ledger: Ledger, step: Step, points: Collection[str], *, prefix: str = ""
) -> Ledger:
    """Each repository is a port of its own, by its name behind the prefix."""
    repositories: dict[str, Any] = {
        one.name: FusedPort(prefix + one.name, getattr(ledger, one.name), step, points)
        for one in fields(ledger)
    }
    return Ledger(**repositories)
