"""Jobs: their states, their records, their speed."""
