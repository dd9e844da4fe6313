"""The model that `up` starts with: the one asked for, else the one the library was made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingestion_orchestration_fastapi_app.adapters.sqlite.library_models import LibraryModel
from ingestion_orchestration_fastapi_app.cli.program import called
from ingestion_orchestration_fastapi_app.cli.up.launcher import LaunchFailed


@dataclass(frozen=True, slots=True)
class Choice:
    """What is set for the inference service, and what is said of it."""

    environment: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None


def choice(
    models: Mapping[str, LibraryModel],
    *,
    collection: str,
    photos: str | None,
    clip_model: str,
    clip_pretrained: str,
) -> Choice:
    """`models`: of the library, by collection. `clip_model` and `clip_pretrained`: as they are
    set, empty where they are not.

    Raises:
        LaunchFailed: photos would go into a collection that another model made.
    """
    own = models.get(collection)
    if clip_model or clip_pretrained:
        if own is not None and photos is not None and clip_model not in ("", own.model):
            elsewhere = called("up", "--photos", photos, "--collection", "NAME")
            raise LaunchFailed(
                f"Collection {collection} was made with CLIP_MODEL={own.model}, and CLIP_MODEL="
                f"{clip_model} is set. Leave CLIP_MODEL out to go on with the collection's model, "
                f"or import into another collection: {elsewhere}"
            )
        return Choice()
    kinds = set(models.values())
    made_with = own or (next(iter(kinds)) if len(kinds) == 1 else None)
    if made_with is None:
        if not models:
            return Choice()
        listed = ", ".join(f"{name}: {one.model}" for name, one in sorted(models.items()))
        return Choice(note=f"Collections need different models ({listed}); CLIP_MODEL says which.")
    note = f"The model is {made_with.model}, with which the library was made."
    if others := sorted(name for name, one in models.items() if one != made_with):
        note += f" Collections of another model cannot be searched: {', '.join(others)}."
    environment = {"CLIP_MODEL": made_with.model, "CLIP_PRETRAINED": made_with.weights}
    return Choice(environment, note)
