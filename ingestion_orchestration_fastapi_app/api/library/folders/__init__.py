"""Folders of a collection over HTTP: what their names mean, hidden and excluded ones."""
