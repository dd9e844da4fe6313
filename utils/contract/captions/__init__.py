"""Captions that are made by jobs: what one is asked for, and who is."""

from utils.contract.captions.captioner import CaptionerReply, CaptionOriginReply
from utils.contract.captions.options import CaptionOptions

__all__ = ["CaptionOptions", "CaptionOriginReply", "CaptionerReply"]
