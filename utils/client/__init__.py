"""A typed client of the orchestrator's REST API, which needs no part of the services."""

from utils.client.client import PhotoseekClient
from utils.client.errors import (
    ApiError,
    BusyError,
    ConflictError,
    NotAllowedError,
    NotAnsweringError,
    NotFoundError,
    PhotoseekError,
    RefusedError,
    UnreachableError,
)

__all__ = [
    "ApiError",
    "BusyError",
    "ConflictError",
    "NotAllowedError",
    "NotAnsweringError",
    "NotFoundError",
    "PhotoseekClient",
    "PhotoseekError",
    "RefusedError",
    "UnreachableError",
]
