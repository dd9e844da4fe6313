"""Relevance of hits: neutral texts, the calibration made of them, and the judging of a search."""
