"""What the OpenAPI document says of the orchestrator as a whole."""

from __future__ import annotations

ABOUT = """Imports folders of photographs, and finds them by what they show.

Errors are `application/problem+json` (RFC 9457): `code` is stable, `detail` is for people. Query
parameters and fields that an operation does not know are refused."""

TAGS = {
    "jobs": "Imports: started, followed, paused, and what failed in them.",
    "collections": "Named libraries of images, each made by one model.",
    "roots": "The folders that may be imported and shown.",
    "search": "Images by a text, by a picture, or like one that is stored.",
    "images": "What is stored: data, thumbnails, originals.",
    "exports": "Collections as Parquet files: for backup, another machine, and people's notebooks.",
    "albums": "Images that somebody gathers, by hand or by a search that is saved.",
    "duplicates": "Images that are there more than once, in groups: which to keep, which are none.",
    "session": "Logging in from a browser, where a key is set.",
    "system": "What runs here, on what, set how, and what it said of late.",
    "health": "Whether it works, and what can be asked of it.",
}
