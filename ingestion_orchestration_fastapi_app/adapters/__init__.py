"""I/O out: one file per outside system."""
