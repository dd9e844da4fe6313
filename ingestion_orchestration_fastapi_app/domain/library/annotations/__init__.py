"""What people say of pictures, in Photoseek itself."""

from ingestion_orchestration_fastapi_app.domain.library.annotations.annotation import (
    NO_ANNOTATION,
    Annotation,
    AnnotationChange,
    Kept,
)

__all__ = ["NO_ANNOTATION", "Annotation", "AnnotationChange", "Kept"]
