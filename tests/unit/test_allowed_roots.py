"""Which folders may be imported and shown: what is set, what is remembered, what never."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.data_folder.local_secret import (
    SECRET_NAME,
    local_secret,
    read_local_secret,
)
from ingestion_orchestration_fastapi_app.domain.files.allowed_roots import (
    AllowedFolders,
    AllowedRoot,
    RootSource,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import root_at

HOME, DATA = b"/home/ann", b"/home/ann/.local/share/photoseek"


def folders(*remembered: bytes, bound: tuple[bytes, ...] | None = None) -> AllowedFolders:
    return AllowedFolders(bound or (HOME,), bound is not None, remembered, (DATA,))


def test_what_was_remembered_is_allowed_beside_the_default() -> None:
    allowed = folders(b"/mnt/disk")
    assert allowed.roots == (
        AllowedRoot(HOME, RootSource.DEFAULT),
        AllowedRoot(b"/mnt/disk", RootSource.REMEMBERED),
    )
    assert allowed.allows(HOME)
    assert allowed.allows(b"/mnt/disk/a/b.jpg")
    assert not allowed.allows(b"/mnt/disk2")
    assert not allowed.allows(b"/mnt")


def test_a_setting_bounds_what_is_remembered() -> None:
    allowed = folders(b"/mnt/disk", b"/srv/x", bound=(b"/mnt",))
    assert [root.path for root in allowed.roots] == [b"/mnt", b"/mnt/disk"]
    assert not allowed.allows(b"/srv/x")
    assert not allowed.allows(HOME)
    assert "INGEST_ROOTS (/mnt)" in (allowed.refusal(b"/srv/x") or "")
    assert allowed.refusal(b"/mnt/other") is None


@pytest.mark.parametrize("path", [b"/", b"/proc", b"/proc/1", b"/sys/class", b"/dev", b"/dev/shm"])
def test_the_system_is_never_a_root(path: bytes) -> None:
    for allowed in (folders(), folders(bound=(b"/",)), folders(path), folders(bound=(path,))):
        assert allowed.refusal(path) is not None
        assert not allowed.allows(path)
        assert path not in [root.path for root in allowed.roots]


def test_a_folder_in_memory_is_a_root_where_the_setting_names_it() -> None:
    named = folders(b"/dev/shm/x/inner", bound=(b"/dev/shm/x", b"/srv"))
    assert [root.path for root in named.roots] == [b"/dev/shm/x", b"/srv", b"/dev/shm/x/inner"]
    assert named.allows(b"/dev/shm/x/a.jpg")
    for path in (b"/dev", b"/dev/shm", b"/dev/shm/y", b"/dev/shm/xy", b"/dev/disk"):
        assert not named.allows(path)
        assert named.refusal(path) is not None
    for other in (
        folders(b"/dev/shm/x"),
        folders(b"/dev/shm/x", bound=(b"/dev",)),
        folders(b"/dev/shm/x", bound=(b"/dev/shm",)),
        folders(b"/dev/shm/x", bound=(b"/",)),
        AllowedFolders((b"/dev/shm/x",), is_bound=False, remembered=(), own=()),
    ):
        assert not other.allows(b"/dev/shm/x")
        assert "INGEST_ROOTS" in (other.refusal(b"/dev/shm/x") or "")
        assert b"/dev/shm/x" not in [root.path for root in other.roots]


def test_the_whole_disk_bounds_nothing_and_allows_nothing_by_itself() -> None:
    allowed = folders(b"/srv/photos", bound=(b"/",))
    assert [root.path for root in allowed.roots] == [b"/srv/photos"]
    assert allowed.refusal(b"/mnt/disk") is None


def test_what_photoseek_keeps_is_never_a_root_nor_allowed_in_one() -> None:
    allowed = folders()
    for path in (DATA, DATA + b"/store", b"/home/ann/.local"):
        assert "Photoseek" in (allowed.refusal(path) or "")
    assert not allowed.allows(DATA)
    assert not allowed.allows(DATA + b"/cache/x.webp")
    assert allowed.allows(b"/home/ann/.local/other")


def test_of_a_collection_what_lies_in_allowed_folders_is_shown() -> None:
    roots = [root_at(b"/home/ann/Pictures"), root_at(b"/mnt/disk")]
    assert folders(b"/mnt").shown(roots) is None
    assert folders().shown(roots) == (b"/home/ann/Pictures",)
    assert folders(b"/mnt/disk/2024", b"/mnt/disk/2025").shown(roots) == (
        b"/home/ann/Pictures",
        b"/mnt/disk/2024",
        b"/mnt/disk/2025",
    )
    assert folders(bound=(b"/srv",)).shown(roots) == ()
    assert folders().shown([]) is None


def test_the_secret_is_new_for_each_start_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / SECRET_NAME
    (tmp_path / "elsewhere").write_text("x")
    path.symlink_to(tmp_path / "elsewhere")  # is not written through
    seen = set()
    for _ in range(2):
        with local_secret(tmp_path) as secret:
            assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600
            told = read_local_secret(tmp_path)
            assert told is not None
            assert secret.is_given(told)
            for wrong in ("", told[:-1], told + "x", "\ud800", "é"):
                assert not secret.is_given(wrong)
            seen.add(told)
        assert read_local_secret(tmp_path) is None
    assert len(seen) == 2
    assert (tmp_path / "elsewhere").read_text() == "x"
