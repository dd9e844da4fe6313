"""Commands that start a job of one kind over a collection, and tell how it ended."""
