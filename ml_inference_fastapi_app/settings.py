"""Every setting of the inference service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import NoDecode

from ml_inference_fastapi_app.backends.base import ClipOptions
from ml_inference_fastapi_app.backends.registry import BACKENDS
from utils.process.home_folder import NO_HOME, absolute_folder, home_folder
from utils.web.access.hosts import binding_fault
from utils.web.http_settings import HttpSettings


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _model_cache_dir() -> Path | None:
    """By the XDG base directory specification; None without a home."""
    cache = os.environ.get("XDG_CACHE_HOME", "")  # noqa: TID251  # this module is that reader
    if cache.startswith("/"):
        return Path(cache) / "photoseek/models"
    home = home_folder()
    return None if home is None else home / ".cache/photoseek/models"


def _model_names(value: object) -> object:
    """What code gives is taken as it is. Raises ValueError."""
    if not isinstance(value, str):
        return value
    names = [part.strip().partition("=") for part in value.split(",") if part.strip()]
    if not all(name.strip() for name, _, _ in names):
        raise ValueError("a model's name stands before `=`")
    return tuple((name.strip(), weights.strip()) for name, _, weights in names)


ModelNames = Annotated[
    tuple[tuple[str, str], ...], NoDecode, BeforeValidator(_model_names)
]  # (name, weights); no weights: its own


class Settings(HttpSettings):
    """Beside those of its HTTP side. The only reader of its environment."""

    ml_host: str = Field(
        default="127.0.0.1", description="Address that the inference service listens on."
    )
    ml_port: int = Field(
        default=8001, ge=0, le=65535, description="Port that the inference service listens on."
    )

    clip_model: str = Field(
        default="ViT-B-32",
        description="CLIP model: an open_clip name, hf-hub:..., local-dir:..., or tiny-shapes.",
    )
    clip_pretrained: str = Field(
        default="datacomp_xl_s13b_b90k",
        description="Weights of the model: an open_clip tag, a file, or none for untrained.",
    )
    ml_models: ModelNames = Field(
        default=(),
        description="CLIP models served beside CLIP_MODEL, after `,`: `NAME=WEIGHTS`, or `NAME` "
        "where it brings its own.",
    )
    ml_max_models: int = Field(
        default=2, ge=1, le=64, description="CLIP models that are in memory at once."
    )
    disable_captions: bool = Field(
        default=False, description="Never load BLIP, whatever a job asks for."
    )
    blip_model: str = Field(
        default="Salesforce/blip-image-captioning-base",
        description="Captioning model: a hub's BLIP repository, a folder, or tiny-captions.",
    )
    blip_quantization: Literal["none", "8bit", "4bit"] = Field(
        default="none",
        description="Smaller BLIP: 8bit or 4bit through bitsandbytes on CUDA, 8bit on CPU.",
    )
    blip_max_new_tokens: int = Field(
        default=30, ge=1, le=400, description="Longest caption, in tokens of BLIP's vocabulary."
    )
    blip_beams: int = Field(
        default=1, ge=1, le=16, description="Beams of the search for a caption; 1 is greedy."
    )
    model_cache_dir: Path = Field(
        default_factory=_model_cache_dir,
        validate_default=True,
        description="Folder of fetched weights, and of what starts compiled and measured.",
    )
    ml_offline: bool = Field(
        default=False, description="Never fetch weights: use what is cached or fail."
    )

    ml_backend: str = Field(
        default="torch", description="What runs the models; there is torch so far."
    )
    ml_device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="Device to run on: auto, cpu, cuda or cuda:N.",
    )
    ml_dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        default="auto",
        description="Number format of the model; auto chooses by the device's abilities.",
    )
    ml_compile: Literal["auto", "on", "off"] = Field(
        default="auto", description="Compile the model; auto does so on CUDA only."
    )
    ml_intra_op_threads: int = Field(
        default_factory=_cores, ge=1, description="Threads that one model call uses on CPU."
    )
    decode_workers: int = Field(
        default_factory=_cores, ge=1, description="Uploads that are decoded at once."
    )
    decode_timeout_s: float = Field(
        default=60.0, gt=0, description="Longest that decoding one upload in a process may take."
    )
    decode_memory_bytes: int = Field(
        default=4 * 1024**3,
        ge=512 * 1024**2,
        description="Memory that one decoding process may use.",
    )

    ml_max_batch: int = Field(
        default=1024, ge=1, description="Ceiling for safe_clip_batch, whatever the probe finds."
    )
    ml_max_waiting_batches: int = Field(
        default=1, ge=0, description="Batches admitted behind the running one; 0: busy means 429."
    )
    ml_max_waiting_queries: int = Field(
        default=64,
        ge=0,
        description="Text and single-image requests admitted beside the running one.",
    )
    ml_upload_timeout_s: float = Field(
        default=60.0,
        gt=0,
        description="Seconds a request may keep its place while its body arrives.",
    )
    ml_max_request_bytes: int = Field(
        default=1024 * 1024 * 1024, ge=1024, description="Largest body of a batch, in bytes."
    )
    ml_max_part_bytes: int = Field(
        default=256 * 1024 * 1024,
        ge=1024,
        description="Largest single upload within a batch, in bytes.",
    )
    ml_max_undecoded_bytes: int = Field(
        default=256 * 1024 * 1024,
        ge=1024,
        description="Uploaded bytes that may wait for a decoding thread, in one request.",
    )
    max_image_pixels: int = Field(
        default=300_000_000, ge=1, description="Pixels above which a picture is refused undecoded."
    )
    ml_drain_max_bytes: int = Field(
        default=1024 * 1024 * 1024,
        ge=0,
        description="Bytes of a refused request's body that are read to keep its connection.",
    )
    ml_drain_timeout_s: float = Field(
        default=30.0, gt=0, description="Seconds that draining a refused request's body may take."
    )
    ml_ready_timeout_s: float = Field(
        default=10.0,
        gt=0,
        description="Seconds within which the readiness canary must be answered.",
    )
    ml_idle_unload_s: float = Field(
        default=0, ge=0, description="Unload models that nobody needed for so long; 0: never."
    )

    @field_validator("ml_backend")
    @classmethod
    def _is_registered(cls, value: str) -> str:
        if value not in BACKENDS:
            raise ValueError(f"one of: {', '.join(BACKENDS)}")
        return value

    @field_validator("model_cache_dir", mode="before")
    @classmethod
    def _is_known(cls, value: object) -> object:
        if value is None:
            raise ValueError(f"{NO_HOME.format(uid=os.getuid())}: set it to a folder")
        return value

    @field_validator("model_cache_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return absolute_folder(value)

    def clip_options(self, model: str, weights: str) -> ClipOptions:
        """How each model runs."""
        return ClipOptions(
            model=model,
            pretrained=weights,
            cache_dir=self.model_cache_dir,
            offline=self.ml_offline,
            device=self.ml_device,
            dtype=self.ml_dtype,
            compile=self.ml_compile,
            intra_op_threads=self.ml_intra_op_threads,
            max_batch=self.ml_max_batch,
        )

    @property
    def binding_fault(self) -> str | None:
        """Why the service must not start, where it would let strangers in without a key."""
        return binding_fault(
            self.ml_host,
            setting="ML_HOST",
            has_key=self.api_key is not None,
            allow_no_key=self.allow_no_key,
        )
