"""Folders beside the photographs in them: what changes there, and where uploads are kept."""
