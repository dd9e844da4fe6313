"""Images in pages, over time, by what they have in common, on a map, and by folders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.image_views import image_views
from ingestion_orchestration_fastapi_app.api.library.filter_parameters import QueryFilters
from ingestion_orchestration_fastapi_app.api.links import OF_IMAGES
from ingestion_orchestration_fastapi_app.api.parameters import (
    CollectionName,
    ListCursor,
    Offset,
    PageLimit,
)
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    Facet,
    FacetCounts,
    Order,
    PlaceCluster,
    Sort,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue.timeline import Step
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    CursorRefused,
    StoreRead,
)
from ingestion_orchestration_fastapi_app.library.catalogue.browsing import (
    Asked,
    ImagePage,
    viewport,
)
from utils.contract import (
    API_PREFIX,
    MAX_PATH_CHARACTERS,
    BrowseOrder,
    BrowseSort,
    ClusterReply,
    FacetReply,
    FacetsReply,
    FacetValueReply,
    FolderList,
    FolderReply,
    ImageList,
    MapReply,
    TileList,
    TimelineBucket,
    TimelineReply,
    TimelineStep,
)
from utils.contract.warnings import sentences
from utils.problems import ValidationProblem
from utils.web.openapi import problems
from utils.web.routing.root_path import external_path

router = APIRouter(prefix=API_PREFIX, tags=["images"], dependencies=[READS])

MAX_FACET_VALUES = 500
MAX_ZOOM = 22
_FAULTS = problems(CollectionNotFound, StoreRead)
Direction = Annotated[BrowseOrder, Query(description="From the least, or from the greatest.")]
Sorting = Annotated[
    BrowseSort,
    Query(
        description="`path`: folder by folder, its own images before those below. `taken_at`: "
        "images without a date are the last in either order. `added`: when it was imported "
        "first."
    ),
]
_Latitude = Query(ge=-90, le=90, allow_inf_nan=False, description="Degrees; south is negative.")
_Longitude = Query(
    ge=-180,
    le=180,
    allow_inf_nan=False,
    description="Degrees; west is negative. With `min_longitude` above `max_longitude` the part "
    "reaches over the antimeridian.",
)


_LISTING = {
    200: {"links": OF_IMAGES},
    **problems(CursorRefused, CollectionNotFound, StoreRead),
}


async def asked_in_query(
    *,
    filters: QueryFilters,
    collection: CollectionName = "default",
    sort: Sorting = BrowseSort.PATH,
    order: Direction = BrowseOrder.ASC,
    limit: PageLimit = 50,
    offset: Offset = 0,
    cursor: ListCursor = None,
) -> Asked:
    by = Order(Sort(sort.value), is_descending=order is BrowseOrder.DESC)
    return Asked(collection, filters, by, limit, offset, cursor)


_AskedPage = Annotated[Asked, Depends(asked_in_query)]


@router.get("/images", summary="List images", responses=_LISTING)
async def list_images(services: AppStateDep, asked: _AskedPage) -> ImageList:
    """Those of a collection that meet all conditions, page by page: `cursor` costs the same
    however far down, `offset` passes over what is before."""
    page = await services.browsing.page(asked)
    views = await image_views(services, page.collection, page.points)
    return ImageList(images=tuple(map(views.image, page.points)), **_about(page, asked))


@router.get("/images/tiles", summary="List images as tiles", responses=_LISTING)
async def list_tiles(services: AppStateDep, asked: _AskedPage) -> TileList:
    """The same, for a page of many: of each image what is seen at once, in half the bytes and
    less time. Cursors are those of `GET /images`."""
    page = await services.browsing.page(asked)
    views = await image_views(services, page.collection, page.points)
    return TileList(images=tuple(map(views.tile, page.points)), **_about(page, asked))


def _about(page: ImagePage, asked: Asked) -> dict[str, Any]:
    """Of a list all but its images."""
    is_by_offset = page.is_full and asked.cursor is None
    return {
        "collection": page.collection.name,
        "total": page.total,
        "total_is_exact": page.total_is_exact,
        "cursor": page.cursor,
        "next_offset": asked.offset + asked.limit if is_by_offset else None,
        "warnings": sentences(page.warning_details),
        "warning_details": page.warning_details,
    }


@router.get("/images/timeline", summary="Count images over time", responses=_FAULTS)
async def get_timeline(
    services: AppStateDep,
    filters: QueryFilters,
    collection: CollectionName = "default",
    by: Annotated[
        TimelineStep, Query(description="What a bucket holds.", examples=["month"])
    ] = TimelineStep.MONTH,
    order: Direction = BrowseOrder.DESC,
) -> TimelineReply:
    """How many images were taken in each year, month or day, and where each begins in a list by
    `taken_at`: for a scroll bar that goes to any month at once."""
    found = await services.browsing.timeline(
        collection, filters, Step(by.value), is_descending=order is BrowseOrder.DESC
    )
    line = found.timeline
    return TimelineReply(
        collection=found.collection.name,
        by=by.value,
        buckets=tuple(
            TimelineBucket(bucket=one.name, count=one.count, cursor=found.cursor_of(one.start))
            for one in line.buckets
        ),
        undated=line.undated,
        undated_cursor=found.cursor_of(line.undated_start) if line.undated else None,
        truncated=line.is_cut,
        warnings=sentences(found.warning_details),
        warning_details=found.warning_details,
    )


@router.get("/images/facets", summary="Count images by their values", responses=_FAULTS)
async def get_facets(
    services: AppStateDep,
    filters: QueryFilters,
    collection: CollectionName = "default",
    limit: Annotated[
        int, Query(ge=1, le=MAX_FACET_VALUES, description="The most values of each facet.")
    ] = 20,
) -> FacetsReply:
    """What images can be narrowed by, with how many have each value. All conditions hold, but that
    a facet's own parameter is not applied to it (keywords and tags are), also where it stands in
    `filters`, alone or as alternatives of one `any_of`: so what else could be chosen is seen."""
    record, found, warnings = await services.browsing.facets(collection, filters, top=limit)
    return FacetsReply(
        collection=record.name,
        cameras=_facet(found, Facet.CAMERA),
        lenses=_facet(found, Facet.LENS),
        years=_facet(found, Facet.YEAR),
        folders=_facet(found, Facet.FOLDER),
        keywords=_facet(found, Facet.KEYWORD),
        formats=_facet(found, Facet.FORMAT),
        ratings=_facet(found, Facet.RATING),
        places=_facet(found, Facet.PLACE),
        favourites=_facet(found, Facet.FAVOURITE),
        tags=_facet(found, Facet.TAG),
        captions=_facet(found, Facet.CAPTION),
        orientations=_facet(found, Facet.ORIENTATION),
        warnings=sentences(warnings),
        warning_details=warnings,
    )


def _facet(found: Mapping[Facet, FacetCounts], facet: Facet) -> FacetReply:
    counts = found[facet]
    values = tuple(FacetValueReply(value=one.value, count=one.count) for one in counts.values)
    return FacetReply(values=values, distinct=counts.distinct, without=counts.without)


@router.get("/images/map", summary="Show images on a map", responses=_FAULTS)
async def get_map(
    services: AppStateDep,
    filters: QueryFilters,
    collection: CollectionName = "default",
    min_latitude: Annotated[float, _Latitude] = -90,
    min_longitude: Annotated[float, _Longitude] = -180,
    max_latitude: Annotated[float, _Latitude] = 90,
    max_longitude: Annotated[float, _Longitude] = 180,
    zoom: Annotated[
        int, Query(ge=0, le=MAX_ZOOM, description="As of a web map: 0 is the whole world.")
    ] = 2,
) -> MapReply:
    """Where images were taken in a part of the map: those near each other are one cluster."""
    if min_latitude > max_latitude:
        raise ValidationProblem("min_latitude is above max_latitude.")
    view = viewport(min_latitude, min_longitude, max_latitude, max_longitude, zoom=zoom)
    record, found, warnings = await services.browsing.places(collection, filters, view)
    return MapReply(
        collection=record.name,
        clusters=tuple(_cluster(one, record.name) for one in found),
        cell_degrees=view.cell,
        warnings=sentences(warnings),
        warning_details=warnings,
    )


def _cluster(one: PlaceCluster, collection: str) -> ClusterReply:
    image_url = external_path(f"{API_PREFIX}/images/{one.sample}")
    return ClusterReply(
        count=one.count,
        latitude=one.latitude,
        longitude=one.longitude,
        image_id=str(one.sample),
        thumbnail_url=f"{image_url}/thumbnail?collection={collection}",
    )


@router.get("/folders", summary="List folders", responses=_FAULTS)
async def list_folders(
    services: AppStateDep,
    collection: CollectionName = "default",
    path: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MAX_PATH_CHARACTERS,
            description="The folder whose folders are listed, as `path` says; without one the "
            "roots are.",
            examples=["/photos"],
        ),
    ] = None,
    include_hidden: Annotated[bool, Query(description="Hidden ones, too.")] = False,
    limit: PageLimit = 100,
    offset: Offset = 0,
) -> FolderList:
    """The folders right below one that hold images, or have folders that do, with how many."""
    record, found, warnings = await services.browsing.folders(
        collection, path, include_hidden=include_hidden
    )
    end = offset + limit
    return FolderList(
        collection=record.name,
        path=path,
        folders=tuple(
            FolderReply(
                path=one.path,
                name=one.path if path is None else one.name,
                images=one.images,
                images_in_all=one.images_in_all,
            )
            for one in found[offset:end]
        ),
        total=len(found),
        next_offset=end if end < len(found) else None,
        warnings=sentences(warnings),
        warning_details=warnings,
    )
