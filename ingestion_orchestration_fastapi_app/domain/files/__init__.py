"""Files, roots and paths: what is scanned, what has changed, what is gone, who is to blame."""
