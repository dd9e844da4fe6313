"""Who may see what: the folders that may be imported and shown, and logging in from a browser."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field, JsonValue, SecretStr

from utils.contract.base import MAX_PATH_CHARACTERS, Reply, Wire

_ROOT: dict[str, JsonValue] = {"path": "/mnt/disk/Pictures", "source": "remembered"}


class AllowedRootRequest(Wire):
    """A folder that may be imported from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"path": "/mnt/disk/Pictures"}]})

    path: str = Field(min_length=1, max_length=MAX_PATH_CHARACTERS, description="The folder.")


class AllowedRootReply(Reply):
    """A folder that may be imported, with all that lies in it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROOT]})

    path: str = Field(description="The folder.")
    source: Literal["setting", "default", "remembered", "inbox"] = Field(
        description="Who allows it: the setting INGEST_ROOTS, the default where that is not set, "
        "or a user who added it; the inbox is where uploads are kept."
    )


class AllowedRootList(Reply):
    """All folders that may be imported now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"roots": [_ROOT]}]})

    roots: tuple[AllowedRootReply, ...] = Field(description="All of them.")


class SessionRequest(Wire):
    """The proof that one may log in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"key": "the API key"}]})

    key: SecretStr = Field(max_length=1000, description="The API key.")


class SessionReply(Reply):
    """Who calls."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "session",
                    "scopes": ["admin", "read", "write"],
                    "expires_at": "2026-06-02T12:00:00Z",
                }
            ]
        }
    )

    name: str = Field(description="What the caller is called in logs.")
    scopes: tuple[str, ...] = Field(description="What the caller may do: `read`, `write`, `admin`.")
    expires_at: datetime | None = Field(
        description="When the session ends, in UTC; a key and the local user have none."
    )
