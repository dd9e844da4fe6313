"""Groups of duplicates of a collection, and what people say against them."""
