"""The tables of what was removed."""
