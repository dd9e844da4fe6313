"""Exports and imports of collections: routes."""
