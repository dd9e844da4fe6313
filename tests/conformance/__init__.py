"""Made files of every kind, each with the right value."""
