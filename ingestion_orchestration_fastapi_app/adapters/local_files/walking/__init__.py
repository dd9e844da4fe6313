"""Trees of folders, gone through by descriptors: what is met in them, and what is gone."""
