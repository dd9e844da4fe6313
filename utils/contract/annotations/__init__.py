"""What people say of pictures, as it crosses HTTP."""
