"""What people say of pictures, kept by content: no re-embedding or rebuild touches it."""
