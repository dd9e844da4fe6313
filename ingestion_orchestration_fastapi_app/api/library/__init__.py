"""Routes of what is stored: collections, images, searches, roots."""
