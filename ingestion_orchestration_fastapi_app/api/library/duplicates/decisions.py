"""What people decide about the images of a group, and the list of files that are not needed."""

from __future__ import annotations

from fastapi import APIRouter

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.library.duplicates.groups import AfterNumber, GroupId
from ingestion_orchestration_fastapi_app.api.parameters import CollectionName, PageLimit
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.domain.duplicates.records import UnneededFile
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DiskFull,
    DuplicatesNotFound,
    ImageNotFound,
    StoreWrite,
)
from utils.contract import API_PREFIX, Selection
from utils.contract.duplicates.decisions import (
    DecisionsReply,
    DecisionsRequest,
    UnneededFileList,
    UnneededFileReply,
    UnneededFilesChanged,
    UnneededFilesRequest,
)
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, tags=["duplicates"], dependencies=[READS])

_SAYING = (CollectionNotFound, StoreWrite, DiskFull)
_PATH = "/duplicates/not-needed"


@router.put(
    "/duplicates/groups/{group_id}/decisions",
    dependencies=[WRITES],
    summary="Decide about a group of duplicates",
    responses=problems(DuplicatesNotFound, ImageNotFound, *_SAYING),
)
async def put_duplicate_decisions(
    group_id: GroupId,
    body: DecisionsRequest,
    services: AppStateDep,
    collection: CollectionName = "default",
) -> DecisionsReply:
    """All at once, or none; it may be repeated, and the last call counts. Kept by content, so that
    later searches know it, wherever the files are; of copies of the same bytes, by file. No image
    leaves the collection by it (`POST /selection/forget`), and no file is deleted.
    """
    record = await services.collections.get(collection)
    decisions = {one.id: one.decision for one in body.decisions}
    decided = services.ports.ledger.duplicate_decisions
    files = await decided.decide(record.id, group_id, decisions)
    if files is None:
        raise DuplicatesNotFound(
            f"Collection {collection!r} has no group {group_id} of duplicates now: a later search "
            "has replaced it, or somebody dismissed it."
        )
    return DecisionsReply(
        decisions={str(image): decision for image, decision in decisions.items()}, files=files
    )


@router.get(
    _PATH,
    summary="List files that are not needed",
    responses=problems(CollectionNotFound),
)
async def list_unneeded_files(
    services: AppStateDep,
    collection: CollectionName = "default",
    limit: PageLimit = 50,
    after: AfterNumber = 0,
) -> UnneededFileList:
    """Files that somebody decided are not needed, also of images that left the collection. Nothing
    deletes them: a person can.
    """
    record = await services.collections.get(collection)
    decided = services.ports.ledger.duplicate_decisions
    page = await decided.unneeded(record.id, after=after, limit=limit)
    total, total_bytes = await decided.unneeded_size(record.id)
    return UnneededFileList(
        files=tuple(
            UnneededFileReply(
                id=str(one.point_id),
                path=one.path,
                bytes=one.size_bytes,
                sha256=one.sha256.hex(),
                kept_path=one.kept_path,
            )
            for one in page
        ),
        total=total,
        total_bytes=total_bytes,
        next_after=page[-1].id if len(page) == limit else None,
    )


@router.post(
    _PATH,
    dependencies=[WRITES],
    summary="Take over a list of files that are not needed",
    responses=problems(*_SAYING),
)
async def add_unneeded_files(
    body: UnneededFilesRequest, services: AppStateDep
) -> UnneededFilesChanged:
    """One that was kept elsewhere, as older web apps did. All at once, or none; it may be repeated,
    and what was decided here stays.
    """
    record = await services.collections.get(body.collection)
    files = [
        UnneededFile(
            id=0,
            point_id=one.id,
            sha256=bytes.fromhex(one.sha256),
            path=one.path,
            size_bytes=one.bytes,
            kept_path=one.kept_path,
            of_file=one.of_file,
        )
        for one in body.files
    ]
    decided = services.ports.ledger.duplicate_decisions
    return UnneededFilesChanged(files=await decided.add(record.id, files))


@router.post(
    f"{_PATH}/take-back",
    dependencies=[WRITES],
    summary="Take files off the list of those that are not needed",
    responses=problems(*_SAYING),
)
async def take_back_unneeded_files(body: Selection, services: AppStateDep) -> UnneededFilesChanged:
    """What was decided about these images is open again, and about other files of a content that
    was not needed. An image that left the collection comes back by `POST /selection/restore`.
    """
    record = await services.collections.get(body.collection)
    decided = services.ports.ledger.duplicate_decisions
    return UnneededFilesChanged(files=await decided.take_back(record.id, body.images))


@router.delete(
    _PATH,
    dependencies=[WRITES],
    status_code=204,
    summary="Empty the list of files that are not needed",
    responses=problems(*_SAYING),
)
async def clear_duplicate_decisions(
    services: AppStateDep, collection: CollectionName = "default"
) -> None:
    """Every decision of the collection is open again, but for what was dismissed. Images that left
    stay away, and no file is touched.
    """
    record = await services.collections.get(collection)
    await services.ports.ledger.duplicate_decisions.clear(record.id)
