"""Files of captions, as public data sets have them, and folders that are classes."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ingestion_orchestration_fastapi_app.domain.evaluation.asked import (
    AskedText,
    CaptionsUnreadableError,
    checked,
)

_NUMBERED = re.compile(r"(?P<image>[^\t]+)#\d+\t(?P<text>.*)")
_HEADS = {"image", "image_name", "filename", "file", "path"}
_EVALUATED = "test"


def texts_of(content: str) -> tuple[AskedText, ...]:
    """Of any of these kinds, told apart by what is in it:

    * Karpathy's JSON (Karpathy and Fei-Fei, 2015): `{"images": [{"filename", "split",
      "sentences": [{"raw"}]}]}`, also with `filepath` and `language`. Where images have splits,
      those of the split "test" are asked for.
    * Flickr8k's text: `name.jpg#0<tab>caption` (Flickr8k.token.txt), or `image,caption` as CSV.
    * TSV: `image<tab>caption`, with a language as the third column where there is one. A head is
      known by its first name (image, filename, file, path).

    Raises CaptionsUnreadableError.
    """
    body = content.removeprefix("\ufeff")
    if body.lstrip()[:1] == "{":
        return checked(_karpathy(body))
    first = body.split("\n", 1)[0].strip()
    if "\t" not in first and first.partition(",")[0].strip().lower() in _HEADS:
        return checked(_csv(body))
    return checked(_lines(body))


def classes_of(paths: Iterable[str]) -> tuple[AskedText, ...]:
    """Each folder's name is the text that finds the images in it: "golden_retriever/1.jpg".

    `paths` are below the folder of images. A number before the name ("001.Black_footed_Albatross",
    "n02085620-Chihuahua") is none of it. Raises CaptionsUnreadableError where there is no folder.
    """
    images: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        *_, folder, _ = ("", *path.split("/")) if "/" in path else ("", "", path)
        if folder:
            images[_class_name(folder)].add(path)
    return checked(AskedText(name, frozenset(those)) for name, those in sorted(images.items()))


def _class_name(folder: str) -> str:
    name = re.sub(r"^(n?\d+)[.\-_ ]+(?=\D)", "", folder)
    return re.sub(r"[_\s]+", " ", name).strip() or folder


def _karpathy(body: str) -> Iterator[AskedText]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise CaptionsUnreadableError(f"it is no JSON: {exc}") from exc
    images = read.get("images")
    if not isinstance(images, list):
        raise CaptionsUnreadableError('its JSON has no list of "images"')
    has_splits = any(isinstance(one, dict) and "split" in one for one in images)
    for number, image in enumerate(images):
        if not isinstance(image, dict) or not isinstance(image.get("filename"), str):
            raise CaptionsUnreadableError(f'image {number} has no "filename"')
        if has_splits and image.get("split") != _EVALUATED:
            continue
        yield from _sentences(image, number)


def _sentences(image: Mapping[str, Any], number: int) -> Iterator[AskedText]:
    folder = image.get("filepath")
    name = f"{folder}/{image['filename']}" if isinstance(folder, str) else image["filename"]
    sentences = image.get("sentences")
    if not isinstance(sentences, list):
        raise CaptionsUnreadableError(f'image {number} has no list of "sentences"')
    for sentence in sentences:
        raw = sentence.get("raw") if isinstance(sentence, dict) else None
        if not isinstance(raw, str):
            raise CaptionsUnreadableError(f'a sentence of image {number} has no "raw"')
        language = sentence.get("language", image.get("language"))
        if not isinstance(language, str | None):
            raise CaptionsUnreadableError(f'the "language" of image {number} is no text')
        yield AskedText(raw.strip(), frozenset({name}), language)


def _csv(body: str) -> Iterator[AskedText]:
    rows = csv.reader(io.StringIO(body, newline=""))
    next(rows)
    try:
        for row in rows:
            if not row:
                continue
            if len(row) < 2:  # image and caption
                raise CaptionsUnreadableError(f"line {rows.line_num} has no caption")
            yield AskedText(row[1].strip(), frozenset({row[0].strip()}))
    except csv.Error as exc:
        raise CaptionsUnreadableError(f"line {rows.line_num} is no CSV: {exc}") from exc


def _lines(body: str) -> Iterator[AskedText]:
    for number, ended in enumerate(body.split("\n"), start=1):
        line = ended.removesuffix("\r")
        if not line.strip():
            continue
        numbered = _NUMBERED.fullmatch(line)
        if numbered is not None:
            yield AskedText(numbered["text"].strip(), frozenset({numbered["image"]}))
            continue
        image, *rest = line.split("\t")
        if not rest:
            raise CaptionsUnreadableError(f"line {number} has no tab between image and caption")
        if number == 1 and image.strip().lower() in _HEADS:
            continue
        language = rest[1].strip() or None if len(rest) > 1 else None
        yield AskedText(rest[0].strip(), frozenset({image.strip()}), language)
