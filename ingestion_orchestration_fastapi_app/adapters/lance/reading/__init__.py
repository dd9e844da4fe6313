"""Reading a Lance table: searches, look-ups, pages, and filters as SQL."""
