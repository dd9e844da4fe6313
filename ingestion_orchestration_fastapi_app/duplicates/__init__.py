"""The kind `duplicates`: finds images that are there more than once, and groups them."""
