"""What is stored, for those who look at it: collections, roots, search, thumbnails, originals."""
