"""Duplicates, decided: which images are the same picture, which belong together, which to keep."""
