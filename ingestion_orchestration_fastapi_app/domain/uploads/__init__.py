"""Uploads: names of files that clients send, and what became of each."""
