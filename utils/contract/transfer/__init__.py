"""Exports of collections, and imports of them: what is asked and answered."""

from utils.contract.transfer.exports import (
    MAX_EXPORT_NAME,
    ExportFileReply,
    ExportList,
    ExportOptions,
    ExportReply,
    ExportRequest,
)

__all__ = [
    "MAX_EXPORT_NAME",
    "ExportFileReply",
    "ExportList",
    "ExportOptions",
    "ExportReply",
    "ExportRequest",
]
