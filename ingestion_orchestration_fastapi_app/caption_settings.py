"""The settings of captions: whether any are made, and by whom beside the inference services."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from ingestion_orchestration_fastapi_app.domain.captions.instructions import DEFAULT_PROMPT
from utils.web.http_settings import HttpSettings


class CaptionSettings(HttpSettings):
    """A part of the orchestrator's."""

    disable_captions: bool = Field(default=False, description="1: no job ever makes captions.")
    caption_url: str | None = Field(
        default=None,
        description="Where else captions are made; caption jobs send pictures there: "
        "`docs/captions.md`.",
    )
    caption_api: Literal["openai", "ollama"] = Field(
        default="openai", description="What CAPTION_URL speaks."
    )
    caption_model: str | None = Field(
        default=None, max_length=200, description="The model that is asked for there."
    )
    caption_key: SecretStr | None = Field(
        default=None, description="The key that is sent there, as a bearer token; never logged."
    )
    caption_key_file: Path | None = Field(
        default=None, description="File that holds CAPTION_KEY; `/dev/null`: there is none."
    )
    caption_prompt: str = Field(
        default=DEFAULT_PROMPT,
        min_length=1,
        max_length=4000,
        description="What it is told beside length and language. Another one: other captions.",
    )
    caption_language: str | None = Field(
        default=None,
        max_length=50,
        pattern=r"^[\w -]+$",
        description="The language that it is to answer in, as `German`.",
    )
    caption_max_words: int = Field(
        default=40, ge=1, le=500, description="It is asked for so many; more are cut off."
    )
    caption_side_px: int = Field(
        default=768, ge=64, le=2048, description="Longest side of the pictures that are sent there."
    )
    caption_concurrency: int = Field(
        default=2, ge=1, le=64, description="Pictures that it is asked about at once."
    )
    caption_timeout_s: float = Field(
        default=120, gt=0, le=3600, description="Longest wait for one of its captions."
    )

    @field_validator("caption_url")
    @classmethod
    def _check_caption_url(cls, value: str | None) -> str | None:
        """A key belongs into CAPTION_KEY: an address is logged, and shown."""
        if value is None:
            return None
        parts = urlsplit(value.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it is no address like http://127.0.0.1:11434/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("it holds more than an address: a key belongs into CAPTION_KEY")
        return value.strip().rstrip("/")

    @model_validator(mode="after")
    def _captions_have_a_model(self) -> Self:
        if self.caption_url is not None and self.caption_model is None:
            raise ValueError("CAPTION_URL needs CAPTION_MODEL: the model that is asked for there")
        return self
