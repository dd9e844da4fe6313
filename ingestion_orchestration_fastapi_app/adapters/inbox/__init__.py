"""The inbox on a disk: files that come in, and how they get their names."""
