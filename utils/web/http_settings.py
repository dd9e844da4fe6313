"""The settings that both services have: those of their HTTP side."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from utils.contract.system.settings import SettingSource
from utils.web.access.cors import cors_origins
from utils.web.access.hosts import host_rules
from utils.web.routing.root_path import checked_root_path


def _from_text(read: Callable[[str], tuple[str, ...]]) -> BeforeValidator:
    """Reads text from the environment. A value that code passes is not changed."""
    return BeforeValidator(lambda value: read(value) if isinstance(value, str) else value)


MOST_SECRET_BYTES = 4096


def secret_in(path: Path) -> str | None:
    """What a file holds, without the line end behind it. None where the file is `/dev/null`: so a
    container can always be told of one. Raises ValueError, without a word of what it holds."""
    try:
        with path.open("rb") as file:
            held = file.read(MOST_SECRET_BYTES + 1)
    except OSError as exc:
        raise ValueError(f"{path} cannot be read: {exc.strerror}") from exc
    if path.is_char_device() and not held:
        return None
    if len(held) > MOST_SECRET_BYTES:
        raise ValueError(f"{path} is longer than a key is")
    try:
        secret = held.decode().strip()
    except UnicodeDecodeError:
        raise ValueError(f"{path} holds no text") from None
    if not secret:
        raise ValueError(f"{path} is empty")
    return secret


class HttpSettings(BaseSettings):
    """Each field's name in capitals is its environment variable. Empty means the default."""

    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, extra="ignore", protected_namespaces=()
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least severe event that is logged."
    )
    api_key: SecretStr | None = Field(
        default=None, description="When set, calls need it as `X-API-Key` or a bearer token."
    )
    api_key_file: Path | None = Field(
        default=None, description="File that holds API_KEY; `/dev/null`: there is none."
    )
    allow_no_key: bool = Field(
        default=False, description="1: listen beyond the loopback addresses without API_KEY."
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, _from_text(host_rules)] = Field(
        default=(),
        description="Names answered to beside loopback ones, after `,`. None, with a key: every.",
    )
    root_path: Annotated[str, AfterValidator(checked_root_path)] = Field(
        default="", description="Path below which a reverse proxy shows the service: `/photos`."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode, _from_text(cors_origins)] = Field(
        default=(),
        description="Origins whose pages may use the API, after `,`: `https://photos.example`.",
    )
    max_connections: int = Field(
        default=1024,
        ge=16,
        le=60_000,
        description="Connections open at once; less where the system allows few open files.",
    )
    max_json_bytes: int = Field(
        default=256 * 1024,
        ge=1024,
        le=16 * 1024 * 1024,
        description="Largest JSON body of a request.",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, given: dict[str, Any]) -> dict[str, Any]:
        """A secret is given itself, or as `..._file`: not both."""
        read: dict[str, Any] = {}
        for name in cls.model_fields.keys() & {f"{one}_file" for one in cls.model_fields}:
            if (path := given.get(name)) is None:
                continue
            secret = name.removesuffix("_file")
            try:
                found = secret_in(Path(path))
            except ValueError as exc:
                raise ValueError(f"{name.upper()}: {exc}") from None
            if found is not None and given.get(secret) is not None:
                raise ValueError(f"{secret.upper()} and {name.upper()} are both set")
            if found is not None:
                read[secret] = found
        return {**given, **read}

    def source_of(self, name: str) -> SettingSource:
        """From where the value of a field is, as it was read when the process began."""
        if name not in self.model_fields_set:
            return SettingSource.DEFAULT
        given = {one.upper() for one, value in os.environ.items() if value}  # noqa: TID251  # this is a settings module
        if name.upper() in given:
            return SettingSource.ENVIRONMENT
        if getattr(self, f"{name}_file", None) is not None:
            return SettingSource.FILE
        return SettingSource.PROGRAM
