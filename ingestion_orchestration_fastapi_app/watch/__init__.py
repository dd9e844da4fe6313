"""Watched folders: events, the scan for changes, and the small jobs that follow."""
