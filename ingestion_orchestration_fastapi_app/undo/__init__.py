"""The kind "undo": brings back what an import with `sync` has removed."""
