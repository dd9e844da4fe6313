"""What is shown of settings and of texts holds no secret, whoever adds one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from ingestion_orchestration_fastapi_app.settings import Settings
from ingestion_orchestration_fastapi_app.system.shown_settings import shown_settings
from utils.text.secrets import names_secret, without_secrets


class Later(Settings):
    """The settings of some later version."""

    vault: SecretStr | None = Field(default=None, description="d")
    vaults: tuple[SecretStr, ...] = Field(default=(), description="d")
    mail_password: str = Field(default="", description="d")
    push_token: str | None = Field(default=None, description="d")
    peer_keys: tuple[str, ...] = Field(default=(), description="d")
    odd_secret: object = Field(default=None, description="d")
    odd: object = Field(default=None, description="d")
    database: str = Field(default="db://u:hush-default@h/x", description="d")
    databases: tuple[str, ...] = Field(default=(), description="d")
    push_token_file: Path | None = Field(default=None, description="d")
    keys_at_once: int = Field(default=4, description="d")


HUSH = "hush"


def test_a_secret_that_is_added_later_is_not_shown_by_its_type_or_its_name() -> None:
    settings = Later(
        vault=SecretStr(HUSH),
        vaults=(SecretStr(HUSH),),
        mail_password=HUSH,
        push_token=HUSH,
        peer_keys=(HUSH,),
        odd_secret=HUSH,
        odd={"in": HUSH},
        database=f"db://you:{HUSH}@h/x",
        databases=(f"db://you:{HUSH}@h/x", "db://h/y"),
        push_token_file=Path("/dev/null"),
    )
    shown = {one.name: one for one in shown_settings(settings)}
    assert set(shown) == {name.upper() for name in Later.model_fields}
    assert all(HUSH not in one.model_dump_json() for one in shown.values())
    hidden = {name for name, one in shown.items() if one.is_secret}
    assert hidden == {
        *("API_KEY", "ML_API_KEY", "CAPTION_KEY"),
        *("VAULT", "VAULTS", "MAIL_PASSWORD", "PUSH_TOKEN", "PEER_KEYS", "ODD_SECRET"),
    }
    assert shown["MAIL_PASSWORD"].is_set
    assert shown["DATABASE"].value == "db://***@h/x"
    assert shown["DATABASES"].value == ("db://***@h/x", "db://h/y")
    assert shown["PUSH_TOKEN_FILE"].value == "/dev/null"
    assert shown["KEYS_AT_ONCE"].value == 4


def test_every_secret_of_the_settings_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = [
        name
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    ]
    assert {"api_key", "ml_api_key", "caption_key"} <= set(secrets)
    for name in secrets:
        monkeypatch.setenv(name.upper(), f"{HUSH}-{name}")
    shown = shown_settings(Settings())
    assert all(HUSH not in one.model_dump_json() for one in shown)
    assert {one.name for one in shown if one.is_secret} >= {name.upper() for name in secrets}


@pytest.mark.parametrize(
    "name", ["API_KEY", "X-API-Key", "password", "accessToken_secret", "cookie"]
)
def test_a_name_of_a_secret_is_known(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize("name", ["keyboard", "monkey", "path", "wait_s", "tokenised"])
def test_a_name_that_only_looks_like_one_is_none(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://you:word@host:1/x", "http://***@host:1/x"),
        ("http://you:w/o@r,d@host/x", "http://***@host/x"),
        ("http://a:b@one:1,http://c:d@two:2", "http://***@one:1,http://***@two:2"),
        ("http://one:1,http://c:d@two:2", "http://one:1,http://***@two:2"),
        ("GET s3://bucket/x?sig=abc failed", "GET s3://bucket/x?*** failed"),
        ("sent Authorization: Bearer abc.def", "sent Authorization: Bearer ***"),
        ("/photos/a@b?.jpg", "/photos/a@b?.jpg"),
        ("http://host/x", "http://host/x"),
        ("*.tm?:cache", "*.tm?:cache"),
    ],
)
def test_addresses_and_headers_lose_what_proves_who_calls(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
