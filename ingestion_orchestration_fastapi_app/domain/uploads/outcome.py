"""What became of an uploaded file."""

from __future__ import annotations

from dataclasses import dataclass

from utils.contract.uploads import UploadOutcome
from utils.problems import Rejected


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a file lies, by its absolute path. `is_new`: else one of the same bytes was there."""

    path: bytes
    is_new: bool


@dataclass(frozen=True, slots=True)
class Uploaded:
    """`name` as the client says it; `end` is where it lies, or why it is not kept."""

    name: str
    end: Placed | Rejected

    @property
    def outcome(self) -> UploadOutcome:
        if isinstance(self.end, Rejected):
            return UploadOutcome.REFUSED
        return UploadOutcome.STORED if self.end.is_new else UploadOutcome.ALREADY_THERE
