"""What bodies of requests may be: how long, how slow, how many at once, and whole."""
