"""Routes of the service itself: health, sessions, the folders that may be imported."""
