"""A search as an album keeps it: a request without what is of a page, and whose model it is of."""

from __future__ import annotations

from pydantic import ValidationError

from ingestion_orchestration_fastapi_app.domain.library.annotations import SavedSearch
from ingestion_orchestration_fastapi_app.domain.search.word_query import word_query
from ingestion_orchestration_fastapi_app.errors import ModelMismatch
from utils.contract.search import SearchMode, SearchRequest
from utils.contract.warnings import WarningCode, WarningDetail
from utils.problems import ValidationProblem

_OF_A_PAGE = {"collection", "limit", "offset", "cursor", "with_total"}
_OF_ANOTHER_MODEL = WarningDetail.of(WarningCode.SCORES_OF_ANOTHER_MODEL)


def saved_text(request: SearchRequest) -> str:
    """Raises ValidationProblem: it cannot be kept, or nothing says where what it finds ends."""
    if any(one.file is not None for one in (*request.positive, *request.negative)):
        raise ValidationProblem(
            "search: an album keeps no files: give a stored image's image_id, or a vector."
        )
    if not _ends(request):
        raise ValidationProblem(
            "search: nothing says where the album ends: give min_relevance, min_score, mode text, "
            "words in quotes, or filters alone."
        )
    return request.model_dump_json(exclude_defaults=True, exclude=_OF_A_PAGE)


def _ends(request: SearchRequest) -> bool:
    if request.is_browsed or request.mode is SearchMode.TEXT:
        return True
    if request.min_score is not None or request.min_relevance is not None:
        return True
    is_worded = request.mode is not SearchMode.VECTOR
    return is_worded and bool(word_query(request.query or "").required)


def saved_request(search: SavedSearch) -> SearchRequest:
    """Raises ValidationProblem: this version does not know what another one has kept."""
    try:
        return SearchRequest.model_validate_json(search.text)
    except ValidationError as exc:
        raise ValidationProblem(
            "The album's search was saved by a version of Photoseek that knows more than this one: "
            "give it another search."
        ) from exc


def model_warnings(
    search: SavedSearch, request: SearchRequest, fingerprint: str | None
) -> tuple[WarningDetail, ...]:
    """`fingerprint`: of the model that answers now. Raises ModelMismatch: for vectors."""
    if None in (search.fingerprint, fingerprint) or search.fingerprint == fingerprint:
        return ()
    examples = (*request.positive, *request.negative)
    if request.vector is not None or any(one.vector is not None for one in examples):
        raise ModelMismatch(
            "The album's search holds a vector of the model that answered when it was saved "
            f"({search.fingerprint}), and another one answers now ({fingerprint}): save it anew."
        )
    return () if request.min_score is None else (_OF_ANOTHER_MODEL,)
