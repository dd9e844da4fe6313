"""Commands that export collections, and import them again."""
