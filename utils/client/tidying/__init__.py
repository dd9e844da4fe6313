"""Calls that tidy a library."""
