"""Duplicates that were found, as they are shown, exported, and dismissed."""
