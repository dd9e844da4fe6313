"""What people see of stored images: thumbnails, previews, originals, archives of them."""
