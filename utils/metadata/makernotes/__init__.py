"""What only its maker writes and reads: lens and sensitivity where EXIF has none."""
