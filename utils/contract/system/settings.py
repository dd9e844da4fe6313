"""The settings as they are: values, defaults, and from where they come. Never a secret."""

from __future__ import annotations

from enum import StrEnum

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply


class SettingSource(StrEnum):
    """From where a setting's value is: the environment also holds what compose reads in `.env`."""

    DEFAULT = "default"
    ENVIRONMENT = "environment"
    FILE = "file"
    PROGRAM = "program"


class SettingGroup(StrEnum):
    """What a setting is about."""

    LIBRARY = "library"
    SEARCH = "search"
    INFERENCE = "inference"
    CAPTIONS = "captions"
    UPLOADS = "uploads"
    HTTP = "http"


SETTINGS: list[JsonValue] = [
    {
        "name": "TRASH_DAYS",
        "group": "library",
        "description": "Days for which removed images can be brought back.",
        "value": 90,
        "default": 30,
        "source": "environment",
        "is_secret": False,
        "is_set": True,
    },
    {
        "name": "API_KEY",
        "group": "http",
        "description": "When set, calls need it as `X-API-Key` or a bearer token.",
        "value": None,
        "default": None,
        "source": "file",
        "is_secret": True,
        "is_set": True,
    },
]

SettingValue = bool | int | float | str | tuple[str, ...] | None


class SettingReply(Reply):
    """One setting, as the process read it when it began."""

    model_config = ConfigDict(json_schema_extra={"examples": SETTINGS})

    name: str = Field(description="Its environment variable.")
    group: SettingGroup = Field(description="What it is about.")
    description: str = Field(description="What it does, as the README says.")
    value: SettingValue = Field(
        description="Null for one that is not set, and always for a secret. In addresses `***` "
        "stands for names, passwords and queries."
    )
    default: SettingValue = Field(description="What it is where nobody sets it, on this machine.")
    source: SettingSource = Field(
        description="`environment`, where compose puts what is in `.env`, too; `file`: what "
        "`..._FILE` names; `program`: what started it; or `default`."
    )
    is_secret: bool = Field(description="Whether its value is never shown.")
    is_set: bool = Field(
        description="Whether somebody has set it; for a secret: whether there is one."
    )


class SettingsReply(Reply):
    """Every setting of the orchestrator."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"settings": SETTINGS}]})

    settings: tuple[SettingReply, ...] = Field(description="Those of a group together.")
