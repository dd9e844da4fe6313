"""Catalogues of collections: made whole, and browsed."""
