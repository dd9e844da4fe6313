"""The kind `verify`: looks through a collection, reports what is wrong, mends what it may."""
