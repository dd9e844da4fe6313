"""Imports: what one is asked for."""
