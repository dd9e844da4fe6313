"""The catalogue: its rows, filters on them as SQL, and what is read of them."""
