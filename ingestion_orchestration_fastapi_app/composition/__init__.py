"""The composition root, with `main.py`: what joins adapters, libraries and kinds of jobs."""
