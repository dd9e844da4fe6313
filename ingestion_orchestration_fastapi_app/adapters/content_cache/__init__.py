"""The content cache on the disk. Bytes only, never pickle."""
