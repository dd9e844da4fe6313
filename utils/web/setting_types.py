"""The types of settings that both services have: how each is read from its text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from utils.web.access.cors import cors_origins
from utils.web.access.hosts import host_rules
from utils.web.routing.root_path import checked_root_path


def _from_text(read: Callable[[str], tuple[str, ...]]) -> BeforeValidator:
    """What code gives is taken as it is."""
    return BeforeValidator(lambda value: read(value) if isinstance(value, str) else value)


HostRules: TypeAlias = Annotated[tuple[str, ...], NoDecode, _from_text(host_rules)]
Origins: TypeAlias = Annotated[tuple[str, ...], NoDecode, _from_text(cors_origins)]
RootPathText: TypeAlias = Annotated[str, AfterValidator(checked_root_path)]
