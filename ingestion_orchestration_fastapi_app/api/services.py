"""What the routes need, built once by main and kept on the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from anyio import CapacityLimiter
from fastapi import Depends, Request

from ingestion_orchestration_fastapi_app.api.event_stream import Listeners
from ingestion_orchestration_fastapi_app.api.picture_response import OpenedPicture
from ingestion_orchestration_fastapi_app.api.sessions import Sessions
from ingestion_orchestration_fastapi_app.core.attempts import Attempts
from ingestion_orchestration_fastapi_app.pipeline.allowed_roots import AllowedRoots
from ingestion_orchestration_fastapi_app.pipeline.collections import Collections
from ingestion_orchestration_fastapi_app.pipeline.context import Ports
from ingestion_orchestration_fastapi_app.pipeline.ml_watch import MlWatch
from ingestion_orchestration_fastapi_app.pipeline.originals import Originals
from ingestion_orchestration_fastapi_app.pipeline.search import Search
from ingestion_orchestration_fastapi_app.pipeline.supervisor import Supervisor
from ingestion_orchestration_fastapi_app.pipeline.thumbnails import Thumbnails
from ingestion_orchestration_fastapi_app.pipeline.watching import Watching
from ingestion_orchestration_fastapi_app.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """`free_bytes` blocks: it runs in a thread of `blocking`. `is_same_user` knows the secret of
    the data folder.
    """

    settings: Settings
    ports: Ports
    collections: Collections
    supervisor: Supervisor
    watching: Watching
    search: Search
    thumbnails: Thumbnails
    watch: MlWatch
    allowed: AllowedRoots
    is_same_user: Callable[[str], bool]
    free_bytes: Callable[[], int]
    is_image_name: Callable[[bytes], bool]
    formats: tuple[str, ...]
    blocking: CapacityLimiter
    originals: Originals[OpenedPicture]
    listeners: Listeners
    attempts: Attempts
    sessions: Sessions | None  # None: there is no key to log in with


def services_of(request: Request) -> Services:
    return cast(Services, request.app.state.services)  # Starlette's state is untyped


Wired = Annotated[Services, Depends(services_of)]
