"""The ledger's ports, a file each: what the orchestrator remembers of one subject."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.ports.ledger.access import (
    AllowedRootRepository,
    SessionRepository,
)
from ingestion_orchestration_fastapi_app.ports.ledger.annotations.albums import AlbumRepository
from ingestion_orchestration_fastapi_app.ports.ledger.annotations.annotations import (
    AnnotationRepository,
)
from ingestion_orchestration_fastapi_app.ports.ledger.annotations.folder_marks import (
    FolderMarkRepository,
)
from ingestion_orchestration_fastapi_app.ports.ledger.annotations.forgotten import (
    ForgottenRepository,
)
from ingestion_orchestration_fastapi_app.ports.ledger.annotations.sidecars import (
    SidecarRepository,
)
from ingestion_orchestration_fastapi_app.ports.ledger.artefacts import ArtefactRepository
from ingestion_orchestration_fastapi_app.ports.ledger.calibrations import CalibrationRepository
from ingestion_orchestration_fastapi_app.ports.ledger.captions import CaptionRepository
from ingestion_orchestration_fastapi_app.ports.ledger.catalogue import (
    BrowsingRepository,
    CatalogueRepository,
)
from ingestion_orchestration_fastapi_app.ports.ledger.collections import (
    CollectionRepository,
)
from ingestion_orchestration_fastapi_app.ports.ledger.duplicates.decisions import (
    DecisionRepository,
)
from ingestion_orchestration_fastapi_app.ports.ledger.duplicates.dismissals import (
    DismissalRepository,
)
from ingestion_orchestration_fastapi_app.ports.ledger.duplicates.groups import (
    DuplicateGroupRepository,
)
from ingestion_orchestration_fastapi_app.ports.ledger.files import FileRepository
from ingestion_orchestration_fastapi_app.ports.ledger.folders import FolderRepository
from ingestion_orchestration_fastapi_app.ports.ledger.generations import GenerationRepository
from ingestion_orchestration_fastapi_app.ports.ledger.jobs import JobRepository
from ingestion_orchestration_fastapi_app.ports.ledger.roots import RootRepository
from ingestion_orchestration_fastapi_app.ports.ledger.trash.trash import TrashRepository


@dataclass(frozen=True, slots=True)
class Ledger:
    """The repositories of one database. What one of them writes is synced when it returns."""

    collections: CollectionRepository
    generations: GenerationRepository
    roots: RootRepository
    folders: FolderRepository
    files: FileRepository
    artefacts: ArtefactRepository
    captions: CaptionRepository
    catalogue: CatalogueRepository
    browsing: BrowsingRepository
    calibrations: CalibrationRepository
    forgotten: ForgottenRepository
    annotations: AnnotationRepository
    folder_marks: FolderMarkRepository
    trash: TrashRepository
    albums: AlbumRepository
    sidecars: SidecarRepository
    duplicate_groups: DuplicateGroupRepository
    duplicate_decisions: DecisionRepository
    dismissals: DismissalRepository
    jobs: JobRepository
    sessions: SessionRepository
    allowed_roots: AllowedRootRepository
