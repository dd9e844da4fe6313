"""How a table gets its indexes: which they are, and the child process that builds them."""
