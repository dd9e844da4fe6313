"""The process itself: its memory, its parent, its user's home. Knows nothing of photographs."""
