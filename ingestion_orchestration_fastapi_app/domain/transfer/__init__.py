"""Exports of collections: what they say of themselves, and what is checked of what is read."""
