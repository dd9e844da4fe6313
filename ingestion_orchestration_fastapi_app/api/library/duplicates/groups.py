"""Groups of duplicates are listed, shown and dismissed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.library.duplicates.views import (
    count_replies,
    dismissal_reply,
    group_reply,
)
from ingestion_orchestration_fastapi_app.api.parameters import (
    CollectionName,
    ImageId,
    Offset,
    PageLimit,
)
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    CursorRefused,
    DiskFull,
    DuplicatesNotFound,
    ImageNotFound,
    StoreRead,
    StoreWrite,
)
from utils.contract import API_PREFIX
from utils.contract.duplicates.groups import (
    KEEPER_RULE,
    MAX_DUPLICATE_ID,
    DismissalList,
    DismissalReply,
    DuplicateGroup,
    DuplicateList,
    ImageDuplicates,
)
from utils.contract.duplicates.options import DuplicateClass
from utils.contract.search import CursorText
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, tags=["duplicates"], dependencies=[READS])

MOST_GROUPS = 100
MOST_MEMBERS = 100
_LOOKING = (CollectionNotFound, StoreRead)
_SAYING = (StoreWrite, DiskFull)

Classes = Annotated[
    list[DuplicateClass] | None,
    Query(
        alias="class",
        max_length=len(DuplicateClass),
        description="Only groups of these classes; may be given several times.",
        examples=[["same_picture"]],
    ),
]
GroupId = Annotated[
    int,
    Path(ge=1, le=MAX_DUPLICATE_ID, description="A group, as `id` says.", examples=[17]),
]
DismissalId = Annotated[
    int,
    Path(
        ge=1,
        le=MAX_DUPLICATE_ID,
        description="What was dismissed, as `id` says.",
        examples=[3],
    ),
]
GroupLimit = Annotated[int, Query(ge=1, le=MOST_GROUPS, description="The most groups of a page.")]
MemberLimit = Annotated[
    int, Query(ge=1, le=MOST_MEMBERS, description="The most images told of each group.")
]


Decided = Annotated[
    bool | None,
    Query(
        description="`true`: only groups of which nothing is open; `false`: only the others. "
        "Those that were dismissed are never listed."
    ),
]

AfterNumber = Annotated[
    int, Query(ge=0, le=MAX_DUPLICATE_ID, description="The `next_after` of the page before.")
]


def asked_classes(classes: list[DuplicateClass] | None) -> tuple[DuplicateClass, ...]:
    return tuple(dict.fromkeys(classes)) if classes else tuple(DuplicateClass)


@router.get(
    "/duplicates",
    summary="List duplicates",
    responses=problems(CursorRefused, *_LOOKING),
)
async def list_duplicates(
    services: AppStateDep,
    collection: CollectionName = "default",
    classes: Classes = None,
    limit: GroupLimit = 20,
    members: MemberLimit = 20,
    decided: Decided = None,
    cursor: Annotated[
        CursorText | None,
        Query(
            description="The `cursor` of the page before, with all else as it was but for `limit` "
            "and `members`. It is good until another search of the collection ends."
        ),
    ] = None,
) -> DuplicateList:
    """Groups that the last job of the kind `duplicates` found in the collection, as they are now:
    images that went or changed meanwhile are left out. Nothing is ever deleted on the disk:
    `POST /selection/forget` takes images out of the collection.
    """
    page = await services.duplicates.page(
        collection,
        kinds=asked_classes(classes),
        limit=limit,
        members=members,
        cursor=cursor,
        decided=decided,
    )
    run, counts = page.run, page.counts
    return DuplicateList(
        groups=tuple([await group_reply(services, page.collection, one) for one in page.groups]),
        collection=page.collection.name,
        job_id=None if run is None else run.job_id,
        found_at=None if run is None else run.found_at,
        searched=0 if run is None else run.images,
        totals=() if run is None else None if counts is None else count_replies(counts),
        rule=KEEPER_RULE,
        cursor=page.cursor,
    )


@router.get(
    "/duplicates/groups/{group_id}",
    summary="Show a group of duplicates",
    responses=problems(DuplicatesNotFound, *_LOOKING),
)
async def get_duplicate_group(
    group_id: GroupId,
    services: AppStateDep,
    collection: CollectionName = "default",
    limit: PageLimit = 100,
    offset: Offset = 0,
) -> DuplicateGroup:
    """With so many of its images after those that `offset` passes over."""
    record, shown = await services.duplicates.group(
        collection, group_id, offset=offset, limit=limit
    )
    return await group_reply(services, record, shown)


@router.get(
    "/images/{image_id}/duplicates",
    summary="Show an image's duplicates",
    responses=problems(ImageNotFound, *_LOOKING),
)
async def get_image_duplicates(
    image_id: ImageId,
    services: AppStateDep,
    collection: CollectionName = "default",
    members: MemberLimit = 20,
) -> ImageDuplicates:
    """The groups that it is in, as the last search found them; none where none has ended. A looser
    class holds one image of each stricter group: the copies of an image are in their own.
    """
    record, found = await services.duplicates.of_image(collection, image_id, members=members)
    replies = [await group_reply(services, record, one) for one in found]
    return ImageDuplicates(groups=tuple(replies), collection=record.name)


@router.post(
    "/duplicates/groups/{group_id}/dismiss",
    dependencies=[WRITES],
    summary="Dismiss a group of duplicates",
    responses=problems(DuplicatesNotFound, *_LOOKING, *_SAYING),
)
async def dismiss_duplicates(
    group_id: GroupId, services: AppStateDep, collection: CollectionName = "default"
) -> DismissalReply:
    """They are no duplicates: the group is not listed, and no later search puts two of its contents
    into one, wherever their files are. Kept by content.
    """
    made = await services.duplicates.dismiss(collection, group_id)
    [kept] = await services.duplicates.dismissed(collection, after=made - 1, limit=1)
    return dismissal_reply(kept)


@router.get(
    "/duplicates/dismissed",
    summary="List dismissed duplicates",
    responses=problems(CollectionNotFound),
)
async def list_dismissed_duplicates(
    services: AppStateDep,
    collection: CollectionName = "default",
    limit: PageLimit = 50,
    after: AfterNumber = 0,
) -> DismissalList:
    """What somebody said are no duplicates, the oldest first."""
    page = await services.duplicates.dismissed(collection, after=after, limit=limit)
    return DismissalList(
        dismissals=tuple(map(dismissal_reply, page)),
        next_after=page[-1].id if len(page) == limit else None,
    )


@router.delete(
    "/duplicates/dismissed/{dismissal_id}",
    dependencies=[WRITES],
    status_code=204,
    summary="Take back a dismissal",
    responses=problems(DuplicatesNotFound, CollectionNotFound, *_SAYING),
)
async def take_back_dismissal(
    dismissal_id: DismissalId, services: AppStateDep, collection: CollectionName = "default"
) -> None:
    """Their group is listed again at once, unless a later search has replaced it: then the next
    one may find them.
    """
    await services.duplicates.take_back(collection, dismissal_id)
