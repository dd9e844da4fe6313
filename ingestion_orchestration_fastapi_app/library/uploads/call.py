"""One call that sends files: each is written as it comes, judged, and placed in the inbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import uuid4

from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.uploads.names import stored_name
from ingestion_orchestration_fastapi_app.domain.uploads.outcome import Placed, Uploaded
from ingestion_orchestration_fastapi_app.ports.folders.inbox import (
    Inbox,
    IncomingFile,
    PendingImport,
)
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from utils.contract import ErrorCode
from utils.problems import Rejected, ValidationProblem
from utils.web.bodies.multipart import PartBegun, PartData, PartEvent

FIELD = "files"
_NO_NAME = "picture"
_SHOWN_CHARACTERS = 64
_FORGOTTEN = (
    "it was forgotten in this collection, and imports pass it over until that is taken back"
)

_EXCLUDED = (
    "its folder in the inbox is excluded from this collection, and imports pass it over until that "
    "is taken back"
)


@dataclass(slots=True)
class _Coming:
    name: str
    file: IncomingFile
    refused: Rejected | None = None


_Known: TypeAlias = Placed | Rejected | None


@dataclass(slots=True)
class UploadCall:
    """Give it what comes of the body; close it in the end. `note` is there once something is to be
    imported.
    """

    inbox: Inbox
    ledger: Ledger
    collection: CollectionRecord
    folder: tuple[str, str]
    captions: bool
    files: list[Uploaded] = field(default_factory=list)
    note: PendingImport | None = None
    _coming: _Coming | None = None

    async def take(self, event: PartEvent) -> None:
        """Raises ValidationProblem for a field that is none, and what the inbox raises."""
        if isinstance(event, PartBegun):
            self._coming = self._begun(event)
            return
        coming = self._coming
        assert coming is not None, "a part begins with its beginning"
        if not isinstance(event, PartData):
            await self._end(coming)
        elif coming.refused is None:
            coming.refused = await coming.file.write(event.data)

    async def close(self) -> None:
        """The file that was cut off is gone. Idempotent."""
        if self._coming is not None:
            await self._coming.file.close()
            self._coming = None

    def _begun(self, part: PartBegun) -> _Coming:
        if part.name != FIELD:
            shown = (part.name or "")[:_SHOWN_CHARACTERS]
            raise ValidationProblem(
                f"body.{shown}: there is no such field; files are sent as {FIELD}"
            )
        if part.filename is None:
            raise ValidationProblem(f"body.{FIELD}: each is a file, and has a filename")
        refused = Rejected(ErrorCode.FOLDER_EXCLUDED, _EXCLUDED) if self._is_excluded else None
        return _Coming(part.filename, self.inbox.incoming(part.filename), refused)

    @property
    def _is_excluded(self) -> bool:
        """No import goes in there, and a client may delete its own of a picture that is stored."""
        place = b"/".join([self.inbox.path.rstrip(b"/"), *(name.encode() for name in self.folder)])
        return any(is_within(place, one) for one in self.collection.excluded)

    async def _end(self, coming: _Coming) -> None:
        end = coming.refused or await self._kept(coming)
        self.files.append(Uploaded(coming.name, end))
        await self.close()

    async def _kept(self, coming: _Coming) -> Placed | Rejected:
        sha256 = await coming.file.end()
        if isinstance(sha256, Rejected):
            return sha256
        known = await self._known(sha256)
        if known is not None:
            return known
        if self.note is None:  # before there is a file: a crash then leaves none that is forgotten
            note = PendingImport(
                uuid4().hex, self.collection.identity, self.folder, captions=self.captions
            )
            await self.inbox.note(note)
            self.note = note
        name = stored_name(coming.name, otherwise=_NO_NAME)
        return await coming.file.place(self.folder, name)

    async def _known(self, sha256: bytes) -> _Known:
        """What the collection knows of the content already, that makes storing it needless."""
        if await self.ledger.forgotten.among(self.collection.id, [sha256]):
            return Rejected(ErrorCode.IMAGE_FORGOTTEN, _FORGOTTEN)
        folder = b"/".join([self.inbox.path.rstrip(b"/"), self.folder[0].encode()])
        paths = await self.ledger.files.with_content(self.collection.id, sha256, within=folder)
        for path in paths:
            if await self.inbox.holds(path, sha256):
                return Placed(path, is_new=False)
        return None
