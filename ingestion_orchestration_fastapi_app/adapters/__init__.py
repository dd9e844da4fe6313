"""I/O out: a package per outside system. Fits the ports by shape; composed at the root alone."""
