"""What leaves a collection, and how it comes back."""
