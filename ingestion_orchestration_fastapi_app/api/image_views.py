"""Images as wire types, with what is looked up beside them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from ingestion_orchestration_fastapi_app.api.app_state import AppState
from ingestion_orchestration_fastapi_app.api.place_views import place_reply
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.library.searching.query import Found, Result
from ingestion_orchestration_fastapi_app.ports.gazetteer import Gazetteer
from utils.contract import (
    API_PREFIX,
    ImageReply,
    SearchHit,
    SearchReply,
    Understood,
)
from utils.contract.annotations.reply import AnnotationReply
from utils.contract.browsing import ImageTile, TilePlace
from utils.web.routing.root_path import external_path


@dataclass(frozen=True, slots=True)
class ImageViews:
    """Shows points of one collection.

    `stale`: ids of points whose files have another content now. `placeholders`: pixels by id.
    """

    collection: str
    stale: Collection[UUID]
    placeholders: Mapping[UUID, bytes]
    gazetteer: Gazetteer

    def image(self, point: Point) -> ImageReply:
        return ImageReply.model_validate(self._fields(point))

    def hit(self, hit: Result) -> SearchHit:
        return SearchHit.model_validate(
            {
                "score": None if hit.score is None else round(hit.score, 6),
                "relevance": None if hit.relevance is None else round(hit.relevance, 6),
                "probability": None if hit.probability is None else float(f"{hit.probability:.6g}"),
                "found_by": (
                    *(("vector",) if hit.is_near else ()),
                    *(("words",) if hit.word_score is not None else ()),
                ),
                "matched_words": hit.words,
                "word_score": None if hit.word_score is None else round(hit.word_score, 6),
                "folded": {"count": len(hit.others), "ids": tuple(map(str, hit.others))}
                if hit.others
                else None,
                **self._fields(hit.point),
            }
        )

    def tile(self, point: Point) -> ImageTile:
        image_url, of_collection = self._address(point)
        place, said = place_reply(point, self.gazetteer), point.annotation
        return ImageTile(
            id=str(point.id),
            filename=point.filename,
            thumbnail_url=f"{image_url}/thumbnail{of_collection}",
            preview_url=f"{image_url}/preview{of_collection}",
            placeholder=self._placeholder(point),
            width_px=point.width_px,
            height_px=point.height_px,
            format=point.format,
            taken_at=point.metadata.taken_at,
            place=None if place is None else TilePlace(city=place.city, country=place.country),
            rating=point.metadata.rating,
            favourite=point.metadata.favourite,
            motion=point.metadata.motion,
            companions=point.companions,
            title=point.metadata.title,
            caption=point.caption,
            annotation=None if said is None else AnnotationReply.model_validate(asdict(said)),
            stale=point.id in self.stale,
        )

    def _address(self, point: Point) -> tuple[str, str]:
        """A path, and what of it comes behind a picture's name."""
        return external_path(f"{API_PREFIX}/images/{point.id}"), f"?collection={self.collection}"

    def _fields(self, point: Point) -> dict[str, object]:
        image_url, of_collection = self._address(point)
        origin, annotation = point.caption_origin, point.annotation
        return {
            "id": str(point.id),
            "path": point.display_path,
            "filename": point.filename,
            "thumbnail_url": f"{image_url}/thumbnail{of_collection}",
            "preview_url": f"{image_url}/preview{of_collection}",
            "file_url": f"{image_url}/file{of_collection}",
            "placeholder": self._placeholder(point),
            "width_px": point.width_px,
            "height_px": point.height_px,
            "bytes": point.size_bytes,
            "format": point.format,
            **asdict(point.metadata),
            "place": place_reply(point, self.gazetteer),
            "companions": point.companions,
            "caption": point.caption,
            "caption_origin": None if origin is None else asdict(origin),
            "annotation": None if annotation is None else asdict(annotation),
            "partial": point.partial,
            "pixel_source": point.pixel_source,
            "rung": point.pixel_source,
            "stale": point.id in self.stale,
            "sha256": point.sha256.hex(),
        }

    def _placeholder(self, point: Point) -> str | None:
        pixels = self.placeholders.get(point.id)
        return None if pixels is None else b64encode(pixels).decode()


async def image_views(
    services: AppState, collection: CollectionRecord, points: Sequence[Point]
) -> ImageViews:
    """For these points."""
    return ImageViews(
        collection.name,
        await services.stale_points.among(collection, points),
        await services.placeholders.of(collection, points),
        services.sentences.gazetteer,
    )


async def search_reply(
    services: AppState, found: Found, understood: Understood | None = None
) -> SearchReply:
    views = await image_views(services, found.collection, [hit.point for hit in found.hits])
    return SearchReply(
        results=tuple(views.hit(hit) for hit in found.hits),
        collection=found.collection.name,
        model=found.collection.model,
        warnings=found.warnings,
        warning_details=found.warning_details,
        cursor=found.cursor,
        mode_used=found.mode,
        nothing_relevant=found.nothing_relevant,
        calibrated=found.calibrated,
        suggested_min_relevance=found.suggested_cut,
        templates_used=found.templated,
        understood=understood,
        total=found.total,
        total_is_exact=found.is_total_exact,
    )
