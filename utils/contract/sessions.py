"""Logging in from a browser."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, SecretStr

from utils.contract.base import Reply, Wire


class SessionRequest(Wire):
    key: SecretStr = Field(max_length=1000, description="The API key.")


class SessionReply(Reply):
    """Who calls. `expires_at` is that of a session; a key and the local user have none."""

    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
