"""Photographs on the local file system: walked, opened and checked without following links."""
