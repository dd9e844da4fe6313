"""Duplicates, as they cross HTTP: what a job looks for, and the groups that it finds."""
