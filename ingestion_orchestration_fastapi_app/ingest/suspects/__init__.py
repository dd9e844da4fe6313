"""Who is to blame for a fault, a file or the moment: controls, and files that are tried alone."""
