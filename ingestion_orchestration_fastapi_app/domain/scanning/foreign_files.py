"""What other programs keep beside photographs: small copies, bins, versions, sync state.

A name is here only where nobody would give it to a folder of photographs. Generic ones (`thumbs`,
`Previews`, `cache`) count only within a program's own folder, or where its mark lies in them.
"""

from __future__ import annotations

import re

# Globs; those that end with `/` are of folders only.
NAMES = (
    ".*",  # so .dtrash, .stversions, .thumbnails, .Trash-1000, .@__thumb and their like
    "@eaDir/",  # Synology
    "@SynoResource",
    "@tmp/",
    "#recycle/",
    "#snapshot/",
    "@Recycle/",  # QNAP
    "@Recently-Snapshot/",
    "$RECYCLE.BIN/",  # Windows
    "RECYCLER/",
    "System Volume Information/",
    "Thumbs.db",
    "ehthumbs*.db",
    "desktop.ini",
    "lost+found/",
    "__MACOSX/",
    "*.lrdata/",  # Lightroom's previews
    "*.lrcat-data/",
    "*.lrlibrary/**/previews/",
    "CaptureOne/Cache/",
    "*.cocatalog/Cache/",
    "iPhoto Library/Data/",
    "iPhoto Library/Data.noindex/",
    "iPhoto Library/iPod Photo Cache/",
    "iPhoto Library/Previews/",
    "iPhoto Library/Thumbnails/",
    "files_trashbin/",  # Nextcloud
    "files_versions/",
    "appdata_oc*/",
)
# Of the libraries of Photos, Aperture and iPhoto only the folders of originals are for anybody.
_IN_LIBRARY = re.compile(
    r"(?:.*/)?[^/]*\.(?:photoslibrary|migratedphotolibrary|photolibrary|aplibrary)/"
    r"(?!(?:originals|masters)\Z)[^/]+",
    re.IGNORECASE | re.DOTALL,
)
_LIBRARY = "library/"
# A file in a folder that says whose the folder is, and the names for which that counts.
_MARKS: dict[bytes, frozenset[bytes] | None] = {
    b".immich": frozenset({b"thumbs", b"encoded-video", b"profile", b"backups"}),
    b".ppstorage": None,  # PhotoPrism's, whatever it is called
}
MARK_NAMES = frozenset(_MARKS)
_EDITED = b"_original"  # what exiftool adds to the name of a file that it writes anew


def is_library_internal(folder: str) -> bool:
    """Whether a folder, by its absolute path, lies right in such a library without originals."""
    return _LIBRARY in folder.lower() and _IN_LIBRARY.fullmatch(folder) is not None


def is_marked(folder: bytes, mark: bytes) -> bool:
    """Whether a file of this name, in `MARK_NAMES`, says that the folder holds no photographs."""
    names = _MARKS[mark]
    return names is None or folder.rpartition(b"/")[2] in names


def edited_name(name: bytes) -> bytes | None:
    """Of a copy that exiftool kept of a file before it changed it: the file's name.

    Only where that file is there is the copy one.
    """
    return name[: -len(_EDITED)] if name.endswith(_EDITED) and name != _EDITED else None
