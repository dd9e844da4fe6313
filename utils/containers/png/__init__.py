"""PNG: its texts, and what of other formats is kept in them."""
