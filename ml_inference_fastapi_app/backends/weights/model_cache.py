"""The cache folder that models are fetched into: looked into first, and without the network."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

# What a Hugging Face tokenizer or text tower is made of, without weights.
_TEXT_PATTERNS = ("*.json", "*.txt", "*.model")
_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "vocab.txt",
    "vocab.json",
)
_ANSWER_WAIT_S = 5.0  # a hub that answers at all does so by then: no start hangs for longer
_STALL_WAIT_S = 20.0  # between two pieces of a download
_CHUNK_BYTES = 1 << 20


class NotToBeHad(Exception):
    """One line for each thing that was tried, in order."""

    def __init__(self, *tried: str) -> None:
        super().__init__("; ".join(tried))
        self.tried = tried


class ModelCache:
    """Blocking. `offline` means that what is not there is not to be had.

    Without `hub_url` the hub is the one that HF_ENDPOINT names, or the public one.
    """

    def __init__(self, folder: Path, *, offline: bool, hub_url: str | None = None) -> None:
        self._folder = folder
        self._hub_url = hub_url
        self._offline = offline
        self._reached = False

    @staticmethod
    def holds_tokenizer(folder: Path) -> bool:
        return any((folder / name).is_file() for name in _TOKENIZER_FILES)

    def first_of(self, repo: str, filenames: tuple[str, ...]) -> Path:
        """The first of these files that the cache has; else the first that the hub has.

        Raises:
            NotToBeHad: neither has one.
        """
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import LocalEntryNotFoundError, RemoteEntryNotFoundError

        for filename in filenames:
            with suppress(LocalEntryNotFoundError):
                return Path(
                    hf_hub_download(repo, filename, cache_dir=self._folder, local_files_only=True)
                )
        not_here = f"the cache folder {self._folder} has no {filenames[0]} of {repo}"
        with self._online(repo, not_here):
            for filename in filenames:
                with suppress(RemoteEntryNotFoundError):
                    return Path(
                        hf_hub_download(
                            repo,
                            filename,
                            cache_dir=self._folder,
                            etag_timeout=_ANSWER_WAIT_S,
                            endpoint=self._hub_url,
                        )
                    )
        raise NotToBeHad(not_here, f"the hub's {repo} has none of {', '.join(filenames)}")

    def text_files(self, repo: str) -> Path:
        """The folder with a repository's tokenizer and text config.

        Raises:
            NotToBeHad: neither the cache nor the hub has them.
        """
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        wanted = list(_TEXT_PATTERNS)
        with suppress(LocalEntryNotFoundError):
            folder = snapshot_download(
                repo, cache_dir=self._folder, allow_patterns=wanted, local_files_only=True
            )
            if self.holds_tokenizer(Path(folder)):
                return Path(folder)
        not_here = f"the cache folder {self._folder} has no tokenizer of {repo}"
        with self._online(repo, not_here):
            folder = snapshot_download(
                repo,
                cache_dir=self._folder,
                allow_patterns=wanted,
                etag_timeout=_ANSWER_WAIT_S,
                endpoint=self._hub_url,
            )
        return Path(folder)

    def downloaded(self, url: str) -> Path:
        """A file that is published at an address of its own, checked against the hash in it."""
        target = self._folder / "downloads" / url.rsplit("/", 1)[-1]
        if target.is_file():
            return target
        not_here = f"the cache folder {self._folder} has no {target.name}"
        if self._offline:
            raise NotToBeHad(not_here, _OFFLINE)
        self._make(target.parent, not_here)
        partial = target.with_name(f"{target.name}.partial")
        digest = hashlib.sha256()
        limits = httpx.Timeout(_STALL_WAIT_S, connect=_ANSWER_WAIT_S)
        try:
            with (
                httpx.stream("GET", url, follow_redirects=True, timeout=limits) as answer,
                partial.open("wb") as file,
            ):
                answer.raise_for_status()
                for chunk in answer.iter_bytes(_CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
        except (httpx.HTTPError, OSError) as exc:
            raise NotToBeHad(not_here, f"{url}: {_first_line(exc)}") from exc
        wanted = _sha256_in(url)
        if not digest.hexdigest().startswith(wanted):
            partial.unlink()
            raise NotToBeHad(not_here, f"{url}: what came is not what was published (SHA-256)")
        partial.replace(target)
        return target

    @staticmethod
    def _make(folder: Path, not_here: str) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise NotToBeHad(not_here, f"MODEL_CACHE_DIR cannot be made: {exc}") from exc

    @contextmanager
    def _online(self, repo: str, not_here: str) -> Iterator[None]:
        """Asks the hub for a sign of life first: its own client retries for minutes."""
        from huggingface_hub import constants
        from huggingface_hub.utils.tqdm import disable_progress_bars

        if self._offline or constants.HF_HUB_OFFLINE:
            raise NotToBeHad(not_here, _OFFLINE)
        hub_url = self._hub_url or constants.ENDPOINT
        if not self._reached:
            try:
                httpx.head(hub_url, timeout=_ANSWER_WAIT_S)
            except httpx.HTTPError as exc:
                raise NotToBeHad(not_here, f"{hub_url}: no answer ({_first_line(exc)})") from exc
            self._reached = True
            self._make(self._folder, not_here)
            if not sys.stderr.isatty():
                disable_progress_bars()
        try:
            yield
        except Exception as exc:  # its HTTP client, whose errors these are, is not ours to name
            raise NotToBeHad(not_here, f"{hub_url}, {repo}: {_first_line(exc)}") from exc


_OFFLINE = "the network was not asked: ML_OFFLINE or HF_HUB_OFFLINE is set"


def _first_line(exc: BaseException) -> str:
    return (str(exc).splitlines() or [""])[0].strip() or type(exc).__name__


def _sha256_in(url: str) -> str:
    """The (start of the) hash that publishers put into the address; empty if there is none."""
    if "openaipublic" in url:
        return url.split("/")[-2]
    named = re.search(r"-([0-9a-f]{8,64})\.[a-z]+$", url)
    return named[1] if named else ""
