"""Protocols of the outside world, one subject a file. No implementation."""
