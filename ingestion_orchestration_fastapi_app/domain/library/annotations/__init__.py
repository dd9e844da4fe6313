"""What people say of pictures, in Photoseek itself."""

from ingestion_orchestration_fastapi_app.domain.library.annotations.album import (
    MAX_ALBUM_CONTENTS,
    MAX_ALBUMS,
    Album,
    AlbumChange,
    Filled,
    NewAlbum,
    SavedSearch,
)
from ingestion_orchestration_fastapi_app.domain.library.annotations.annotation import (
    NO_ANNOTATION,
    Annotation,
    AnnotationChange,
    Kept,
)

__all__ = [
    "MAX_ALBUMS",
    "MAX_ALBUM_CONTENTS",
    "NO_ANNOTATION",
    "Album",
    "AlbumChange",
    "Annotation",
    "AnnotationChange",
    "Filled",
    "Kept",
    "NewAlbum",
    "SavedSearch",
]
