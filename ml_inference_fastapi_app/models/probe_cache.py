"""What earlier starts found and how long they took, in a file beside the weights.

Nothing in it is trusted blindly: a file that cannot be read is as good as none, and what the probe
found is tried before it counts.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Literal

import structlog
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from ml_inference_fastapi_app.backends.base import ClipDescription, StartPhase
from ml_inference_fastapi_app.models.probe import LimitedBy, Probed

log = structlog.stdlib.get_logger(__name__)

FILENAME = "starts.json"
MAX_STARTS = 32
MAX_FILE_BYTES = 1 << 20


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ProbeRecord(_Strict):
    """`configured` are the settings that decide how long a start takes; `conditions` everything
    that the probe's result hangs on."""

    configured: tuple[str, ...]
    conditions: tuple[str, ...]
    phases_s: dict[StartPhase, float]
    safe_batch: int = Field(ge=1)
    ceiling: int = Field(ge=1)
    micro_batch_size: int = Field(
        ge=1,
        validation_alias=AliasChoices("micro_batch_size", "turn_images"),  # as 0.1 called it
    )
    largest_turn: int = Field(ge=1)
    images_per_s: float = Field(gt=0)
    limited_by: LimitedBy

    def probed(self) -> Probed:
        return Probed(
            safe_batch=self.safe_batch,
            ceiling=self.ceiling,
            micro_batch_size=self.micro_batch_size,
            largest_turn=self.largest_turn,
            images_per_s=self.images_per_s,
            limited_by=self.limited_by,
            trials=(),
        )


class _Content(_Strict):
    version: Literal[1] = 1
    starts: tuple[ProbeRecord, ...] = Field(default=(), max_length=MAX_STARTS)  # oldest first


class ProbeCache:
    """Blocking, milliseconds. Two services may share the file: the last one to start is kept."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILENAME

    def phases_s(self, configured: tuple[str, ...]) -> dict[StartPhase, float]:
        """How long each phase of the last start with these settings took. Empty: there was none."""
        same = [start for start in self._known() if start.configured == configured]
        return dict(same[-1].phases_s) if same else {}

    def probed(self, conditions: tuple[str, ...]) -> Probed | None:
        same = [start for start in self._known() if start.conditions == conditions]
        return same[-1].probed() if same else None

    def remember(
        self,
        found: Probed,
        *,
        configured: tuple[str, ...],
        conditions: tuple[str, ...],
        phases_s: dict[StartPhase, float],
    ) -> None:
        """A folder that cannot be written to costs the next start some seconds, and no more."""
        if found.images_per_s is None:
            return  # nothing could be run: that is no result
        start = ProbeRecord(
            configured=configured,
            conditions=conditions,
            phases_s=phases_s,
            safe_batch=found.safe_batch,
            ceiling=found.ceiling,
            micro_batch_size=found.micro_batch_size,
            largest_turn=found.largest_turn,
            images_per_s=found.images_per_s,
            limited_by=found.limited_by,
        )
        others = [
            known
            for known in self._known()
            if (known.configured, known.conditions) != (configured, conditions)
        ]
        content = _Content(starts=(*others[1 - MAX_STARTS :], start))
        try:
            self._write(content.model_dump_json().encode())
        except OSError as exc:
            log.warning("start_not_remembered", file=str(self._file), error=str(exc))

    def _known(self) -> tuple[ProbeRecord, ...]:
        try:
            with open(self._file, "rb") as file:
                data = file.read(MAX_FILE_BYTES)
            return _Content.model_validate_json(data).starts
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as exc:
            log.warning("starts_unreadable", file=str(self._file), error=type(exc).__name__)
            return ()

    def _write(self, data: bytes) -> None:
        """All of it or nothing: it may be read, or the power lost, at any moment."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(prefix=".starts-", dir=self._file.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(partial, self._file)
        except OSError:
            os.unlink(partial)
            raise


def conditions_of(
    description: ClipDescription, device: tuple[str, ...], *, max_batch: int
) -> tuple[str, ...]:
    """`device` is the embedder's own conditions."""
    return (
        description.fingerprint,
        description.dtype,
        description.device,
        "compiled" if description.compiled else "eager",
        f"at most {max_batch}",
        *device,
    )
