"""Captions that are made by jobs: what one is asked for."""

from utils.contract.captions.options import CaptionOptions

__all__ = ["CaptionOptions"]
