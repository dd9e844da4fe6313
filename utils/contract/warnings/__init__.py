"""Warnings: what should be known of an answer or of a job's results, by codes and in words."""

from utils.contract.warnings.codes import WarningCode
from utils.contract.warnings.detail import DETAILS, WarningDetail, sentences
from utils.contract.warnings.sentences import SENTENCES

__all__ = ["DETAILS", "SENTENCES", "WarningCode", "WarningDetail", "sentences"]
