"""What every test shares."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator

import pytest
import structlog
from hypothesis import settings

# How long an example takes is the machine's, not the test's: a busy one fails none of them.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
# By default it draws a traceback with all that is in its frames: for seconds, on the event loop.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Of a group of exceptions, say which they are: not that there is a group."""
    report = yield
    error = call.excinfo.value if call.excinfo else None
    crash = getattr(report.longrepr, "reprcrash", None)
    if isinstance(error, BaseExceptionGroup) and crash is not None:
        crash.message = "; ".join(map(_reason, _leaves(error)))
    return report


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


def _reason(error: BaseException) -> str:
    at = traceback.extract_tb(error.__traceback__)[-1]
    said = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {said} ({at.filename}:{at.lineno})"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None]:
    """The last lines of a run say what failed and why, however narrow the terminal is."""
    yield
    for kind in ("error", "failed"):
        for report in terminalreporter.getreports(kind):
            crash = getattr(report.longrepr, "reprcrash", None)
            said = crash.message if crash else str(report.longrepr)
            reason = said.partition("\n")[0]
            terminalreporter.write_line(f"{kind}: {report.nodeid}: {reason}")
