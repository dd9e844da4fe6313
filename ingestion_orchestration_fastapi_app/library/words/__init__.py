"""The words of collections: beside points, and made whole again."""
