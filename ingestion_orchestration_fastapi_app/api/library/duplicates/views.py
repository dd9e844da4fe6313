"""Groups and dismissals as wire types."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.api.app_state import AppState
from ingestion_orchestration_fastapi_app.api.image_views import image_views
from ingestion_orchestration_fastapi_app.domain.duplicates.records import Dismissal, GroupCounts
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.library.duplicates.shown_duplicates import ShownGroup
from utils.contract.duplicates.decisions import Decision
from utils.contract.duplicates.groups import ClassCount, DismissalReply, DuplicateGroup
from utils.contract.duplicates.options import DuplicateClass


async def group_reply(
    services: AppState, collection: CollectionRecord, shown: ShownGroup
) -> DuplicateGroup:
    points = await services.collections.words.joined(collection, shown.points)
    views = await image_views(services, collection, points)
    group = shown.group
    return DuplicateGroup.model_validate(
        {
            "id": group.id,
            "class": group.kind,
            "count": group.count,
            "keep": str(shown.kept.id),
            "kept_by": shown.kept_by,
            "reason": shown.reason,
            "bytes_beside": shown.bytes_beside,
            "undecided": group.undecided,
            "decisions": _decisions(shown),
            "images": tuple(views.image(point) for point in points),
        }
    )


def _decisions(shown: ShownGroup) -> dict[str, Decision]:
    told = {point.id for point in shown.points}
    return {str(one): said for one, said in shown.decisions.items() if one in told}


def count_replies(counts: GroupCounts) -> tuple[ClassCount, ...]:
    """Of the classes that there are, the strictest first."""
    return tuple(
        ClassCount.model_validate(
            {
                "class": kind,
                "groups": counts.groups.get(kind, 0),
                "images": counts.images.get(kind, 0),
                "decided": counts.decided.get(kind, 0) + counts.over.get(kind, 0),
                "undecided": counts.groups.get(kind, 0) - counts.decided.get(kind, 0),
            }
        )
        for kind in DuplicateClass
        if kind in counts.groups or kind in counts.over
    )


def dismissal_reply(kept: Dismissal) -> DismissalReply:
    return DismissalReply(
        id=kept.id,
        path=kept.name,
        sha256s=tuple(content.hex() for content in kept.contents),
        dismissed_at=kept.at,
    )
