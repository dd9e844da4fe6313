"""What a scan finds besides files, and what it passes over. Pure rules."""
