"""What a scan passes over."""

from __future__ import annotations

from dataclasses import dataclass

# Made by other programs beside the photographs: small copies, bins, sync state.
_FOLDERS = frozenset(
    {
        b"@eadir",  # Synology
        b"#recycle",
        b"#snapshot",
        b"@recycle",  # QNAP
        b"@recently-snapshot",
        b"$recycle.bin",
        b"system volume information",
        b"lost+found",
        b"__macosx",
    }
)
_FOLDER_SUFFIXES = (b".lrdata",)  # Lightroom's previews


@dataclass(frozen=True, slots=True)
class ExcludeRules:
    """Names of folders are compared without regard to case. `hidden`: what begins with a dot.

    The rules say nothing about the folder that a job was asked for, only about what lies in it.
    """

    folders: frozenset[bytes] = _FOLDERS
    folder_suffixes: tuple[bytes, ...] = _FOLDER_SUFFIXES
    hidden: bool = True

    def excludes_folder(self, name: bytes) -> bool:
        lowered = name.lower()
        return (
            self.excludes_file(name)
            or lowered in self.folders
            or lowered.endswith(self.folder_suffixes)
        )

    def excludes_file(self, name: bytes) -> bool:
        return self.hidden and name.startswith(b".")
