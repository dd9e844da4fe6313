"""What was removed: kept before it goes, thrown away in time, and brought back."""
