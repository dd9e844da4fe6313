"""Keeps the indexes of collections' tables up to date, beside imports and searches."""
