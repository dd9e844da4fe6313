"""Routes of stored images: what people see of them, selections of them, forgetting them."""
