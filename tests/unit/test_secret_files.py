"""A key may stand in a file that a setting names."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from ingestion_orchestration_fastapi_app.settings import Settings
from utils.web.http_settings import MOST_SECRET_BYTES


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "key"


@pytest.mark.parametrize("setting", ["api_key", "ml_api_key"])
@pytest.mark.parametrize("held", [b"s3cret", b"s3cret\n", b"s3cret\r\n", b" s3cret \n"])
def test_a_key_is_what_its_file_holds_without_the_line_end(
    key_file: Path, setting: str, held: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file.write_bytes(held)
    monkeypatch.setenv(f"{setting}_file".upper(), str(key_file))
    secret = getattr(Settings(), setting)
    assert secret.get_secret_value() == "s3cret"


def test_dev_null_holds_no_key_and_leaves_the_one_that_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("API_KEY_FILE", "/dev/null")
    assert Settings().api_key is None
    monkeypatch.setenv("API_KEY", "k")
    key = Settings().api_key
    assert key is not None
    assert key.get_secret_value() == "k"


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe\x00", "holds no text"),
        (b"k" * (MOST_SECRET_BYTES + 1), "is longer than a key is"),
    ],
)
def test_a_file_that_holds_no_key_is_an_error_that_does_not_show_it(
    key_file: Path, held: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file.write_bytes(held)
    monkeypatch.setenv("API_KEY_FILE", str(key_file))
    with pytest.raises(ValidationError, match=f"API_KEY_FILE: .*{said}") as raised:
        Settings()
    assert "kkkk" not in str(raised.value)


def test_a_file_that_cannot_be_read_and_two_keys_are_errors(
    key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for unreadable in (key_file, tmp_path):
        monkeypatch.setenv("API_KEY_FILE", str(unreadable))
        with pytest.raises(ValidationError, match="cannot be read"):
            Settings()
    key_file.write_text("s3cret")
    monkeypatch.setenv("API_KEY_FILE", str(key_file))
    monkeypatch.setenv("API_KEY", "0ther")
    with pytest.raises(ValidationError, match="API_KEY and API_KEY_FILE are both set") as raised:
        Settings()
    assert "s3cret" not in str(raised.value)
