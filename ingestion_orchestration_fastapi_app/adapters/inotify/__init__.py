"""Changes in folders, as Linux tells of them."""
