"""The README's settings tables, from the Settings classes.

`python -m tests.contract.readme_tables` writes them into the README; test_readme.py compares.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from ingestion_orchestration_fastapi_app.inbox_settings import InboxSettings
from ingestion_orchestration_fastapi_app.search_settings import SearchSettings
from ingestion_orchestration_fastapi_app.settings import Settings as OrchestratorSettings
from ml_inference_fastapi_app.settings import Settings as InferenceSettings
from utils.web.http_settings import HttpSettings

README = Path(__file__).parents[2] / "README.md"
CLASSES: dict[str, type[BaseSettings]] = {
    "orchestrator": OrchestratorSettings,
    "inference": InferenceSettings,
}
# Defaults that depend on the machine, in words.
COMPUTED = {
    "data_dir": "`~/.local/share/photoseek`",
    "model_cache_dir": "`~/.cache/photoseek/models`",
    "ingest_roots": "your home, the working directory",
    "decode_workers": "the number of cores",
    "index_build_memory_bytes": "a quarter of the machine's, 1 to 8 GiB",
    "index_cache_bytes": "an eighth of the machine's, 256 MiB to 4 GiB",
    "ml_intra_op_threads": "the number of cores",
}
UNITS = {1024**3: "GiB", 1024**2: "MiB", 1024: "KiB"}


def default_text(name: str, field: FieldInfo) -> str:
    if field.default_factory is not None:
        return COMPUTED[name]
    default = field.default
    assert default is not PydanticUndefined, f"{name} has no default"
    if default in (None, (), "") or isinstance(default, SecretStr):
        return "none"
    if isinstance(default, bool):
        return f"`{int(default)}`"
    if isinstance(default, int) and name.endswith("_bytes"):
        for unit, word in UNITS.items():
            if default and default % unit == 0:
                return f"`{default}` ({default // unit} {word})"
    return f"`{default}`"


def table(service: str) -> str:
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    fields = CLASSES[service].model_fields.items()
    parts = (HttpSettings, InboxSettings, SearchSettings)  # behind what is the service's alone
    for name, field in sorted(
        fields, key=lambda one: [one[0] in part.model_fields for part in parts]
    ):
        assert field.description, f"{name} has no description"
        meaning = field.description.replace("|", "\\|")
        rows.append(f"| `{name.upper()}` | {default_text(name, field)} | {meaning} |")
    return "\n".join(rows)


def split(readme: str, service: str) -> tuple[str, str, str]:
    """What stands before the service's table, the table, and what stands behind it."""
    before, begin, rest = readme.partition(f"<!-- settings: {service} -->\n")
    written, end, after = rest.partition("\n<!-- end -->")
    assert end, f"no place for the {service}'s settings"
    return before + begin, written, end + after


def with_tables(readme: str) -> str:
    for service in CLASSES:
        before, _, after = split(readme, service)
        readme = before + table(service) + after
    return readme


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text()))
