"""A base image of Debian's packages, where no registry of images can be reached.

It stands in for the Dockerfile's: a small Debian with Python. Packages are installed in an image
of their own, which has this machine's certificates and pip's settings, and of which nothing stays.
"""

from __future__ import annotations

import configparser
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

BASE = "photoseek-check/base"
BUILD = "photoseek-check/build"
PACKAGES = "python3,python3-venv,ca-certificates"
LIMIT_S = 600.0
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
USELESS = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man",
           "usr/share/info", "usr/share/locale")  # fmt: skip


def make_base(docker: Callable[..., str], folder: Path) -> None:
    if docker("images", "--quiet", BUILD):
        return
    root = folder / "base"
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", _release(), str(root)],
        check=True,
        capture_output=True,
        timeout=LIMIT_S,
    )
    for useless in USELESS:
        shutil.rmtree(root / useless, ignore_errors=True)
    (root / "usr/bin/python").symlink_to("python3")
    archive = folder / "base.tar"
    subprocess.run(["tar", "-C", str(root), "-cf", str(archive), "."], check=True, timeout=LIMIT_S)
    docker("import", str(archive), BASE)
    archive.unlink()
    shutil.rmtree(root)
    _make_build(docker, folder / "build")


def _make_build(docker: Callable[..., str], context: Path) -> None:
    context.mkdir()
    wheels, lines = _wheels(), [f"FROM {BASE}"]
    for at, place in enumerate(wheels):
        shutil.copytree(place, context / f"wheels{at}")
        lines.append(f"COPY wheels{at} {place}")
    found = "".join(f"\n    {place}" for place in wheels)
    (context / "pip.conf").write_text(
        f"[global]\ncert = {CERTIFICATES}\nfind-links ={found}\n" if found else "[global]\n"
    )
    shutil.copyfile(CERTIFICATES, context / "certificates.crt")
    lines += ["COPY pip.conf /etc/pip.conf", f"COPY certificates.crt {CERTIFICATES}"]
    (context / "Dockerfile").write_text("\n".join(lines))
    docker("build", f"--tag={BUILD}", str(context))


def _wheels() -> list[Path]:
    """Folders of wheels that this machine's pip is told of."""
    home = Path.home()
    files = [Path("/etc/pip.conf"), home / ".config/pip/pip.conf", home / ".pip/pip.conf"]
    settings = configparser.ConfigParser()
    settings.read(files)
    links = settings.get("global", "find-links", fallback="").split()
    return [Path(one) for one in links if Path(one).is_dir()]


def _release() -> str:
    """This machine's Debian, whose Python the wheels at hand are for."""
    told = dict(
        line.partition("=")[::2] for line in Path("/etc/os-release").read_text().splitlines()
    )
    return told.get("VERSION_CODENAME", "stable").strip('"')
