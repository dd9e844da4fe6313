"""Filters as options of a command."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import JsonValue, ValidationError

from ingestion_orchestration_fastapi_app.cli.view.text import shown_path
from utils.contract import FilterSpec, Orientation

_NEAR_KM = 10.0

After = Annotated[str | None, typer.Option(help="Taken then or later: a year, month, day or time.")]
Before = Annotated[str | None, typer.Option(help="Taken then or earlier.")]
Camera = Annotated[str | None, typer.Option(help="A part of the camera's make and model.")]
Lens = Annotated[str | None, typer.Option(help="A part of the lens's name.")]
Keywords = Annotated[
    list[str] | None, typer.Option("--keyword", help="A keyword; several: all of them.")
]
Folder = Annotated[str | None, typer.Option(metavar="DIR", help="In this folder, or below it.")]
Formats = Annotated[
    list[str] | None, typer.Option("--format", help="A format, as jpeg or raw; several: any.")
]
RatingMin = Annotated[
    int | None, typer.Option("--rating", min=-1, max=5, help="The least rating, -1 to 5.")
]
Shape = Annotated[
    Orientation | None, typer.Option("--orientation", help="As the picture is shown.")
]
MinMegapixels = Annotated[
    float | None, typer.Option(min=0, help="The least width times height, in megapixels.")
]
MaxMegapixels = Annotated[float | None, typer.Option(min=0, help="The greatest.")]
Near = Annotated[
    str | None,
    typer.Option(
        metavar="LAT,LON[,KM]",
        help=f"Taken around this place; within {_NEAR_KM:.0f} km unless said.",
    ),
]
HasGps = Annotated[
    bool | None, typer.Option("--gps/--no-gps", help="Whether it says where it was taken.")
]
HasCaption = Annotated[
    bool | None, typer.Option("--captioned/--no-captioned", help="Whether it has a caption.")
]
Favourite = Annotated[
    bool | None, typer.Option("--favourite/--no-favourite", help="Called so in Photoseek.")
]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", help="A tag of Photoseek's; several: all of them.")
]
Album = Annotated[UUID | None, typer.Option(metavar="ID", help="Put into this album by hand.")]
Hidden = Annotated[bool, typer.Option("--include-hidden", help="Also what is hidden.")]
NotKeywords = Annotated[
    list[str] | None, typer.Option("--not-keyword", help="None of these keywords.")
]
NotFolders = Annotated[
    list[str] | None,
    typer.Option("--not-folder", metavar="DIR", help="In none of these folders, nor below them."),
]
NotFormats = Annotated[list[str] | None, typer.Option("--not-format", help="None of these.")]
NotCameras = Annotated[
    list[str] | None, typer.Option("--not-camera", help="By none of these cameras.")
]

_OPTIONS = {
    "taken_after": "--after",
    "taken_before": "--before",
    "keywords": "--keyword",
    "formats": "--format",
    "tags": "--tag",
    "rating_min": "--rating",
    "min_megapixels": "--min-megapixels",
    "max_megapixels": "--max-megapixels",
}


def filters(
    *,
    after: After = None,
    before: Before = None,
    camera: Camera = None,
    lens: Lens = None,
    keywords: Keywords = None,
    folder: Folder = None,
    formats: Formats = None,
    rating_min: RatingMin = None,
    orientation: Shape = None,
    min_megapixels: MinMegapixels = None,
    max_megapixels: MaxMegapixels = None,
    near: Near = None,
    has_gps: HasGps = None,
    has_caption: HasCaption = None,
    favourite: Favourite = None,
    tags: Tags = None,
    album: Album = None,
    include_hidden: Hidden = False,
    not_keywords: NotKeywords = None,
    not_folders: NotFolders = None,
    not_formats: NotFormats = None,
    not_cameras: NotCameras = None,
) -> FilterSpec:
    """Raises typer.BadParameter, which names the option."""
    said: dict[str, object] = {
        "taken_after": after,
        "taken_before": before,
        "camera": camera,
        "lens": lens,
        "keywords": keywords or None,
        "folder": None if folder is None else shown_path(folder),
        "formats": formats or None,
        "rating_min": rating_min,
        "orientation": orientation,
        "min_megapixels": min_megapixels,
        "max_megapixels": max_megapixels,
        "near": None if near is None else _circle(near),
        "has_gps": has_gps,
        "has_caption": has_caption,
        "favourite": favourite,
        "tags": tags or None,
        "album": album,
        "include_hidden": include_hidden or None,
    }
    none_of = [
        *({"keywords": [word]} for word in not_keywords or ()),
        *({"folder": shown_path(one)} for one in not_folders or ()),
        *({"formats": [name]} for name in not_formats or ()),
        *({"camera": name} for name in not_cameras or ()),
    ]
    given = {name: value for name, value in said.items() if value is not None}
    if none_of:
        given["none_of"] = none_of
    try:
        return FilterSpec.model_validate(given)
    except ValidationError as exc:
        raise _refused(exc) from None


def with_filters(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with these options in place of its parameter `filters`."""
    options = inspect.signature(filters, eval_str=True).parameters

    @functools.wraps(command)
    def run(**given: Any) -> None:
        said = {name: given.pop(name) for name in options}
        command(**given, filters=filters(**said))

    own = inspect.signature(command, eval_str=True)
    keywords: list[inspect.Parameter] = []
    for name, parameter in own.parameters.items():
        keywords += options.values() if name == "filters" else [parameter]
    keywords = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in keywords]
    vars(run)["__signature__"] = own.replace(parameters=keywords)  # typer asks for it
    return run


def _refused(error: ValidationError) -> typer.BadParameter:
    fault = error.errors()[0]
    names = [step for step in fault["loc"] if isinstance(step, str)]
    hint = None
    if names and names[0] == "none_of" and len(names) > 1:
        name = names[1]
        hint = _OPTIONS.get(name, f"--{name}").replace("--", "--not-", 1)
    elif names and names[0] != "none_of":
        hint = _OPTIONS.get(names[0], f"--{names[0]}")
    return typer.BadParameter(fault["msg"].removeprefix("Value error, "), param_hint=hint)


def _circle(text: str) -> JsonValue:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3):
        raise typer.BadParameter(
            "two numbers, or three: latitude, longitude and kilometres, as 52.52,13.4,10",
            param_hint="--near",
        )
    latitude, longitude, radius_km = [*numbers, _NEAR_KM][:3]
    return {"latitude": latitude, "longitude": longitude, "radius_km": radius_km}
