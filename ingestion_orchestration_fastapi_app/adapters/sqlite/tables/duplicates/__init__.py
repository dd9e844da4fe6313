"""The tables of duplicates: runs, groups, members, and what people say against them."""
