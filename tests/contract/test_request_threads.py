"""A request crosses into a thread where it blocks, and nowhere else: each crossing costs 0.1 ms."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from ingestion_orchestration_fastapi_app.main import create_app as create_orchestrator
from ingestion_orchestration_fastapi_app.settings import Settings as OrchestratorSettings
from ml_inference_fastapi_app.main import create_app as create_inference
from ml_inference_fastapi_app.settings import Settings as InferenceSettings


def orchestrator() -> FastAPI:
    folder = Path(gettempdir())
    return create_orchestrator(OrchestratorSettings(data_dir=folder, ingest_roots=(folder,)))


def inference() -> FastAPI:
    return create_inference(InferenceSettings(disable_captions=True))


def calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for one in dependant.dependencies:
        yield from calls(one)


def is_async(call: Any) -> bool:
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    return any(kind(call) or kind(type(call).__call__) for kind in kinds)


@pytest.mark.parametrize("app", [orchestrator(), inference()], ids=["orchestrator", "inference"])
def test_no_route_and_no_dependency_is_run_in_a_thread(app: FastAPI) -> None:
    """FastAPI runs those that are not `async def` in one, however little they do."""
    routes = [one.original_route for one in iter_route_contexts(app.routes)]
    dependants = [one.dependant for one in routes if isinstance(one, APIRoute)]
    assert dependants
    threaded = {call for one in dependants for call in calls(one) if not is_async(call)}
    assert threaded == set()
