"""What an import would do, counted without doing it."""
