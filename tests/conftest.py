"""What every test shares."""

from __future__ import annotations

import pytest
from hypothesis import settings

# How long an example takes is the machine's, not the test's: a busy one fails none of them.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # what uvicorn runs


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run tests that take minutes")
    parser.addoption("--docker", action="store_true", help="also build and run the containers")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for name, why in (("slow", "takes minutes"), ("docker", "builds images and runs containers")):
        if config.getoption(f"--{name}"):
            continue
        for item in items:
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=f"{why}; runs with --{name}"))
