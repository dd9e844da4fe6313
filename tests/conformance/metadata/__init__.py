"""What files say of their pictures, in every form that cameras and programs write."""
