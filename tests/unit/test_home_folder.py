"""What depends on the user's home, for users who have none."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from ingestion_orchestration_fastapi_app import __main__ as orchestrator
from ingestion_orchestration_fastapi_app.cli.app import app
from ingestion_orchestration_fastapi_app.settings import Settings
from ml_inference_fastapi_app import __main__ as inference
from ml_inference_fastapi_app.models.weights_command import app as models_app
from ml_inference_fastapi_app.settings import Settings as InferenceSettings
from utils.process.home_folder import absolute_folder, home_folder


@pytest.fixture(params=["unset", "empty", "/", "relative"])
def no_home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a container that runs as a user id without an entry."""

    def unknown(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "DATA_DIR", "MODEL_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    if request.param == "unset":
        monkeypatch.delenv("HOME", raising=False)
    else:
        monkeypatch.setenv("HOME", "" if request.param == "empty" else request.param)


@pytest.mark.usefixtures("no_home")
def test_both_services_name_what_to_set_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for main, setting in ((orchestrator.main, "data_dir"), (inference.main, "model_cache_dir")):
        assert main() == 2
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1
        assert f"{setting}: HOME is not set, and user id" in said


@pytest.mark.usefixtures("no_home")
@pytest.mark.parametrize("command", [["status"], ["search", "x"], ["ingest", "/"], ["up"]])
def test_so_does_the_command(command: list[str]) -> None:
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    assert "data_dir: HOME is not set" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.usefixtures("no_home")
def test_so_does_the_command_of_the_models() -> None:
    result = CliRunner().invoke(models_app, ["list"])
    assert result.exit_code == 1
    assert "model_cache_dir: HOME is not set" in result.stderr


@pytest.mark.usefixtures("no_home")
def test_nothing_else_needs_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(data_dir=Path("data"))
    assert settings.data_dir == tmp_path / "data"
    assert settings.ingest_roots == (tmp_path,)
    assert InferenceSettings(model_cache_dir=tmp_path).model_cache_dir == tmp_path
    for wrong in ({"data_dir": "~/data"}, {"store_uri": "~/x"}, {"ingest_roots": "~/photos"}):
        with pytest.raises(ValidationError, match="HOME is not set"):
            Settings.model_validate({"data_dir": tmp_path, **wrong})


def test_the_users_entry_counts_where_home_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = pwd.struct_passwd(("ann", "x", 1, 1, "", "/home/ann", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: entry)
    monkeypatch.setenv("HOME", "")
    assert home_folder() == Path("/home/ann")


def test_folders_are_meant_below_the_home_or_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.chdir(tmp_path)
    settings = Settings.model_validate(
        {"data_dir": "~/data", "store_uri": "s3://bucket/x", "diskcache_dir": "a/../cache"}
    )
    assert settings.data_dir == Path("/home/ann/data")
    assert absolute_folder(Path("~nobody-of-that-name/x")) == tmp_path / "~nobody-of-that-name/x"
    assert settings.store_location == "s3://bucket/x"
    assert settings.cache_location == tmp_path / "cache"


def test_a_working_directory_that_was_removed_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert Settings().ingest_roots == (home_folder(),)
    with pytest.raises(ValidationError, match="the working directory was removed"):
        Settings(data_dir=Path("data"))
