"""What a caller may mean by a folder that need not be there any more."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.errors import DirectoryNotFound
from utils.text.folded import composed


def meant_folder(text: str, folders: Sequence[bytes]) -> bytes:
    """Of these absolute folders the one that is meant; the text as a path where none is. Blocking.

    As it is shown, or typed, or without links; else as it looks, however its letters are encoded.
    """
    if "\0" in text:
        raise DirectoryNotFound("A path holds no NUL.")
    path = os.path.expanduser(text)
    typed, real = os.fsencode(os.path.abspath(path)), os.path.realpath(os.fsencode(path))
    shown = [display_text(folder) for folder in folders]
    for names in ((text,), (display_text(typed), display_text(real))):
        for folder, name in zip(folders, shown, strict=True):
            if name in names:
                return folder
    looks = {composed(name) for name in (text, display_text(typed), display_text(real))}
    alike = [one for one, name in zip(folders, shown, strict=True) if composed(name) in looks]
    return alike[0] if len(alike) == 1 else typed
