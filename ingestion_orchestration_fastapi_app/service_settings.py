"""The settings of the inference services that the orchestrator asks."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from utils.contract import HARD_MAX_BATCH
from utils.web.http_settings import HttpSettings


class ServiceSettings(HttpSettings):
    """Part of `Settings`, which reads them."""

    ml_inference_service_url: str = Field(
        default="http://127.0.0.1:8001",
        description="Where inference is served; several URLs, separated by `,`, share the work.",
    )
    ml_inference_batch_size: int = Field(
        default=128,
        ge=1,
        description="Images a batch; never more than the service's `safe_clip_batch`, or 256.",
    )
    ml_upload_encoding: Literal["ppm", "jpeg"] = Field(
        default="ppm",
        description="How prepared pixels travel: `ppm` is exact, `jpeg` is 10 times smaller.",
    )
    ml_request_timeout_s: float = Field(
        default=300, gt=0, description="Longest wait for the answer to one batch."
    )
    ml_query_timeout_s: float = Field(
        default=30, gt=0, description="Longest wait for the vector of one search."
    )
    ml_api_key: SecretStr | None = Field(
        default=None, description="The inference service's API_KEY. Default: the same as API_KEY."
    )
    ml_api_key_file: Path | None = Field(
        default=None, description="File that holds ML_API_KEY; `/dev/null`: there is none."
    )

    @field_validator("ml_inference_service_url")
    @classmethod
    def _tidy_urls(cls, value: str) -> str:
        """Each once, in their order, without spaces and trailing slashes."""
        urls = (url.strip().rstrip("/") for url in value.split(","))
        tidy = ",".join(dict.fromkeys(url for url in urls if url))
        if not tidy:
            raise ValueError("it names no service")
        return tidy

    @property
    def ml_urls(self) -> tuple[str, ...]:
        return tuple(self.ml_inference_service_url.split(","))

    @cached_property
    def batch_size(self) -> int:
        return min(self.ml_inference_batch_size, HARD_MAX_BATCH)

    @cached_property
    def ml_key(self) -> str | None:
        """What is sent to the inference service; never logged."""
        key = self.ml_api_key or self.api_key
        return None if key is None else key.get_secret_value()
