"""What people say of folders: hidden, excluded."""
