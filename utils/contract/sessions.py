"""Logging in from a browser."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field, SecretStr

from utils.contract.base import Reply, Wire


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
