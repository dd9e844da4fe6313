"""Routes of jobs: starting, following and controlling them."""
