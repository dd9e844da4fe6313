"""Images that somebody has removed, and that no import takes in again."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field

from utils.contract.base import Reply

_FORGOTTEN = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class ForgetReply(Reply):
    """What was forgotten."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"forgotten": 2, "missing": 0}]})

    forgotten: int = Field(
        description="How many images went: those that were named, and every copy of them in the "
        "collection."
    )
    missing: int = Field(description="How many that were named the collection did not hold.")


class ForgottenReply(Reply):
    """One content that no import takes in."""

    sha256: str = Field(description="Of the content, in hexadecimal digits.")
    path: str = Field(description="Where one of its files was imported from.")
    forgotten_at: datetime = Field(description="When it was forgotten first.")


class ForgottenList(Reply):
    """A page of them, by hash."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "forgotten": [
                        {
                            "sha256": _FORGOTTEN,
                            "path": "/photos/2019/blurred.jpg",
                            "forgotten_at": "2026-05-03T12:00:00Z",
                        }
                    ],
                    "next_after": None,
                }
            ]
        }
    )

    forgotten: tuple[ForgottenReply, ...] = Field(description="Those of the page.")
    next_after: str | None = Field(description="For `after` of the next page; null: it was last.")
