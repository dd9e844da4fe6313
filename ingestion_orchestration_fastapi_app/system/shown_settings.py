"""The settings as they may be shown: every one, and no secret."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from ingestion_orchestration_fastapi_app.caption_settings import CaptionSettings
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.inbox_settings import InboxSettings
from ingestion_orchestration_fastapi_app.search_settings import SearchSettings
from ingestion_orchestration_fastapi_app.service_settings import ServiceSettings
from utils.contract.system.settings import SettingGroup, SettingReply, SettingSource, SettingValue
from utils.text.secrets import names_secret, without_secrets
from utils.web.http_settings import HttpSettings

_GROUPS: tuple[tuple[SettingGroup, type[HttpSettings]], ...] = (
    (SettingGroup.HTTP, HttpSettings),
    (SettingGroup.UPLOADS, InboxSettings),
    (SettingGroup.SEARCH, SearchSettings),
    (SettingGroup.INFERENCE, ServiceSettings),
    (SettingGroup.CAPTIONS, CaptionSettings),
)
_HTTP = frozenset({"publish", "orchestrator_host", "orchestrator_port", "max_held_upload_bytes"})
_HARMLESS = frozenset({bool, int, float, Path, type(None)})


def shown_settings(settings: HttpSettings) -> tuple[SettingReply, ...]:
    """All fields, those of a group together. `settings` are the orchestrator's."""
    shown = [_shown(settings, name, field) for name, field in type(settings).model_fields.items()]
    order = list(SettingGroup)
    return tuple(sorted(shown, key=lambda one: order.index(one.group)))


def secrets_of(settings: HttpSettings) -> tuple[str, ...]:
    """The secrets themselves, for who hides them."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return tuple(one.get_secret_value() for one in values if isinstance(one, SecretStr))


def is_secret(name: str, field: FieldInfo) -> bool:
    """By its type, or by its name, unless its type cannot hold one: so that a new one is hidden,
    too. Of a `..._file` the path is shown.
    """
    kinds = set(_kinds(field.annotation))
    return SecretStr in kinds or (names_secret(name) and not kinds <= _HARMLESS)


def _kinds(annotation: object) -> Iterator[object]:
    """The types that a field may have, those within others as well."""
    inner = get_args(annotation)
    if not inner:
        yield annotation
    for one in inner:
        yield from _kinds(one)


def _shown(settings: HttpSettings, name: str, field: FieldInfo) -> SettingReply:
    value, source = getattr(settings, name), settings.source_of(name)
    secret = is_secret(name, field)
    default = field.get_default(call_default_factory=True, validated_data={})
    return SettingReply(
        name=name.upper(),
        group=_group(name),
        description=field.description or "",
        value=None if secret else _plain(value),
        default=None if secret else _plain(default),
        source=source,
        is_secret=secret,
        is_set=value is not None if secret else source is not SettingSource.DEFAULT,
    )


def _group(name: str) -> SettingGroup:
    if name in _HTTP:
        return SettingGroup.HTTP
    return next((one for one, of in _GROUPS if name in of.model_fields), SettingGroup.LIBRARY)


def _plain(value: object) -> SettingValue:
    """As JSON has it; what is of no known kind is not shown, since it may hold anything."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Path):
        return _text(os.fspath(value))
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, tuple):
        return tuple(str(_plain(one)) for one in value)
    return None


def _text(text: str) -> str:
    return without_secrets(display_text(os.fsencode(text)))
