"""Exports of collections, and imports of them: what is asked and answered."""

from utils.contract.transfer.exports import (
    MAX_EXPORT_NAME,
    ExportFileReply,
    ExportList,
    ExportOptions,
    ExportReply,
    ExportRequest,
)
from utils.contract.transfer.imports import ImportOptions, ImportRequest

__all__ = [
    "MAX_EXPORT_NAME",
    "ExportFileReply",
    "ExportList",
    "ExportOptions",
    "ExportReply",
    "ExportRequest",
    "ImportOptions",
    "ImportRequest",
]
