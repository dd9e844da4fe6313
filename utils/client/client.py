"""All calls of the orchestrator, in one class."""

from __future__ import annotations

from utils.client.albums import AlbumCalls
from utils.client.collections import CollectionCalls
from utils.client.folders import FolderCalls
from utils.client.images import ImageCalls
from utils.client.jobs import JobCalls
from utils.client.searching import SearchCalls
from utils.client.tidying.duplicates import DuplicateCalls
from utils.client.transfer import TransferCalls
from utils.client.uploads import UploadCalls
from utils.contract import (
    Health,
    OrchestratorCapabilities,
    OrchestratorHealth,
    SessionReply,
    Wire,
)
from utils.contract.system.log import LogLevel, SystemLog
from utils.contract.system.overview import SystemReply
from utils.contract.system.series import SystemSeries
from utils.contract.system.settings import SettingsReply


class _Key(Wire):
    """What `SessionRequest` hides when it is written."""

    key: str


class PhotoseekClient(
    AlbumCalls,
    CollectionCalls,
    FolderCalls,
    ImageCalls,
    JobCalls,
    SearchCalls,
    TransferCalls,
    UploadCalls,
    DuplicateCalls,
):
    """Use it as an async context manager. Each method is the operation of its name in the OpenAPI
    document, but for `all_...`, which go through the pages, `upload_all` and `wait_for_job`. All
    raise PhotoseekError.
    """

    async def get_capabilities(self) -> OrchestratorCapabilities:
        return await self.ask("GET", "/capabilities", OrchestratorCapabilities)

    async def health_live(self) -> Health:
        return await self.ask("GET", "/health/live", Health)

    async def health_ready(self) -> OrchestratorHealth:
        return await self.ask("GET", "/health/ready", OrchestratorHealth)

    async def get_system(self) -> SystemReply:
        return await self.ask("GET", "/system", SystemReply)

    async def get_system_settings(self) -> SettingsReply:
        return await self.ask("GET", "/system/settings", SettingsReply)

    async def get_system_log(
        self, *, after: int | None = None, level: LogLevel | None = None, limit: int | None = None
    ) -> SystemLog:
        return await self.ask(
            "GET", "/system/log", SystemLog, after=after, level=level, limit=limit
        )

    async def get_system_series(self) -> SystemSeries:
        return await self.ask("GET", "/system/series", SystemSeries)

    async def get_session(self) -> SessionReply:
        return await self.ask("GET", "/session", SessionReply)

    async def log_in(self, api_key: str) -> SessionReply:
        """The cookie stays with this client."""
        return await self.ask("POST", "/session", SessionReply, body=_Key(key=api_key))

    async def log_out(self) -> None:
        await self.done("DELETE", "/session")
