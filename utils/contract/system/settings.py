"""The settings as they are: values, defaults, and from where they come. Never a secret."""

from __future__ import annotations

from enum import StrEnum


class SettingSource(StrEnum):
    """From where a setting's value is: the environment also holds what compose reads in `.env`."""

    DEFAULT = "default"
    ENVIRONMENT = "environment"
    FILE = "file"
    PROGRAM = "program"
